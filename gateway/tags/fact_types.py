"""Say of which type a fact is in an expression, and which values it can have."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from enum import Enum

from connectors.contract import MeasureOp
from connectors.record_fields import leaf_field
from gateway.tags.definitions import Fact
from gateway.tags.expressions.types import FactType, ValueType
from gateway.tags.facts import value_type

_TYPES = {int: ValueType.WHOLE, float: ValueType.FRACTION, str: ValueType.TEXT, bool: ValueType.TRUTH}


def fact_types(facts: Mapping[str, Fact], unsure: Collection[str] = ()) -> dict[str, FactType]:
    """Find the types of facts by name. Of those that are `unsure` it is not known which records they measure."""
    return {name: _fact_type(fact, facts.values(), unsure) for name, fact in facts.items()}


def _fact_type(fact: Fact, others: Iterable[Fact], unsure: Collection[str]) -> FactType:
    python_type = value_type(fact)
    is_time = python_type is datetime
    if is_time:
        type_ = ValueType.WHOLE if fact.as_days else ValueType.TIME
    elif fact.currency is not None:
        type_ = ValueType.FRACTION
    else:
        type_ = _TYPES.get(python_type, ValueType.UNKNOWN)
    return FactType(
        type=type_,
        nullable=fact.measure not in (MeasureOp.COUNT, MeasureOp.SUM),
        minimum=0 if fact.measure is MeasureOp.COUNT or (is_time and fact.as_days) else None,
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
        count.where == fact.where and (fact.window is None or (count.window is not None and count.window <= fact.window))
    )
    return (
        count.measure is MeasureOp.COUNT
        and fact.measure in (MeasureOp.MIN, MeasureOp.MAX)
        and fact.field == fact.record.time_field is not None
        and count.record == fact.record
        and is_of_the_same
    )
