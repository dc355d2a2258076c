"""The database: a pool of connections that only read, in UTC, and the errors that leave it are ours."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

import aiosqlite
from sqlalchemy import Executable, Select, event, literal_column, make_url, select, text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from connectors.errors import SourceAuthError, SourceError, SourceUnavailableError
from connectors.sql.failures import FOREIGN, source_error
from connectors.sql.rows import escaped
from connectors.sql.settings import SqlSettings

CONNECT_S = 5
"""How long PostgreSQL may take to accept a connection, in seconds."""
LEARNING_S = 5
"""How long the database may take to name a query's columns, in seconds. Shared by all who wait, so no caller's deadline
bounds it: a connection that was swallowed is given up and tried anew."""


class Database:
    """Connects on first use. Every method raises `SourceError` only."""

    def __init__(self, settings: SqlSettings) -> None:
        self.engine = _create_engine(settings)
        self._closed = False

    def open(self) -> None:
        """Connections may be made, on first use."""
        self._closed = False

    async def aclose(self) -> None:
        """Close the connections and make no more."""
        self._closed = True
        await self.engine.dispose()

    def connection(self) -> AsyncConnection:
        """A connection of the pool, to be entered. Raises `SourceUnavailableError` once closed."""
        if self._closed:
            raise SourceUnavailableError("the connector is closed")
        return self.engine.connect()

    async def run(self, statement: Executable, parameters: Mapping[str, Any]) -> Sequence[Any]:
        """The rows of one statement. A call that is cancelled loses its connection, so the next one gets a clean one."""
        try:
            async with self.connection() as connection:
                return (await connection.execute(statement, parameters)).all()
        except FOREIGN as error:
            raise source_error(error) from error

    async def columns(self, query: str) -> tuple[str, ...]:
        """The names of a query's columns."""
        own = text(escaped(query)).columns().subquery("learnt")
        statement: Select[Any] = select(literal_column("*")).select_from(own).limit(0)
        try:
            async with asyncio.timeout(LEARNING_S), self.connection() as connection:
                learnt = await connection.execute(statement)
                return tuple(dict.fromkeys(learnt.keys()))
        except FOREIGN as error:
            raise source_error(error) from error

    async def unreachable(self) -> str | None:
        """Why no connection can be had and what to do, None when one can."""
        try:
            await self.run(select(1), {})
        except SourceAuthError:
            return "the database does not accept the user and password; correct them"
        except SourceError:
            return "cannot connect; is the database up, and are host, port and database name (or the file's path) right?"
        return None


def _create_engine(settings: SqlSettings) -> AsyncEngine:
    url = make_url(settings.url)
    is_sqlite = url.get_backend_name() == "sqlite"
    if is_sqlite and not str(url.database).startswith("file:"):
        # SQLite would make an empty file where there is none, and the mistake would show as a missing table.
        url = url.set(database=f"file:{quote(str(url.database))}", query={**url.query, "mode": "rw", "uri": "true"})
    engine = create_async_engine(
        url,
        pool_size=settings.pool_size,
        max_overflow=0,
        connect_args=SQLITE if is_sqlite else POSTGRESQL,
        isolation_level="AUTOCOMMIT",
        hide_parameters=True,
    )
    if is_sqlite:
        event.listen(engine.sync_engine, "connect", _only_reads)
        event.listen(engine.sync_engine, "invalidate", _stop)
    return engine


async def _opened(*arguments: Any, **words: Any) -> aiosqlite.Connection:
    connection = aiosqlite.connect(*arguments, **words)
    thread = connection._thread  # noqa: SLF001  as SQLAlchemy does; there is no other way to it
    thread.daemon = True
    try:
        return await connection
    except BaseException:
        # aiosqlite leaves its thread to end alone, and that is an error in it when the loop is closed first.
        thread.join()
        raise


SQLITE = {"async_creator_fn": _opened}
POSTGRESQL = {"server_settings": {"timezone": "UTC"}, "timeout": CONNECT_S}
"""What the drivers are told for each connection."""


def _only_reads(connection: Any, _: Any) -> None:
    cursor = connection.cursor()
    cursor.execute("PRAGMA query_only = ON")
    cursor.close()


def _stop(connection: Any, *_: Any) -> None:
    """Stop what a cancelled call left running, for SQLite closes a connection only after it has finished."""
    connection.run_async(lambda driver: driver.interrupt())
