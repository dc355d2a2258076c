"""Turn what was measured of facts into their values, as rules see them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

from connectors.errors import SourceProtocolError
from connectors.record_fields import Fields
from connectors.records import Record
from connectors.toolkit.evaluation import combine
from gateway.tags.computed_tag import FactValue
from gateway.tags.definitions import Fact, TimeForm
from gateway.tags.fact_clocks import next_day_until
from gateway.tags.fact_figures import DAY, Figure, finish_fact
from gateway.tags.fact_parts import FactParts, needed_paths, needs_records
from gateway.tags.fact_records import figure_of_records
from gateway.tags.fact_windows import Bounds, next_month

INSTANT = timedelta(microseconds=1)

Row = Sequence[Any]
"""The values of a fact's parts, of one source or key."""


def needed_fields(facts: Iterable[Fact]) -> dict[type[Record], Fields]:
    """List the fields by record type that measuring here reads."""
    return dict(_needed_fields(tuple(facts)))


@lru_cache(maxsize=256)
def _needed_fields(facts: Sequence[Fact]) -> Mapping[type[Record], Fields]:
    needed: dict[type[Record], Fields] = {}
    for fact in facts:
        needed[fact.record] = needed.get(fact.record, Fields()) | Fields.from_paths(*needed_paths(fact))
    return needed


def fact_value(
    parts: FactParts, rows: Sequence[Row], *, sources: Sequence[str], as_of: datetime | None, missing: str | None
) -> FactValue:
    """Convert measured values to the value in rules.

    `rows` are those of the sources that answered, `missing` the error code of the first that did not. A value that does not
    fit the fact is a source that broke its promise: `missing` is then its code.
    """
    figure, bounds, changes_at = Figure(None), parts.bounds, None
    if rows or missing is None:
        columns = [[row[place] for row in rows] for place in range(len(parts.measures))]
        try:
            figure, bounds = _figure(parts, columns)
            changes_at = _changes_at(parts, figure, columns)
        except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError):
            figure, missing = Figure(None), missing or SourceProtocolError.code
    return FactValue(
        name=parts.fact.name,
        label=parts.fact.label,
        value=figure.value,
        since=bounds.since,
        until=bounds.until,
        sources=list(sources),
        as_of=as_of,
        partial=figure.partial or missing is not None,
        missing=missing,
        changes_at=changes_at,
    )


def _figure(parts: FactParts, columns: Sequence[Sequence[Any]]) -> tuple[Figure, Bounds]:
    fact, own = parts.fact, len(parts.measures) - len(parts.crossings)
    if needs_records(fact):
        return figure_of_records(fact, combine(parts.measures[0], columns[0]), parts.bounds, parts.reference)
    return finish_fact(fact, parts.measures[:own], columns[:own], parts.reference), parts.bounds


def _changes_at(parts: FactParts, figure: Figure, columns: Sequence[Sequence[Any]]) -> datetime | None:
    """Find the next moment at which time alone changes the value: a record crosses a bound, a day or a month is over."""
    if parts.ends:
        return None
    fact, reference = parts.fact, parts.reference
    own = len(parts.measures) - len(parts.crossings)
    moments = []
    for measure, values, age in zip(parts.measures[own:], columns[own:], parts.crossings, strict=True):
        time = combine(measure, values)
        moments.append(None if time is None else _later(time, age + INSTANT))
    if figure.time is not None and fact.time_form is TimeForm.DAYS_UNTIL:
        moments.append(next_day_until(figure.time, figure.value))
    elif figure.time is not None:
        moments.append(_later(figure.time, (figure.value + 1) * DAY))
    moments.append(next_month(fact, reference))
    return min((moment for moment in moments if moment is not None), default=None)


def _later(time: datetime, span: timedelta) -> datetime | None:
    try:
        return time + span
    except OverflowError:
        return None
