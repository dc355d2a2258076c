"""Fields of one's own of every type, with their values in sources of every kind."""

import json
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx2
from aiohttp import web
from pymongo import AsyncMongoClient

from gateway.app import create_app
from gateway.settings import parse_settings
from tests.support.gateway_server import PATIENT_MS, Gateway

FIELDS: dict[str, Any] = {
    "customer": {
        "club_name": {"type": "string", "description": "What friends call them.", "class": "personal"},
        "club_tier": {"type": "enum", "values": ["GOLD", "SILVER"], "description": "Their tier.", "class": "behavioural"},
        "club_spend": {"type": "money", "description": "What the club sold them.", "class": "commercial"},
        "club_vip": {"type": "boolean", "description": "Whether they are a guest of honour.", "class": "commercial"},
        "club_visits": {"type": "int", "description": "How often they came.", "class": "behavioural"},
        "club_score": {"type": "decimal", "description": "Their score.", "class": "behavioural"},
        "club_since": {"type": "datetime", "description": "Since when.", "class": "behavioural"},
        "club_hobbies": {"type": "list", "description": "What they like.", "class": "personal"},
    },
    "order": {
        "gift_note": {"type": "string", "description": "What the card says.", "class": "free_text"},
        "wrapping": {"type": "enum", "values": ["PAPER", "BOX"], "description": "How it is wrapped.", "class": "commercial"},
        "packed_weight": {"type": "decimal", "description": "Kilograms.", "class": "technical"},
    },
    "item": {"engraving": {"type": "string", "description": "The text on it.", "class": "free_text"}},
    "ticket": {
        "severity": {"type": "enum", "values": ["LOW", "FATAL"], "description": "How bad it is.", "class": "technical"},
        "hours_spent": {"type": "decimal", "description": "What it cost us.", "class": "technical"},
        "parts_sent": {"type": "list", "description": "What was sent for it.", "class": "commercial"},
    },
    "survey": {
        "reason": {"type": "enum", "values": ["PRICE", "SERVICE"], "description": "What it is about.", "class": "behavioural"},
    },
    "event": {
        "cart_value": {"type": "decimal", "description": "What was in the cart.", "class": "behavioural"},
        "cart_kind": {"type": "enum", "values": ["GIFT", "OWN"], "description": "Whom it is for.", "class": "behavioural"},
        "country": {"type": "string", "description": "Where to.", "class": "behavioural"},
        "paid": {"type": "boolean", "description": "Whether it was paid.", "class": "behavioural"},
    },
}
CUSTOMER = {
    "id": "1", "name": "Ann", "nick": "Annie", "tier": "gold", "spend": "12.30", "vip": True, "visits": 7, "score": "0.125",
    "since": "2026-01-02T03:04:05Z", "hobbies": ["tea", "chess"],
}  # fmt: skip
ORDERS: list[dict[str, Any]] = [
    {"id": "1", "customer": "1", "at": "2026-01-02T00:00:00Z", "note": "for you", "wrap": "box", "weight": "1.250"},
    {"id": "2", "customer": "1", "at": "2026-01-03T00:00:00Z", "note": None, "wrap": "paper", "weight": "0.5"},
    {"id": "3", "customer": "1", "at": "2026-01-04T00:00:00Z", "note": None, "wrap": "cloth", "weight": None},
]
ITEM = {"sku": "s1", "text": "A & B"}
EVENTS = [
    {
        "id": "e1",
        "customer": "1",
        "at": "2026-01-05T00:00:00Z",
        "type": "cart",
        "value": "19.90",
        "for": "gift",
        "land": "Germany",
        "ok": "Yes",
    },
    {
        "id": "e2",
        "customer": "1",
        "at": "2026-01-04T00:00:00Z",
        "type": "cart",
        "value": "100.5",
        "for": "own",
        "land": " x",
        "ok": "f",
    },
    {
        "id": "e3",
        "customer": "1",
        "at": "2026-01-03T00:00:00Z",
        "type": "view",
        "value": None,
        "for": None,
        "land": None,
        "ok": " 1 ",
    },
]
TAGS = """
facts:
  packed_weight: {label: Packed weight, record: order, measure: sum, field: packed_weight, where: {wrapping: [BOX, PAPER]}}
  carts: {label: In carts, record: event, measure: sum, field: cart_value, where: {cart_kind: [GIFT]}}
tags:
  heavy:
    label: Heavy parcels
    description: Whether they buy heavy things.
    owner: logistics
    category: BEHAVIOUR
    ttl: 1h
    version: 1
    words: HEAVY with more than a kilogram, or carts of more than a hundred, else LIGHT.
    expression: "packed_weight > 1.0 || carts > 100.0 ? 'HEAVY' : 'LIGHT'"
    values: [HEAVY, LIGHT]
"""


