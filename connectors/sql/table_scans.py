"""Ask databases for plans, and find the large tables that these read whole."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from typing import Any

import msgspec

from connectors.inspection import MIN_INDEXED_ROWS
from connectors.sql.failures import FOREIGN
from connectors.sql.pool import Pool, PooledConnection
from connectors.sql.query_plan import (
    TableScan,
    mysql_scans,
    mysql_statement,
    postgresql_scans,
    postgresql_statement,
    sqlite_scans,
    sqlite_statement,
)
from connectors.sql.subqueries import Columns

Explain = Callable[[Any, str, str, Any], Awaitable[Iterable[TableScan]]]
"""(the driver's connection, the query, the column, what the driver says of its type) -> the tables that are read whole"""


async def large_scans(pool: Pool, backend: str, query: str, columns: Columns, column: str) -> list[TableScan]:
    """List the tables of many rows that are read whole to find the rows of a query by one of its columns."""
    name = next((own for own in columns if own in (column, column.lower()) or own.lower() == column.lower()), column)

    async def explain(pooled: PooledConnection) -> list[TableScan]:
        scans = await EXPLAINED[backend](pooled.driver, query, name, columns.get(name))
        return [known for scan in dict.fromkeys(scans) if (known := await known_scan(pooled, backend, scan)) is not None]

    return await pool.run(explain)


async def _sqlite(driver: Any, query: str, column: str, _: Any) -> Iterable[TableScan]:
    plan = await driver.execute_fetchall(sqlite_statement(query, column))
    views = await driver.execute_fetchall("SELECT sql FROM sqlite_master WHERE type = 'view'")
    return sqlite_scans(plan, "\n".join([query, *(sql for (sql,) in views)]), column)


async def _mysql(driver: Any, query: str, column: str, _: Any) -> Iterable[TableScan]:
    async with driver.cursor() as cursor:
        await cursor.execute(mysql_statement(query, column))
        names = [name for name, *_ in cursor.description]
        rows = [dict(zip(names, row, strict=True)) for row in await cursor.fetchall()]
    return mysql_scans([(row["table"], row["type"], row["possible_keys"]) for row in rows], query, column)


async def _postgresql(driver: Any, query: str, column: str, code: Any) -> Iterable[TableScan]:
    type_name = await driver.fetchval("SELECT format_type($1::oid, NULL)", code)
    async with driver.transaction(readonly=True):
        await driver.execute("SET LOCAL enable_seqscan = off")
        written = await driver.fetchval(postgresql_statement(query, column, type_name))
    (plan,) = msgspec.json.decode(written) if isinstance(written, str) else written
    scans = postgresql_scans(plan["Plan"])
    return [scan._replace(column=await _indexable(driver, scan)) for scan in scans]


async def _indexable(driver: Any, scan: TableScan) -> str | None:
    """Write a column without the cast that a comparison of VARCHAR has."""
    cast = re.fullmatch(r'\(("[^"]+"|\w+)\)::text', scan.column or "")
    if cast is None:
        return scan.column
    type_of = "SELECT format_type(atttypid, NULL) FROM pg_attribute WHERE attrelid = to_regclass($1) AND attname = $2"
    is_text = await driver.fetchval(type_of, scan.table, cast[1].strip('"')) in ("character varying", "character")
    return cast[1] if is_text else scan.column


async def known_scan(pooled: PooledConnection, backend: str, scan: TableScan) -> TableScan | None:
    """The scan, where its table is there and large; without a column that the table does not have."""
    counted = f"SELECT count(*) FROM (SELECT 1 FROM {scan.table} LIMIT {MIN_INDEXED_ROWS + 1}) AS counted"  # noqa: S608  of a plan
    try:
        ((rows,),) = await FETCHED[backend](pooled.driver, counted)
    except FOREIGN:
        return None  # a part of the query that has a name of its own
    if rows <= MIN_INDEXED_ROWS:
        return None
    if backend == "postgresql" or scan.column is None:
        return scan
    try:
        await FETCHED[backend](pooled.driver, f"SELECT {scan.column} FROM {scan.table} LIMIT 0")  # noqa: S608  of a plan
    except FOREIGN:
        return scan._replace(column=None)
    return scan


async def _fetch_mysql(driver: Any, text: str) -> Sequence[Any]:
    async with driver.cursor() as cursor:
        await cursor.execute(text)
        rows: Sequence[Any] = await cursor.fetchall()
    return rows


EXPLAINED: Mapping[str, Explain] = {"sqlite": _sqlite, "mysql": _mysql, "postgresql": _postgresql}
FETCHED: Mapping[str, Callable[[Any, str], Awaitable[Sequence[Any]]]] = {
    "sqlite": lambda driver, text: driver.execute_fetchall(text),
    "mysql": _fetch_mysql,
    "postgresql": lambda driver, text: driver.fetch(text),
}
