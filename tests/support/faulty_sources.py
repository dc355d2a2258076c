"""A source of orders for each fault and each kind: as a user would configure it, at a server that has the fault.

Customer c1 has two orders. The first is well; the fault of a single record is the second one's, which holds `SECRET`.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from functools import partial
from typing import Any, NamedTuple
from urllib.parse import urlsplit
from uuid import uuid4

from bson import Decimal128
from pymongo import MongoClient
from sqlalchemy import make_url

from connectors.contract import Connector
from connectors.graphql import GraphQLConnector, GraphQLSettings
from connectors.http import HttpConnector, HttpSettings
from connectors.mongo import MongoConnector, MongoSourceSettings
from connectors.sql import SqlConnector, SqlSettings
from tests.support import faulty_databases, faulty_server, shop
from tests.support.demo_sources import refused_port
from tests.support.faulty_server import LARGE, SECRET, Say

NOWHERE = "nowhere.invalid"


def row(number: int, **changes: Any) -> dict[str, Any]:
    sku = "s1" if number == 1 else SECRET
    money = {"amount": "10.00", "currency": "EUR"}
    placed = shop.at(number).isoformat()
    return {"id": f"o{number}", "customer": "c1", "placedAt": placed, "total": money, "items": [{"sku": sku}]} | changes


ROWS, MISFITS = [row(1), row(2)], [row(1), row(2, placedAt=[SECRET])]
PAGE = f"<!doctype html><html><body>{SECRET}</body></html>".encode()
TOLD = json.dumps({"error": SECRET, "errors": [{"message": SECRET}]}).encode()


def web_speaking(fault: str, around: Callable[[Any], Any]) -> Say | None:
    """A server of JSON; `around` is what stands around its rows."""
    good, misfit = (json.dumps(around(rows)).encode() for rows in (ROWS, MISFITS))
    return {
        "reset": faulty_server.breaking_off(good),
        "hang": faulty_server.silence,
        "drip": faulty_server.dripping(good),
        "500": faulty_server.answering(500, TOLD),
        "503": faulty_server.answering(503, TOLD, Retry_After="7"),
        "429": faulty_server.answering(429, TOLD),
        "401": faulty_server.answering(401, TOLD),
        "404": faulty_server.answering(404, TOLD),
        "html": faulty_server.answering(200, PAGE, Content_Type="text/html"),
        "truncated": faulty_server.answering(200, good[:-20]),
        "types": faulty_server.answering(200, misfit),
        "large": faulty_server.flooding,
    }.get(fault)


@asynccontextmanager
async def place(fault: str, say: Say | None) -> AsyncIterator[str]:
    """Host and port of a server that speaks so; of none when it refuses connections, or its name is nobody's."""
    if fault == "dns":
        yield f"{NOWHERE}:1"
    elif fault == "refuse":
        with refused_port() as port:
            yield f"127.0.0.1:{port}"
    else:
        assert say is not None
        async with faulty_server.listening(say) as port:
            yield f"127.0.0.1:{port}"


@asynccontextmanager
async def http_orders(fault: str, _origin: None) -> AsyncIterator[Connector[Any]]:
    lookup = {"path": "/orders?customers={keys}", "key": "customer"}
    async with place(fault, web_speaking(fault, lambda rows: rows)) as host:
        settings = {"base_url": f"http://{host}", "records": {"order": {"keys": {"customer_id": lookup}}}}
        yield HttpConnector("orders", HttpSettings.model_validate(settings))


@asynccontextmanager
async def graphql_orders(fault: str, _origin: None) -> AsyncIterator[Connector[Any]]:
    query = "query ($keys: [ID!]!) { orders(customers: $keys) { key: customer ...fields } }"
    fields = {"placed_at": "placedAt", "total.amount": "total.amount", "total.currency": "total.currency"}
    lists = {"items": {"list": "items", "fields": {"sku": "sku"}}}
    record = {"fields": fields, "lists": lists, "keys": {"customer_id": {"query": query}}}
    async with place(fault, web_speaking(fault, _as_data)) as host:
        settings = {"base_url": f"http://{host}/graphql", "records": {"order": record}}
        yield GraphQLConnector("orders", GraphQLSettings.model_validate(settings))


def _as_data(rows: list[dict[str, Any]]) -> dict[str, Any]:
    return {"data": {"orders": [{"key": one["customer"], **one} for one in rows]}}


class Postgresql(NamedTuple):
    """A schema with the orders, and where its server is."""

    url: str
    schema: str

    async def connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        folder = make_url(self.url).query["host"]
        return await asyncio.open_unix_connection(f"{folder}/.s.PGSQL.5432")


@contextmanager
def postgresql_with_orders(server: Any) -> Iterator[Postgresql]:
    schema = f"faults_{uuid4().hex}"
    values = ", ".join(f"('o{number}', 'c1', '{shop.at(number).isoformat()}', 10, 'EUR', '{sku}')" for number, sku in SKUS)
    server.psql(
        f"CREATE SCHEMA {schema};"
        f"CREATE TABLE {schema}.orders (id TEXT, customer TEXT, placed TIMESTAMPTZ, amount NUMERIC, currency TEXT, sku TEXT);"
        f"INSERT INTO {schema}.orders VALUES {values};"
    )
    yield Postgresql(str(server.get_uri(driver="asyncpg")), schema)
    server.psql(f"DROP SCHEMA {schema} CASCADE")


