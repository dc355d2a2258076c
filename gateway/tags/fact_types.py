"""Say of which type a fact is in an expression, and which values it can have."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from enum import Enum

from connectors.contract import MeasureOp
from connectors.record_fields import leaf_field
from gateway.tags.definitions import DerivedMeasure, Fact, ItemWeight, TimeForm
from gateway.tags.expressions.types import FactType, ValueType
from gateway.tags.fact_figures import value_type

_COUNTS = frozenset({MeasureOp.COUNT, DerivedMeasure.DISTINCT, DerivedMeasure.STREAK, DerivedMeasure.SESSIONS})
_NEVER_NULL = _COUNTS | {MeasureOp.SUM}
_NEVER_BELOW_0 = _COUNTS | {
    DerivedMeasure.INTERVAL,
    DerivedMeasure.SHARE,
    DerivedMeasure.SPREAD,
    DerivedMeasure.SESSION_LENGTH,
}
_TYPES = {int: ValueType.WHOLE, float: ValueType.FRACTION, str: ValueType.TEXT, bool: ValueType.TRUTH}


def fact_types(facts: Mapping[str, Fact], unsure: Collection[str] = ()) -> dict[str, FactType]:
    """Find the types of facts by name. Of those that are `unsure` it is not known which records they measure."""
    return {name: _fact_type(fact, facts.values(), unsure) for name, fact in facts.items()}


def _fact_type(fact: Fact, others: Iterable[Fact], unsure: Collection[str]) -> FactType:
    python_type = value_type(fact)
    is_time = python_type is datetime
    is_days = is_time and (fact.as_days or fact.time_form is TimeForm.DAYS_UNTIL)
    if is_time:
        type_ = ValueType.WHOLE if is_days else ValueType.TIME
    elif fact.currency is not None and fact.weight is not ItemWeight.MONEY:
        type_ = ValueType.FRACTION
    else:
        type_ = _TYPES.get(python_type, ValueType.UNKNOWN)
    return FactType(
        type=type_,
        nullable=fact.measure not in _NEVER_NULL,
        minimum=0 if fact.measure in _NEVER_BELOW_0 or is_days or fact.time_form is TimeForm.HOUR else None,
        words=_words(fact),
        null_without=frozenset(other.name for other in others if _is_given_with(fact, other, unsure)),
    )


def _words(fact: Fact) -> tuple[str, ...]:
    field = leaf_field(fact.record, fact.field) if fact.field else None
    if value_type(fact) is not str or field is None or field.leaf is None or not issubclass(field.leaf, Enum):
        return ()
    return tuple(str(member.value) for member in field.leaf)


def _is_given_with(fact: Fact, count: Fact, unsure: Collection[str]) -> bool:
    """Tell whether `fact` has a value whenever `count` has counted: every record has its time.

    It may have where either is `unsure`.
    """
    is_of_the_same = not {fact.name, count.name}.isdisjoint(unsure) or (
        _chooses_alike(count, fact) and (fact.window is None or (count.window is not None and count.window <= fact.window))
    )
    return (
        count.measure in (MeasureOp.COUNT, DerivedMeasure.DISTINCT)
        and fact.measure in (MeasureOp.MIN, MeasureOp.MAX)
        and fact.field == fact.record.time_field is not None
        and count.record == fact.record
        and is_of_the_same
    )


def _chooses_alike(count: Fact, fact: Fact) -> bool:
    """Tell whether facts choose the same records but for the length of their windows."""
    windows = [(own.window_to, own.months, own.since_first) for own in (count, fact)]
    is_within = fact.window is None and windows[1] == (None, None, None)  # any records are among those of all time
    return count.where == fact.where and (is_within or windows[0] == windows[1])
