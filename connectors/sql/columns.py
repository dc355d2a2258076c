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
    shape: FieldInfo
    inside: tuple[tuple[type[msgspec.Struct], str], ...] = ()


def columns_of(struct: type[msgspec.Struct], prefix: str = "") -> dict[str, FieldInfo]:
    """The leaves by column. Objects are flattened with `_`; a list of plain values may be a column of JSON."""
    found: dict[str, FieldInfo] = {}
    for shape in fields_of(struct).values():
        if shape.form == OBJECT and shape.struct is not None:
            found |= columns_of(shape.struct, f"{prefix}{shape.name}_")
        elif shape.struct is None:
            found[prefix + shape.name] = shape
    return found


def operand_columns(place: ColumnPlace) -> dict[str, FieldInfo]:
    """The columns that a sum calculates with: a decimal, or an amount and its currency."""
    if place.shape.struct is Money:
        return columns_of(Money, f"{place.column}_")
    return {place.column: place.shape} if place.shape.leaf is Decimal else {}


def lists_of(record: type[Record]) -> dict[str, FieldInfo]:
    """The nested lists by name."""
    return {name: shape for name, shape in fields_of(record).items() if shape.form == LIST}


def item_shape(shape: FieldInfo) -> FieldInfo:
    """Describe one item of a list of plain values."""
    return msgspec.structs.replace(shape, form=LEAF, default=None)


def deciding_columns(struct: type[msgspec.Struct], prefix: str) -> tuple[list[str], list[str]]:
    """The columns that an object needs to be there, and all that it can have."""
    required = [prefix + shape.name for shape in fields_of(struct).values() if shape.required and shape.form == LEAF]
    return required, list(columns_of(struct, prefix))


def columns_for(struct: type[msgspec.Struct], fields: Fields, prefix: str = "") -> Iterator[str]:
    """The columns that a selection reads. An object also reads those that say whether it is there."""
    for name, inner in fields:
        shape = fields_of(struct).get(name)
        if shape is None:
            continue
        if shape.form == OBJECT and shape.struct is not None:
            required, every = deciding_columns(shape.struct, f"{prefix}{name}_")
            yield from required or every
            yield from columns_for(shape.struct, inner, f"{prefix}{name}_")
        elif shape.struct is None:
            yield prefix + name


def place_of(record: type[Record], path: str) -> ColumnPlace:
    """Where a dotted path leads. Raises `SourceProtocolError` when nowhere."""
    here: type[msgspec.Struct] | None = record
    in_list, prefix, shape = None, "", None
    inside: tuple[tuple[type[msgspec.Struct], str], ...] = ()
    for name in path.split("."):
        if shape is not None and shape.form == OBJECT and here is not None:
            inside += ((here, prefix),)
        shape = fields_of(here).get(name) if here is not None else None
        if shape is None:
            raise SourceProtocolError(f"{path} is no field of this record")
        here = shape.struct
        if shape.form == LIST:
            in_list, prefix, inside = name, "", ()
        else:
            prefix += f"{name}_"
    assert shape is not None
    if shape.form == LIST:
        return ColumnPlace(in_list, VALUE, item_shape(shape))
    return ColumnPlace(in_list, prefix[:-1], shape, inside)
