"""A little shop in SQLite, in PostgreSQL, in MariaDB and in a folder of CSV files: the same rows, the same settings."""

import csv
import re
import sqlite3
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import asyncpg
import msgspec
import pytest
from sqlalchemy import make_url
from sqlalchemy.ext.asyncio import create_async_engine

from connectors.contract import Aggregate, Answer, Ask, KeyKind, Lookup, Page
from connectors.files import FilesConnector, FilesSettings
from connectors.record_fields import all_fields
from connectors.records import Record
from connectors.sql import SqlConnector, SqlSettings

SERVERS = [pytest.param("postgresql", marks=pytest.mark.postgresql), pytest.param("mysql", marks=pytest.mark.mysql)]
BOTH = ["sqlite", SERVERS[0]]
DATABASES = ["sqlite", *SERVERS]
EVERY = [*DATABASES, "files"]
TYPES = {
    "sqlite": {"time": "TEXT", "money": "REAL", "json": "TEXT", "bool": "INTEGER", "uuid": "TEXT"},
    "postgresql": {"time": "TIMESTAMPTZ", "money": "NUMERIC", "json": "JSONB", "bool": "BOOLEAN", "uuid": "UUID"},
    "mysql": {"time": "DATETIME(6)", "money": "DECIMAL(20, 6)", "json": "JSON", "bool": "BOOLEAN", "uuid": "CHAR(36)"},
}
TABLES = {
    "customers": "id TEXT, name TEXT, email TEXT, city TEXT, country TEXT, created {time}, token {uuid}, member INTEGER",
    "points": "customer TEXT, kind TEXT, value TEXT, main {bool}",
    "devices": "customer TEXT, device TEXT",
    "orders": "id INTEGER, customer TEXT, status TEXT, placed {time}, delivered {time}, total {money}, currency TEXT",
    "order_items": "order_id INTEGER, line INTEGER, sku TEXT, category TEXT, quantity INTEGER, price {money}, currency TEXT",
    "payments": "order_id INTEGER, method TEXT, amount {money}, currency TEXT, installments INTEGER",
    "events": "id TEXT, customer TEXT, at {time}, type TEXT, properties {json}",
}
TIMES = re.compile(r"^(\d{4}-\d{2}-\d{2})T([\d:.]+)Z$")
RECORDS: dict[str, Any] = {
    "customer": {
        "query": "SELECT id, name, email, city AS address_city, country AS address_country, created AS created_at,"
        " token, member FROM customers",
        "keys": {
            "customer_id": "id",
            "external_id": {"column": "token", "type": "uuid"},
            "member_number": {"column": "member", "type": "integer"},
            "email": {"query": "SELECT customer AS id, value AS key FROM points WHERE kind = 'EMAIL'"},
            "text": {"columns": ["name", "email"]},
        },
        "lists": {
            "contact_points": {
                "query": 'SELECT customer AS parent, kind, value, main AS "primary", value AS position FROM points'
            },
            "device_ids": {"query": "SELECT customer AS parent, device AS value, device AS position FROM devices"},
        },
    },
    "order": {
        "query": "SELECT id, customer, status, placed AS placed_at, delivered AS delivered_at, total AS total_amount,"
        " currency AS total_currency FROM orders -- newest ones too\n;",
        "keys": {"customer_id": "customer"},
        "lists": {
            "items": {
                "query": "SELECT order_id AS parent, line AS position, sku, category, quantity, price AS unit_price_amount,"
                " currency AS unit_price_currency FROM order_items"
            },
            "payments": {
                "query": "SELECT order_id AS parent, method, amount AS amount_amount, currency AS amount_currency, installments"
                " FROM payments"
            },
        },
    },
    "event": {"query": "SELECT id, customer, at, type, properties FROM events", "keys": {"customer_id": "customer"}},
}


def connector_at(url: str, **changes: Any) -> SqlConnector | FilesConnector:
    """The shop's connector with something in its settings changed; at `files:PATH` of files."""
    if not url.startswith("files:"):
        return SqlConnector("shop", settings(url, **changes))
    tables = {table: f"{table}.csv" for table in TABLES}
    document = {"path": folder_of(url), "tables": tables, "records": written_for(url, RECORDS)}
    return FilesConnector("shop", FilesSettings.model_validate(document | changes))


def folder_of(url: str) -> Path:
    return Path(url.removeprefix("files:"))


def settings(url: str, **changes: Any) -> SqlSettings:
    return SqlSettings.model_validate({"url": url} | written_for(url, {"records": RECORDS} | changes))


def written_for(url: str, document: Any) -> Any:
    """The same settings with queries as the database at the URL reads them.

    MySQL has `key` for itself and takes `||` for OR; DuckDB has `at` for itself, and a CSV file has nothing but text.
    """
    if isinstance(document, dict):
        return {name: written_for(url, inner) for name, inner in document.items()}
    if isinstance(document, str) and url.startswith("files:"):
        document = re.sub(r" at(,| FROM)", r' "at"\1', document)
        return re.sub(r"(\w+_cents) / 100.0", r"CAST(\1 AS INTEGER) / 100", document)
    if not (isinstance(document, str) and url.startswith(("mysql", "mariadb"))):
        return document
    return re.sub(r"(\w+) \|\| ':' \|\| (\w+)", r"CONCAT(\1, ':', \2)", document.replace(" AS key", " AS `key`"))


