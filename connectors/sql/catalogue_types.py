"""Say what the types of a database hold, whatever it calls them."""

from __future__ import annotations

from typing import Any

from sqlalchemy import types
from sqlalchemy.types import TypeEngine

from connectors.catalogue import ColumnKind

_KINDS: tuple[tuple[type[TypeEngine[Any]], ColumnKind], ...] = (
    (types.Boolean, ColumnKind.BOOLEAN),
    (types.Uuid, ColumnKind.UUID),
    (types.Integer, ColumnKind.INTEGER),
    (types.Float, ColumnKind.FLOAT),
    (types.Numeric, ColumnKind.DECIMAL),
    (types.JSON, ColumnKind.JSON),
    (types.Date, ColumnKind.DATE),
    (types.LargeBinary, ColumnKind.BINARY),
    (types.String, ColumnKind.TEXT),
)
_WORDS: dict[str, ColumnKind] = {
    "citext": ColumnKind.TEXT,
    "money": ColumnKind.OTHER,
    "tsvector": ColumnKind.OTHER,
    "year": ColumnKind.INTEGER,
    "hstore": ColumnKind.OTHER,
}


def column_kind(type_: TypeEngine[Any], name: str) -> ColumnKind:
    """Find the kind of a column by its type, and by the type's name where nothing else is known of it."""
    if (known := _WORDS.get(name.lower())) is not None:
        return known
    if isinstance(type_, types.DateTime):
        has_zone = bool(getattr(type_, "timezone", False)) or name.upper() == "TIMESTAMP WITH TIME ZONE"
        return ColumnKind.ZONED_TIMESTAMP if has_zone else ColumnKind.TIMESTAMP
    if isinstance(type_, types.Numeric) and not isinstance(type_, types.Float) and type_.scale == 0 and type_.precision:
        return ColumnKind.INTEGER
    if name.lower() == "tinyint(1)" or (name.lower().startswith("tinyint") and getattr(type_, "display_width", None) == 1):
        return ColumnKind.BOOLEAN
    return next((kind for base, kind in _KINDS if isinstance(type_, base)), ColumnKind.OTHER)
