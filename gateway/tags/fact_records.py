"""Work out facts of the records themselves: of what no source measures."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from statistics import fmean, stdev
from typing import Any

import msgspec

from connectors.contract import Condition, Measure, MeasureOp
from connectors.toolkit.evaluation import as_text, evaluate_measure, meets, time_of, values_at
from gateway.tags.definitions import DerivedMeasure, Fact, ItemWeight, TimeForm
from gateway.tags.fact_clocks import figure_of_times
from gateway.tags.fact_figures import Figure, finish_fact, rates_of, value_type
from gateway.tags.fact_parts import plain_measures
from gateway.tags.fact_windows import Bounds

MINUTE = timedelta(minutes=1)


def figure_of_records(fact: Fact, records: Sequence[Any], bounds: Bounds, reference: datetime) -> tuple[Figure, Bounds]:
    """Work out a fact over the records that meet its conditions, of all sources. Gives also the bounds that it had."""
    if fact.since_first is not None:
        bounds = _first_span(fact.since_first, records, bounds)
        records = [record for record in records if _is_within(time_of(record), bounds)]
    if fact.part_where:
        records = [_with_parts(record, fact.part_where) for record in records]
    return _figure(fact, records, bounds, reference), bounds


def _figure(fact: Fact, records: Sequence[Any], bounds: Bounds, reference: datetime) -> Figure:
    if fact.measure is DerivedMeasure.SPREAD:
        return _spread(fact, records)
    if fact.measure in (DerivedMeasure.SESSIONS, DerivedMeasure.SESSION_LENGTH):
        lengths = [*_session_lengths(fact, records)]
        if fact.measure is DerivedMeasure.SESSIONS:
            return Figure(len(lengths))
        return Figure(fmean(length / MINUTE for length in lengths) if lengths else None)
    if fact.time_form is not None and fact.time_form is not TimeForm.DAYS_UNTIL:
        return figure_of_times(fact, records)
    if fact.weight is not ItemWeight.LINES:
        return _heaviest(fact, records)
    base = Measure(op=MeasureOp.COUNT, since=bounds.since, until=bounds.until)
    measures = plain_measures(fact, base, reference)
    return finish_fact(fact, measures, [[evaluate_measure(fact.record, records, each)] for each in measures], reference)


def _first_span(span: timedelta, records: Iterable[Any], bounds: Bounds) -> Bounds:
    """Find the span that begins with the first record. Without any it is that of the fact."""
    times = [time for record in records if (time := time_of(record)) is not None]
    if not times:
        return bounds
    first = min(times)
    try:
        end = first + span
    except OverflowError:  # a time that stands for "never", such as the last day of 9999
        return Bounds(first, bounds.until)
    return Bounds(first, end if bounds.until is None else min(end, bounds.until))


def _is_within(time: datetime | None, bounds: Bounds) -> bool:
    return time is not None and (bounds.since is None or bounds.since <= time) and (bounds.until is None or time < bounds.until)


def _with_parts(record: Any, conditions: Sequence[Condition]) -> Any:
    """Leave out the items of the list that do not meet the conditions on them."""
    name = conditions[0].field.partition(".")[0]
    items = [item for item in getattr(record, name) if all(_meets(item, condition) for condition in conditions)]
    return msgspec.structs.replace(record, **{name: items})


def _meets(item: Any, condition: Condition) -> bool:
    return meets(item, msgspec.structs.replace(condition, field=condition.field.partition(".")[2]))


def _spread(fact: Fact, records: Iterable[Any]) -> Figure:
    """Work out the standard deviation of a sample. One value has none."""
    values = [value for record in records for value in values_at(record, str(fact.field))]
    is_left_out = False
    if fact.currency is not None:
        rates = rates_of(fact)
        is_left_out = any(money.currency not in rates for money in values)
        values = [money.amount / rates[money.currency] for money in values if money.currency in rates]
    return Figure(float(stdev(values)) if len(values) > 1 else None, is_left_out)


def _heaviest(fact: Fact, records: Iterable[Any]) -> Figure:
    """Find the value of which there are most pieces, or most money. The first by name among equals.

    None where no item has a price in a known currency: nothing tells then which value has most money. Where some have none
    another value may have more.
    """
    parent, _, name = str(fact.field).rpartition(".")
    weights: dict[Any, Decimal] = defaultdict(Decimal)
    is_left_out, rates = False, rates_of(fact)
    for item in (item for record in records for item in values_at(record, parent)):
        weight = Decimal(item.quantity)
        if fact.weight is ItemWeight.MONEY:
            money, pieces = (item.total, Decimal(1)) if item.total is not None else (item.unit_price, weight)
            if money is None or money.currency not in rates:
                is_left_out = True
                continue
            weight = money.amount * pieces / rates[money.currency]
        for value in values_at(item, name):
            weights[value] += weight
    if not weights:
        return Figure(None, is_left_out)
    best = min(weights, key=lambda value: (-weights[value], as_text(value)))
    return Figure(value_type(fact)(best), is_left_out)


def _session_lengths(fact: Fact, records: Iterable[Any]) -> Iterator[timedelta]:
    """Cut events into sessions: one ends where nothing follows for the time of inactivity."""
    groups: dict[Any, list[datetime]] = defaultdict(list)
    for record in records:
        time = time_of(record)
        if time is not None:
            groups[record.device_id if fact.by_device else None].append(time)
    longest_gap = fact.inactivity or timedelta()
    for times in groups.values():
        times.sort()
        begin = times[0]
        for before, after in pairwise(times):
            if after - before > longest_gap:
                yield before - begin
                begin = after
        yield times[-1] - begin
