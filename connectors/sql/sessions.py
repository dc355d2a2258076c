"""How each database is connected to: connections only read, are in UTC, and leave nothing running when a call is cancelled."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import Any
from urllib.parse import quote, unquote, urlsplit

import aiosqlite
from sqlalchemy import URL, NullPool, event, make_url
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from connectors.sql.failures import FOREIGN
from connectors.sql.interruption import interrupt_until
from connectors.sql.settings import SqlSettings
from connectors.sql.sqlite_functions import FUNCTIONS

CONNECT_S = 5
"""How long a server may take to accept a connection, in seconds."""
PREPARED_STATEMENTS = 100
"""How many statements a connection to PostgreSQL keeps prepared, unless the URL says otherwise."""
STATEMENT_S = 60
"""How long MySQL may work on a statement, in seconds, should nobody be left to stop it earlier."""


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


ARGUMENTS: dict[str, dict[str, Any]] = {
    "sqlite": {"async_creator_fn": _opened},
    "postgresql": {"server_settings": {"timezone": "UTC"}, "timeout": CONNECT_S},
    "mysql": {"charset": "utf8mb4", "connect_timeout": CONNECT_S},
}
"""What the drivers are told for each connection."""

PREPARED = {
    "sqlite": ("PRAGMA query_only = ON",),
    "postgresql": (
        # A plan for the keys of each call costs as much as a short statement, and is no better. Servers that know no such
        # setting, and those between that pass on few, are not asked for it as they connect.
        "SELECT set_config(name, 'force_generic_plan', false) FROM pg_settings WHERE name = 'plan_cache_mode'",
    ),
    "mysql": (
        "SET SESSION TRANSACTION READ ONLY",
        # Each server reads its own comments. Text that we cast is compared by code points, spaces at its end too.
        "SET NAMES utf8mb4 COLLATE /*!80000 utf8mb4_0900_bin */ /*M!100600 utf8mb4_nopad_bin */",
        # The texts of nested lists are as long as they are.
        "SET SESSION time_zone = '+00:00', SESSION group_concat_max_len = 1073741824",
        # MariaDB would take what it has found for the id A1 for that of a1, too.
        (
            f"SET SESSION /*!80000 max_execution_time = {STATEMENT_S}000 */"
            f" /*M!100600 max_statement_time = {STATEMENT_S}, SESSION optimizer_switch = 'subquery_cache=off' */"
        ),
    ),
}
"""What is said first on each connection."""


def _prepared_statements(url: URL) -> dict[str, int]:
    """How many statements asyncpg keeps prepared, of any length and for as long as the connection is there."""
    (_, options) = url.get_dialect()().create_connect_args(url)
    size = options.get("prepared_statement_cache_size", PREPARED_STATEMENTS)
    return {"statement_cache_size": size, "max_cached_statement_lifetime": 0, "max_cacheable_statement_size": 0}


def _path(database: str) -> str:
    """The path of a SQLite database, which may be given as a URI."""
    return unquote(urlsplit(database).path) if database.startswith("file:") else database


class Sessions:
    """Hold the engine, and stop statements whose caller is gone. `file` is the path of a SQLite database."""

    def __init__(self, settings: SqlSettings) -> None:
        url = make_url(settings.url)
        # MariaDB is MySQL to its driver, whatever the URL calls it.
        self.backend = {"mariadb": "mysql"}.get(url.get_backend_name(), url.get_backend_name())
        self.file = _path(str(url.database)) if self.backend == "sqlite" else None
        if self.backend == "sqlite" and not str(url.database).startswith("file:"):
            # SQLite would make an empty file where there is none, and the mistake would show as a missing table.
            url = url.set(database=f"file:{quote(str(url.database))}", query={**url.query, "mode": "rw", "uri": "true"})
        self.engine = self._create(url)
        self._killing: AsyncEngine | None = None
        self._kills: set[asyncio.Task[None]] = set()
        event.listen(self.engine.sync_engine, "connect", self._prepare)
        if self.backend == "sqlite":
            event.listen(self.engine.sync_engine, "invalidate", _interrupt)
        if self.backend == "mysql":
            self._killing = self._create(url)
            event.listen(self.engine.sync_engine, "invalidate", self._kill_soon)

    async def aclose(self) -> None:
        await self.engine.dispose()
        await asyncio.gather(*self._kills)

    def _create(self, url: URL) -> AsyncEngine:
        return create_async_engine(
            url,
            connect_args=ARGUMENTS[self.backend] | (_prepared_statements(url) if self.backend == "postgresql" else {}),
            isolation_level="AUTOCOMMIT",
            hide_parameters=True,
            poolclass=NullPool,
            pool_reset_on_return=None,
        )

    def _prepare(self, connection: Any, _: Any) -> None:
        if self.backend == "sqlite":
            connection.run_async(_equip)
        cursor = connection.cursor()
        for statement in PREPARED[self.backend]:
            cursor.execute(statement)
        cursor.close()

    def _kill_soon(self, connection: Any, _: Any, error: BaseException | None) -> None:
        """Have the server stop a cancelled statement: MySQL does not notice that the caller hung up."""
        if isinstance(error, asyncio.CancelledError):
            kill = asyncio.create_task(self._kill(connection.driver_connection.thread_id()))
            self._kills.add(kill)
            kill.add_done_callback(self._kills.discard)

    async def _kill(self, number: int) -> None:
        try:
            assert self._killing is not None
            async with self._killing.connect() as connection:
                await connection.exec_driver_sql(f"KILL {number}")
        except FOREIGN:
            return  # it has ended, or the server has; else the time of a statement is bounded


async def _equip(driver: aiosqlite.Connection) -> None:
    # Text that is no UTF-8 costs its own characters, and not the answer.
    driver.text_factory = partial(str, encoding="utf-8", errors="replace")
    for name, function in FUNCTIONS.items():
        await driver.create_function(name, 1, function, deterministic=True)


def _interrupt(connection: Any, *_: Any) -> None:
    """Stop a cancelled statement, for SQLite closes a connection after it."""
    connection.run_async(_interrupt_until_idle)


async def _interrupt_until_idle(driver: Any) -> None:
    """Interrupt what a connection's thread does."""
    idle = asyncio.ensure_future(driver.set_progress_handler(None, 0))  # which the thread does after the statement
    await interrupt_until(idle, driver.interrupt)
    await idle
