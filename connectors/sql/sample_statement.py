"""Write the statements that sample a lookup: some of its keys, and how many rows each has."""

from __future__ import annotations

from typing import Any

from sqlalchemy import BigInteger, Select, Text, bindparam, func, select

from connectors.contract import KeyKind
from connectors.sql.dialect import KEY_TYPES
from connectors.sql.keys import keyed
from connectors.sql.record_query import RecordQuery
from connectors.sql.subqueries import as_subquery, required

ROWS_FOR_A_KEY = 100
"""Rows that are looked at for each key of a sample: one busy customer is not the whole of it, and no table is read whole."""


def sampled_keys(rows: RecordQuery, kind: KeyKind) -> Select[Any]:
    """Select different keys of the first rows, as the database gives them."""
    key = rows.settings.keys[kind]
    if key.query is None:
        column = required(rows.source, key.column or "")
        table = rows.source
    else:
        table = as_subquery(rows.dialect, key.query, {"id": None, "key": None}, f"{kind.value}_pairs")
        column = table.c.key
    text = rows.dialect.key(column, KEY_TYPES[key.type])
    first, looked_at = (bindparam(name, type_=BigInteger()) for name in ("first", "looked_at"))
    first_rows = select(text.label("key_")).select_from(table).where(column.is_not(None)).limit(looked_at)
    return select(first_rows.subquery("first_rows").c.key_).distinct().limit(first)


def counted_rows(rows: RecordQuery, kind: KeyKind) -> Select[Any]:
    """Count the rows and the ids of each key asked for. Rows without an id do not count."""
    matches = keyed(rows, kind)
    id_ = func.nullif(func.trim(rows.dialect.text(required(rows.source, "id"))), "", type_=Text())
    own = select(matches.key.label("key_"), id_.label("id_")).select_from(matches.table).where(*matches.conditions)
    found = own.subquery("sampled")
    counts = (func.count(found.c.id_), func.count(found.c.id_.distinct()))
    return select(found.c.key_, *counts).group_by(found.c.key_)
