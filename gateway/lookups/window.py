"""The part of an ask that a source does not apply, applied here. Pure.

A connector says what it pushes down. Where that is all, its records pass through; else it is asked for enough, and the
filter, the order and the window are done on what came back, so that every source answers alike.
"""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from enum import Enum
from typing import Any

import msgspec

from connectors.contract import Ask, Condition, Lookup, Push
from connectors.records import Record
from connectors.shapes import Fields


def position_fields(record: type[Record]) -> Fields:
    """The fields that order a record among its kind."""
    return Fields.of("id", record.time_field) if record.time_field else Fields.of("id")


def unapplied(ask: Ask, lookup: Lookup) -> bool:
    """Whether something of the ask is left for the gateway to do."""
    asked = {
        Push.ORDER: True,
        Push.AFTER: ask.after is not None,
        Push.SINCE: ask.since is not None or ask.until is not None,
        Push.WHERE: bool(ask.where),
    }
    return any(asked[push] and push not in lookup.pushdown for push in asked)


def sent(ask: Ask, lookup: Lookup) -> Ask:
    """What the source is asked: one record more than wanted, to know whether there are more, or all where it must be."""
    if not unapplied(ask, lookup):
        whole = ask.count and Push.COUNT not in lookup.pushdown
        first = None if whole or ask.first is None else ask.first + 1
        return msgspec.structs.replace(ask, first=first)
    needed = position_fields(lookup.record)
    for condition in ask.where:
        needed |= Fields.of(condition.field)
    return msgspec.structs.replace(ask, fields=ask.fields | needed, first=None, after=None)


def finished(records: list[Any], ask: Ask, lookup: Lookup, total: int | None) -> tuple[list[Any], int | None, bool]:
    """The records of the asked window, the number that match, whether there are more."""
    if unapplied(ask, lookup):
        records = [record for record in records if _matches(record, ask, lookup.record)]
        total = len(records) if ask.count else None
        records = in_order(records, lookup.record, ask.oldest_first)
        records = [record for record in records if _is_after(record, ask, lookup.record)]
    elif ask.count and total is None and ask.after is None:
        total = len(records)
    has_more = ask.first is not None and len(records) > ask.first
    return records[: ask.first], total, has_more


def in_order(records: Iterable[Any], record_type: type[Record], oldest_first: bool) -> list[Any]:
    """Newest first by (time, id), or oldest first; records without a time field by id."""
    descending = record_type.time_field is not None and not oldest_first
    return sorted(records, key=lambda record: sort_key(record, record_type), reverse=descending)


def sort_key(record: Any, record_type: type[Record]) -> tuple[datetime, str]:
    return time_of(record, record_type) or datetime.min.replace(tzinfo=UTC), record.id


def time_of(record: Any, record_type: type[Record]) -> datetime | None:
    return getattr(record, record_type.time_field) if record_type.time_field else None


def _is_after(record: Any, ask: Ask, record_type: type[Record]) -> bool:
    if ask.after is None:
        return True
    here = sort_key(record, record_type)
    end = (ask.after.time or datetime.min.replace(tzinfo=UTC), ask.after.id)
    return here > end if ask.oldest_first or record_type.time_field is None else here < end


def _matches(record: Any, ask: Ask, record_type: type[Record]) -> bool:
    time = time_of(record, record_type)
    if ask.since is not None and (time is None or time < ask.since):
        return False
    if ask.until is not None and (time is None or time >= ask.until):
        return False
    return all(_holds(record, condition) for condition in ask.where)


def _holds(record: Any, condition: Condition) -> bool:
    values = _texts(record, condition.field.split("."))
    return any(value in condition.values for value in values) != condition.negated


def _texts(value: Any, path: Sequence[str]) -> list[str]:
    if value is None:
        return []
    if isinstance(value, list):
        return [text for inner in value for text in _texts(inner, path)]
    if path:
        return _texts(getattr(value, path[0]), path[1:])
    return [str(value.value) if isinstance(value, Enum) else str(value)]
