"""The subgraph among others: composed by the composers of two vendors, and asked through the gateways of both."""

import asyncio
import json
import re
from pathlib import Path
from typing import Any

import pytest
from graphql import parse

from connectors import records as r
from connectors.contract import KeyKind
from connectors.records import FieldClass
from connectors.testing import MemoryConnector
from gateway.execution.schema_types import core_schema
from gateway.federation.subgraph_schema import write_subgraph
from resolvers.schema import schema_with
from tests.support import shop
from tests.support.gateway_server import served, settings_for
from tests.support.node_packages import installed

pytestmark = pytest.mark.clients
NODE = Path(__file__).parent / "node"
VENDORS = ["apollo", "guild"]
SCHEMA = schema_with((), federated=True)
TAGS = [own.value for own in FieldClass if own is not FieldClass.TECHNICAL]


async def run(vendor: str, sdl: str, folder: Path, *words: str) -> dict[str, Any]:
    """What the script prints."""
    node = await asyncio.to_thread(installed, NODE)
    (folder / "customers.graphql").write_text(sdl, "utf-8")
    script = [node, str(NODE / "supergraph.mjs"), vendor, str(folder / "customers.graphql"), *words]
    process = await asyncio.create_subprocess_exec(*script, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE)
    out, err = await process.communicate()
    assert process.returncode == 0, err.decode()
    told: dict[str, Any] = json.loads(out)
    return told


def whole_subgraph() -> str:
    return write_subgraph(SCHEMA.sdl(), core_schema(SCHEMA), None)


def fields_of(sdl: str, kind: str) -> set[str]:
    """The fields of a type; none where it is not there."""
    for own in parse(sdl).definitions:
        if own.kind == "object_type_definition" and own.name.value == kind:  # type: ignore[attr-defined]
            return {field.name.value for field in own.fields}  # type: ignore[attr-defined]
    return set()


@pytest.mark.parametrize("vendor", VENDORS)
async def test_the_subgraph_composes(vendor: str, tmp_path: Path):
    """With one that extends customers, and one that knows their addresses. Fields of all stand in one type."""
    told = await run(vendor, whole_subgraph(), tmp_path, "compose")
    assert {"id", "email", "orders", "reviews"} <= fields_of(told["shown"], "Customer")
    assert {"reviews", "letters", "customer", "node"} <= fields_of(told["shown"], "Query")
    assert not re.search(r"_entities|_service|_Any", told["shown"])
    keys = re.findall(r'@join__type\(graph: CUSTOMERS, key: "(\w+)"\)', told["supergraph"])
    assert keys == ["id", "email", "id", "id", "id"]
    assert '@tag(name: "contact")' in told["supergraph"]
    assert "@cost" in told["supergraph"]


@pytest.mark.parametrize("vendor", VENDORS)
@pytest.mark.parametrize("tags", [*([own] for own in TAGS), ["contact", "personal"], TAGS], ids="-".join)
async def test_contracts_leave_classes_out(vendor: str, tags: list[str], tmp_path: Path):
    """Each class alone, and all of them: what is left composes, and has no field of these classes."""
    told = await run(vendor, whole_subgraph(), tmp_path, "compose", *tags)
    shown = fields_of(told["shown"], "Customer")
    for tag, name in {"contact": "email", "personal": "name", "identifying": "id"}.items():
        assert (name in shown) == (tag not in tags), name
    assert "source" in shown
    assert ("total" in fields_of(told["shown"], "Order")) == ("commercial" not in tags)
    assert ("address" in shown) == ({"contact", "personal"}.isdisjoint(tags))


def people() -> list[MemoryConnector]:
    """Fifty customers with an order each."""
    by_id, by_email, orders = {}, {}, {}
    for n in range(50):
        by_id[f"c{n}"] = by_email[f"p{n}@example.com"] = [r.Customer(id=f"c{n}", name=f"Person {n}", email=f"p{n}@example.com")]
        orders[f"o{n}"] = [r.Order(id=f"o{n}", number=f"#{n}", customer_id=f"c{n}", placed_at=shop.at(1))]
    of_customer = {found[0].customer_id: found for found in orders.values()}
    crm = {(r.Customer, KeyKind.CUSTOMER_ID): by_id, (r.Customer, KeyKind.EMAIL): by_email}
    return [
        MemoryConnector("crm", crm),
        MemoryConnector("orders", {(r.Order, KeyKind.ORDER_ID): orders, (r.Order, KeyKind.CUSTOMER_ID): of_customer}),
    ]


