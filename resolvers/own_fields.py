"""Show fields of one's own: as attributes of their types, and in the filters of lists."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

import strawberry
from strawberry.annotation import StrawberryAnnotation
from strawberry.types.base import StrawberryObjectDefinition
from strawberry.types.field import StrawberryField

from connectors.errors import ConfigurationError
from connectors.own_fields import OWNERS, OwnField, OwnType, enum_name
from connectors.record_fields import fields_of
from gateway.execution.schema_types import name_type
from resolvers.fields import field, own
from resolvers.money import Money
from resolvers.scalars import Quantity

TYPE_NAMES: Mapping[str, str] = {name: name_type(struct) for name, struct in OWNERS.items()}
"""The types of the schema, by the names of what has fields of one's own."""

_SHOWN: Mapping[OwnType, Any] = {
    OwnType.STRING: str | None,
    OwnType.INT: int | None,
    OwnType.DECIMAL: Quantity | None,
    OwnType.BOOLEAN: bool | None,
    OwnType.DATETIME: datetime | None,
    OwnType.MONEY: Money | None,
}

FILTERED = (OwnType.STRING, OwnType.ENUM)
"""The types by which lists are filtered: conditions compare texts."""

FieldsByType = Mapping[str, list[StrawberryField]]


def own_fields_by_type(fields: Iterable[OwnField], types: Mapping[str, Any]) -> FieldsByType:
    """Make the fields of the schema, by the name of their type. `types` are those of the schema without them.

    Raises `ConfigurationError` for each that has the name of another one, or whose enum has that of a type.
    """
    made: dict[str, list[StrawberryField]] = {}
    problems = []
    for one in fields:
        kind, json_name = TYPE_NAMES[one.owner], fields_of(OWNERS[one.owner])[one.name].json_name
        taken = _taken_name(one, kind, json_name, types)
        if taken is not None:
            problems.append(f"fields.{one.owner}.{one.name}: `{taken}` is in the schema already; choose another name")
            continue
        declared = own if one.owner in ("customer", "account") else field
        python_type = _python_type(one)
        made.setdefault(kind, []).append(_attribute(declared(one.description), one.name, json_name, python_type))
        if one.type in FILTERED:
            leaf = _leaf(one)
            texts: Any = list[leaf] | None  # type: ignore[valid-type]
            condition = strawberry.field(description=f"Only those with one of these values of `{json_name}`.", default=None)
            made.setdefault(f"{kind}Filter", []).append(_attribute(condition, one.name, json_name, texts))
    if problems:
        raise ConfigurationError(problems)
    return made


def _taken_name(one: OwnField, kind: str, json_name: str, types: Mapping[str, Any]) -> str | None:
    """Find the name of a field, or of its enum, that the schema has already."""
    holders = [kind, f"{kind}Filter"] if one.type in FILTERED else [kind]
    if any(json_name in types[name].fields for name in holders if name in types):
        return json_name
    enum = enum_name(one)
    return enum if one.type is OwnType.ENUM and enum in types else None


def _attribute(made: Any, name: str, json_name: str, kind: Any) -> StrawberryField:
    """Give a field what the decorator of a class gives it."""
    made.python_name = made.name = name
    made.graphql_name = json_name
    made.type_annotation = StrawberryAnnotation(kind)
    return made  # type: ignore[no-any-return]


def _python_type(one: OwnField) -> Any:
    if one.type is OwnType.ENUM:
        return _leaf(one) if one.owner != "customer" else _leaf(one) | None
    if one.type is OwnType.LIST:
        return list[str] if one.owner != "customer" else list[str] | None
    return _SHOWN[one.type]


def _leaf(one: OwnField) -> Any:
    if one.type is not OwnType.ENUM:
        return str
    enum = fields_of(OWNERS[one.owner])[one.name].leaf
    assert enum is not None
    if not hasattr(enum, "__strawberry_definition__"):
        strawberry.enum(enum, name=enum.__name__, description=one.description)
    return enum


def fields_of_type(definition: StrawberryObjectDefinition, more: FieldsByType) -> list[StrawberryField]:
    """List the fields of a type, those of one's own behind the others."""
    return [*definition.fields, *more.get(definition.name, ())]
