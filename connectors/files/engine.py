"""DuckDB over a folder: it reads, and only there. Its calls run in threads of their own and end with their callers."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import Executable

from connectors.errors import SourceProtocolError, SourceUnavailableError
from connectors.files.failures import FOREIGN, source_error
from connectors.files.forms import Forms
from connectors.files.settings import FilesSettings
from connectors.sql.compiled_statement import CompiledStatement
from connectors.sql.database import SqlDatabase, learning_statement
from connectors.sql.duckdb import Spelling
from connectors.sql.interruption import interrupt_until
from connectors.sql.subqueries import Columns

if TYPE_CHECKING:
    import duckdb

SPELLING = Spelling(paramstyle="numeric_dollar")  # type: ignore[no-untyped-call]


class StatementResult(NamedTuple):
    columns: Columns
    rows: Sequence[Any]


class Folder(SqlDatabase):
    """Files are read by each statement anew. `listeners` is public, for those who count or time statements."""

    setting = "path"
    advice = "correct the query, or the files that it names"

    def __init__(self, settings: FilesSettings) -> None:
        self._settings = settings
        self.listeners: list[Callable[[str], None]] = []
        self._duckdb: duckdb.DuckDBPyConnection | None = None
        self._threads: ThreadPoolExecutor | None = None
        self._opening = Lock()
        self._calls: dict[Future[StatementResult], StatementCall] = {}
        self._stops: set[asyncio.Task[None]] = set()
        self._closed = False
        self._forms = Forms(settings.csv_readers())
        self._numbers = lru_cache(maxsize=256)(self._used)

    def open(self) -> None:
        self._closed = False

    async def aclose(self) -> None:
        self._closed = True
        await asyncio.gather(*self._stops, *(call.stop(work) for work, call in self._calls.items()))
        if self._threads is not None:
            await asyncio.to_thread(self._threads.shutdown)
        if self._duckdb is not None:
            self._duckdb.close()
        self._threads = self._duckdb = None

    async def run(self, statement: Executable, parameters: Mapping[str, Any]) -> Sequence[Any]:
        return (await self._answer(statement, parameters)).rows

    async def columns(self, query: str) -> Columns:
        return (await self._answer(learning_statement(query), {})).columns

    async def unreachable(self) -> str | None:
        if not await asyncio.to_thread(self._settings.path.is_dir):
            return "there is no such folder; give the one that has the files"
        return None

    def written(self, query: str) -> str:
        return self._settings.written(query)

    async def _answer(self, statement: Executable, parameters: Mapping[str, Any]) -> StatementResult:
        if self._closed:
            raise SourceUnavailableError("the connector is closed")
        if self._threads is None:
            self._threads = ThreadPoolExecutor(self._settings.pool_size, thread_name_prefix="files")
        call = StatementCall()
        work = self._threads.submit(self._work, call, statement, parameters)
        self._calls[work] = call
        try:
            return await asyncio.wrap_future(work)
        except asyncio.CancelledError:
            stop = asyncio.create_task(call.stop(work))
            self._stops.add(stop)
            stop.add_done_callback(self._stops.discard)
            raise
        except FOREIGN as error:
            raise source_error(error) from error
        finally:
            del self._calls[work]

    def _work(self, call: StatementCall, statement: Executable, parameters: Mapping[str, Any]) -> StatementResult:
        duckdb = self._opened()
        text, values = compiled(statement).bind(parameters)
        with duckdb.cursor() as cursor:
            call.cursor = cursor
            parameters = {number: values[int(number) - 1] for number in self._numbers(text)}
            reading = self._forms.reading(text, cursor)
            for listener in self.listeners:
                listener(reading.statement)
            try:
                answer = _executed(cursor, reading.statement, parameters)
            except FOREIGN:
                if self._forms.holds(reading, cursor):
                    raise
            else:
                if self._forms.holds(reading, cursor):
                    return answer
            return _executed(cursor, text, parameters)

    def _opened(self) -> duckdb.DuckDBPyConnection:
        with self._opening:
            if self._duckdb is None:
                self._duckdb = opened(self._settings.path, self._settings.memory_mb)
            return self._duckdb

    def _used(self, text: str) -> frozenset[str]:
        """List the numbers of the parameters in a statement. Some are of parts that are not in it."""
        (own, *others) = self._opened().extract_statements(text)
        if others or own.type.name != "SELECT":
            raise SourceProtocolError("a query is more than one SELECT")
        return frozenset(own.named_parameters)


def _executed(cursor: duckdb.DuckDBPyConnection, statement: str, parameters: Mapping[str, Any]) -> StatementResult:
    cursor.execute(statement, parameters)
    return StatementResult({name: code for name, code, *_ in cursor.description}, cursor.fetchall())


@lru_cache(maxsize=256)
def compiled(statement: Executable) -> CompiledStatement:
    return CompiledStatement(statement, SPELLING)


class StatementCall:
    """A statement under way in a thread."""

    cursor: duckdb.DuckDBPyConnection | None = None

    async def stop(self, work: Future[StatementResult]) -> None:
        """Interrupt it, until it has ended."""
        ended = asyncio.wrap_future(work)
        ended.add_done_callback(_ignore)
        await interrupt_until(ended, self._interrupt)

    async def _interrupt(self) -> None:
        if self.cursor is not None:
            with suppress(*FOREIGN):  # it has just been closed
                self.cursor.interrupt()


def opened(path: Path, memory_mb: int) -> duckdb.DuckDBPyConnection:
    """Open a DuckDB of our own that reads below `path`. It has neither the network nor extensions nor a place to write to."""
    import duckdb  # of an extra

    connection = duckdb.connect(
        ":memory:", config={"autoinstall_known_extensions": "false", "autoload_known_extensions": "false"}
    )
    settings = {
        "allowed_directories": [str(path.resolve())],
        "temp_directory": "",
        "memory_limit": f"{memory_mb}MB",
        "TimeZone": "UTC",
        "enable_external_access": False,
        "lock_configuration": True,
    }
    for name, value in settings.items():
        connection.execute(f"SET GLOBAL {name} = $1", [value])
    return connection


def _ignore(ended: asyncio.Future[StatementResult]) -> None:
    """Look at a failure, or it would be logged with the query."""
    _ = ended.cancelled() or ended.exception()