SKUS = ((1, "s1"), (2, SECRET))
SECOND_IS = "CASE WHEN id = 'o2' THEN {} ELSE {} END"
COLUMNS = {"total_amount": "amount", "total_currency": "currency"}
SPOILT_COLUMNS = {
    "truncated": {
        "total_currency": "(" + SECOND_IS.format(f"""'{{"currency": "{SECRET}'""", "'{}'") + ")::json ->> 'currency'"
    },
    "types": {"total_amount": SECOND_IS.format(f"'{SECRET}'", "'10.00'")},
    "large": {"total_currency": SECOND_IS.format(f"repeat('x', {LARGE})", "currency")},
}
REFUSALS = {"500": "57P01", "503": "57P03", "429": "53300"}
"""admin_shutdown, cannot_connect_now, too_many_connections."""


@asynccontextmanager
async def sql_orders(fault: str, origin: Postgresql) -> AsyncIterator[Connector[Any]]:
    columns = COLUMNS | SPOILT_COLUMNS.get(fault, {})
    chosen = ", ".join(f"{expression} AS {name}" for name, expression in columns.items())
    table = f'{origin.schema}."{SECRET if fault == "404" else "orders"}"'
    query = f"SELECT id, customer, placed AS placed_at, {chosen} FROM {table}"
    url = make_url(origin.url).set(query={}, password="secret")
    async with place(fault, _postgresql_speaking(fault, origin)) as host:
        name, _, port = host.partition(":")
        url = url.set(host=name, port=int(port), username=SECRET if fault == "401" else url.username)
        items = {"query": f"SELECT id AS parent, sku FROM {origin.schema}.orders"}
        records = {"order": {"query": query, "keys": {"customer_id": "customer"}, "lists": {"items": items}}}
        settings = {"url": url.render_as_string(hide_password=False), "records": records}
        yield SqlConnector("orders", SqlSettings.model_validate(settings))


def _postgresql_speaking(fault: str, origin: Postgresql) -> Say:
    if fault in REFUSALS:
        return faulty_databases.postgresql_refusing(REFUSALS[fault])
    scripted = {"hang": faulty_server.silence, "html": faulty_databases.speaking_http}
    return scripted.get(fault) or faulty_server.spoiling(origin.connect, SPOILS.get(fault, faulty_server.let_through))


SPOILS = {"reset": faulty_server.break_off, "drip": faulty_server.drip}


class Mongodb(NamedTuple):
    """A database with the orders, and where its server is."""

    host: str
    port: int
    name: str

    async def connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        return await asyncio.open_connection(self.host, self.port)


def document(number: int, **changes: Any) -> dict[str, Any]:
    sku = "s1" if number == 1 else SECRET
    own = {"_id": f"o{number}", "customer": "c1", "placed": shop.at(number), "total": Decimal128("10.00"), "currency": "EUR"}
    return own | {"items": [{"sku": sku}]} | changes


@contextmanager
def mongodb_with_orders(uri: str) -> Iterator[Mongodb]:
    parts = urlsplit(uri)
    name = f"faults_{uuid4().hex[:16]}"
    with MongoClient[dict[str, Any]](uri, timeoutMS=20_000) as client:
        client[name].orders.insert_many([document(1), document(2)])
        client[name].misfits.insert_many([document(1), document(2, placed=SECRET)])
        yield Mongodb(parts.hostname or "127.0.0.1", parts.port or 27017, name)
        client.drop_database(name)


MONGO: dict[str, Callable[[], Say]] = {
    "hang": lambda: faulty_server.silence,
    "500": partial(faulty_databases.mongodb_refusing, 91),  # ShutdownInProgress
    "503": partial(faulty_databases.mongodb_refusing, 10107),  # NotWritablePrimary
    "429": partial(faulty_databases.mongodb_refusing, 16500),  # RequestRateTooLarge
    "401": partial(faulty_databases.mongodb_refusing, 18),  # AuthenticationFailed
    "html": lambda: faulty_databases.speaking_http,
    "truncated": lambda: faulty_databases.mongodb_cut_short(document(2)),
    "large": lambda: faulty_databases.mongodb_flooding(document(1)),
}
COLLECTIONS = {"404": SECRET, "types": "misfits"}


@asynccontextmanager
async def mongo_orders(fault: str, origin: Mongodb) -> AsyncIterator[Connector[Any]]:
    fields = {"placed_at": "placed", "total": {"amount": "total", "currency": "currency"}}
    record = {"collection": COLLECTIONS.get(fault, "orders"), "fields": fields, "keys": {"customer_id": "customer"}}
    say = (
        MONGO[fault]()
        if fault in MONGO
        else faulty_server.spoiling(origin.connect, SPOILS.get(fault, faulty_server.let_through))
    )
    who = "reader:wrong@" if fault == "401" else ""
    async with place(fault, say) as host:
        settings = {
            "url": f"mongodb://{who}{host}/?directConnection=true",
            "database": origin.name,
            "records": {"order": record},
        }
        yield MongoConnector("orders", MongoSourceSettings.model_validate(settings))


SOURCES: dict[str, Callable[[str, Any], Any]] = {
    "http": http_orders,
    "sql": sql_orders,
    "mongo": mongo_orders,
    "graphql": graphql_orders,
}
"""(fault, what the kind's real server is) -> a source of orders, while the block lasts."""
