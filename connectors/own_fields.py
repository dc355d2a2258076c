"""Fields of a company's own, which its settings declare. They stand beside those of `records.py`, for the whole process.

A record's struct stays the same class: sources, lookups and resolvers know it by that. What asks for its fields by
`fields_of` finds the declared ones among them, so columns, mappings, decoding, facts and checks follow.
"""

from collections.abc import Iterable, Mapping
from enum import StrEnum
from keyword import kwlist
from typing import Annotated, Any

import msgspec

from connectors.record_fields import FieldInfo, declare, fields_of
from connectors.records import RECORDS, FieldClass, KnownEnum, Money, OrderItem, Personal, Quantity, UtcTime, Whole

OWNERS: Mapping[str, type[msgspec.Struct]] = {**RECORDS, "item": OrderItem}
"""What may have fields of one's own, by the name that settings use."""


RESERVED = frozenset([*kwlist, "true", "false", "null", "record_type", "time_field"])
"""Names that mean something else in the code of plans, in SQL, or of each record."""


class OwnType(StrEnum):
    """The types of a field of one's own."""

    STRING = "string"
    INT = "int"
    DECIMAL = "decimal"
    BOOLEAN = "boolean"
    DATETIME = "datetime"
    MONEY = "money"
    ENUM = "enum"
    LIST = "list"
    """Of strings."""


_MARKS: Mapping[FieldClass, Personal] = {
    FieldClass.IDENTIFYING: Personal.IDENTIFIER,
    FieldClass.CONTACT: Personal.CONTACT,
    FieldClass.PERSONAL: Personal.TEXT,
    FieldClass.FREE_TEXT: Personal.TEXT,
}
_PLAIN: Mapping[OwnType, Any] = {
    OwnType.STRING: str,
    OwnType.INT: Whole,
    OwnType.DECIMAL: Quantity,
    OwnType.BOOLEAN: bool,
    OwnType.DATETIME: UtcTime,
    OwnType.MONEY: Money,
}


class OwnField(msgspec.Struct, frozen=True, kw_only=True):
    """One declared field. `owner` is a name of `OWNERS`, `values` are those of an enum."""

    owner: str
    name: str
    type: OwnType
    description: str
    field_class: FieldClass
    values: tuple[str, ...] = ()


def declare_fields(fields: Iterable[OwnField]) -> None:
    """Have records have these fields from now on. Those that are declared already stay.

    Raises `ValueError` for a reserved name, one that the record has, or one that was declared with another type.
    """
    for field in fields:
        if field.name in RESERVED:
            raise ValueError(f"is reserved; choose another name, such as {field.owner}_{field.name}")
        declare(OWNERS[field.owner], _shape(field))


def _shape(field: OwnField) -> FieldInfo:
    """Describe a field as one of `records.py` is described."""
    annotation: Any = None
    default: Any = None
    if field.type is OwnType.LIST:
        annotation, default = _marked(list[str], field), msgspec.field(default_factory=list)
    elif field.type is OwnType.ENUM:
        enum = _enum(field)
        annotation, default = _marked(enum, field), enum["UNKNOWN"]
    else:
        annotation = _marked(_PLAIN[field.type] | None, field)
    holder = msgspec.defstruct("Own", [(field.name, annotation, default)], rename="camel")
    return fields_of(holder)[field.name]


def _marked(kind: Any, field: OwnField) -> Any:
    mark = None if field.type is OwnType.ENUM else _MARKS.get(field.field_class)
    return Annotated[kind, field.field_class] if mark is None else Annotated[kind, field.field_class, mark]


def enum_name(field: OwnField) -> str:
    """Name an enum as the schema has it: `CustomerLoyaltyTier`."""
    return "".join(part.capitalize() for part in (field.owner, *field.name.split("_")))


_ENUMS: dict[tuple[str, tuple[str, ...]], type[KnownEnum]] = {}


def _enum(field: OwnField) -> type[KnownEnum]:
    """Make the enum of a field, the same one for the same values."""
    known = (enum_name(field), field.values)
    if known not in _ENUMS:
        make: Any = KnownEnum
        _ENUMS[known] = make(known[0], {value: value for value in dict.fromkeys((*field.values, "UNKNOWN"))})
    return _ENUMS[known]
