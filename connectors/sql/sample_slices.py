"""Write statements that sample a large table from all of it, and read no more than they give."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from connectors.catalogue import MAX_SAMPLED_ROWS, CatalogueTable

SLICES = 10
"""From how many places of a table rows are sampled: old rows and new ones differ."""

ESTIMATES: Mapping[str, str] = {
    "postgresql": """
        SELECT CASE WHEN n.nspname = current_schema() THEN c.relname ELSE n.nspname || '.' || c.relname END,
               CASE WHEN c.relkind = 'p' THEN (
                   SELECT sum(greatest(part.reltuples, 0)) FROM pg_inherits i JOIN pg_class part ON part.oid = i.inhrelid
                   WHERE i.inhparent = c.oid
               ) ELSE c.reltuples END
        FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE c.relkind IN ('r', 'p', 'm')
    """,
    "mysql": "SELECT table_name, table_rows FROM information_schema.tables WHERE table_schema = database()",
}
"""Statements for how many rows a database believes its tables to have. SQLite believes nothing."""


def tablesample(table: CatalogueTable, names: Sequence[str]) -> str:
    """Write PostgreSQL's sample of a table: pages that it picks itself."""
    share = min(100.0, max(0.001, 300.0 * MAX_SAMPLED_ROWS / (table.rows or MAX_SAMPLED_ROWS)))
    columns = ", ".join(names)
    return f"SELECT {columns} FROM {table.quoted} TABLESAMPLE SYSTEM ({share:.4f}) REPEATABLE (1) LIMIT {MAX_SAMPLED_ROWS}"  # noqa: S608


def slices(table: CatalogueTable, names: Sequence[str], key: str, low: int, high: int) -> str:
    """Write a sample by the beginnings of several ranges of a numeric key. An index gives each."""
    size, step = MAX_SAMPLED_ROWS // SLICES, (high - low + 1) / SLICES
    columns = ", ".join(names)
    parts = []
    for number in range(SLICES):
        start, end = low + round(number * step), low + round((number + 1) * step)
        inner = f"SELECT {columns} FROM {table.quoted} WHERE {key} >= {start} AND {key} < {end} ORDER BY {key} LIMIT {size}"  # noqa: S608
        parts.append(f"SELECT * FROM ({inner}) AS slice_{number}")  # noqa: S608
    return " UNION ALL ".join(parts)
