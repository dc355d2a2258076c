"""What an operation may cost: sizes of pages and lists are multiplied before any source is asked."""

import pytest

from tests import shop
from tests.running import gateway_on

THREE = " ".join(f'a{n}: searchCustomers(text: "a", first: 100) {{ ...F }}' for n in range(3))
HUNDRED = """query ($n: Int!, $ids: [ID!]!) { customers(ids: $ids) {
    orders(first: $n) { nodes { id } } tickets { nodes { id } } events(first: $n) { nodes { id } } } }"""
TOO_MUCH = [
    (f"{{ {THREE} }} fragment F on CustomerConnection {{ nodes {{ orders(first: 100) {{ nodes {{ id }} }} }} }}", {}, "30,300"),
    (HUNDRED, {"n": 100, "ids": ["c1"] * 100}, "22,100"),
]


@pytest.mark.parametrize(("query", "variables", "records"), TOO_MUCH, ids=["fragments", "variables"])
async def test_an_operation_that_may_give_too_much_is_refused(query: str, variables: dict[str, object], records: str):
    """Through fragments, aliases and variables; no source is asked, and the message says how much it would be."""
    sources = shop.sources()
    async with gateway_on(list(sources.values())) as gateway:
        answer = await gateway.ask(query, variables)
    (error,) = answer["errors"]
    assert error["extensions"]["code"] == "QUERY_TOO_EXPENSIVE"
    assert error["message"].startswith(f"the operation may give {records} records")
    assert all(source.calls == [] for source in sources.values())


async def test_a_page_of_pages_is_within_the_limit():
    """A hundred customers with a hundred orders each are answered."""
    query = '{ searchCustomers(text: "a", first: 100) { nodes { orders(first: 100) { nodes { id } } } } }'
    async with gateway_on(list(shop.sources().values())) as gateway:
        data = await gateway.data(query)
    assert [len(customer["orders"]["nodes"]) for customer in data["searchCustomers"]["nodes"]] == [5, 1]
