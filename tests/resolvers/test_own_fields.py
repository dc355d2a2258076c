"""Fields of one's own: declared by settings, filled by every kind of source, typed in the schema, filtered, measured."""

import json
import sqlite3
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, closing
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx2
import pytest
from aiohttp import web
from graphql import build_schema
from pymongo import AsyncMongoClient

from gateway.app import create_app
from gateway.cli import app
from gateway.settings import parse_settings
from resolvers.schema import schema_with, sdl
from tests.support.gateway_server import PATIENT_MS, Gateway
from tests.support.http_source import serving

pytestmark = pytest.mark.mongodb

FIELDS: dict[str, Any] = {
    "customer": {
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
    "event": {"cart_value": {"type": "decimal", "description": "What was in the cart.", "class": "behavioural"}},
}
CUSTOMER = {
    "id": "1", "name": "Ann", "tier": "gold", "spend": "12.30", "vip": True, "visits": 7, "score": "0.125",
    "since": "2026-01-02T03:04:05Z", "hobbies": ["tea", "chess"],
}  # fmt: skip
ORDERS: list[dict[str, Any]] = [
    {"id": "o1", "customer": "1", "at": "2026-01-02T00:00:00Z", "note": "for you", "wrap": "box", "weight": "1.250"},
    {"id": "o2", "customer": "1", "at": "2026-01-03T00:00:00Z", "note": None, "wrap": "paper", "weight": "0.5"},
    {"id": "o3", "customer": "1", "at": "2026-01-04T00:00:00Z", "note": None, "wrap": "cloth", "weight": None},
]
ITEM = {"sku": "s1", "text": "A & B"}
EVENTS = [{"id": "e1", "customer": "1", "at": "2026-01-05T00:00:00Z", "type": "cart", "value": "19.90"}]
ORDER_COLUMNS = [("note", "gift_note"), ("wrap", "wrapping"), ("weight", "packed_weight")]
QUERY = """query Own($wrapped: OrderFilter) { customer(by: {id: "1"}) {
    name clubTier clubSpend { amount currency } clubVip clubVisits clubScore clubSince clubHobbies
    orders { nodes { id giftNote wrapping packedWeight items { sku engraving } } }
    boxed: orders(filter: {wrapping: [BOX]}) { nodes { id } } wrapped: orders(filter: $wrapped) { nodes { id } }
    events { nodes { cartValue } } tag(key: "heavy") { value label evidence { name value } } } """
UNPLANNED = " __schema { queryType { name } } }"
TAGS = """
facts:
  packed_weight: {label: Packed weight, record: order, measure: sum, field: packed_weight, where: {wrapping: [BOX, PAPER]}}
  carts: {label: In carts, record: event, measure: sum, field: cart_value}
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
ANSWER = {
    "name": "Ann",
    "clubTier": "GOLD",
    "clubSpend": {"amount": "12.30", "currency": "EUR"},
    "clubVip": True,
    "clubVisits": 7,
    "clubScore": "0.125",
    "clubSince": "2026-01-02T03:04:05Z",
    "clubHobbies": ["tea", "chess"],
    "orders": {
        "nodes": [
            {"id": "shop:o3", "giftNote": None, "wrapping": "UNKNOWN", "packedWeight": None, "items": []},
            {"id": "shop:o2", "giftNote": None, "wrapping": "PAPER", "packedWeight": "0.5", "items": []},
            {
                "id": "shop:o1",
                "giftNote": "for you",
                "wrapping": "BOX",
                "packedWeight": "1.250",
                "items": [{"sku": "s1", "engraving": "A & B"}],
            },
        ]
    },
    "boxed": {"nodes": [{"id": "shop:o1"}]},
    "wrapped": {"nodes": [{"id": "shop:o2"}]},
    "events": {"nodes": [{"cartValue": "19.90"}]},
}


def sql_source(folder: Path) -> dict[str, Any]:
    """A database whose queries name columns as the fields are named."""
    path = folder / "shop.db"
    with closing(sqlite3.connect(path)) as database, database:
        database.execute("CREATE TABLE c (id, name, tier, spend, vip, visits, score, since, hobbies)")
        row = {**CUSTOMER, "hobbies": json.dumps(CUSTOMER["hobbies"])}
        database.execute(f"INSERT INTO c VALUES ({', '.join('?' * len(row))})", [*row.values()])
        database.execute("CREATE TABLE o (id, customer, at, note, wrap, weight)")
        database.executemany("INSERT INTO o VALUES (?, ?, ?, ?, ?, ?)", [[*row.values()] for row in ORDERS])
        database.execute("CREATE TABLE e (id, customer, at, type, value)")
        database.executemany("INSERT INTO e VALUES (?, ?, ?, ?, ?)", [[*row.values()] for row in EVENTS])
    own = "tier AS club_tier, spend AS club_spend_amount, 'EUR' AS club_spend_currency, vip AS club_vip, visits AS club_visits"
    records = {
        "customer": {
            "query": f"SELECT id, name, {own}, score AS club_score, since AS club_since FROM c",
            "keys": {"customer_id": "id"},
            "lists": {
                "club_hobbies": {
                    "query": "SELECT c.id AS parent, j.key AS position, j.value AS value FROM c, json_each(c.hobbies) j"
                }
            },
        },
        "order": {
            "query": f"SELECT id, customer, at placed_at, {', '.join(f'{old} AS {new}' for old, new in ORDER_COLUMNS)} FROM o",
            "keys": {"customer_id": "customer"},
            "lists": {
                "items": {"query": "SELECT 'o1' AS parent, 1 AS position, 's1' AS sku, 'A & B' AS engraving"}
            },
        },
        "event": {
            "query": "SELECT id, customer, at, type, value AS cart_value FROM e", "keys": {"customer_id": "customer"},
        },
    }  # fmt: skip
    return {"kind": "sql", "url": f"sqlite+aiosqlite:///{path}", "records": records}


MAPPED: dict[str, Any] = {
    "customer": {
        "club_tier": "tier", "club_spend.amount": "spend", "club_spend.currency": "'EUR'", "club_vip": "vip",
        "club_visits": "visits", "club_score": "score", "club_since": "since", "club_hobbies": "hobbies",
    },
    "order": {"placed_at": "at", "gift_note": "note", "wrapping": "wrap", "packed_weight": "weight"},
    "event": {"cart_value": "value"},
}  # fmt: skip


async def answer(request: web.Request) -> web.Response:
    """An API with words of its own."""
    orders = [{**row, "lines": [ITEM] if row["id"] == "o1" else []} for row in ORDERS]
    return web.json_response({"/customers": [CUSTOMER], "/orders": orders, "/events": EVENTS}[request.path])


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
        orders = [
            {**row, "at": datetime.fromisoformat(row["at"]), "lines": [ITEM] if row["id"] == "o1" else []} for row in ORDERS
        ]
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
async def asking(folder: Path, source: dict[str, Any]) -> AsyncIterator[Gateway]:
    """A gateway of settings alone, as `serve` builds it."""
    (folder / "tags.yaml").write_text(TAGS, "utf-8")
    document = {"fields": FIELDS, "deadline_ms": PATIENT_MS, "tags": {"file": "tags.yaml"}, "sources": {"shop": source}}
    created = create_app(parse_settings(document, folder=folder))
    async with (
        created.router.lifespan_context(created),
        httpx2.AsyncClient(transport=httpx2.ASGITransport(app=created), base_url="http://gateway") as client,
    ):
        yield Gateway(client)


@pytest.mark.parametrize("end", ["}", UNPLANNED])
@pytest.mark.parametrize("kind", ["sql", "http", "mongo"])
async def test_every_kind_of_source_fills_every_type(
    tmp_path: Path, mongodb_uri: str, mongodb_database: str, kind: str, end: str
):
    """Typed, filtered, in lists and in their items, by both executors; and a tag tells of them."""
    async with AsyncExitStack() as stack:
        if kind == "sql":
            source = sql_source(tmp_path)
        elif kind == "http":
            source = http_source(await stack.enter_async_context(serving(answer)))
        else:
            source = await mongo_source(mongodb_uri, mongodb_database)
        gateway = await stack.enter_async_context(asking(tmp_path, source))
        data = await gateway.data(QUERY + end, {"wrapped": {"wrapping": ["PAPER"], "since": "2026-01-01T00:00:00Z"}})
    tag = data["customer"].pop("tag")
    assert data["customer"] == ANSWER
    assert (tag["value"], tag["label"]) == ("HEAVY", "Heavy parcels")
    assert tag["evidence"] == [{"name": "carts", "value": 19.9}, {"name": "packed_weight", "value": 1.75}]


def test_the_schema_of_these_settings_has_them_alone():
    """They are typed and described, their classes stay ours; the schema without them is as it was."""
    document = {"fields": FIELDS, "sources": {"shop": {"kind": "sql"}}}
    own = tuple(parse_settings(document).fields.declared())
    kinds: Any = build_schema(schema_with(own).sdl()).type_map
    customer = {name: str(field.type) for name, field in kinds["Customer"].fields.items() if name.startswith("club")}
    assert customer == {
        "clubTier": "CustomerClubTier",
        "clubSpend": "Money",
        "clubVip": "Boolean",
        "clubVisits": "Int",
        "clubScore": "Quantity",
        "clubSince": "DateTime",
        "clubHobbies": "[String!]",
    }
    assert [*kinds["CustomerClubTier"].values] == ["GOLD", "SILVER", "UNKNOWN"]
    assert str(kinds["Order"].fields["wrapping"].type) == "OrderWrapping!"
    assert str(kinds["OrderFilter"].fields["wrapping"].type) == "[OrderWrapping!]"
    assert str(kinds["OrderFilter"].fields["giftNote"].type) == "[String!]"
    assert "packedWeight" not in kinds["OrderFilter"].fields
    assert kinds["OrderItem"].fields["engraving"].description == "The text on it."
    assert not {"clubTier", "engraving", "cartValue"} & {*sdl().split()}


MISTAKES = """
[fields.customer.rank_a]
type = "strnig"
description = "a"
class = "behavioural"

[fields.customer.rank_b]
type = "string"
class = "behavioural"

[fields.customer.rank_c]
type = "string"
description = "c"

[fields.customer.rank_d]
type = "enum"
description = "d"
class = "behavioural"

[fields.customer.rank_e]
type = "int"
description = "e"
class = "behaviour"

[fields.customer.rankF]
type = "int"
description = "f"
class = "behavioural"

[fields.customer.email]
type = "string"
description = "g"
class = "contact"

[fields.order.items]
type = "list"
description = "h"
class = "commercial"

[fields.ticket.rank_i]
type = "enum"
values = ["low", "HIGH", "HIGH"]
description = "i"
class = "behavioural"

[fields.visit.rank_j]
type = "int"
description = "j"
class = "behavioural"

[fields.event.rank_k]
type = "string"
values = ["A"]
description = "k"
class = "behavioural"
unit = "kg"

[fields.customer.orders]
type = "int"
description = "l"
class = "behavioural"

[sources.shop]
kind = "sql"
url = "sqlite+aiosqlite:///shop.db"
[sources.shop.records.customer]
query = "SELECT id FROM c"
keys = { customer_id = "id" }
"""

TOLD = """\
3:1: fields.customer.rank_a.type: must be one of string, int, decimal, boolean, datetime, money, enum, list; did you
  mean 'string'?
7:1: fields.customer.rank_b.description: is missing; add it
11:1: fields.customer.rank_c.class: is missing; add it
15:1: fields.customer.rank_d.values: an enum needs its values; list them
23:1: fields.customer.rank_e.class: must be one of identifying, contact, personal, free_text, behavioural, commercial,
  technical; did you mean 'behavioural'?
25:1: fields.customer.rankF: is no name of a field; write small letters and digits with _ between words, such as
  loyalty_tier
30:1: fields.customer.email: `email` is there already; choose another name
35:1: fields.order.items: `items` is there already; choose another name
42:11: fields.ticket.rank_i.values.0: is no value of an enum; write capital letters, digits and _, such as GOLD
46:1: fields.visit: is no setting; remove it, or correct its name
53:1: fields.event.rank_k.values: these belong to an enum; remove them, or set type to enum
56:1: fields.event.rank_k.unit: is no setting; remove it, or correct its name
58:1: fields.customer.orders: `orders` is in the schema already; choose another name
"""


def test_mistakes_are_told_at_once_with_line_and_fix(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    """One line for each, by `check`, where it stands."""
    path = tmp_path / "gateway.toml"
    path.write_text(MISTAKES, "utf-8")
    with pytest.raises(SystemExit) as ended:
        app(["check", "--config", str(path)])
    assert ended.value.code == 2
    lines = [line for line in capsys.readouterr().err.splitlines() if line.startswith("gateway.toml:") and ": fields." in line]
    assert "".join(line.removeprefix("gateway.toml:") + "\n" for line in lines) == TOLD.replace("\n  ", " ")
