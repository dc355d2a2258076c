"""Validate measured values against their measures."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from functools import lru_cache
from numbers import Number
from typing import Annotated, Any, NamedTuple

import msgspec

from connectors.contract import MAX_COUNTS, Measure, MeasureOp
from connectors.errors import SourceProtocolError
from connectors.record_fields import LEAF, leaf_field
from connectors.records import MAX_WHOLE, Money, Record
from connectors.toolkit.evaluation import as_time, decimal_text, is_sound

_ONE_VALUE = Measure(op=MeasureOp.TOP)
"""How each value of COUNTS is checked."""

_Count = Annotated[int, msgspec.Meta(ge=0, le=MAX_WHOLE)]


def validate_measures(given: Any, record: type[Record], measures: Sequence[Measure]) -> tuple[Any, ...]:
    """Validate the values, one per measure, each of its measure's kind: times in UTC, money as `{amount, currency}`.

    Raises `SourceProtocolError` when there is not one per measure, or one is of another kind or could not be worked with.
    """
    if not isinstance(given, list | tuple) or len(given) != len(measures):
        raise SourceProtocolError("one value per measure was expected")
    rows = validate_rows([given], record, measures)
    if rows is not None:
        return rows[0]
    # One by one, to say which it is.
    values = tuple(_converted(value, record, measure) for value, measure in zip(given, measures, strict=True))
    return _checked_row(values, _kinds(record, tuple(measures)), measures)


def validate_rows(given: Sequence[Any], record: type[Record], measures: Sequence[Measure]) -> list[tuple[Any, ...]] | None:
    """Validate the values of many keys as `validate_measures`, at once, in half of the time. None where one is not valid."""
    if not {list, tuple}.issuperset(map(type, given)):
        return None
    kinds = _kinds(record, tuple(measures))
    try:
        rows = msgspec.convert(given, kinds.rows, from_attributes=True)
        return [_checked_row(row, kinds, measures) for row in rows]
    except Exception:  # noqa: BLE001  what a connector gives may raise anything when it is looked at
        return None


def _checked_row(values: tuple[Any, ...], kinds: "_Kinds", measures: Sequence[Measure]) -> tuple[Any, ...]:
    return tuple(
        [
            value if check is None else check(value, measure)
            for value, check, measure in zip(values, kinds.checks, measures, strict=True)
        ]
    )


def _converted(given: Any, record: type[Record], measure: Measure) -> Any:
    try:
        return msgspec.convert(given, _kind(record, measure.op, measure.field), from_attributes=True)
    except (msgspec.ValidationError, OverflowError):
        raise _misfit(measure) from None


def _checked_time(time: datetime | None, measure: Measure) -> datetime | None:
    if time is None or time.tzinfo is UTC:
        return time
    try:
        return as_time(time)
    except OverflowError:
        raise _misfit(measure) from None


def _checked_money(sums: list[Money] | None, measure: Measure) -> list[dict[str, str]] | None:
    return None if sums is None else [_plain(money, measure) for money in sums]


def _checked(value: Any, measure: Measure) -> Any:
    """Bring a value of the right kind into our form. Raise where it cannot be worked with."""
    if isinstance(value, datetime):
        return _checked_time(value, measure)
    if isinstance(value, Money):
        return _plain(value, measure)
    if isinstance(value, Decimal) and not is_sound(value):
        raise _misfit(measure)
    if measure.op is MeasureOp.COUNTS:
        return [(_checked(own, _ONE_VALUE), count) for own, count in value[: MAX_COUNTS + 1]]
    return value


def _misfit(measure: Measure) -> SourceProtocolError:
    return SourceProtocolError(f"a {measure.op.value} is not what was asked for")


def _plain(money: Money, measure: Measure) -> dict[str, str]:
    if not is_sound(money.amount):
        raise _misfit(measure)
    return {"amount": decimal_text(money.amount), "currency": money.currency}


class _Kinds(NamedTuple):
    """Hold the type of rows of values, and for each value its check. None where it needs none."""

    rows: Any
    checks: tuple[Callable[[Any, Measure], Any] | None, ...]


@lru_cache(maxsize=256)
def _kinds(record: type[Record], measures: tuple[Measure, ...]) -> _Kinds:
    kinds = [_kind(record, measure.op, measure.field) for measure in measures]
    row = tuple[*kinds]  # type: ignore[valid-type]
    return _Kinds(list[row], tuple(_CHECKS.get(kind, _checked) for kind in kinds))


_CHECKS: dict[Any, Callable[[Any, Measure], Any] | None] = {
    _Count: None,
    datetime | None: _checked_time,
    list[Money]: _checked_money,
    list[Money] | None: _checked_money,
}


@lru_cache(maxsize=256)
def _kind(record: type[Record], op: MeasureOp, field: str | None) -> Any:
    info = leaf_field(record, field) if field is not None else None
    if op is MeasureOp.COUNT or info is None:
        return _Count
    is_money = info.struct is Money
    if op is MeasureOp.VALUES:
        return list[Money] if is_money else _Count
    if op is MeasureOp.COUNTS:
        return list[tuple[info.leaf or Any, _Count]]  # type: ignore[misc]
    if op is MeasureOp.SUM:
        return list[Money] if is_money else Decimal
    if op is MeasureOp.AVERAGE:
        return list[Money] | None if is_money else Decimal | None
    if info.leaf is datetime:
        return datetime | None
    if info.leaf in (int, Number) and info.form == LEAF:
        return info.type | None
    return (info.leaf or info.struct or Any) | None
