"""Turn facts into measures, and measured values into facts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from enum import Enum
from numbers import Number
from typing import Any

from connectors.contract import Measure, MeasureOp
from connectors.errors import SourceProtocolError
from connectors.record_fields import Fields, leaf_field
from connectors.records import Record
from connectors.toolkit.evaluation import MERGEABLE, as_time, combine, rfc3339
from gateway.tags.computed_tag import FactValue
from gateway.tags.definitions import Fact


def measure_of(fact: Fact, reference: datetime, *, ends: bool = False) -> Measure:
    """Write the measure of a fact. A windowed fact ends at `reference` (exclusive), others have no bounds unless all end."""
    since, until = (reference - fact.window, reference) if fact.window else (None, None)
    if ends and fact.record.time_field is not None:
        until = reference
    return Measure(op=fact.measure, field=fact.field, since=since, until=until, where=fact.where)


def needed_fields(facts: Iterable[Fact]) -> dict[type[Record], Fields]:
    """List the fields by record type that `measure` reads here."""
    needed: dict[type[Record], Fields] = {}
    for fact in facts:
        paths = ["id", *(condition.field for condition in fact.where)]
        if fact.record.time_field:
            paths.append(fact.record.time_field)
        if fact.field:
            paths += [f"{fact.field}.amount", f"{fact.field}.currency"] if fact.currency else [fact.field]
        needed[fact.record] = needed.get(fact.record, Fields()) | Fields.from_paths(*paths)
    return needed


def fact_value(
    fact: Fact,
    measure: Measure,
    raw_values: Sequence[Any],
    *,
    reference: datetime,
    sources: Sequence[str],
    as_of: datetime | None,
    missing: str | None,
) -> FactValue:
    """Convert measured values to the value in rules.

    `raw_values` are those of the sources that answered, `missing` the error code of the first that did not. A value
    that does not fit the fact is a source that broke its promise: `missing` is then its code.
    """
    value, partial = None, False
    if raw_values or missing is None:
        try:
            value, partial = _meant(fact, measure, raw_values, reference)
        except (ArithmeticError, LookupError, TypeError, ValueError):
            missing = missing or SourceProtocolError.code
    return FactValue(
        name=fact.name,
        label=fact.label,
        value=value,
        since=measure.since,
        until=measure.until,
        sources=list(sources),
        as_of=as_of,
        partial=partial or missing is not None,
        missing=missing,
    )


def _meant(fact: Fact, measure: Measure, raw_values: Sequence[Any], reference: datetime) -> tuple[Any, bool]:
    value = combine(measure, raw_values)
    inexact = measure.op not in MERGEABLE and any(other not in (None, value) for other in raw_values)
    if value is None:
        return None, False
    if fact.currency is not None:
        return _in_currency(fact, value)
    kind = value_type(fact)
    if kind is datetime:
        time = as_time(value)
        # A clock that runs a little ahead of ours does not make an order one of tomorrow.
        value = max(0, (reference - time).days) if fact.as_days else rfc3339(time)
    else:
        value = kind(value)
    return value, inexact


def value_type(fact: Fact) -> type:
    """The one type of a fact's values: an expression must not meet a whole number today and a fraction tomorrow."""
    if fact.measure is MeasureOp.COUNT or fact.field is None:
        return int
    field = leaf_field(fact.record, fact.field)
    leaf = field.leaf if field and field.leaf else str
    if fact.measure is MeasureOp.AVERAGE or leaf in (Decimal, Number):
        return float
    return str if issubclass(leaf, Enum) else leaf


def _in_currency(fact: Fact, value: Any) -> tuple[float, bool]:
    rates: Mapping[str, Decimal] = {**dict(fact.rates), str(fact.currency): Decimal(1)}
    parts = value or []
    total = sum((Decimal(part["amount"]) / rates[part["currency"]] for part in parts if part["currency"] in rates), Decimal())
    if any(part["currency"] != fact.currency for part in parts):
        total = round(total, 2)
    return float(total), any(part["currency"] not in rates for part in parts)
