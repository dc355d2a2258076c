"""Find indexes that lookups miss, by asking the database how it finds the rows of a key."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from connectors.contract import KeyKind
from connectors.errors import SourceProtocolError
from connectors.inspection import MissingIndex
from connectors.sql.columns import PARENT
from connectors.sql.database import SqlDatabase
from connectors.sql.query_plan import TableScan
from connectors.sql.search_ways import SearchWay
from connectors.sql.settings import RecordSettings
from connectors.sql.table import RecordTable


class QueryByColumn(NamedTuple):
    """A query of the settings whose rows are found by a column."""

    setting: str
    query: str
    column: str


async def indexes_missing(database: SqlDatabase, name: str, table: RecordTable) -> list[MissingIndex]:
    """List the large tables that a record's queries read whole, each once. Raises `SourceError`."""
    missing: dict[tuple[str, str | None], MissingIndex] = {}
    for setting, query, column in _queries(f"records.{name}", table.settings):
        try:
            scans = await database.table_scans(query, column)
        except SourceProtocolError:
            continue  # the check of the query says what is wrong with it
        for scan in scans:
            statement = None if scan.column is None else create_index(scan)
            missing.setdefault(scan, MissingIndex(setting=setting, table=scan.table, statement=statement))
    return [*missing.values(), *await _search_indexes_missing(database, name, table)]


async def _search_indexes_missing(database: SqlDatabase, name: str, table: RecordTable) -> list[MissingIndex]:
    """List the indexes by which words would be found inside columns. Only PostgreSQL has such ones."""
    key, missing = table.settings.keys.get(KeyKind.TEXT), []
    for column in () if key is None else key.columns:
        try:
            found = await database.search_way(table.settings.query, column)
        except SourceProtocolError:
            continue
        if found.table is not None and found.way is not SearchWay.TRIGRAMS:
            index = f"CREATE INDEX ON {found.table} USING gin ({found.column} gin_trgm_ops)"
            statement = f"CREATE EXTENSION IF NOT EXISTS pg_trgm; {index}"
            can_have = database.has_trigrams and found.column is not None
            setting = f"records.{name}.keys.text"
            missing.append(MissingIndex(setting=setting, table=found.table, statement=statement if can_have else None))
    return missing


def _queries(where: str, settings: RecordSettings) -> Iterator[QueryByColumn]:
    for kind, key in settings.keys.items():
        if key.column is not None:
            yield QueryByColumn(f"{where}.keys.{kind.value}", settings.query, key.column)
        elif key.query is not None:
            yield QueryByColumn(f"{where}.keys.{kind.value}", key.query, "key")
    if any(key.query is not None for key in settings.keys.values()):
        yield QueryByColumn(f"{where}.query", settings.query, "id")
    for name, own in settings.lists.items():
        yield QueryByColumn(f"{where}.lists.{name}", own.query, PARENT)


def create_index(scan: TableScan) -> str:
    """Write the statement that makes the index. Its name is that of the table and the column."""
    column = scan.column or ""
    words = "".join(letter if letter.isalnum() else " " for letter in f"{scan.table.rpartition('.')[2]} {column}").split()
    is_plain = column.strip('"').replace("_", "").isalnum()
    return f"CREATE INDEX {'_'.join(words)} ON {scan.table} ({column if is_plain else f'({column})'})"
