"""Read sampled documents as tables: paths are columns, arrays of objects are tables of their own."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from bson import Decimal128, Int64, ObjectId

from connectors.catalogue import MAX_SAMPLED_LENGTH, CatalogueColumn, ColumnKind, has_secret_shape, is_secret_name

PARENT = "_parent"
"""The column of an array's table that has the `_id` of the document."""
MAX_DEPTH = 6
MAX_PATHS = 400
"""Of a collection with more paths, as when keys of objects are values, those that most documents have."""
MIN_SHARE = 0.98
"""So many values of a path must be of one type: MongoDB finds none of another."""

_KINDS: Mapping[type, tuple[ColumnKind, str]] = {
    bool: (ColumnKind.BOOLEAN, "bool"),
    Int64: (ColumnKind.INTEGER, "long"),
    int: (ColumnKind.INTEGER, "int"),
    float: (ColumnKind.FLOAT, "double"),
    Decimal: (ColumnKind.DECIMAL, "decimal"),
    str: (ColumnKind.TEXT, "string"),
    datetime: (ColumnKind.ZONED_TIMESTAMP, "date"),
    ObjectId: (ColumnKind.OBJECT_ID, "objectId"),
    UUID: (ColumnKind.UUID, "uuid"),
    bytes: (ColumnKind.BINARY, "binData"),
    dict: (ColumnKind.JSON, "object"),
}

Row = Mapping[str, Any]
_NUMBERS = (ColumnKind.INTEGER, ColumnKind.DECIMAL, ColumnKind.FLOAT)


class SampledRows:
    """The rows of one table: the documents of a collection, or the items of an array, by the paths of their values."""

    def __init__(self) -> None:
        self.rows: list[Row] = []
        self._columns: list[CatalogueColumn] | None = None

    @property
    def columns(self) -> list[CatalogueColumn]:
        """The columns, with samples; those of secrets have none."""
        if self._columns is None:
            counts = Counter(path for row in self.rows for path in row)
            paths = dict.fromkeys(path for row in self.rows for path in row)
            kept = {path for path, _ in counts.most_common(MAX_PATHS)}
            self._columns = [_column(path, self.rows, counts[path]) for path in paths if path in kept]
        return self._columns


def sample_tables(documents: Iterable[Row]) -> dict[str, SampledRows]:
    """Make tables of documents, by the path of their array; that of the documents themselves is `""`."""
    tables = {"": SampledRows()}
    for document in documents:
        row: dict[str, Any] = {}
        _flatten(document, "", row, tables, document.get("_id"), 0)
        tables[""].rows.append(row)
    return tables


def value_at(document: Any, path: str) -> Any:
    """Find the value at a path through objects, as samples have it. None where there is none."""
    here = document
    for step in path.split("."):
        here = here.get(step) if isinstance(here, Mapping) else None
    return _plain(here)


def items_at(document: Any, path: str) -> list[Row]:
    """Find the objects of an array."""
    here = document
    for step in path.split("."):
        here = here.get(step) if isinstance(here, Mapping) else None
    return [item for item in here if isinstance(item, Mapping)] if isinstance(here, list) else []


def to_bson(value: Any) -> Any:
    """Write a sampled value as the database has it."""
    return Decimal128(value) if isinstance(value, Decimal) else value


def _flatten(found: Row, before: str, row: dict[str, Any], tables: dict[str, SampledRows], owner: Any, depth: int) -> None:
    for name, value in found.items():
        path = f"{before}{name}"
        if not name or "." in name or name.startswith("$"):
            continue  # no path leads there
        if isinstance(value, Mapping) and value and depth < MAX_DEPTH:
            _flatten(value, f"{path}.", row, tables, owner, depth + 1)
        elif isinstance(value, list) and value and all(isinstance(item, Mapping) for item in value):
            if PARENT in row or depth >= MAX_DEPTH:
                row[path] = {}
                continue
            table = tables.setdefault(path, SampledRows())
            for item in value:
                own: dict[str, Any] = {PARENT: _plain(owner)}
                _flatten(item, "", own, tables, owner, depth + 1)
                table.rows.append(own)
        elif value is not None and value != [] and value != {}:
            row[path] = _plain(value)


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal128):
        return value.to_decimal()
    if isinstance(value, str):
        return value[:MAX_SAMPLED_LENGTH]
    return [_plain(item) for item in value] if isinstance(value, list) else value


def _column(path: str, rows: Sequence[Row], count: int) -> CatalogueColumn:
    values = [row[path] for row in rows if path in row]
    is_list = sum(isinstance(value, list) for value in values) >= MIN_SHARE * len(values)
    items = [item for value in values for item in value] if is_list else values
    kind, type_name = _kind(items)
    is_secret = is_secret_name(path) or has_secret_shape(items)
    is_sampled = not is_secret and kind not in (ColumnKind.BINARY, ColumnKind.OTHER, ColumnKind.JSON)
    return CatalogueColumn(
        name=path,
        type_name=f"array of {type_name}" if is_list else type_name,
        kind=kind,
        nullable=count < len(rows),
        is_secret=is_secret,
        is_list=is_list,
        samples=[row.get(path) for row in rows] if is_sampled else (),
    )


def _kind(values: Sequence[Any]) -> tuple[ColumnKind, str]:
    kinds = Counter(_KINDS.get(type(value), (ColumnKind.OTHER, type(value).__name__)) for value in values)
    if not kinds:
        return ColumnKind.OTHER, "null"
    if all(kind in _NUMBERS for kind, _ in kinds):
        return max(kinds, key=lambda own: _NUMBERS.index(own[0]))
    most, count = kinds.most_common(1)[0]
    return most if count >= MIN_SHARE * len(values) else (ColumnKind.OTHER, "mixed")
