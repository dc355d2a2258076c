"""Orders of one customer, as texts, in every kind of source."""

import csv
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from pymongo import AsyncMongoClient

from connectors import records as r
from connectors.contract import Answer, Ask, Connector, ConnectorSettings, KeyKind, Keys, lookup
from connectors.files import FilesConnector, FilesSettings
from connectors.graphql import GraphQLConnector, GraphQLSettings
from connectors.http import HttpConnector, HttpSettings
from connectors.mongo import MongoConnector, MongoSourceSettings
from connectors.sql import SqlConnector, SqlSettings
from connectors.toolkit.times import read_time
from tests.support.gateway_server import Gateway, gateway_on
from tests.support.http_source import serving
from tests.support.sql_shop import EVERY, Shop, sqlite_url

KINDS = [*EVERY, "http", "http pages", "graphql", pytest.param("mongo", marks=pytest.mark.mongodb)]
COLUMNS = ("id", "placed_at", "amount", "currency")
SQL = "SELECT id, 'c1' AS customer, placed_at, amount AS total_amount, currency AS total_currency FROM orders"
FIELDS = {"placed_at": "placed_at", "total.amount": "amount", "total.currency": "currency"}

Row = Sequence[Any]
"""The values of `COLUMNS`, each a text or None."""
Filled = Callable[[Sequence[Row]], AbstractAsyncContextManager[Gateway]]
"""A gateway on a source that has these rows."""


class PeopleSettings(ConnectorSettings):
    pass


class People(Connector[PeopleSettings]):
    """Knows whoever is asked for."""

    kind = "people"
    settings_type = PeopleSettings

    @lookup(r.Customer, by=KeyKind.CUSTOMER_ID)
    async def customers(self, keys: Keys, ask: Ask) -> Answer:
        return {key: [r.Customer(id=key)] for key in keys}


@asynccontextmanager
async def _sql(kind: str, request: pytest.FixtureRequest, folder: Path, rows: Sequence[Row]) -> AsyncIterator[Connector[Any]]:
    order = {"query": SQL, "keys": {"customer_id": "customer"}}
    if kind == "files":
        with (folder / "orders.csv").open("w", newline="") as file:
            csv.writer(file, quoting=csv.QUOTE_NOTNULL if hasattr(csv, "QUOTE_NOTNULL") else csv.QUOTE_MINIMAL).writerows(
                [COLUMNS, *rows]
            )
        yield FilesConnector(
            "shop",
            FilesSettings.model_validate({"path": folder, "tables": {"orders": "orders.csv"}, "records": {"order": order}}),
        )
        return
    url = sqlite_url(folder) if kind == "sqlite" else request.getfixturevalue(f"{kind}_database")
    shop = Shop(kind, url)
    values = (f"({', '.join(map(shop._literal, row))})" for row in rows)
    created = f"CREATE TABLE orders ({', '.join(f'{column} VARCHAR(200)' for column in COLUMNS)})"
    await shop.execute(created, f"INSERT INTO orders VALUES {', '.join(values)}")
    yield SqlConnector("shop", SqlSettings.model_validate({"url": url, "records": {"order": order}}))


@asynccontextmanager
async def _http(rows: Sequence[Row], **lookup: Any) -> AsyncIterator[Connector[Any]]:
    found = [dict(zip(COLUMNS, row, strict=True)) for row in rows]

    async def answer(request: web.Request) -> web.Response:
        start = int(request.query.get("start", 0))
        more = {"next": f"?start={start + 2}"} if lookup and start + 2 < len(found) else {}
        return web.json_response({"rows": found[start : start + 2] if lookup else found} | more)

    order = {"fields": FIELDS, "list": "rows", "keys": {"customer_id": {"path": "/orders/{key}"} | lookup}}
    async with serving(answer) as url:
        yield HttpConnector("shop", HttpSettings.model_validate({"base_url": url, "records": {"order": order}}))


@asynccontextmanager
async def _graphql(rows: Sequence[Row]) -> AsyncIterator[Connector[Any]]:
    async def answer(_: web.Request) -> web.Response:
        return web.json_response({"data": {"one": {"rows": [dict(zip(COLUMNS, row, strict=True)) for row in rows]}}})

    order = {"fields": FIELDS, "keys": {"customer_id": {"query": "{ one(id: $key) { rows { ...fields } } }"}}}
    async with serving(answer) as url:
        yield GraphQLConnector("shop", GraphQLSettings.model_validate({"base_url": url, "records": {"order": order}}))


@asynccontextmanager
async def _mongo(url: str, database: str, rows: Sequence[Row]) -> AsyncIterator[Connector[Any]]:
    documents = [dict(zip(("number", *COLUMNS[1:]), row, strict=True)) | {"customer": "c1"} for row in rows]
    async with AsyncMongoClient(url, timeoutMS=20_000) as client:
        await client[database].orders.insert_many([one | {"placed_at": _date(one["placed_at"])} for one in documents])
    fields = {"id": "number", "placed_at": "placed_at", "total": {"amount": "amount", "currency": "currency"}}
    order = {"collection": "orders", "fields": fields, "keys": {"customer_id": "customer"}}
    settings = {"url": url, "database": database, "records": {"order": order}}
    yield MongoConnector("shop", MongoSourceSettings.model_validate(settings))


def _date(text: Any) -> Any:
    """Times are dates in documents."""
    try:
        return read_time(text)
    except (ValueError, AttributeError, TypeError, OverflowError):
        return text


@pytest.fixture(params=KINDS)
def filled(request: pytest.FixtureRequest, tmp_path: Path) -> Filled:
    kind = request.param
    mongo = [request.getfixturevalue(f"mongodb_{name}") for name in ("uri", "database")] if kind == "mongo" else []

    def source(rows: Sequence[Row]) -> AbstractAsyncContextManager[Connector[Any]]:
        match kind:
            case "http":
                return _http(rows)
            case "http pages":
                return _http(rows, next="next", max_pages=50)
            case "graphql":
                return _graphql(rows)
            case "mongo":
                return _mongo(*mongo, rows)
        return _sql(kind, request, tmp_path, rows)

    @asynccontextmanager
    async def gateway(rows: Sequence[Row]) -> AsyncIterator[Gateway]:
        async with source(rows) as shop, gateway_on([People("crm", PeopleSettings()), shop]) as found:
            yield found

    return gateway
