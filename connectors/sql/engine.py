"""The database: a pool of connections that only read, in UTC, and the errors that leave it are ours."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import Executable, select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

from connectors.errors import SourceAuthError, SourceError, SourceTimeoutError, SourceUnavailableError
from connectors.sql.database import SqlDatabase, learning_statement
from connectors.sql.failures import FOREIGN, source_error
from connectors.sql.record_query import Columns
from connectors.sql.sessions import Sessions
from connectors.sql.settings import SqlSettings
from connectors.sql.sqlite import keeps_apart, plan_statement

LEARNING_S = 5
"""How long the database may take to name a query's columns, in seconds. Shared by all who wait, so no caller's deadline
bounds it: a connection that was swallowed is given up and tried anew."""


class ColumnQuery(NamedTuple):
    columns: Columns
    rows: Sequence[Any]


class Engine(SqlDatabase):
    """A pool of connections."""

    setting = "url"

    def __init__(self, settings: SqlSettings) -> None:
        self._sessions = Sessions(settings)
        self.backend, self.engine = self._sessions.backend, self._sessions.engine
        self._closed = False

    def open(self) -> None:
        self._closed = False

    async def aclose(self) -> None:
        self._closed = True
        await self._sessions.aclose()

    def connection(self) -> AsyncConnection:
        """A connection of the pool, to be entered. Raises `SourceUnavailableError` once closed."""
        if self._closed:
            raise SourceUnavailableError("the connector is closed")
        return self.engine.connect()

    async def run(self, statement: Executable, parameters: Mapping[str, Any]) -> Sequence[Any]:
        return (await self._asked(statement, parameters)).rows

    async def columns(self, query: str) -> Columns:
        try:
            async with asyncio.timeout(LEARNING_S):
                return (await self._asked(learning_statement(query), {})).columns
        except TimeoutError as error:
            raise SourceTimeoutError from error

    async def reads_whole(self, query: str, column: str) -> bool:
        # SQLite computes a query that groups by itself, and takes nothing but constants into it.
        return self.backend == "sqlite" and keeps_apart(await self.run(plan_statement(query, column), {}))

    async def _asked(self, statement: Executable, parameters: Mapping[str, Any]) -> ColumnQuery:
        """Run a statement, and map its errors.

        A call that is cancelled loses its connection, so the next one gets a clean one.
        """
        try:
            try:
                return await self._asked_once(statement, parameters)
            except DBAPIError as error:
                if not error.connection_invalidated:
                    raise
            # The connection had ended while it was idle, and with it the others of the pool, which are not used any more.
            return await self._asked_once(statement, parameters)
        except FOREIGN as error:
            raise source_error(error) from error

    async def _asked_once(self, statement: Executable, parameters: Mapping[str, Any]) -> ColumnQuery:
        async with self.connection() as connection:
            result = await connection.execute(statement, parameters)
            return ColumnQuery({name: code for name, code, *_ in result.cursor.description}, result.all())

    async def unreachable(self) -> str | None:
        try:
            await self.run(select(1), {})
        except SourceAuthError:
            return "the database does not accept the user and password; correct them"
        except SourceError:
            return "cannot connect; is the database up, and are host, port and database name (or the file's path) right?"
        return None

    def advice(self, error: SourceError) -> str:  # noqa: ARG002  databases say it better themselves
        return "does not run; try it in the database's own shell, as the gateway's user"