OWN_COLUMNS = (
    "nick AS club_name, tier AS club_tier, spend AS club_spend_amount, 'EUR' AS club_spend_currency, vip AS club_vip,"
    " visits AS club_visits, score AS club_score, since AS club_since"
)
QUERIES = {
    "customer": f"SELECT id, name, {OWN_COLUMNS} FROM c",
    "order": 'SELECT id, customer, "at" AS placed_at, note AS gift_note, wrap AS wrapping, weight AS packed_weight FROM o',
    "event": 'SELECT id, customer, "at", type, value AS cart_value, "for" AS cart_kind, land AS country, ok AS paid FROM e',
}
ITEMS = {"items": {"query": "SELECT '1' AS parent, 1 AS position, 's1' AS sku, 'A & B' AS engraving"}}
TABLES = {"c": [CUSTOMER], "o": ORDERS, "e": EVENTS}


def records_of_queries(hobbies: str) -> dict[str, Any]:
    """The records of a database, with the query of its lists of texts."""
    return {
        "customer": {
            "query": QUERIES["customer"],
            "keys": {"customer_id": "id"},
            "lists": {"club_hobbies": {"query": hobbies}},
        },
        "order": {"query": QUERIES["order"], "keys": {"customer_id": "customer"}, "lists": ITEMS},
        "event": {"query": QUERIES["event"], "keys": {"customer_id": "customer"}},
    }


def sql_source(folder: Path) -> dict[str, Any]:
    """A database whose queries name columns as the fields are named."""
    path = folder / "shop.db"
    with closing(sqlite3.connect(path)) as database, database:
        for table, rows in TABLES.items():
            written = [[json.dumps(value) if isinstance(value, list) else value for value in row.values()] for row in rows]
            database.execute(f"CREATE TABLE {table} ({', '.join(map(json.dumps, rows[0]))})")
            database.executemany(f"INSERT INTO {table} VALUES ({', '.join('?' * len(rows[0]))})", written)
    hobbies = "SELECT c.id AS parent, j.key AS position, j.value AS value FROM c, json_each(c.hobbies) j"
    return {"kind": "sql", "url": f"sqlite+aiosqlite:///{path}", "records": records_of_queries(hobbies)}


def files_source(folder: Path) -> dict[str, Any]:
    """A folder of exports."""
    for table, rows in TABLES.items():
        (folder / f"{table}.json").write_text(json.dumps(rows), "utf-8")
    hobbies = "SELECT id AS parent, generate_subscripts(hobbies, 1) AS position, unnest(hobbies) AS value FROM c"
    tables = {table: f"{table}.json" for table in TABLES}
    return {"kind": "files", "path": str(folder), "tables": tables, "records": records_of_queries(hobbies)}


MAPPED: dict[str, Any] = {
    "customer": {
        "club_name": "nick", "club_tier": "tier", "club_spend.amount": "spend", "club_spend.currency": "'EUR'",
        "club_vip": "vip", "club_visits": "visits", "club_score": "score", "club_since": "since", "club_hobbies": "hobbies",
    },
    "order": {"placed_at": "at", "gift_note": "note", "wrapping": "wrap", "packed_weight": "weight"},
    "event": {"cart_value": "value", "cart_kind": "for", "country": "land", "paid": "ok"},
}  # fmt: skip


