"""A front end's cache, which keeps each object once, by its type and id."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from connectors import records as r
from connectors.contract import KeyKind
from connectors.testing import MemoryConnector
from tests.support import shop
from tests.support.gateway_server import gateway_on
from tests.support.node_packages import installed

pytestmark = pytest.mark.cases

FOLDER = Path(__file__).parent / "apollo"
QUERY = """{ customer(by: {id: "c1"}) { __typename id
    orders { __typename nodes { __typename id placedAt status } }
    timeline { __typename nodes { __typename
        ... on Order { id placedAt status } ... on Ticket { id createdAt subject } } } } }"""


@pytest.fixture(scope="module")
def node() -> str:
    """The command, once Apollo Client is installed as its lock says."""
    return installed(FOLDER)


def cached(node: str, query: str, data: Any) -> dict[str, Any]:
    """The keys of a cache into which an answer was written, and what it gives back for the query."""
    given = json.dumps({"query": query, "data": data})
    ran = subprocess.run([node, "cache.mjs"], cwd=FOLDER, input=given, capture_output=True, text=True, check=True)
    found: dict[str, Any] = json.loads(ran.stdout)
    return found


async def test_a_cache_shows_both_of_two_shops_whose_ids_are_equal(node: str):
    """Six orders of two shops that count from 1, and a ticket 1, are seven objects, given back as they came."""
    eu, us = (
        MemoryConnector(
            name,
            {
                (r.Order, KeyKind.CUSTOMER_ID): {
                    "c1": [r.Order(id=f"{n}", placed_at=shop.at(n), status=status) for n in (1, 2, 3)]
                }
            },
        )
        for name, status in (("eu", r.OrderStatus.SHIPPED), ("us", r.OrderStatus.PENDING))
    )
    desk = MemoryConnector(
        "desk", {(r.Ticket, KeyKind.CUSTOMER_ID): {"c1": [r.Ticket(id="1", created_at=shop.at(1), subject="Late")]}}
    )
    async with gateway_on([shop.crm(), eu, us, desk]) as gateway:
        data = await gateway.data(QUERY)
    found = cached(node, QUERY, data)
    orders = [f"Order:{source}:{n}" for source in ("eu", "us") for n in (1, 2, 3)]
    assert found["keys"] == ["Customer:crm:c1", *orders, "Ticket:desk:1"]
    assert found["data"] == data
    assert [one["status"] for one in data["customer"]["orders"]["nodes"]].count("SHIPPED") == 3
