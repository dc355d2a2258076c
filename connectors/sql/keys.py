"""Find the rows of keys: by a column, a query of pairs, or a search."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import CTE, FromClause, Text, bindparam, cast, or_, select

from connectors.contract import KeyKind
from connectors.sql.dialect import KEY_TYPES, Dialect, Expression
from connectors.sql.record_query import RecordQuery
from connectors.sql.settings import KeySettings
from connectors.sql.subqueries import as_subquery, required
from connectors.sql.word_search import WordShape, found_pairs

KEYS = "keys"
_INTEGER = re.compile("0|-?[1-9][0-9]{0,38}")


class Keyed(NamedTuple):
    """The rows that keys find: a FROM, the key as text, a condition."""

    table: FromClause
    key: Expression
    conditions: tuple[Expression, ...]


def keyed(rows: RecordQuery, kind: KeyKind, words: WordShape | None = None) -> Keyed:
    """Join the record's rows with the keys asked for, or with the words of one."""
    key = rows.settings.keys[kind]
    source, dialect = rows.source, rows.dialect
    if words is not None:
        found, id_ = found_pairs(rows, words), required(source, "id")
        return Keyed(source.join(found, dialect.same_id(id_, found.c.id)), found.c.key, dialect.among(id_, select(found.c.id)))
    if key.column is not None:
        column = required(source, key.column)
        type_ = KEY_TYPES[key.type]
        return Keyed(source, dialect.key(column, type_), (dialect.one_of(column, KEYS, type_),))
    if key.query is not None:
        pairs, id_ = pairs_of(dialect, kind, key), required(source, "id")
        text = dialect.key(pairs.c.key, KEY_TYPES[key.type])
        return Keyed(source.join(pairs, dialect.same_id(id_, pairs.c.id)), text, dialect.among(id_, select(pairs.c.id)))
    asked = dialect.elements(bindparam(KEYS, type_=Text()))
    text = cast(asked.c.value, Text)
    matches = [cast(required(source, name), Text).ilike(text, escape="\\") for name in key.columns]
    return Keyed(source.join(asked, or_(*matches)), text, ())


def pairs_of(dialect: Dialect, kind: KeyKind, key: KeySettings) -> CTE:
    """The pairs of the keys asked for. One record comes once for a key, however often the pair is there."""
    assert key.query is not None
    pairs = as_subquery(dialect, key.query, {"id": None, "key": None}, f"{kind.value}_pairs")
    asked = dialect.one_of(pairs.c.key, KEYS, KEY_TYPES[key.type])
    exact = [own.label(f"exact_{column.name}_") for column in pairs.c for own in dialect.exact(column)]
    return select(pairs.c.id, pairs.c.key, *exact).where(asked).distinct().cte("gateway_pairs")


def asked_for(key: KeySettings, keys: Sequence[str], integers: range) -> dict[str, list[str]]:
    """Convert keys to their column's type, by the database's text."""
    asked: dict[str, list[str]] = {}
    for own in keys:
        text = f"%{_escaped(own)}%" if key.columns else _typed(key.type, own, integers)
        if text is not None and can_be_sent(text):
            asked.setdefault(text, []).append(own)
    return asked


def parameter(key: KeySettings, asked: Iterable[str]) -> Any:
    """The value of the parameter that holds the keys."""
    if key.columns:
        return json.dumps(list(asked))
    return [int(text) for text in asked] if key.type == "integer" else list(asked)


def _typed(type_: str, key: str, integers: range) -> str | None:
    if type_ == "integer":
        return key if _INTEGER.fullmatch(key) and int(key) in integers else None
    if type_ == "uuid":
        try:
            return str(UUID(key))
        except ValueError:
            return None
    return key


def can_be_sent(text: str) -> bool:
    """Tell whether a database takes the text at all. One that does not would cost the other keys their answer."""
    if text.isascii():
        return "\0" not in text
    try:
        return b"\0" not in text.encode()
    except UnicodeEncodeError:
        return False


def _escaped(text: str) -> str:
    return re.sub(r"([\\%_])", r"\\\1", text)
