"""A record is the same in lists, by its id and as a node: orders, tickets and events of a database, an API and MongoDB."""

from collections.abc import AsyncIterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from aiohttp import web

from connectors.contract import Connector
from connectors.http import HttpConnector, HttpSettings
from connectors.mongo import MongoConnector, MongoSourceSettings
from connectors.sql import SqlConnector, SqlSettings
from tests.support.gateway_server import PATIENT_MS, PLAINLY, gateway_on
from tests.support.http_source import serving
from tests.support.literal_sources import people, query_of, record
from tests.support.mongo_shop import MongoShop
from tests.support.sql_shop import sqlite_url

pytestmark = pytest.mark.mongodb

MONEY = "{ amount currency }"
FIELDS = {
    "order": f"""id source sourceId currentId number channel status placedAt deliveredAt total {MONEY} refunded {MONEY}
        discount {MONEY} shipping {MONEY} tax {MONEY} payments {{ method amount {MONEY} installments }}
        items {{ sku productId name brand category quantity unitPrice {MONEY} discount {MONEY} total {MONEY} }}
        externalIds {{ source id }} partial sources {{ name state records }}
        origins {{ field source rule others {{ source value }} }}""",
    "ticket": """id source sourceId number subject kind status priority channel satisfaction orderId createdAt solvedAt
        messages { author body at }""",
    "event": "id source sourceId type at page deviceId sessionId properties",
}
LISTS = f"""{{ customer(by: {{id: "sql:c1"}}) {{
    {" ".join(f"{name}s {{ totalCount partial nodes {{ {fields} }} }}" for name, fields in FIELDS.items())}
    timeline(first: 100) {{ nodes {{ __typename
        {" ".join(f"... on {name.title()} {{ {name}: id }}" for name in FIELDS)} }} }} }} }}"""

ORDER = {"customer_id": "c1", "placed_at": "2026-06-01T10:00:00Z", "total_amount": "12.50", "total_currency": "EUR"}
TICKET = {
    "customer_id": "c1",
    "created_at": "2026-06-02T10:00:00Z",
    "subject": "Help",
    "status": "SOLVED",
    "kind": "COMPLAINT",
    "order_id": "1",
}
EVENT = {"customer_id": "c1", "at": "2026-06-03T10:00:00Z", "type": "view", "page": "/p", "session_id": "s"}
ROWS: dict[str, dict[str, str]] = {"order": ORDER, "ticket": TICKET, "event": EVENT}


def from_sql(url: str) -> SqlConnector:
    """Three records of the id 1, with their lists; what is not known of the order is."""
    lists = {
        "order": {"items": {"query": query_of([{"parent": "1", "sku": "s1"}])}},
        "ticket": {"messages": {"query": query_of([{"parent": "1", "body": "Where is it?"}])}},
    }
    records = {
        name: record([{"id": "1", "number": f"{name}-1"} | row if name != "event" else {"id": "1"} | row])
        | {"keys": {"customer_id": "customer_id", f"{name}_id": "id"}}
        | ({"lists": lists[name]} if name in lists else {})
        for name, row in ROWS.items()
    }
    return SqlConnector("sql", SqlSettings.model_validate({"url": url, "records": people("c1") | records}))


async def answer(request: web.Request) -> web.Response:
    """Give the records of a customer, or the one of an id, under the name of their type."""
    *_, owner, name = request.path.split("/")
    row = ROWS[name] | {"id": "1", "channel": "STORE" if name == "order" else "EMAIL"}
    return web.json_response({"rows": [row] if owner in ("c1", "1") else []})


def from_http(base_url: str) -> HttpConnector:
    fields = {"order": {"total.amount": "total_amount", "total.currency": "total_currency"}}
    records = {
        name: {
            "list": "rows",
            "fields": fields.get(name, {}),
            "keys": {"customer_id": {"path": f"/c/{{key}}/{name}"}, f"{name}_id": {"path": f"/r/{{key}}/{name}"}},
        }
        for name in ROWS
    }
    return HttpConnector("http", HttpSettings.model_validate({"base_url": base_url, "records": records}))


async def from_mongo(shop: MongoShop) -> MongoConnector:
    """The order's payment, too, and what else is said of the event."""
    more: dict[str, Any] = {
        "order": {"refunded": {"amount": "2.00", "currency": "EUR"}, "total": {"amount": "13.00", "currency": "EUR"}},
        "ticket": {"satisfaction": 4},
        "event": {"properties": {"colour": "red"}},
    }
    times = {name: {key: datetime.fromisoformat(row[key])} for name, row in ROWS.items() for key in row if key.endswith("at")}
    await shop.fill(**{f"{name}s": [{"_id": "1"} | row | times[name] | more[name]] for name, row in ROWS.items()})
    named = {name: {key: key for key in row if "_" in key and not key.startswith("total")} for name, row in ROWS.items()}
    records = {
        name: {"collection": f"{name}s", "fields": named[name], "keys": {"customer_id": "customer_id", f"{name}_id": "_id"}}
        for name in ROWS
    }
    settings = {"url": shop.url, "database": shop.name, "records": records}
    return MongoConnector("mongo", MongoSourceSettings.model_validate(settings))


@pytest_asyncio.fixture
async def connectors(tmp_path: Path, mongo_shop: MongoShop) -> AsyncIterator[list[Connector[Any]]]:
    async with serving(answer) as base_url:
        yield [from_sql(sqlite_url(tmp_path)), from_http(base_url), await from_mongo(mongo_shop)]


def without_id(node: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in node.items() if name not in ("id", "source", "sourceId")}


@pytest.mark.parametrize("joins", [False, True])
async def test_a_record_is_the_same_by_every_way_in(connectors: list[Connector[Any]], joins: bool):
    """All of its fields: of tickets and events each by itself, of orders all records that are one, where `[order]` says so."""
    blocks: dict[str, Any] = {own.name: {"kind": own.kind, **PLAINLY} for own in connectors}
    for name in ("http", "mongo") if joins else ():
        blocks[name]["order_ids_of"] = "sql"
    order = {"order": {"priority": list(blocks)}} if joins else {}
    async with gateway_on(connectors, sources=blocks, deadline_ms=PATIENT_MS, **order) as gateway:
        customer = (await gateway.data(LISTS))["customer"]
        ids = {name: [node["id"] for node in customer[f"{name}s"]["nodes"]] for name in FIELDS}
        entries = customer["timeline"]["nodes"]
        assert {name: [entry[name] for entry in entries if name in entry] for name in FIELDS} == ids
        every = {f"{source}:1" for source in blocks}
        assert {name: set(own) for name, own in ids.items()} == {
            "order": {"sql:1"} if joins else every,
            "ticket": every,
            "event": every,
        }
        for name, fields in FIELDS.items():
            listed = {node["id"]: node for node in customer[f"{name}s"]["nodes"]}
            for id_ in every:
                node = (await gateway.data(f'{{ node(id: "{id_}") {{ ... on {name.title()} {{ {fields} }} }} }}'))["node"]
                same = listed.get(id_) or listed["sql:1"]
                assert (node["id"], node["source"], node["sourceId"]) == (id_, id_.partition(":")[0], "1")
                assert without_id(node) == without_id(same)
                if name != "event":
                    assert (await gateway.data(f'{{ {name}(id: "{id_}") {{ {fields} }} }}'))[name] == same
    if joins:
        (one,) = customer["orders"]["nodes"]
        assert (one["channel"], one["total"], one["refunded"]) == ("STORE", {"amount": "12.50", "currency": "EUR"}, None)
        assert one["items"][0]["sku"] == "s1"
