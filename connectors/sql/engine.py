"""The database: connections that only read, in UTC, and the errors that leave it are ours."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any
from weakref import WeakKeyDictionary

from sqlalchemy import Executable, select

from connectors.errors import SourceAuthError, SourceError, SourceProtocolError
from connectors.sql.compiled_statement import CompiledStatement
from connectors.sql.database import SqlDatabase, learning_statement
from connectors.sql.failures import FOREIGN, source_error
from connectors.sql.pool import Pool, PooledConnection
from connectors.sql.postgresql import LEADING_COLUMN, IndexScan, PostgresqlSpelling, index_scans, index_statement
from connectors.sql.query_plan import TableScan
from connectors.sql.search_ways import ColumnWay, find_way
from connectors.sql.sessions import Sessions
from connectors.sql.settings import SqlSettings
from connectors.sql.sqlite import keeps_apart, plan_statement
from connectors.sql.subqueries import Columns
from connectors.sql.table_scans import large_scans

LEARNING_S = 5
"""How long the database may take to name a query's columns, in seconds. Shared by all who wait, so no caller's deadline
bounds it: a connection that was swallowed is given up and tried anew."""


async def _fetch_postgresql(driver: Any, text: str, values: Sequence[Any]) -> Sequence[Any]:
    rows: Sequence[Any] = await driver.fetch(text, *values)
    return rows


async def _fetch_sqlite(driver: Any, text: str, values: Sequence[Any]) -> Sequence[Any]:
    rows: Sequence[Any] = await driver.execute_fetchall(text, values)
    return rows


async def _fetch_mysql(driver: Any, text: str, values: Sequence[Any]) -> Sequence[Any]:
    async with driver.cursor() as cursor:
        await cursor.execute(text, values)
        rows: Sequence[Any] = await cursor.fetchall()
    return rows


FETCHES: dict[str, Callable[[Any, str, Sequence[Any]], Awaitable[Sequence[Any]]]] = {
    "postgresql": _fetch_postgresql,
    "sqlite": _fetch_sqlite,
    "mysql": _fetch_mysql,
}
"""How each driver is asked for all rows of a statement."""


class Engine(SqlDatabase):
    """Run statements by the driver, each compiled once. SQLAlchemy's execution costs several times what a driver's does.

    `listeners` is public, for those who count or time statements: each is given the text and the values of every statement.
    """

    setting = "url"
    advice = "try it in the database's own shell, as the gateway's user"

    def __init__(self, settings: SqlSettings) -> None:
        self._sessions = Sessions(settings)
        self.backend, self.engine = self._sessions.backend, self._sessions.engine
        self.has_trigrams = self.backend == "postgresql"
        self.pool = Pool(self.engine, settings.pool_size, self._sessions.file)
        self.listeners: list[Callable[[str, Sequence[Any]], Any]] = []
        self._fetch = FETCHES[self.backend]
        self._spelling = PostgresqlSpelling() if self.backend == "postgresql" else self.engine.dialect  # type: ignore[no-untyped-call]
        self._compiled: WeakKeyDictionary[Executable, CompiledStatement] = WeakKeyDictionary()

    def open(self) -> None:
        self.pool.open()

    async def aclose(self) -> None:
        await self.pool.aclose()
        await self._sessions.aclose()

    async def run(self, statement: Executable, parameters: Mapping[str, Any]) -> Sequence[Any]:
        def fetch(pooled: PooledConnection) -> Awaitable[Sequence[Any]]:
            self._notify(text, values)
            return self._fetch(pooled.driver, text, values)

        try:
            text, values = self._compile(statement).bind(parameters)
            return await self.pool.run(fetch)
        except FOREIGN as error:
            raise source_error(error) from error

    def _compile(self, statement: Executable) -> CompiledStatement:
        compiled = self._compiled.get(statement)
        if compiled is None:
            compiled = self._compiled[statement] = CompiledStatement(statement, self._spelling)
        return compiled

    async def columns(self, query: str) -> Columns:
        async def learn(pooled: PooledConnection) -> Columns:
            self._notify(text, values)
            if self.backend == "postgresql":
                # By a statement of its own: one that was prepared before knows the columns of then.
                prepared = await pooled.driver.prepare(text)
                return {attribute.name: attribute.type.oid for attribute in prepared.get_attributes()}
            found = await pooled.connection.exec_driver_sql(text, values)
            columns = {name: code for name, code, *_ in found.cursor.description}
            await pooled.connection.rollback()
            return columns

        try:
            text, values = self._compile(learning_statement(query)).bind({})
            async with asyncio.timeout(LEARNING_S):
                return await self.pool.run(learn)
        except FOREIGN as error:
            raise source_error(error) from error

    async def reads_whole(self, query: str, column: str) -> bool:
        # SQLite computes a query that groups by itself, and takes nothing but constants into it.
        return self.backend == "sqlite" and keeps_apart(await self.run(plan_statement(query, column), {}))

    async def finds_by_index(self, query: str, column: str, type_: str) -> bool:
        if self.backend != "postgresql":
            return False
        text = index_statement(query, column, type_)

        async def explain(pooled: PooledConnection) -> bool:
            self._notify(text, ())
            async with pooled.driver.transaction(readonly=True):
                await pooled.driver.execute("SET LOCAL enable_seqscan = off")
                (plan,) = await pooled.driver.fetchval(text)
                scans = index_scans(plan["Plan"])
                return scans is not None and all([await begins_index(pooled, scan) for scan in scans])

        async def begins_index(pooled: PooledConnection, scan: IndexScan) -> bool:
            columns = await pooled.driver.fetch(LEADING_COLUMN, scan.index_name)
            return all(scan.compares(column) for (column,) in columns)

        try:
            async with asyncio.timeout(LEARNING_S):
                return await self.pool.run(explain)
        except FOREIGN as error:
            # What is wrong with the key, the lookup says. Servers of another make have plans of another form.
            if isinstance(ours := source_error(error), SourceProtocolError):
                return False
            raise ours from error

    async def run_by_index(self, statement: Executable, parameters: Mapping[str, Any]) -> Sequence[Any]:
        if self.backend != "postgresql":
            return await self.run(statement, parameters)

        async def fetch(pooled: PooledConnection) -> Sequence[Any]:
            self._notify(text, values)
            async with pooled.driver.transaction(readonly=True):
                # It knows no pattern when it plans, and expects each of them to fit every two-hundredth row.
                await pooled.driver.execute("SET LOCAL enable_seqscan = off; SET LOCAL enable_material = off")
                return await self._fetch(pooled.driver, text, values)

        try:
            text, values = self._compile(statement).bind(parameters)
            return await self.pool.run(fetch)
        except FOREIGN as error:
            raise source_error(error) from error

    async def search_way(self, query: str, column: str) -> ColumnWay:
        try:
            async with asyncio.timeout(LEARNING_S):
                return await find_way(self.pool, self.backend, query, await self.columns(query), column)
        except FOREIGN as error:
            raise source_error(error) from error

    async def table_scans(self, query: str, column: str) -> Sequence[TableScan]:
        columns = await self.columns(query)
        try:
            return await large_scans(self.pool, self.backend, query, columns, column)
        except FOREIGN as error:
            raise source_error(error) from error

    def _notify(self, text: str, values: Sequence[Any]) -> None:
        for listener in self.listeners:
            listener(text, values)

    async def unreachable(self) -> str | None:
        try:
            await self.run(select(1), {})
        except SourceAuthError:
            return "the database does not accept the user and password; correct them"
        except SourceError:
            return "cannot connect; is the database up, and are host, port and database name (or the file's path) right?"
        return None

    def statement(self, query: str) -> str:
        return self._compile(learning_statement(query)).bind({})[0]
