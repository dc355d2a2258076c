"""Facts from measured values, without sources."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

from connectors.records import Order, Record
from connectors.toolkit.evaluation import evaluate_measure
from gateway.tags.computed_tag import FactValue
from gateway.tags.definitions import Fact, FactMeasure
from gateway.tags.fact_parts import FactParts, parts_of
from gateway.tags.facts import fact_value

REFERENCE = datetime(2024, 6, 1, tzinfo=UTC)


def fact(measure: FactMeasure, field: str | None = None, record: type[Record] = Order, **settings: Any) -> Fact:
    return Fact(name="fact", label="Fact", record=record, measure=measure, field=field, **settings)


def row_of(parts: FactParts, records: Iterable[Any]) -> tuple[Any, ...]:
    """Measure the parts over the records of one source or key."""
    held = list(records)
    return tuple(evaluate_measure(parts.fact.record, held, measure) for measure in parts.measures)


def value_over(
    asked: Fact, sources: Sequence[Iterable[Any]], reference: datetime = REFERENCE, *, ends: bool = False
) -> FactValue:
    """Give a fact over the records of some sources or keys, each measured alone."""
    parts = parts_of(asked, reference, ends=ends)
    return fact_value(parts, [row_of(parts, own) for own in sources], sources=["shop"], as_of=reference, missing=None)


def value_of(asked: Fact, raw_values: Sequence[Any], missing: str | None = None) -> FactValue:
    """Give a fact whose first part was measured so by each source, or whose parts were, where they are tuples."""
    parts = parts_of(asked, REFERENCE)
    own = len(parts.measures) - len(parts.crossings)
    rows = [(*(raw if isinstance(raw, tuple) else (raw,) * own), *(None for _ in parts.crossings)) for raw in raw_values]
    return fact_value(parts, rows, sources=["shop"], as_of=REFERENCE, missing=missing)
