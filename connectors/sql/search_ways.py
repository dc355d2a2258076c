"""Find out how a database finds words in a column without reading a large table whole."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from enum import Enum
from typing import Any, NamedTuple

import msgspec

from connectors.sql.failures import FOREIGN
from connectors.sql.pool import Pool, PooledConnection
from connectors.sql.query_plan import TableScan, column_named, mysql_scans, postgresql_scans, sqlite_scans
from connectors.sql.subqueries import Columns
from connectors.sql.table_scans import known_scan

_RARE = "qzxwv"
"""A word that hardly a row has."""


class SearchWay(Enum):
    """How the words of a column are found."""

    SCAN = "by reading a table that is small"
    TRIGRAMS = "by an index of trigrams"
    WORDS = "by an index for full-text search"
    LOWER = "by the beginning in lower case"
    BEGINNING = "by the beginning"
    NONE = "not at all"


_CONDITIONS: Mapping[str, Mapping[SearchWay, str]] = {
    "postgresql": {
        SearchWay.TRIGRAMS: f"CAST({{}} AS TEXT) ILIKE '%{_RARE}%'",
        SearchWay.WORDS: f"to_tsvector('simple', CAST({{}} AS TEXT)) @@ to_tsquery('simple', '{_RARE}:*')",
        SearchWay.LOWER: f"lower(CAST({{}} AS TEXT)) LIKE '{_RARE}%'",
        SearchWay.BEGINNING: f"CAST({{}} AS TEXT) LIKE '{_RARE}%'",
    },
    "sqlite": {SearchWay.TRIGRAMS: f"lower({{}}) LIKE '%{_RARE}%'", SearchWay.BEGINNING: f"{{}} LIKE '{_RARE}%'"},
    "mysql": {SearchWay.TRIGRAMS: f"lower({{}}) LIKE '%{_RARE}%'", SearchWay.BEGINNING: f"{{}} LIKE '{_RARE}%'"},
}


class ColumnWay(NamedTuple):
    """How words of a column are found, and the large table that is read whole where they are looked for inside of it."""

    way: SearchWay
    table: str | None = None
    column: str | None = None


async def find_way(pool: Pool, backend: str, query: str, columns: Columns, column: str) -> ColumnWay:
    """Find the best way to find words in a column of a query: the first that reads no large table whole."""
    name = next((own for own in columns if own.lower() == column.lower()), column)
    quote = "`" if backend == "mysql" else '"'
    shown = f"gateway_found.{quote}{name}{quote}"

    async def find(pooled: PooledConnection) -> ColumnWay:
        large: str | None = None
        for way, condition in _CONDITIONS[backend].items():
            statement = f"SELECT 1 FROM (\n{query}) AS gateway_found WHERE {condition.format(shown)}"  # noqa: S608  of the settings
            try:
                scans = [*dict.fromkeys(await _EXPLAINED[backend](pooled.driver, statement, query, name))]
            except FOREIGN:
                continue  # the database does not know this way, or has plans of another form
            read = [known for scan in scans if (known := await known_scan(pooled, backend, scan)) is not None]
            if not read:
                return ColumnWay(SearchWay.SCAN if scans else way, large, column_named(name, query))
            large = large or read[0].table
        return ColumnWay(SearchWay.NONE, large, column_named(name, query))

    return await pool.run(find)


async def _postgresql(driver: Any, statement: str, _query: str, _column: str) -> Iterable[TableScan]:
    async with driver.transaction(readonly=True):
        await driver.execute("SET LOCAL enable_seqscan = off")
        written = await driver.fetchval(f"EXPLAIN (VERBOSE, FORMAT JSON) {statement}")
    (plan,) = msgspec.json.decode(written) if isinstance(written, str) else written
    return [*postgresql_scans(plan["Plan"])]


async def _sqlite(driver: Any, statement: str, query: str, column: str) -> Iterable[TableScan]:
    plan = await driver.execute_fetchall(f"EXPLAIN QUERY PLAN {statement}")
    views = await driver.execute_fetchall("SELECT sql FROM sqlite_master WHERE type = 'view'")
    return [*sqlite_scans(plan, "\n".join([query, *(sql for (sql,) in views)]), column)]


async def _mysql(driver: Any, statement: str, query: str, column: str) -> Iterable[TableScan]:
    async with driver.cursor() as cursor:
        await cursor.execute(f"EXPLAIN {statement}")
        names = [name for name, *_ in cursor.description]
        rows: Sequence[dict[str, Any]] = [dict(zip(names, row, strict=True)) for row in await cursor.fetchall()]
    return [*mysql_scans([(row["table"], row["type"], row["possible_keys"]) for row in rows], query, column)]


_EXPLAINED = {"sqlite": _sqlite, "mysql": _mysql, "postgresql": _postgresql}
