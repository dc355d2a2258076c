"""What is worked out of stored tags costs, each time that it is asked for: else a cheap operation would hold up a worker."""

import pytest

from tests.population.test_refresh import buyers
from tests.support.gateway_server import gateway_on


@pytest.mark.parametrize(
    ("asked", "nodes"),
    [
        ("value", 26),
        ("value whyNot { words }", 51),
        ("history { at }", 51),
        ('a: whyNot { words } b: whyNot(value: "GOLD") { words } history(first: 3) { at }', 101),
    ],
)
@pytest.mark.parametrize("tags", ["tags", 'tag(key: "value_tier")'])
async def test_parts_of_tags_have_a_price(tags: str, asked: str, nodes: int):
    async with gateway_on(buyers(2)) as gateway:
        query = f'{{ customers(ids: ["0000", "0001"]) {{ {tags} {{ {asked} }} }} }}'
        response = await gateway.client.post("/graphql", json={"query": query}, headers={"x-cost": "1"})
    cost = response.json()["extensions"]["cost"]
    assert (cost["estimate"]["nodes"], cost["actual"]["nodes"]) == (2 * nodes, 2 * nodes)


async def test_many_explanations_are_refused():
    """Twenty of each tag of a hundred customers took a worker 0.8 seconds, at the price of the tags alone."""
    asked = " ".join(f"a{number}: whyNot {{ words }}" for number in range(20))
    ids = ", ".join(f'"{number:04}"' for number in range(100))
    async with gateway_on(buyers(1)) as gateway:
        query = f"{{ customers(ids: [{ids}]) {{ tags {{ {asked} }} }} }}"
        response = await gateway.client.post("/graphql", json={"query": query})
    assert response.json()["errors"][0]["extensions"]["code"] == "QUERY_TOO_EXPENSIVE"
