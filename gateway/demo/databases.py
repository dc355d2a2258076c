"""Write the demo's databases into SQLite files or PostgreSQL schemas.

Both take the same tables: SQLite keeps a column of any declared type as text when it is text, so TIMESTAMPTZ and BOOLEAN
serve there as well.
"""

import sqlite3
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import asyncpg
import msgspec
from sqlalchemy import make_url
from sqlalchemy.ext.asyncio import create_async_engine

from connectors.errors import ConfigurationError

DATABASES = ("crm", "orders", "support", "behaviour", "webshop", "loyalty")
WRITTEN_BY_DEMO = "written by the demo of Profile Gateway; written anew when the demo is"

Progress = Callable[[str, int, int], None]
"""Told the step, how much of it is done and how much there is."""

Row = tuple[Any, ...]
Rows = Mapping[str, Sequence[Row]]
"""Rows by table. Times are aware datetimes, money is whole cents."""


class DemoTable(msgspec.Struct, frozen=True):
    """A table in SQL that SQLite and PostgreSQL both read."""

    name: str
    columns: str
    indices: tuple[str, ...] = ()

    def create(self) -> str:
        return f"CREATE TABLE {self.name} ({self.columns})"

    def create_indices(self) -> list[str]:
        return [f"CREATE INDEX {self.name}_{n} ON {self.name} ({what})" for n, what in enumerate(self.indices, 1)]


Schema = Mapping[str, Sequence[DemoTable]]
"""The tables of each database."""


def iso(time: datetime) -> str:
    """Write a time as text that sorts as times do."""
    return time.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def sqlite_urls(folder: Path) -> dict[str, str]:
    """Give the URLs of the databases as SQLite files in `folder`."""
    return {f"DEMO_{name.upper()}_URL": f"sqlite+aiosqlite:///{folder.resolve() / name}.db" for name in DATABASES}


def postgresql_urls(url: str) -> dict[str, str]:
    """Give the URLs of the databases as schemas at `url`."""
    return {f"DEMO_{name.upper()}_URL": _asyncpg_url(url) for name in DATABASES}


def write_sqlite(folder: Path, schema: Schema, rows: Rows, progress: Progress | None = None) -> None:
    """Write one file for each database, in place of earlier ones.

    A file appears under its name only when it is complete, so an interrupted run leaves nothing that looks finished.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for database, tables in schema.items():
        path = folder / f"{database}.db"
        unfinished = folder / f"{database}.unfinished"
        unfinished.unlink(missing_ok=True)
        with closing(sqlite3.connect(unfinished)) as connection:
            connection.execute("PRAGMA journal_mode = OFF")
            connection.execute("PRAGMA synchronous = OFF")
            for done, table in enumerate(tables):
                _report(progress, database, done, len(tables))
                _fill_sqlite(connection, table, rows.get(table.name, ()))
            connection.commit()
        unfinished.replace(path)
        _report(progress, database, len(tables), len(tables))


def _fill_sqlite(connection: sqlite3.Connection, table: DemoTable, rows: Sequence[Row]) -> None:
    connection.execute(table.create())
    if rows:
        places = ", ".join("?" * len(rows[0]))
        insert = f"INSERT INTO {table.name} VALUES ({places})"  # noqa: S608  a name of our own
        connection.executemany(insert, (tuple(iso(v) if isinstance(v, datetime) else v for v in row) for row in rows))
    for statement in table.create_indices():
        connection.execute(statement)


async def write_postgresql(url: str, schema: Schema, rows: Rows, progress: Progress | None = None) -> None:
    """Write one schema for each database, in one transaction. The database's search path finds them all.

    Raises `ConfigurationError` when there are schemas of these names that the demo did not write.
    """
    engine = create_async_engine(_asyncpg_url(url))
    try:
        async with engine.connect() as connection:
            driver = (await connection.get_raw_connection()).driver_connection
            assert isinstance(driver, asyncpg.Connection)
            async with driver.transaction():
                await _make_room(driver, schema)
                for database, tables in schema.items():
                    for done, table in enumerate(tables):
                        _report(progress, database, done, len(tables))
                        await _fill_postgresql(driver, database, table, rows.get(table.name, ()))
                    _report(progress, database, len(tables), len(tables))
                await _show(driver, schema)
    finally:
        await engine.dispose()


def _asyncpg_url(url: str) -> str:
    return make_url(url).set(drivername="postgresql+asyncpg").render_as_string(hide_password=False)


async def _make_room(driver: "asyncpg.Connection[Any]", schema: Schema) -> None:
    rows = await driver.fetch(
        "SELECT nspname AS name, obj_description(oid, 'pg_namespace') AS note FROM pg_namespace WHERE nspname = ANY($1)",
        list(schema),
    )
    foreign = sorted(row["name"] for row in rows if row["note"] != WRITTEN_BY_DEMO)
    if foreign:
        raise ConfigurationError(
            [f"the database has a schema {name} that the demo did not write; give an empty database" for name in foreign]
        )
    for row in rows:
        await driver.execute(f"DROP SCHEMA {row['name']} CASCADE")
    for name in schema:
        await driver.execute(f"CREATE SCHEMA {name}; COMMENT ON SCHEMA {name} IS '{WRITTEN_BY_DEMO}'")


async def _fill_postgresql(driver: "asyncpg.Connection[Any]", database: str, table: DemoTable, rows: Sequence[Row]) -> None:
    await driver.execute(f"SET LOCAL search_path TO {database}")
    await driver.execute(table.create())
    await driver.copy_records_to_table(table.name, records=rows)
    for statement in table.create_indices():
        await driver.execute(statement)


async def _show(driver: "asyncpg.Connection[Any]", schema: Schema) -> None:
    database = await driver.fetchval("SELECT quote_ident(current_database())")
    await driver.execute(f"ALTER DATABASE {database} SET search_path TO {', '.join(schema)}, public")


def _report(progress: Progress | None, step: str, done: int, total: int) -> None:
    if progress is not None:
        progress(step, done, total)
