"""Evaluate asks and measures over records in memory.

The gateway does with this what a source does not do itself, and the contract test holds connectors to it. Records are
canonical structs or structs narrowed from them to at least the fields that are looked at.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from decimal import MAX_EMAX, MAX_PREC, MIN_EMIN, Context, Decimal, Inexact, InvalidOperation
from enum import Enum
from typing import Any, TypeVar

import msgspec

from connectors.contract import MAX_COUNTS, Ask, Condition, Measure, MeasureOp, Position
from connectors.record_fields import leaf_field
from connectors.records import MAX_DIGITS, MAX_WHOLE, Money, Record

R = TypeVar("R")

MERGEABLE = frozenset(
    {
        MeasureOp.COUNT,
        MeasureOp.SUM,
        MeasureOp.MIN,
        MeasureOp.MAX,
        MeasureOp.VALUES,
        MeasureOp.COUNTS,
        MeasureOp.RECORDS,
    }
)
"""What can be put together from the measures of each source or key. Two answers of the others do not tell what one answer over
all records would have been, unless they are equal."""

EXACT = Context(prec=MAX_PREC, Emax=MAX_EMAX, Emin=MIN_EMIN, traps=[Inexact, InvalidOperation])
"""Adds and scales sound decimals without rounding, where Python's own context keeps 28 digits. Not for divisions."""

_NO_TIME = datetime.min.replace(tzinfo=UTC)


def time_of(record: Any) -> datetime | None:
    """The time that orders a record, None for records without one."""
    return getattr(record, record.time_field) if record.time_field else None


def sort_records(records: Iterable[R], *, oldest_first: bool = False) -> list[R]:
    """Sort newest first, ties by id descending, or reversed. Records without a time come by id, ascending."""
    ordered = list(records)
    timed = bool(ordered) and time_of(ordered[0]) is not None
    return sorted(ordered, key=_time_and_id, reverse=timed and not oldest_first)


def filter_records(records: Iterable[R], ask: Ask | Measure) -> list[R]:
    """Keep the records inside the bounds that meet every condition."""
    return [
        record
        for record in records
        if _in_window(record, ask) and _is_updated(record, ask) and all(meets(record, condition) for condition in ask.where)
    ]


def records_after(records: Iterable[R], position: Position, *, oldest_first: bool = False) -> list[R]:
    """Keep the records that follow a position."""
    last = (position.time or _NO_TIME, position.id)
    if oldest_first or position.time is None:
        return [record for record in records if _time_and_id(record) > last]
    return [record for record in records if _time_and_id(record) < last]


def page(records: Iterable[R], ask: Ask) -> tuple[list[R], int | None]:
    """Apply an ask to records. Gives them in its order, and how many match where it counts them."""
    matching = filter_records(records, ask)
    total = len(matching) if ask.count else None
    matching = sort_records(matching, oldest_first=ask.oldest_first)
    if ask.after is not None:
        matching = records_after(matching, ask.after, oldest_first=ask.oldest_first)
    return matching[: ask.first], total


def position_of(record: Any) -> Position:
    """Where a page that ends with this record ended."""
    return Position(time_of(record), record.id)


def meets(record: Any, condition: Condition) -> bool:
    """Tell whether a record meets a condition.

    A path through a list does when one of its values does; no value is none of the values.
    """
    return any(as_text(value) in condition.values for value in values_at(record, condition.field)) != condition.negated


def values_at(value: Any, path: str) -> Iterator[Any]:
    """Collect the values at a dotted path, through lists, without None."""
    if isinstance(value, list):
        for item in value:
            yield from values_at(item, path)
    elif value is not None and path:
        name, _, rest = path.partition(".")
        yield from values_at(getattr(value, name), rest)
    elif value is not None:
        yield value


def rfc3339(time: datetime) -> str:
    """Write an aware time in UTC, with Z."""
    return time.astimezone(UTC).isoformat().replace("+00:00", "Z")


def as_time(value: str | datetime) -> datetime:
    """Read a time in UTC; one without its offset is taken to be."""
    time = datetime.fromisoformat(value) if isinstance(value, str) else value
    return time.astimezone(UTC) if time.tzinfo else time.replace(tzinfo=UTC)


def is_sound(number: Decimal) -> bool:
    """Tell whether a decimal is a number of bearable length. It can be written and added up."""
    return number.is_finite() and -MAX_DIGITS <= number.adjusted() <= MAX_DIGITS


class PlainDecimal(Decimal):
    """Write a decimal without an exponent. Python writes one for amounts below 0.000001. Its JSON needs a hook."""

    __slots__ = ()

    def __str__(self) -> str:
        return f"{self:f}"


def decimal_text(number: Decimal) -> str:
    """Write a sound decimal in the digits that it has. Zero has no sign."""
    return f"{number or number.copy_abs():f}"


def plain(number: Decimal) -> Decimal:
    """A sound decimal that is written as `decimal_text` has it."""
    text = decimal_text(number)
    return number if str(number) == text else decimal_of(text)


def decimal_of(text: str) -> Decimal:
    """Read what `decimal_text` has written. It is written so again."""
    decimal = Decimal(text)
    return decimal if str(decimal) == text else PlainDecimal(decimal)


def json_hook(value: Any) -> Any:
    """Encode the types that `msgspec` does not know."""
    if type(value) is PlainDecimal:
        return str(value)
    raise NotImplementedError


encode_json = msgspec.json.Encoder(enc_hook=json_hook).encode
"""Encodes records and what is made of them."""


