"""What an operation may cost: sizes of pages and lists are multiplied before any source is asked."""

import pytest
from graphql import get_introspection_query

from tests.support import shop
from tests.support.gateway_server import gateway_on

THREE = " ".join(f'a{n}: searchCustomers(text: "ana li", first: 100) {{ ...F }}' for n in range(3))
HUNDRED = """query ($n: Int!, $ids: [ID!]!) { customers(ids: $ids) {
    orders(first: $n) { nodes { id } } tickets { nodes { id } } events(first: $n) { nodes { id } } } }"""
MANY = " ".join(
    f"a{n}: orderStatistics {{ count }} b{n}: timeline(first: 1) {{ totalCount }} c{n}: tags {{ key }}" for n in range(3)
)
TOO_MUCH = [
    (f"{{ {THREE} }} fragment F on CustomerConnection {{ nodes {{ orders(first: 100) {{ nodes {{ id }} }} }} }}", {}, "31,815"),
    (HUNDRED, {"n": 100, "ids": ["c1"] * 100}, "23,600"),
    (f"query ($ids: [ID!]!) {{ customers(ids: $ids) {{ {MANY} }} }}", {"ids": ["c1"] * 100}, "22,600"),
    (f"query ($by: [CustomerKey!]!) {{ customers(by: $by) {{ {MANY} }} }}", {"by": [{"id": "c1"}] * 100}, "22,600"),
]


@pytest.mark.parametrize(("query", "variables", "nodes"), TOO_MUCH, ids=["fragments", "variables", "fields that ask", "keys"])
async def test_an_operation_that_may_give_too_much_is_refused(query: str, variables: dict[str, object], nodes: str):
    """Through fragments, aliases and variables; no source is asked, and the message says how much it would be."""
    sources = shop.sources()
    async with gateway_on(list(sources.values())) as gateway:
        answer = await gateway.ask(query, variables)
    (error,) = answer["errors"]
    assert error["extensions"]["code"] == "QUERY_TOO_EXPENSIVE"
    assert error["message"].startswith(f"the operation may cost {nodes} nodes")
    assert all(source.calls == [] for source in sources.values())


async def test_a_key_that_is_no_list_says_nothing_of_how_many():
    """One customer costs what is asked of it, also where a variable has its key; of a list there are as many as its keys."""
    async with gateway_on(list(shop.sources().values())) as gateway:
        for field, kind, value, nodes in [
            ("customer", "CustomerKey!", {"id": "c1"}, 1 + 105),
            ("customers", "[CustomerKey!]!", [{"id": "c1"}, {"id": "x"}], 2 * (1 + 105)),
        ]:
            query = f"query ($by: {kind}) {{ {field}(by: $by) {{ orders(first: 100) {{ nodes {{ id }} }} }} }}"
            answer = await gateway.ask(query, {"by": value}, **{"x-cost": "1"})
            assert answer["extensions"]["cost"]["estimate"]["nodes"] == nodes


LISTS = [
    ("$by: [CustomerKey!]", "ids: null, by: $by", {"by": [{"id": "c1"}, {"id": "c2"}]}),
    ("$by: [CustomerKey!], $ids: [ID!]", "ids: $ids, by: $by", {"by": [{"id": "c1"}, {"id": "c2"}]}),
    ("$by: [CustomerKey!], $ids: [ID!]", "ids: $ids, by: $by", {"ids": ["c1", "c2"], "by": None}),
    ("$ids: [ID!]", 'ids: $ids, by: [{id: "c1"}, {id: "c2"}]', {"ids": None}),
]


@pytest.mark.parametrize(("declared", "written", "variables"), LISTS)
async def test_a_list_counts_beside_one_that_is_null(declared: str, written: str, variables: dict[str, object]):
    """However the other one is left out: it is not by that one that customers are asked for."""
    query = f"query ({declared}) {{ customers({written}) {{ orders(first: 100) {{ nodes {{ id }} }} }} }}"
    async with gateway_on(list(shop.sources().values())) as gateway:
        answer = await gateway.ask(query, variables, **{"x-cost": "1"})
    assert answer["extensions"]["cost"]["estimate"] == {"nodes": 2 * (1 + 105), "calls": 2}


@pytest.mark.cases
async def test_an_introspection_that_repeats_itself_is_refused():
    """The introspection of tools is answered; one that asks for all types again and again may give too much."""
    again = " ".join(f"a{number}: types {{ fields {{ args {{ type {{ name }} }} }} }}" for number in range(16))
    async with gateway_on(list(shop.sources().values())) as gateway:
        assert (await gateway.data(get_introspection_query(input_value_deprecation=True)))["__schema"]
        (error,) = (await gateway.ask(f"{{ __schema {{ {again} }} }}"))["errors"]
    assert error["extensions"]["code"] == "QUERY_TOO_EXPENSIVE"


LONG = [
    ('query ($v: [String!]) { customer(by: {id: "c1"}) { tags(keys: $v) { key } } }', ["a"] * 1_001, ""),
    ('query ($v: [TagCategory!]) { customer(by: {id: "c1"}) { tags(categories: $v) { key } } }', ["VALUE"] * 1_001, ""),
    (
        'query ($v: EventFilter) { customer(by: {id: "c1"}) { events(filter: $v) { nodes { id } } } }',
        {"type": ["a"] * 1_001},
        " at .type",
    ),
    ("query ($v: [ID!]!) { customers(ids: $v) { id } }", ["a"] * 1_001, ""),
]


@pytest.mark.cases
@pytest.mark.parametrize(("query", "value", "where"), LONG)
async def test_a_list_of_a_variable_has_a_limit(query: str, value: object, where: str):
    """One value too many is the caller's mistake, which is told with its place and the limit; nothing is asked."""
    sources = shop.sources()
    async with gateway_on(list(sources.values())) as gateway:
        answer = await gateway.ask(query, {"v": value})
    (error,) = answer["errors"]
    too_long = "a list has 1,001 values, and 1,000 are the most; ask in parts"
    assert error["message"] == f"Variable '$v' has invalid value{where}: {too_long}"
    assert error["extensions"]["code"] == "BAD_USER_INPUT"
    assert all(source.calls == [] for source in sources.values())


async def test_a_page_of_pages_is_within_the_limit():
    """A hundred customers with a hundred orders each are answered."""
    query = '{ searchCustomers(text: "ana li", first: 100) { nodes { orders(first: 100) { nodes { id } } } } }'
    async with gateway_on(list(shop.sources().values())) as gateway:
        data = await gateway.data(query)
    assert [len(customer["orders"]["nodes"]) for customer in data["searchCustomers"]["nodes"]] == [5, 1]