class Shop:
    """A database that a test fills, and a connector to it."""

    def __init__(self, backend: str, url: str) -> None:
        self.backend = backend
        self.url = url
        self.connector = connector_at(url)

    async def fill(self, **rows: Sequence[Sequence[Any]]) -> None:
        """Create the tables and add the given rows. Times are RFC 3339 text."""
        if self.backend == "files":
            await self.clear(*TABLES)
            await self.add(**rows)
            return
        await self.execute(
            *(f"CREATE TABLE {table} ({columns})".format(**TYPES[self.backend]) for table, columns in TABLES.items())
        )
        await self.add(**rows)

    async def add(self, **rows: Sequence[Sequence[Any]]) -> None:
        if self.backend == "files":
            for table, values in rows.items():
                with (folder_of(self.url) / f"{table}.csv").open("a", newline="") as file:
                    csv.writer(file, lineterminator="\n").writerows(values)
            return
        inserts = [
            f"INSERT INTO {table} VALUES ({', '.join(map(self._literal, row))})"
            for table, values in rows.items()
            for row in values
        ]
        if inserts:
            await self.execute(*inserts)

    async def clear(self, *tables: str) -> None:
        """Leave nothing in these tables."""
        if self.backend != "files":
            await self.execute(*(f"DELETE FROM {table}" for table in tables))
            return
        for table in tables:
            names = [column.split()[0] for column in TABLES[table].split(", ")]
            (folder_of(self.url) / f"{table}.csv").write_text(",".join(names) + "\n")

    async def execute(self, *statements: str) -> None:
        if self.backend == "sqlite":
            with closing(sqlite3.connect(str(make_url(self.url).database))) as connection, connection:
                for statement in statements:
                    connection.execute(statement)
            return
        if self.backend == "mysql":
            await _execute_mysql(self.url, statements)
            return
        url = make_url(self.url)
        connection = await asyncpg.connect(host=url.query["host"], user=url.username, database=url.database)
        try:
            await connection.execute("; ".join(statements))
        finally:
            await connection.close()

    def _literal(self, value: Any) -> str:
        if value is None:
            return "NULL"
        if isinstance(value, int | float):
            return str(value) if not isinstance(value, bool) or self.backend == "mysql" else f"'{value}'"
        if self.backend == "mysql":
            # MySQL reads backslashes, and times in its own form only.
            value = TIMES.sub(r"\1 \2", str(value).replace("\\", "\\\\"))
        return "'" + str(value).replace("'", "''") + "'"

    def lookup(self, record: type[Record], by: KeyKind = KeyKind.CUSTOMER_ID) -> Lookup:
        return next(own for own in self.connector.lookups() if own.record is record and own.by == by)

    def aggregate(self, record: type[Record], by: KeyKind = KeyKind.CUSTOMER_ID) -> Aggregate:
        return next(own for own in self.connector.aggregates() if own.record is record and own.by == by)

    async def fetch(
        self, record: type[Record], keys: Sequence[str], by: KeyKind = KeyKind.CUSTOMER_ID, **words: Any
    ) -> dict[str, list[dict[str, Any]]]:
        """The JSON of the records of each key that found any."""
        ask = Ask(**({"fields": all_fields(record)} | words))
        return decoded(await self.lookup(record, by).fetch(keys, ask))

    @contextmanager
    def statements(self) -> Iterator[list[str]]:
        """The text of the statements that reach the database meanwhile."""
        seen: list[str] = []

        def note(statement: str, *_: Any) -> None:
            seen.append(statement)

        listeners = self.connector.database.listeners
        listeners.append(note)
        yield seen
        listeners.remove(note)


@asynccontextmanager
async def shop_at(backend: str, url: str) -> AsyncIterator[Shop]:
    shop = Shop(backend, url)
    # Not the whole connector: what it begins to learn when it opens could fall among the statements that a test counts.
    shop.connector.database.open()
    try:
        yield shop
    finally:
        await shop.connector.aclose()


def sqlite_url(folder: Path) -> str:
    path = folder / "shop 1.db"
    path.touch()
    return f"sqlite+aiosqlite:///{path}"


def decoded(answer: Answer) -> dict[str, list[dict[str, Any]]]:
    found = {}
    for key, page in answer.items():
        assert isinstance(page, Page)
        found[key] = msgspec.json.decode(page.records)
    return found


def ids(answer: dict[str, list[dict[str, Any]]]) -> dict[str, list[str]]:
    return {key: [record["id"] for record in records] for key, records in answer.items()}


def day(number: int, **words: int) -> datetime:
    """A day of January 2018, UTC."""
    return datetime(2018, 1, number, **words, tzinfo=UTC)


async def _execute_mysql(url: str, statements: Sequence[str]) -> None:
    engine = create_async_engine(url, isolation_level="AUTOCOMMIT")
    try:
        async with engine.connect() as connection:
            for statement in statements:
                await connection.exec_driver_sql(statement.replace("%", "%%"))
    finally:
        await engine.dispose()
