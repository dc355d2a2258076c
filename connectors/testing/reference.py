"""What an ask and a measure mean, in plain Python over records in memory: the reference for every other way to do it."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from enum import Enum
from typing import Any

from connectors.contract import Ask, Condition, Measure, MeasureOp, Position
from connectors.records import Money, Record
from connectors.shapes import leaf_shape


def in_order(records: Iterable[Record], *, oldest_first: bool = False) -> list[Record]:
    """Newest first, ties by id descending, or all that the other way round; records without a time by id, ascending."""
    found = list(records)
    if found and found[0].time_field is None:
        return sorted(found, key=lambda record: record.id)
    return sorted(found, key=_time_and_id, reverse=not oldest_first)


def matching(records: Iterable[Record], ask: Ask | Measure) -> list[Record]:
    """The records inside the window that meet every condition."""
    return [record for record in records if _in_window(record, ask) and all(meets(record, one) for one in ask.where)]


def after(records: Iterable[Record], position: Position, *, oldest_first: bool = False) -> list[Record]:
    """The records that follow a position."""
    last = (position.time, position.id)
    if position.time is None:
        return [record for record in records if record.id > position.id]
    if oldest_first:
        return [record for record in records if _time_and_id(record) > last]
    return [record for record in records if _time_and_id(record) < last]


def position_of(record: Record) -> Position:
    return Position(_time_and_id(record)[0], record.id)


def meets(record: Record, condition: Condition) -> bool:
    """A path through a list meets a condition when one of its values does; no value is none of the values."""
    return any(as_text(value) in condition.values for value in values_at(record, condition.field)) != condition.negated


def values_at(value: Any, path: str) -> Iterator[Any]:
    """Everything at a dotted path, through lists, without what is None."""
    if isinstance(value, list):
        for item in value:
            yield from values_at(item, path)
    elif value is not None and path:
        name, _, rest = path.partition(".")
        yield from values_at(getattr(value, name), rest)
    elif value is not None:
        yield value


def as_text(value: Any) -> str:
    """A value as a condition writes it."""
    match value:
        case bool():
            return "true" if value else "false"
        case Enum():
            return str(value.value)
        case datetime():
            return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    return str(value)


def measured(record: type[Record], records: Iterable[Record], measure: Measure) -> Any:
    """One aggregate over the records of one key."""
    found = matching(records, measure)
    if measure.field is None:
        return len(found)
    newest_first = in_order(found)
    values = [value for one in newest_first for value in values_at(one, measure.field)]
    shape = leaf_shape(record, measure.field)
    is_money = shape is not None and shape.struct is Money
    match measure.op:
        case MeasureOp.COUNT:
            return len(values)
        case MeasureOp.SUM:
            return _sums(values) if is_money else sum(values)
        case _ if not values:
            return None
        case MeasureOp.AVERAGE:
            return sum(values) / len(values)
        case MeasureOp.MIN:
            return min(values)
        case MeasureOp.MAX:
            return max(values)
        case MeasureOp.LATEST:
            return values[0]
        case MeasureOp.TOP:
            times = Counter(values)
            return min(times, key=lambda value: (-times[value], value))


def _sums(amounts: Sequence[Money]) -> list[dict[str, Any]]:
    currencies = sorted({money.currency for money in amounts})
    return [
        {"amount": sum(money.amount for money in amounts if money.currency == currency), "currency": currency}
        for currency in currencies
    ]


def _time_and_id(record: Record) -> tuple[Any, str]:
    return (getattr(record, record.time_field) if record.time_field else None, record.id)


def _in_window(record: Record, ask: Ask | Measure) -> bool:
    time = _time_and_id(record)[0]
    return time is None or ((ask.since is None or time >= ask.since) and (ask.until is None or time < ask.until))