async def ask(vendor: str, sources: list[MemoryConnector], query: str, folder: Path) -> dict[str, Any]:
    """Compose what the gateway tells of itself, and ask the supergraph."""
    settings = settings_for(sources, federation={"enabled": True})
    async with served(settings, connectors=sources) as gateway:
        sdl = (await gateway.data("{ _service { sdl } }"))["_service"]["sdl"]
        return await run(vendor, sdl, folder, "ask", str(gateway.client.base_url).rstrip("/"), query)


def calls(source: MemoryConnector) -> list[tuple[str, int]]:
    """The lookups that a source was asked, each with the number of its keys."""
    return [(str(kind), len(keys)) for _, kind, keys, *_ in source.calls]


@pytest.mark.parametrize("vendor", VENDORS)
async def test_fifty_customers_by_reference_are_one_call(vendor: str, tmp_path: Path):
    """Reviews name their authors and orders by id; the gateway is asked for all of them at once, and so are its sources."""
    crm, orders = people()
    query = "{ reviews { text price { amount } author { name orders(first: 1) { nodes { number } } } order { number } } }"
    told = await ask(vendor, [crm, orders], query, tmp_path)
    assert "errors" not in told
    assert told["data"]["reviews"] == [
        {
            "text": f"Review {n}",
            "price": {"amount": "1.00"},
            "author": {"name": f"Person {n}", "orders": {"nodes": [{"number": f"#{n}"}]}},
            "order": {"number": f"#{n}"},
        }
        for n in range(50)
    ]
    assert calls(crm) == [("customer_id", 50)]
    assert sorted(calls(orders)) == [("customer_id", 50), ("order_id", 50)]


@pytest.mark.parametrize("vendor", VENDORS)
async def test_customers_are_known_by_their_addresses(vendor: str, tmp_path: Path):
    """Letters name who gets them by e-mail: one call, by this key. From there reviews are found by the id."""
    crm, orders = people()
    told = await ask(vendor, [crm, orders], "{ letters { subject to { id name reviews { text } } } }", tmp_path)
    assert "errors" not in told
    assert told["data"]["letters"] == [
        {"subject": f"Letter {n}", "to": {"id": f"crm:c{n}", "name": f"Person {n}", "reviews": [{"text": f"Review {n}"}]}}
        for n in range(50)
    ]
    assert calls(crm) == [("email", 50)]
    assert calls(orders) == []


@pytest.mark.parametrize("vendor", VENDORS)
async def test_a_query_begins_at_the_gateway_and_goes_on_elsewhere(vendor: str, tmp_path: Path):
    crm, orders = people()
    query = '{ customer(by: {id: "crm:c7"}) { name reviews { text order { number } } } }'
    told = await ask(vendor, [crm, orders], query, tmp_path)
    assert told.get("errors") is None
    assert told["data"] == {"customer": {"name": "Person 7", "reviews": [{"text": "Review 7", "order": {"number": "#7"}}]}}
    assert calls(crm) == [("customer_id", 1)]


@pytest.mark.parametrize("vendor", VENDORS)
async def test_who_is_not_found_is_null(vendor: str, tmp_path: Path):
    """A reference to somebody whom nobody has costs its own field."""
    crm, orders = people()
    del crm.records[r.Customer, KeyKind.CUSTOMER_ID]["c3"]  # type: ignore[attr-defined]
    told = await ask(vendor, [crm, orders], "{ reviews { author { name } } }", tmp_path)
    names = [own["author"] and own["author"]["name"] for own in told["data"]["reviews"]]
    assert names == [None if n == 3 else f"Person {n}" for n in range(50)]
