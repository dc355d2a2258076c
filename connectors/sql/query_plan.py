"""Find the tables that a query reads whole, in what each database says of its plan."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

KEY_SETTING = "gateway.key"
"""Stands for a key where PostgreSQL is asked for a plan."""
_NAME = r'["`\[]?(\w+)["`\]]?'
_SQLITE_SCAN = re.compile(r"SCAN (?:TABLE )?(.+?)(?: AS (?P<alias>.+?))?(?: USING (?:COVERING )?INDEX .+)?$")
_SQLITE_OWN_INDEX = re.compile(r"SEARCH (?:TABLE )?(.+?)(?: AS .+?)? USING AUTOMATIC .*INDEX \((?:\w+ AND )?(\w+)=\?")
_POSTGRESQL_KEY = re.compile(rf" = \(*current_setting\('{KEY_SETTING}'")
_INDEX_SCANS = ("Index Scan", "Index Only Scan")


class TableScan(NamedTuple):
    """A table, or the alias that it has in a query, and the column or expression that an index of it is missing over."""

    table: str
    column: str | None


def sqlite_statement(query: str, column: str) -> str:
    return f"EXPLAIN QUERY PLAN SELECT * FROM (\n{query}) AS gateway_found WHERE \"{column}\" IN ('-')"  # noqa: S608  of the settings


def mysql_statement(query: str, column: str) -> str:
    return f"EXPLAIN SELECT * FROM (\n{query}) AS gateway_found WHERE gateway_found.`{column}` = '0'"  # noqa: S608  of the settings


def postgresql_statement(query: str, column: str, type_name: str) -> str:
    key = f"CAST(current_setting('{KEY_SETTING}', true) AS {type_name})"
    return f'EXPLAIN (VERBOSE, FORMAT JSON) SELECT * FROM (\n{query}) AS gateway_found WHERE gateway_found."{column}" = {key}'  # noqa: S608  of the settings


def sqlite_scans(plan: Iterable[Sequence[Any]], query: str, column: str) -> Iterator[TableScan]:
    """Read a plan of SQLite. An index that it makes for each call anew says which one is missing."""
    for *_, detail in plan:
        if own := _SQLITE_OWN_INDEX.match(detail):
            yield TableScan(table_named(own[1], query), own[2])
        elif scan := _SQLITE_SCAN.match(detail):
            yield TableScan(table_named(scan[1], query), column_named(column, query))


def mysql_scans(plan: Iterable[Sequence[Any]], query: str, column: str) -> Iterator[TableScan]:
    """Read the rows of a plan of MySQL or MariaDB: table, way of access, usable keys. Derived tables have none of their own."""
    for table, access, usable in plan:
        if access in ("ALL", "index") and usable is None and table and not table.startswith("<"):
            yield TableScan(table_named(table, query), column_named(column, query))


def postgresql_scans(plan: Mapping[str, Any], joins: str = "") -> Iterator[TableScan]:
    """Read a plan of PostgreSQL that was made for a server which avoids to read tables whole.

    `joins` are the conditions of the joins around it.
    """
    joins += "".join(str(plan.get(name, "")) for name in ("Hash Cond", "Merge Cond", "Join Filter"))
    type_ = plan["Node Type"]
    if type_ == "Seq Scan" or (type_ in _INDEX_SCANS and "Index Cond" not in plan):
        schema = "" if plan["Schema"] == "public" else f"{_quoted(plan['Schema'])}."
        yield TableScan(f"{schema}{_quoted(plan['Relation Name'])}", _postgresql_column(plan, joins))
    for part in plan.get("Plans", ()):
        if part.get("Parent Relationship") not in ("InitPlan", "SubPlan"):
            yield from postgresql_scans(part, joins)


def _postgresql_column(scan: Mapping[str, Any], joins: str) -> str | None:
    """Name the column that the key is compared with, or another table's column is. Else None."""
    alias = rf'(?:"{re.escape(scan["Alias"])}"|{re.escape(scan["Alias"])})\.'
    conditions = str(scan.get("Filter", ""))
    if compared := _POSTGRESQL_KEY.search(conditions):
        return re.sub(alias, "", _last_operand(conditions[: compared.start()]))
    joined = re.search(alias + r'("[^"]+"|\w+)', joins)
    return None if joined is None else joined[1]


def _last_operand(text: str) -> str:
    """Cut a text after the last parenthesis that is not closed in it."""
    depth = 0
    for place in range(len(text) - 1, -1, -1):
        depth += {")": 1, "(": -1}.get(text[place], 0)
        if depth < 0:
            return text[place + 1 :]
    return text


def _quoted(name: str) -> str:
    return name if re.fullmatch("[a-z_][a-z0-9_]*", name) else f'"{name}"'


def table_named(alias: str, query: str) -> str:
    """Find the table of an alias in the text of a query."""
    tables = re.findall(rf"(?:\bFROM|\bJOIN|,)\s+{_NAME}(?:\s+AS)?\s+{_NAME}", query, re.IGNORECASE)
    return next((table for table, own in tables if own.lower() == alias.lower()), alias)


def column_named(alias: str, query: str) -> str | None:
    """Find the column of an alias in the text of a query. None where it is computed."""
    if match := re.search(rf'([\w"`\[\].]+|\)|\S)\s+AS\s+["`\[]?{re.escape(alias)}(?!\w)', query, re.IGNORECASE):
        column = match[1].rpartition(".")[2].strip('"`[]')
        return column if re.fullmatch(r"[^\W\d]\w*", column) else None
    return alias
