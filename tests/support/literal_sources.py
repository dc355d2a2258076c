"""Sources whose rows stand in their queries: what a test wants to be there, on SQLite, PostgreSQL and DuckDB alike."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from connectors.contract import Connector

Row = Mapping[str, str | None]
Build = Callable[[str, Mapping[str, Any]], Connector[Any]]
"""(name, records of the settings) -> the connector"""


def query_of(rows: Sequence[Row]) -> str:
    """Write a query that gives rows of texts."""
    columns = (", ".join(f'{_literal(row[name])} AS "{name}"' for name in rows[0]) for row in rows)
    return " UNION ALL ".join(f"SELECT {own}" for own in columns)


def _literal(text: str | None) -> str:
    return "CAST(NULL AS VARCHAR(9))" if text is None else "'" + text.replace("'", "''") + "'"


def record(rows: Sequence[Row], by: str = "customer_id", key: str = "customer_id", **words: Any) -> dict[str, Any]:
    """Describe a record that is found by a column of its rows."""
    return {"query": query_of(rows), "keys": {by: key}} | words


def people(*ids: str, **columns: str) -> dict[str, Any]:
    """Describe customers, found by their ids and, where they have some, by their e-mail addresses and phones."""
    keys = {"customer_id": "id"} | {name: name for name in ("email", "phone") if name in columns}
    rows = [{"id": id_} | {name: text.format(id_) for name, text in columns.items()} for id_ in ids]
    return {"customer": {"query": query_of(rows), "keys": keys}}
