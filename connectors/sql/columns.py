"""Map fields of a record to columns. Pure, read off `connectors.record_fields`."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import NamedTuple

import msgspec

from connectors.errors import SourceProtocolError
from connectors.record_fields import LEAF, LIST, OBJECT, FieldInfo, Fields, fields_of
from connectors.records import Money, Record

PARENT, POSITION, VALUE = "parent", "position", "value"
"""Columns of a nested list's query: the record's id, the item's place, and the item where it is a plain value."""


class ColumnPlace(NamedTuple):
    """Where a field is: in the record or in one of its lists, and the column, for an object the prefix of its columns.

    `inside` are the objects around it, each with the prefix of its columns.
    """

    in_list: str | None
    column: str
    field: FieldInfo
    inside: tuple[tuple[type[msgspec.Struct], str], ...] = ()


def columns_of(struct: type[msgspec.Struct], prefix: str = "") -> dict[str, FieldInfo]:
    """The leaves by column. Objects are flattened with `_`; a list of plain values may be a column of JSON."""
    columns: dict[str, FieldInfo] = {}
    for field in fields_of(struct).values():
        if field.form == OBJECT and field.struct is not None:
            columns |= columns_of(field.struct, f"{prefix}{field.name}_")
        elif field.struct is None:
            columns[prefix + field.name] = field
    return columns


def operand_columns(place: ColumnPlace) -> dict[str, FieldInfo]:
    """The columns that a sum calculates with: a decimal, or an amount and its currency."""
    if place.field.struct is Money:
        return columns_of(Money, f"{place.column}_")
    return {place.column: place.field} if place.field.leaf is Decimal else {}


def lists_of(record: type[Record]) -> dict[str, FieldInfo]:
    """The nested lists by name."""
    return {name: field for name, field in fields_of(record).items() if field.form == LIST}


def item_field(field: FieldInfo) -> FieldInfo:
    """Describe one item of a list of plain values."""
    return msgspec.structs.replace(field, form=LEAF, default=None)


def deciding_columns(struct: type[msgspec.Struct], prefix: str) -> tuple[list[str], list[str]]:
    """List the columns that an object needs, and all it can have."""
    required = [prefix + field.name for field in fields_of(struct).values() if field.required and field.form == LEAF]
    return required, list(columns_of(struct, prefix))


def columns_for(struct: type[msgspec.Struct], fields: Fields, prefix: str = "") -> Iterator[str]:
    """The columns that a selection reads. An object also reads those that say whether it is there."""
    for name, inner in fields:
        field = fields_of(struct).get(name)
        if field is None:
            continue
        if field.form == OBJECT and field.struct is not None:
            required, every = deciding_columns(field.struct, f"{prefix}{name}_")
            yield from required or every
            yield from columns_for(field.struct, inner, f"{prefix}{name}_")
        elif field.struct is None:
            yield prefix + name


def place_of(record: type[Record], path: str) -> ColumnPlace:
    """Where a dotted path leads. Raises `SourceProtocolError` when nowhere."""
    here: type[msgspec.Struct] | None = record
    in_list, prefix, field = None, "", None
    inside: tuple[tuple[type[msgspec.Struct], str], ...] = ()
    for name in path.split("."):
        if field is not None and field.form == OBJECT and here is not None:
            inside += ((here, prefix),)
        field = fields_of(here).get(name) if here is not None else None
        if field is None:
            raise SourceProtocolError(f"{path} is no field of this record")
        here = field.struct
        if field.form == LIST:
            in_list, prefix, inside = name, "", ()
        else:
            prefix += f"{name}_"
    assert field is not None
    if field.form == LIST:
        return ColumnPlace(in_list, VALUE, item_field(field))
    return ColumnPlace(in_list, prefix[:-1], field, inside)
