"""What is asked: three queries, as the peers' schema and as the gateway's schema say them, for rotating customers.

Q1 is the page of a support console (three levels, about 550 leaves), Q2 the header of a page, Q3 an overview of 50 customers.
Both texts of a query ask for the same leaves; `bench.equality` shows that the answers are the same.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from bench.data import CUSTOMERS, customer_id

GROUP = 50
_GROUPS = 400
_STRIDE = 7919
"""A prime, so that neighbours in time are no neighbours in the data."""

PEER_QUERIES = {
    "Q1": """query Q1($id: ID!) { customer(id: $id) { id name email phone lifecycleStage
        orders(first: 20) { id status total currency placedAt items { sku name quantity unitPrice } }
        tickets(first: 10) { id subject status priority createdAt messages { author body createdAt } }
        recentEvents(first: 20) { type page at } } }""",
    "Q2": "query Q2($id: ID!) { customer(id: $id) { id name } }",
    "Q3": """query Q3($ids: [ID!]!) { customers(ids: $ids) { id name email
        orders(first: 5) { id total status items { sku quantity } } } }""",
}

GATEWAY_QUERIES = {
    "Q1": """query Q1($id: ID!) { customer(by: {id: $id}) { id name email phone lifecycleStage: memberNumber
        orders(first: 20) { nodes {
            id status total { amount currency } placedAt items { sku name quantity unitPrice { amount } } } }
        tickets(first: 10) { nodes { id subject status priority createdAt messages { author body at } } }
        recentEvents: events(first: 20) { nodes { type page at } } } }""",
    "Q2": "query Q2($id: ID!) { customer(by: {id: $id}) { id name } }",
    "Q3": """query Q3($ids: [ID!]!) { customers(ids: $ids) { id name email
        orders(first: 5) { nodes { id total { amount } status items { sku quantity } } } } }""",
}


def queries_of(server: str) -> dict[str, str]:
    return GATEWAY_QUERIES if server == "gateway" else PEER_QUERIES


def body(query: str, text: str, variables: dict[str, Any]) -> bytes:
    """A request in one line."""
    return msgspec.json.encode({"query": " ".join(text.split()), "operationName": query, "variables": variables})


def rotating_variables(query: str, customers: int = CUSTOMERS) -> Iterator[dict[str, Any]]:
    """All customers, each once; for Q3 groups of them."""
    if query == "Q3":
        for group in range(_GROUPS):
            yield {"ids": [customer_id((group * GROUP + place * 7) % customers) for place in range(GROUP)]}
    else:
        for number in range(customers):
            yield {"id": customer_id(number * _STRIDE % customers)}


def write_bodies(path: Path, query: str, text: str, customers: int = CUSTOMERS) -> Path:
    """A file with a request in each line, as `bench/load.lua` reads them."""
    path.write_bytes(b"".join(body(query, text, variables) + b"\n" for variables in rotating_variables(query, customers)))
    return path
