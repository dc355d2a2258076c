"""Hide personal values in keys, records, asks and measures, by the marks of fields."""

from collections.abc import Mapping
from typing import Any, TypeVar

import msgspec

from connectors.contract import Ask, Condition, KeyKind, Measure, MeasureOp
from connectors.record_fields import LIST, fields_of, leaf_field
from connectors.records import Record
from gateway.identity.key_kinds import KEY_KINDS
from gateway.replay.pseudonyms import Hide

A = TypeVar("A", Ask, Measure)

MEASURED_AS_IT_IS = frozenset({MeasureOp.TOP, MeasureOp.LATEST, MeasureOp.MIN, MeasureOp.MAX})
"""Measures whose value is one of the field's values."""


def hidden_key(by: KeyKind, key: str, hide: Hide) -> str:
    """Hide a key so that it finds the hidden record. An address in other letters than its normal form is a key of its own."""
    row = KEY_KINDS[by]
    if row.personal is None:
        return key
    source, colon, own = key.partition(":") if by is KeyKind.EXTERNAL_ID else ("", "", key)
    found = f"{source}{colon}{hide(row.personal, own)}"
    return found.upper() if row.any_case and found != key != key.lower() else found


def hidden(struct: type[msgspec.Struct], value: Mapping[str, Any], hide: Hide) -> dict[str, Any]:
    """Hide personal values of a record or part in canonical JSON; leave out unknown fields."""
    found: dict[str, Any] = {}
    for shape in fields_of(struct).values():
        if shape.json_name not in value:
            continue
        inner = value[shape.json_name]
        if shape.personal is not None:
            inner = hide(shape.personal, inner)
        elif shape.struct is not None and inner is not None:
            part = shape.struct
            inner = [hidden(part, one, hide) for one in inner] if shape.form == LIST else hidden(part, inner, hide)
        found[shape.json_name] = inner
    return found


def hidden_ask(record: type[Record], ask: A, hide: Hide) -> A:
    """An ask or a measure, with the values of its conditions and the id of its position hidden."""
    where = tuple(_hidden_condition(record, one, hide) for one in ask.where)
    if not isinstance(ask, Ask) or ask.after is None:
        return msgspec.structs.replace(ask, where=where)
    mark = fields_of(record)["id"].personal
    after = ask.after if mark is None else msgspec.structs.replace(ask.after, id=hide(mark, ask.after.id))
    return msgspec.structs.replace(ask, where=where, after=after)


def either_way(record: type[Record], ask: A, hide: Hide) -> A:
    """Let the conditions of an ask or measure match hidden values as well as plain ones."""
    where = tuple(_either_way(one, _hidden_condition(record, one, hide)) for one in ask.where)
    return msgspec.structs.replace(ask, where=where)


def hidden_value(record: type[Record], measure: Measure, value: Any, hide: Hide) -> Any:
    """A measured value, hidden where it is a value of a personal field."""
    shape = leaf_field(record, measure.field) if measure.field and measure.op in MEASURED_AS_IT_IS else None
    return value if shape is None or shape.personal is None else hide(shape.personal, value)


def _either_way(one: Condition, other: Condition) -> Condition:
    return msgspec.structs.replace(one, values=(*one.values, *other.values))


def _hidden_condition(record: type[Record], condition: Condition, hide: Hide) -> Condition:
    shape = leaf_field(record, condition.field)
    if shape is None or shape.personal is None:
        return condition
    mark = shape.personal
    return msgspec.structs.replace(condition, values=tuple(hide(mark, value) for value in condition.values))
