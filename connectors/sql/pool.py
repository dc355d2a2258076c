"""Keep connections between statements. SQLAlchemy makes and ends them; its own pool costs more than a short statement."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple, TypeVar

from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from connectors.contract import PoolUsage
from connectors.errors import SourceUnavailableError

T = TypeVar("T")
FileId = tuple[int, int] | None
"""The device and the number of a file; None where there is no file."""
FORGOTTEN = "26000"
"""PostgreSQL's state where a statement is not prepared any more: a server between has given the connection to others."""


class PooledConnection(NamedTuple):
    """A connection of SQLAlchemy, its adapter, the driver's own connection below, and the file that was opened."""

    connection: AsyncConnection
    adapter: Any
    driver: Any
    file: FileId


class Pool:
    """Keep at most `size` connections of an engine that keeps none itself.

    `file` is that of a database in a file. When another one takes its place, connections to the old one are closed.
    """

    def __init__(self, engine: AsyncEngine, size: int, file: str | None = None) -> None:
        self._engine = engine
        self._file = file
        self._room = asyncio.Semaphore(size)
        self._closed = False
        self._size = size
        self._used = 0
        self.idle: list[PooledConnection] = []

    @property
    def usage(self) -> PoolUsage:
        """Count the connections now."""
        return PoolUsage(self._used, len(self.idle), self._size)

    def open(self) -> None:
        self._closed = False

    async def aclose(self) -> None:
        """Close the idle connections. Those in use are closed by their calls."""
        self._closed = True
        await self._close_idle()

    async def run(self, work: Callable[[PooledConnection], Awaitable[T]]) -> T:
        """Work on a connection. A call that is cancelled loses it, so the next one gets a clean one.

        Raises `SourceUnavailableError` once closed.
        """
        async with self._room:
            self._used += 1
            try:
                if self._closed:
                    raise SourceUnavailableError("the connector is closed")
                pooled = await self._take_idle()
                if pooled is not None:
                    try:
                        return await self._use(pooled, work)
                    except Exception as error:
                        if not self._has_ended(pooled, error):
                            raise
                    # It had ended while it was idle, and the others with it.
                    await self._close_idle()
                return await self._use(await self._connect(), work)
            finally:
                self._used -= 1

    async def _take_idle(self) -> PooledConnection | None:
        file = self._file_id() if self.idle else None
        while self.idle:
            pooled = self.idle.pop()
            if pooled.file == file:
                return pooled
            await pooled.connection.close()
        return None

    async def _connect(self) -> PooledConnection:
        file = self._file_id()
        connection = await self._engine.connect()
        raw = await connection.get_raw_connection()
        return PooledConnection(connection, raw.dbapi_connection, raw.driver_connection, file)

    def _file_id(self) -> FileId:
        if self._file is None:
            return None
        try:
            found = os.stat(self._file)  # noqa: PTH116  a Path takes three times as long, and this is asked for each statement
        except OSError:
            return None
        return found.st_dev, found.st_ino

    async def _use(self, pooled: PooledConnection, work: Callable[[PooledConnection], Awaitable[T]]) -> T:
        try:
            result = await work(pooled)
        except BaseException as error:
            if isinstance(error, Exception) and not self._has_ended(pooled, error):
                await self._keep(pooled)
            else:
                await self._invalidate(pooled, error)
            raise
        await self._keep(pooled)
        return result

    @staticmethod
    async def _invalidate(pooled: PooledConnection, error: BaseException) -> None:
        await pooled.connection.invalidate(error)
        await pooled.connection.close()

    async def _keep(self, pooled: PooledConnection) -> None:
        if self._closed:
            await pooled.connection.close()
        else:
            self.idle.append(pooled)

    def _has_ended(self, pooled: PooledConnection, error: Exception) -> bool:
        if isinstance(error, DBAPIError):
            return error.connection_invalidated
        if getattr(error, "sqlstate", None) == FORGOTTEN:
            return True
        return self._engine.dialect.is_disconnect(error, pooled.adapter, None)  # type: ignore[arg-type]  # of any driver

    async def _close_idle(self) -> None:
        while self.idle:
            await self.idle.pop().connection.close()
