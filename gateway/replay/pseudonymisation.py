"""Hide personal values in keys, records, asks and measures. The marks of fields say which these are."""

from collections.abc import Mapping
from typing import Any, TypeVar

import msgspec

from connectors.contract import Ask, Condition, KeyKind, Measure, MeasureOp
from connectors.record_fields import LIST, fields_of, leaf_field
from connectors.records import Record
from gateway.identity.key_kinds import KEY_KINDS
from gateway.replay.pseudonyms import Hide

A = TypeVar("A", Ask, Measure)

MEASURED_AS_IT_IS = frozenset({MeasureOp.TOP, MeasureOp.LATEST, MeasureOp.MIN, MeasureOp.MAX, MeasureOp.COUNTS})
"""Measures whose value is one of the field's values."""


def hidden_key(by: KeyKind, key: str, hide: Hide) -> str:
    """Hide a key so that it finds the hidden record. An address in other letters than its normal form is a key of its own."""
    row = KEY_KINDS[by]
    if row.personal is None:
        return key
    source, colon, own = key.partition(":") if by is KeyKind.EXTERNAL_ID else ("", "", key)
    hidden_id = f"{source}{colon}{hide(row.personal, own)}"
    return hidden_id.upper() if row.any_case and hidden_id != key != key.lower() else hidden_id


def hidden(struct: type[msgspec.Struct], value: Mapping[str, Any], hide: Hide) -> dict[str, Any]:
    """Hide personal values of a record or part in canonical JSON. Unknown fields are left out."""
    row: dict[str, Any] = {}
    for field in fields_of(struct).values():
        if field.json_name not in value:
            continue
        inner = value[field.json_name]
        if field.personal is not None:
            inner = hide(field.personal, inner)
        elif field.struct is not None and inner is not None:
            part = field.struct
            inner = [hidden(part, item, hide) for item in inner] if field.form == LIST else hidden(part, inner, hide)
        row[field.json_name] = inner
    return row


def hidden_ask(record: type[Record], ask: A, hide: Hide) -> A:
    """Hide the values of conditions and the position's id."""
    where = tuple(_hidden_condition(record, condition, hide) for condition in ask.where)
    if not isinstance(ask, Ask) or ask.after is None:
        return msgspec.structs.replace(ask, where=where)
    mark = fields_of(record)["id"].personal
    after = ask.after if mark is None else msgspec.structs.replace(ask.after, id=hide(mark, ask.after.id))
    return msgspec.structs.replace(ask, where=where, after=after)


def either_way(record: type[Record], ask: A, hide: Hide) -> A:
    """Let conditions match hidden values as well as plain ones."""
    where = tuple(_either_way(condition, _hidden_condition(record, condition, hide)) for condition in ask.where)
    return msgspec.structs.replace(ask, where=where)


def hidden_value(record: type[Record], measure: Measure, value: Any, hide: Hide) -> Any:
    """Hide a measured value of a personal field."""
    field = leaf_field(record, measure.field) if measure.field and measure.op in MEASURED_AS_IT_IS else None
    if field is None or (mark := field.personal) is None:
        return value
    if measure.op is MeasureOp.COUNTS:
        return [[hide(mark, own), count] for own, count in value]
    return hide(mark, value)


def _either_way(condition: Condition, other: Condition) -> Condition:
    return msgspec.structs.replace(condition, values=(*condition.values, *other.values))


def _hidden_condition(record: type[Record], condition: Condition, hide: Hide) -> Condition:
    field = leaf_field(record, condition.field)
    if field is None or field.personal is None:
        return condition
    mark = field.personal
    return msgspec.structs.replace(condition, values=tuple(hide(mark, value) for value in condition.values))
