"""Finish facts: work out their values from what was measured of their parts, merged over sources and keys."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from enum import Enum
from numbers import Number
from typing import Any, NamedTuple

from connectors.contract import MAX_COUNTS, Measure, MeasureOp
from connectors.record_fields import leaf_field
from connectors.toolkit.evaluation import MERGEABLE, as_time, combine, rfc3339
from gateway.tags.definitions import DerivedMeasure, Fact, FactMeasure, TimeForm

DAY = timedelta(days=1)

_MAX_ROUNDED = 20
"""A number that begins so far before the point has no digits to spare: a fact is a float, of 17."""


class Figure(NamedTuple):
    """The value of a fact, None where there is nothing to measure, and whether something is left out of it.

    `time` is the one whose age in days the value is.
    """

    value: Any
    partial: bool = False
    time: datetime | None = None


Columns = Sequence[Sequence[Any]]
"""For each part the values of the sources and keys that answered."""


def finish_fact(fact: Fact, measures: Sequence[Measure], columns: Columns, reference: datetime) -> Figure:
    """Work out the value of a fact from the values of its parts. Raises what a value that does not fit its part raises."""
    merged = [combine(measure, values) for measure, values in zip(measures, columns, strict=True)]
    finish = _FINISHERS.get(fact.measure)
    if finish is not None and measures[0].op != fact.measure:
        return finish(fact, merged, columns)
    ((measure,), (values,), (value,)) = measures, columns, merged
    is_inexact = measure.op not in MERGEABLE and any(other not in (None, value) for other in values)
    return _single(fact, value, reference, is_inexact=is_inexact)


def value_type(fact: Fact) -> type:
    """The one type of a fact's values: an expression must not meet a whole number today and a fraction tomorrow."""
    if fact.measure in _WHOLE or fact.time_form is TimeForm.HOUR:
        return int
    if fact.time_form is TimeForm.DAY:
        return str
    if fact.measure in _FRACTIONS or fact.field is None:
        return float
    field = leaf_field(fact.record, fact.field)
    leaf = field.leaf if field and field.leaf else str
    if leaf in (Decimal, Number):
        return float
    return str if issubclass(leaf, Enum) else leaf


def in_currency(fact: Fact, parts: Sequence[Mapping[str, str]]) -> tuple[Decimal, bool, bool]:
    """Sum amounts in the fact's currency, and tell whether some are left out, and whether a rate was needed."""
    rates = rates_of(fact)
    total = sum((Decimal(part["amount"]) / rates[part["currency"]] for part in parts if part["currency"] in rates), Decimal())
    is_left_out = any(part["currency"] not in rates for part in parts)
    return total, is_left_out, any(part["currency"] != fact.currency for part in parts)


def _rounded(number: Decimal, places: int) -> Decimal:
    """Round to places behind the point, also what has more digits than Python's context keeps."""
    return number if number.adjusted() > _MAX_ROUNDED else round(number, places)


def rates_of(fact: Fact) -> Mapping[str, Decimal]:
    """List how much of each currency is one of the fact's own."""
    return {**dict(fact.rates), str(fact.currency): Decimal(1)}


def _single(fact: Fact, value: Any, reference: datetime, *, is_inexact: bool) -> Figure:
    if value is None:
        return Figure(None)
    if fact.currency is not None:
        return _money(fact, value)
    kind = value_type(fact)
    if kind is datetime:
        time = as_time(value)
        if fact.time_form is TimeForm.DAYS_UNTIL:
            return Figure(max(0, (time - reference).days), is_inexact, time)
        # A clock that runs a little ahead of ours does not make an order one of tomorrow.
        return Figure(max(0, (reference - time).days), is_inexact, time) if fact.as_days else Figure(rfc3339(time), is_inexact)
    return Figure(kind(value), is_inexact)


def _money(fact: Fact, parts: Sequence[Mapping[str, str]]) -> Figure:
    total, is_left_out, is_converted = in_currency(fact, parts or [])
    return Figure(float(_rounded(total, 2) if is_converted else total), is_left_out)


def _average(fact: Fact, merged: Sequence[Any], __: Columns) -> Figure:
    total, count = merged
    if fact.currency is None:
        return Figure(float(total / count) if count else None)
    amount, is_left_out, _ = in_currency(fact, total or [])
    number = sum(int(part["amount"]) for part in count or [] if part["currency"] in rates_of(fact))
    return Figure(float(_rounded(amount / number, 6)) if number else None, is_left_out)


def _top(fact: Fact, merged: Sequence[Any], columns: Columns) -> Figure:
    (counts,) = merged
    return Figure(value_type(fact)(counts[0][0]) if counts else None, _is_cut(counts, columns))


def _distinct(_: Fact, merged: Sequence[Any], columns: Columns) -> Figure:
    (counts,) = merged
    return Figure(min(len(counts), MAX_COUNTS), _is_cut(counts, columns))


def _is_cut(counts: Sequence[Any], columns: Columns) -> bool:
    """Tell whether there are more values than are told apart."""
    return len(counts) > MAX_COUNTS or any(len(own) > MAX_COUNTS for own in columns[0] if own is not None)


def _interval(_: Fact, merged: Sequence[Any], __: Columns) -> Figure:
    first, last, count = merged
    return Figure((last - first) / DAY / (count - 1) if count and count > 1 else None)


def _next(_: Fact, merged: Sequence[Any], __: Columns) -> Figure:
    """Find when the next record is to be expected: an interval after the last one."""
    first, last, count = merged
    return Figure(rfc3339((last + (last - first) / (count - 1)).replace(microsecond=0)) if count and count > 1 else None)


def _share(_: Fact, merged: Sequence[Any], __: Columns) -> Figure:
    of_these, of_all = merged
    return Figure(of_these / of_all if of_all else None)


def _trend(fact: Fact, merged: Sequence[Any], __: Columns) -> Figure:
    is_left_out = False
    halves = []
    for half in merged:
        amount = half
        if fact.currency is not None:
            amount, is_cut, _ = in_currency(fact, half or [])
            is_left_out |= is_cut
        halves.append(amount)
    earlier, later = halves
    size = abs(earlier) + abs(later)
    return Figure(float((later - earlier) / size) if size else None, is_left_out)


def _streak(_: Fact, merged: Sequence[Any], __: Columns) -> Figure:
    """Count months back from the present one, which is not over and may be without a record."""
    present, *before = merged
    lasting = 0
    for count in before:
        if not count:
            break
        lasting += 1
    return Figure(lasting + (1 if present else 0))


_FINISHERS: Mapping[FactMeasure, Callable[[Fact, Sequence[Any], Columns], Figure]] = {
    MeasureOp.AVERAGE: _average,
    MeasureOp.TOP: _top,
    DerivedMeasure.DISTINCT: _distinct,
    DerivedMeasure.INTERVAL: _interval,
    DerivedMeasure.NEXT: _next,
    DerivedMeasure.SHARE: _share,
    DerivedMeasure.TREND: _trend,
    DerivedMeasure.STREAK: _streak,
}
_WHOLE = frozenset({MeasureOp.COUNT, DerivedMeasure.DISTINCT, DerivedMeasure.STREAK, DerivedMeasure.SESSIONS})
_FRACTIONS = frozenset(
    {
        MeasureOp.AVERAGE,
        DerivedMeasure.INTERVAL,
        DerivedMeasure.SHARE,
        DerivedMeasure.TREND,
        DerivedMeasure.SPREAD,
        DerivedMeasure.SESSION_LENGTH,
    }
)
