"""The demo's shop as real sources, small, on each kind of database and as exports, and what reaches them."""

import csv
import re
import socket
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

from sqlalchemy.ext.asyncio import AsyncEngine

from connectors.files import FilesConnector, FilesSettings
from connectors.sql import SqlConnector, SqlSettings
from gateway.demo.databases import Rows, postgresql_urls, sqlite_urls, write_postgresql, write_sqlite
from gateway.demo.shop import shop_rows
from gateway.demo.shop_tables import SHOP_TABLES
from tests.support.demo_config import read_config
from tests.support.mysql_server import write_mysql
from tests.support.sql_shop import written_for

CUSTOMERS = 60
PINNED = {"clock": {"pinned": "2026-06-30T12:00:00Z"}}
"""Settings whose windows end where the shop's data do."""
PINNED_AT = datetime(2026, 6, 30, 12, tzinfo=UTC)


@lru_cache(maxsize=1)
def demo_rows() -> Rows:
    """What stands in the databases, by table."""
    return shop_rows(customers=CUSTOMERS).rows


async def demo_shop(backend: str, url: str, folder: Path) -> Mapping[str, str]:
    """The URLs of a filled shop, in the PostgreSQL or MariaDB database at `url`, or in SQLite files in `folder`."""
    if backend == "mysql":
        await write_mysql(url, SHOP_TABLES, demo_rows())
        return dict.fromkeys(sqlite_urls(folder), url)
    if backend == "postgresql":
        await write_postgresql(url, SHOP_TABLES, demo_rows())
        return postgresql_urls(url)
    return sqlite_shop(folder)


def exported_shop(folder: Path, name: str, keys: Sequence[str]) -> FilesConnector:
    """One of the shop's sources as exports in CSV, found by these kinds of keys, with two nested lists at most."""
    tables = [table for own in SHOP_TABLES.values() for table in own]
    for table in tables:
        columns = re.findall(r"(\w+) [A-Z]+(?: NOT NULL| PRIMARY KEY)?(?:,|\s*$)", table.columns)
        with (folder / f"{table.name}.csv").open("w", newline="") as file:
            csv.writer(file).writerows([columns, *demo_rows().get(table.name, ())])
    records = written_for("files:", read_config("shop.toml")["sources"][name]["records"])
    for record in records.values():
        record["keys"] = {kind: own for kind, own in record["keys"].items() if kind in keys}
        record["lists"] = dict(list(record.get("lists", {}).items())[:2])
    records = {kind: record for kind, record in records.items() if record["keys"]}
    document = {"path": folder, "tables": {table.name: f"{table.name}.csv" for table in tables}, "records": records}
    return FilesConnector(name, FilesSettings.model_validate(document))


def sqlite_shop(folder: Path) -> Mapping[str, str]:
    """The URLs of a filled shop in SQLite files."""
    write_sqlite(folder, SHOP_TABLES, demo_rows())
    return sqlite_urls(folder)


def sql_source(name: str, url: str) -> SqlConnector:
    """One of the shop's sources, as the demo configures it."""
    block = written_for(url, read_config("shop.toml")["sources"][name])
    return SqlConnector(name, SqlSettings(url=url, records=block["records"]))


def sql_sources(urls: Mapping[str, str], *names: str) -> list[SqlConnector]:
    """The four sources of the shop that know a customer by the CRM, or the named ones."""
    return [sql_source(name, urls[f"DEMO_{name.upper()}_URL"]) for name in names or ("crm", "orders", "support", "behaviour")]


class Statement(NamedTuple):
    source: str
    text: str
    parameters: Any


@contextmanager
def statements_to(connectors: Sequence[SqlConnector]) -> Iterator[list[Statement]]:
    """The statements that reach the databases meanwhile."""
    seen: list[Statement] = []

    def watch(connector: SqlConnector) -> Any:
        def note(text: str, parameters: Any) -> None:
            seen.append(Statement(connector.name, text, parameters))

        return note

    watches = [(connector.database.listeners, watch(connector)) for connector in connectors]
    for listeners, note in watches:
        listeners.append(note)
    yield seen
    for listeners, note in watches:
        listeners.remove(note)


@contextmanager
def refused_port() -> Iterator[int]:
    """A port that is taken, so that nobody else gets it, and where nobody listens."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield taken.getsockname()[1]


async def rows_of(engine: AsyncEngine, statement: Statement) -> list[Any]:
    """What the database gives for the statement: the same one is run once more."""
    async with engine.connect() as connection:
        return list((await connection.exec_driver_sql(statement.text, statement.parameters)).all())