def exact_sum(numbers: Iterable[Any]) -> Any:
    """Add sound numbers up, to the last digit: an int of ints alone, else a Decimal."""
    total: Any = 0
    for number in numbers:
        total = total + number if isinstance(total, int) and isinstance(number, int) else EXACT.add(total, number)
    return total


def average(numbers: Sequence[Any]) -> Any:
    """Divide the exact sum of sound numbers by their count."""
    return exact_sum(numbers) / len(numbers)


def as_text(value: Any) -> str:
    """Write a value as a condition does."""
    match value:
        case bool():
            return "true" if value else "false"
        case Enum():
            return str(value.value)
        case datetime():
            return rfc3339(value)
        case Decimal():
            return f"{value:f}"
    return str(value)


def evaluate_measure(record: type[Record], records: Iterable[Any], measure: Measure) -> Any:
    """Compute one aggregate over records, as `Measure` defines it. Lists inside records are flattened. Amounts are text."""
    matching = filter_records(records, measure)
    if measure.op is MeasureOp.RECORDS:
        return matching
    if measure.field is None:
        return len(matching)
    if measure.op is MeasureOp.LATEST:
        matching = sort_records(matching)
    values = [value for each in matching for value in values_at(each, measure.field)]
    field = leaf_field(record, measure.field)
    is_money = field is not None and field.struct is Money
    if is_money and measure.op is MeasureOp.SUM:
        return sums_by_currency((money.amount, money.currency) for money in values)
    if is_money and measure.op is MeasureOp.VALUES:
        return _counts_by_currency(values)
    return _OVER_VALUES[measure.op](values) if values or measure.op in _NEVER_NONE else None


def _counted(values: Iterable[Any]) -> list[list[Any]]:
    return ranked_counts(Counter(map(_plain, values)))


_OVER_VALUES: Mapping[MeasureOp, Callable[[Sequence[Any]], Any]] = {
    MeasureOp.COUNT: len,
    MeasureOp.VALUES: len,
    MeasureOp.COUNTS: lambda values: _counted(values)[: MAX_COUNTS + 1],
    MeasureOp.SUM: exact_sum,
    MeasureOp.AVERAGE: average,
    MeasureOp.MIN: min,
    MeasureOp.MAX: max,
    MeasureOp.LATEST: lambda values: _plain(values[0]),
    MeasureOp.TOP: lambda values: _counted(values)[0][0],
}
_NEVER_NONE = frozenset({MeasureOp.COUNT, MeasureOp.VALUES, MeasureOp.COUNTS, MeasureOp.SUM})


def ranked_counts(counts: Mapping[Any, int]) -> list[list[Any]]:
    """List values with how often they are there, the most frequent first, then by value."""
    return [[value, counts[value]] for value in sorted(counts, key=lambda value: (-counts[value], value))]


def _counts_by_currency(values: Iterable[Money]) -> list[dict[str, str]]:
    counts = Counter(money.currency for money in values)
    return [{"amount": str(counts[currency]), "currency": currency} for currency in sorted(counts)]


def combine(measure: Measure, values: Sequence[Any]) -> Any:
    """Merge answers of several sources or keys to one measure. None is an answer that found nothing.

    What is `MERGEABLE` is exact, up to the largest number that a count may be. Of the others the first answer that is not None
    counts.
    """
    known = [value for value in values if value is not None]
    match measure.op:
        case MeasureOp.COUNT:
            return min(sum(known), MAX_WHOLE)
        case MeasureOp.RECORDS:
            return [record for records in known for record in records]
        case MeasureOp.COUNTS:
            return _merge_counts(known)
        case MeasureOp.SUM | MeasureOp.VALUES:
            lists = [value for value in known if isinstance(value, list)]
            if not lists:
                return exact_sum(known)
            parts = [part for value in lists for part in value]
            return parts if len(parts) < 2 else sums_by_currency((part["amount"], part["currency"]) for part in parts)
        case MeasureOp.MIN:
            return min(map(_comparable, known), default=None)
        case MeasureOp.MAX:
            return max(map(_comparable, known), default=None)
    return known[0] if known else None


def _merge_counts(lists: Iterable[Iterable[Sequence[Any]]]) -> list[list[Any]]:
    counts: Counter[Any] = Counter()
    for own in lists:
        for value, count in own:
            counts[_plain(value)] += count
    return ranked_counts(counts)


def sums_by_currency(parts: Iterable[tuple[Decimal | str, str]]) -> list[dict[str, str]]:
    """Amounts with their currencies, as one `{amount, currency}` per currency, by currency."""
    sums: dict[str, Decimal] = {}
    for amount, currency in parts:
        sums[currency] = EXACT.add(sums.get(currency, Decimal()), Decimal(amount))
    return [{"amount": f"{sums[currency]:f}", "currency": currency} for currency in sorted(sums)]


def _comparable(value: Any) -> Any:
    """Convert a value for MIN and MAX, of numbers or times. A time may come as text or without its zone."""
    return as_time(value) if isinstance(value, str | datetime) else value


def _plain(value: Any) -> Any:
    return value.value if isinstance(value, Enum) else value


def _time_and_id(record: Any) -> tuple[datetime, str]:
    return time_of(record) or _NO_TIME, record.id


def _in_window(record: Any, ask: Ask | Measure) -> bool:
    time = time_of(record)
    if time is None:
        return not record.time_field
    return (ask.since is None or time >= ask.since) and (ask.until is None or time < ask.until)


def _is_updated(record: Any, ask: Ask | Measure) -> bool:
    """Tell whether a record may have changed in time. One without an update time may have."""
    if isinstance(ask, Measure) or ask.updated_since is None:
        return True
    return record.updated_at is None or bool(record.updated_at >= ask.updated_since)
