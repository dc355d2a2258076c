"""Read the catalogue of a folder: the tables of its files, their columns and sampled rows. Files are read, and no others."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from connectors.catalogue import (
    MAX_SAMPLED_LENGTH,
    MAX_SAMPLED_ROWS,
    STATEMENT_S,
    Catalogue,
    CatalogueColumn,
    CatalogueTable,
    ColumnKind,
    has_secret_shape,
    is_secret_name,
    skip_reason,
)
from connectors.errors import SourceError, SourceTimeoutError, SourceUnavailableError
from connectors.files.engine import opened
from connectors.files.failures import FOREIGN, source_error
from connectors.files.file_tables import FileTable, list_tables
from connectors.files.settings import table_reader

if TYPE_CHECKING:
    import duckdb

MEMORY_MB = 1024
MAX_TABLES = 500
_KINDS: Mapping[str, ColumnKind] = {
    "VARCHAR": ColumnKind.TEXT,
    "UUID": ColumnKind.UUID,
    "BOOLEAN": ColumnKind.BOOLEAN,
    "DOUBLE": ColumnKind.FLOAT,
    "FLOAT": ColumnKind.FLOAT,
    "DATE": ColumnKind.DATE,
    "TIMESTAMP": ColumnKind.TIMESTAMP,
    "TIMESTAMP_NS": ColumnKind.TIMESTAMP,
    "TIMESTAMP_MS": ColumnKind.TIMESTAMP,
    "TIMESTAMP_S": ColumnKind.TIMESTAMP,
    "TIMESTAMP WITH TIME ZONE": ColumnKind.ZONED_TIMESTAMP,
    "JSON": ColumnKind.JSON,
    "BLOB": ColumnKind.BINARY,
}
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_UNSAMPLED = (ColumnKind.BINARY, ColumnKind.OTHER)


class FilesCatalogueReader:
    """Read CSV, JSON and Parquet files below a folder. Files whose names differ by numbers alone are one table."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._duckdb: duckdb.DuckDBPyConnection | None = None
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="catalogue")
        self._readers: dict[str, str] = {}
        self._columns: dict[str, dict[str, CatalogueColumn]] = {}

    async def aclose(self) -> None:
        """Close DuckDB."""
        await asyncio.to_thread(self._thread.shutdown)
        if self._duckdb is not None:
            self._duckdb.close()
            self._duckdb = None

    async def read_catalogue(self) -> Catalogue:
        """Read tables, columns and samples. A file that cannot be read is skipped."""
        if not await asyncio.to_thread(self._path.is_dir):
            raise SourceUnavailableError("there is no such folder; give the one that has the files")
        listing = await asyncio.to_thread(list_tables, self._path)
        skipped = {reason: list(names) for reason, names in listing.skipped.items()}
        tables: list[CatalogueTable] = []
        for own in listing.tables:
            reason = skip_reason(own.name)
            if reason is None and len(tables) == MAX_TABLES:
                reason = f"more than {MAX_TABLES} tables"
            if reason is None:
                try:
                    tables.append(await self._table(own))
                except SourceTimeoutError:
                    reason = "took too long"
                except SourceError:
                    reason = "cannot be read"
            if reason is not None:
                skipped.setdefault(reason, []).append(own.pattern)
        name = self._path.resolve().name or "files"
        return Catalogue(kind="files", dialect="duckdb", name=name, tables=tables, skipped=skipped)

    async def read_rows(
        self, table: str, columns: Sequence[str], by: str, values: Sequence[Any], limit: int = MAX_SAMPLED_ROWS
    ) -> Sequence[tuple[Any, ...]]:
        """Read columns of at most `limit` rows whose column `by` has one of the values."""
        asked = [self._columns[table][name] for name in columns]
        head = f"SELECT {', '.join(map(_selected, asked))} FROM {self._readers[table]}"  # noqa: S608  names that were read
        return _with_times(asked, await self._run_by(head, by, values, f"LIMIT {limit}"))

    async def count_rows(self, table: str, by: str, values: Sequence[Any]) -> Mapping[Any, int]:
        """Count the rows for each of the values that the column `by` has."""
        column = quote_name(by)
        head = f"SELECT {column}, count(*) FROM {self._readers[table]}"  # noqa: S608  names that were read
        return {row[0]: row[1] for row in await self._run_by(head, by, values, f"GROUP BY {column}")}

    async def _run_by(self, head: str, by: str, values: Sequence[Any], tail: str) -> list[tuple[Any, ...]]:
        if not values:
            return []
        places = ", ".join("?" * len(values))
        return await self._run(f"{head} WHERE {quote_name(by)} IN ({places}) {tail}", values)

    async def _table(self, own: FileTable) -> CatalogueTable:
        reader = self._readers[own.name] = table_reader(self._path, own.pattern)
        described = await self._run(f"DESCRIBE SELECT * FROM {reader}")  # noqa: S608  a name that was listed
        columns = [_column(str(row[0]), str(row[1])) for row in described]
        self._columns[own.name] = {column.name: column for column in columns}
        rows = await self._count(reader)
        asked = [column for column in columns if not column.is_secret and column.kind not in _UNSAMPLED]
        found = await self._sample(reader, asked, rows) if asked else []
        samples = {column.name: [row[place] for row in found or ()] for place, column in enumerate(asked)}
        return CatalogueTable(
            name=own.name,
            quoted=own.name,
            columns=[_with_samples(column, samples.get(column.name, ())) for column in columns],
            rows=rows,
            is_whole=found is not None and rows is not None and rows <= MAX_SAMPLED_ROWS,
            path=own.pattern,
        )

    async def _count(self, reader: str) -> int | None:
        try:
            ((rows,),) = await self._run(f"SELECT count(*) FROM {reader}")  # noqa: S608  a name that was listed
        except SourceTimeoutError:
            return None
        return int(rows)

    async def _sample(
        self, reader: str, columns: Sequence[CatalogueColumn], rows: int | None
    ) -> Sequence[tuple[Any, ...]] | None:
        """Sample rows from all of the files, the same each time. What takes too long gives the first rows, or None."""
        names = ", ".join(_sampled(column) for column in columns)
        plain = f"SELECT {names} FROM {reader} LIMIT {MAX_SAMPLED_ROWS}"  # noqa: S608  names that were read
        step = (rows or 0) // MAX_SAMPLED_ROWS
        numbered = f"(SELECT *, row_number() OVER () AS sampled_row FROM {reader})"  # noqa: S608  a name that was listed
        spread = f"SELECT {names} FROM {numbered} WHERE sampled_row % {step or 1} = 0 LIMIT {MAX_SAMPLED_ROWS}"  # noqa: S608
        for statement in (spread, plain) if step > 1 else (plain,):
            try:
                return _with_times(columns, await self._run(statement))
            except SourceTimeoutError:
                continue
        return None

    async def _run(self, statement: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Run one statement in the time that it has."""
        work = asyncio.get_running_loop().run_in_executor(self._thread, self._execute, statement, values)
        try:
            return await asyncio.wait_for(asyncio.shield(work), STATEMENT_S)
        except TimeoutError:
            while not work.done() and self._duckdb is not None:
                self._duckdb.interrupt()
                await asyncio.wait({work}, timeout=0.05)
            await asyncio.gather(work, return_exceptions=True)
            raise SourceTimeoutError from None
        except FOREIGN as error:
            raise source_error(error) from error

    def _execute(self, statement: str, values: Sequence[Any]) -> list[tuple[Any, ...]]:
        if self._duckdb is None:
            self._duckdb = opened(self._path, MEMORY_MB)
        return self._duckdb.execute(statement, list(values)).fetchall()


def quote_name(name: str) -> str:
    """Write the name of a column as DuckDB reads it."""
    return '"' + name.replace('"', '""') + '"'


def column_kind(type_name: str) -> ColumnKind:
    """Tell what a type of DuckDB holds."""
    if type_name.startswith("DECIMAL"):
        return ColumnKind.DECIMAL
    if type_name.startswith(("STRUCT", "MAP", "UNION")) or type_name.endswith("]"):
        return ColumnKind.JSON
    if type_name.endswith("INT") or type_name == "INTEGER" or type_name == "UINTEGER":
        return ColumnKind.INTEGER
    return _KINDS.get(type_name, ColumnKind.TEXT if type_name.startswith("ENUM") else ColumnKind.OTHER)


def _column(name: str, type_name: str) -> CatalogueColumn:
    is_list = (
        type_name.endswith("[]") and not type_name.startswith(("STRUCT", "MAP", "UNION")) and not type_name.endswith("][]")
    )
    kind = column_kind(type_name.removesuffix("[]") if is_list else type_name)
    return CatalogueColumn(name=name, type_name=type_name, kind=kind, is_secret=is_secret_name(name), is_list=is_list)


def _sampled(column: CatalogueColumn) -> str:
    is_text = column.kind is ColumnKind.TEXT and not column.is_list
    return f"substr(CAST({quote_name(column.name)} AS VARCHAR), 1, {MAX_SAMPLED_LENGTH})" if is_text else _selected(column)


def _selected(column: CatalogueColumn) -> str:
    """Write a column as a statement selects it. DuckDB gives no time with a zone without a library of zones."""
    return f"epoch_us({quote_name(column.name)})" if _is_zoned(column) else quote_name(column.name)


def _is_zoned(column: CatalogueColumn) -> bool:
    return column.kind is ColumnKind.ZONED_TIMESTAMP and not column.is_list


def _with_times(columns: Sequence[CatalogueColumn], rows: Sequence[tuple[Any, ...]]) -> Sequence[tuple[Any, ...]]:
    places = [place for place, column in enumerate(columns) if _is_zoned(column)]
    if not places:
        return rows
    return [tuple(_time(value) if place in places else value for place, value in enumerate(row)) for row in rows]


def _time(microseconds: int | None) -> datetime | None:
    try:
        return None if microseconds is None else _EPOCH + timedelta(microseconds=microseconds)
    except OverflowError:
        return None


def _with_samples(column: CatalogueColumn, samples: Sequence[Any]) -> CatalogueColumn:
    if has_secret_shape(samples):
        return msgspec.structs.replace(column, is_secret=True)
    return msgspec.structs.replace(column, samples=samples)
