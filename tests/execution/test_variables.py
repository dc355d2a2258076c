"""Variables in every position mean what graphql-core takes them for."""

import pytest

from connectors import records as r
from connectors.contract import KeyKind
from connectors.testing import MemoryConnector
from tests.support import shop
from tests.support.gateway_server import gateway_on

pytestmark = pytest.mark.cases

INTROSPECTED = " __schema { __typename } }"
"""What makes an operation run on graphql-core."""


def crm() -> MemoryConnector:
    ids = {key: [r.Customer(id=key, name=key)] for key in ("1", "2", "12")}
    return MemoryConnector(
        "crm", {(r.Customer, KeyKind.CUSTOMER_ID): ids, (r.Customer, KeyKind.EXTERNAL_ID): {"s:12": [r.Customer(id="12")]}}
    )


@pytest.mark.parametrize(
    ("query", "variables", "given"),
    [
        ("query($a: ID!) { customers(ids: [$a]) { id }", {"a": "12"}, [{"id": "crm:12"}]),
        (
            'query($a: ID!) { customers(ids: [$a, "2", $a]) { id }',
            {"a": "12"},
            [{"id": "crm:12"}, {"id": "crm:2"}, {"id": "crm:12"}],
        ),
        (
            "query($a: ID!, $b: ID!) { customers(ids: [$b, $a]) { id }",
            {"a": "1", "b": "2"},
            [{"id": "crm:2"}, {"id": "crm:1"}],
        ),
        ("query($a: ID!) { customers(ids: [$a]) { id }", {"a": 12}, [{"id": "crm:12"}]),
        ("query($a: [ID!]!) { customers(ids: $a) { id }", {"a": "12"}, [{"id": "crm:12"}]),
        ("query($a: [ID!]!) { customers(ids: $a) { id }", {"a": ["2", "1"]}, [{"id": "crm:2"}, {"id": "crm:1"}]),
        ("query($a: [ID!]! = [2]) { customers(ids: $a) { id }", {}, [{"id": "crm:2"}]),
        ('query($a: ID! = "12") { customers(ids: [$a]) { id }', {}, [{"id": "crm:12"}]),
    ],
)
async def test_a_variable_in_a_list_is_one_of_its_values(query, variables, given):
    """Not its letters; also repeated, beside constants, by its default, as a number; the same on graphql-core."""
    async with gateway_on([crm()]) as gateway:
        planned = await gateway.ask(query + " }", variables)
        walked = await gateway.ask(query + INTROSPECTED, variables)
    assert planned == {"data": {"customers": given}}
    assert walked["data"]["customers"] == given


@pytest.mark.parametrize(
    ("arguments", "declared", "variables", "ids"),
    [
        ("filter: {type: [$t]}", "$t: String!", {"t": "checkout"}, ["e2"]),
        ('filter: {type: [$t, "page_view"]}', "$t: String!", {"t": "checkout"}, ["e2", "e1"]),
        ("filter: {type: $t}", "$t: [String!]", {"t": ["page_view"]}, ["e1"]),
        ("filter: {type: $t}", "$t: [String!]", {"t": "page_view"}, ["e1"]),
        ("filter: {type: $t}", "$t: [String!]", {"t": None}, ["e2", "e1"]),
        ("filter: {type: $t}", "$t: [String!]", {}, ["e2", "e1"]),
        ("filter: {type: [$t], since: $s}", "$t: String!, $s: DateTime", {"t": "checkout", "s": None}, ["e2"]),
        ('filter: {type: [$t, "checkout"]}, after: $u', "$t: String!, $u: String", {"t": "nothing"}, ["e2"]),
        ("filter: $f", "$f: EventFilter", {"f": {"type": ["checkout"]}}, ["e2"]),
        ("after: $u, first: $n", "$u: String, $n: Int!", {"u": None, "n": 1}, ["e2"]),
    ],
)
async def test_a_variable_in_an_input_object_is_what_it_says(arguments, declared, variables, ids):
    """In lists, beside constants, null or absent; the same on graphql-core."""
    query = f'query({declared}) {{ customer(by: {{id: "c1"}}) {{ events({arguments}) {{ nodes {{ id }} }} }}'
    async with gateway_on(list(shop.sources().values())) as gateway:
        planned = await gateway.ask(query + " }", variables)
        walked = await gateway.ask(query + INTROSPECTED, variables)
    given = {"events": {"nodes": [{"id": f"behaviour:{one}"} for one in ids]}}
    assert planned == {"data": {"customer": given}}
    assert walked["data"]["customer"] == given


async def test_variables_in_a_nested_input_object_stay_apart():
    """Each stands in its own field, whichever way round they are declared."""
    query = "query($i: ID!, $s: String!) { customer(by: {externalId: {source: $s, id: $i}}) { id }"
    async with gateway_on([crm()]) as gateway:
        for end in (" }", INTROSPECTED):
            answer = await gateway.ask(query + end, {"s": "s", "i": "12"})
            assert answer["data"]["customer"] == {"id": "crm:12"}