def orders_with_lines() -> list[dict[str, Any]]:
    return [{**row, "lines": [ITEM] if row["id"] == "1" else []} for row in ORDERS]


async def answer(request: web.Request) -> web.Response:
    """An API with words of its own, over HTTP or as GraphQL."""
    rows = {"customers": [CUSTOMER], "orders": orders_with_lines(), "events": EVENTS}
    if request.method == "GET":
        return web.json_response(rows[request.path.strip("/")])
    query = (await request.json())["query"]
    return web.json_response({"data": {name: own for name, own in rows.items() if f"{name}(" in query}})


def graphql_source(url: str) -> dict[str, Any]:
    records: dict[str, Any] = {
        name: {
            "fields": {"id": "id", **more, **MAPPED[name]},
            "keys": {"customer_id": {"query": f"query ($key: ID!) {{ {name}s(of: $key) {{ ...fields }} }}"}},
        }
        for name, more in (("customer", {"name": "name"}), ("order", {}), ("event", {"at": "at", "type": "type"}))
    }
    records["order"]["lists"] = {"items": {"list": "lines", "fields": {"sku": "sku", "engraving": "text"}}}
    return {"kind": "graphql", "base_url": url, "records": records}


def http_source(url: str) -> dict[str, Any]:
    key = {"customer_id": {"path": "/orders?of={keys}", "key": "customer"}}
    items = {"items": {"list": "lines", "fields": {"engraving": "text"}}}
    records = {
        "customer": {"fields": MAPPED["customer"], "keys": {"customer_id": {"path": "/customers?ids={keys}", "key": "id"}}},
        "order": {"fields": MAPPED["order"], "keys": key, "lists": items},
        "event": {"fields": MAPPED["event"], "keys": {"customer_id": {"path": "/events?of={keys}", "key": "customer"}}},
    }
    return {"kind": "http", "base_url": url, "records": records}


async def mongo_source(uri: str, database: str) -> dict[str, Any]:
    async with AsyncMongoClient(uri, timeoutMS=20_000) as client:
        await client[database].customers.insert_one({**CUSTOMER, "spend": {"amount": "12.30", "currency": "EUR"}})
        orders = [row | {"at": datetime.fromisoformat(row["at"])} for row in orders_with_lines()]
        await client[database].orders.insert_many(orders)
        await client[database].events.insert_many([{**row, "at": datetime.fromisoformat(row["at"])} for row in EVENTS])
    customer = {name: path for name, path in MAPPED["customer"].items() if "." not in name} | {"club_spend": "spend"}
    records = {
        "customer": {"collection": "customers", "fields": {**customer, "id": "id"}, "keys": {"customer_id": "id"}},
        "order": {
            "collection": "orders",
            "fields": {**MAPPED["order"], "id": "id"},
            "lists": {"items": {"path": "lines", "fields": {"engraving": "text"}}},
            "keys": {"customer_id": "customer"},
        },
        "event": {"collection": "events", "fields": {**MAPPED["event"], "id": "id"}, "keys": {"customer_id": "customer"}},
    }
    return {"kind": "mongo", "url": uri, "database": database, "records": records}


@asynccontextmanager
async def asking(folder: Path, tags: str = TAGS, **sources: dict[str, Any]) -> AsyncIterator[Gateway]:
    """A gateway of settings alone, as `serve` builds it."""
    (folder / "tags.yaml").write_text(tags, "utf-8")
    document = {"fields": FIELDS, "deadline_ms": PATIENT_MS, "tags": {"file": "tags.yaml"}, "sources": sources}
    created = create_app(parse_settings(document, folder=folder))
    async with (
        created.router.lifespan_context(created),
        httpx2.AsyncClient(transport=httpx2.ASGITransport(app=created), base_url="http://gateway") as client,
    ):
        yield Gateway(client)
