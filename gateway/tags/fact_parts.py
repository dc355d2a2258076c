"""Lower facts to parts: measures that merge exactly over sources and keys, or the records where no such measures tell."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from datetime import datetime, timedelta
from functools import lru_cache

import msgspec

from connectors.contract import SOURCE_OPS, Measure, MeasureOp
from connectors.record_fields import leaf_field
from connectors.records import Money, Record
from gateway.tags.definitions import DerivedMeasure, Fact, FactMeasure, ItemWeight, TimeForm
from gateway.tags.fact_windows import Bounds, bounds_of, crossings_of, halves_of, months_of

PART_FIELDS: Mapping[ItemWeight, tuple[str, ...]] = {
    ItemWeight.LINES: (),
    ItemWeight.PIECES: ("quantity",),
    ItemWeight.MONEY: ("quantity", "unit_price", "total"),
}
"""What the items of a list are weighed by."""

_OF_CLOCK = (TimeForm.HOUR, TimeForm.DAY)
_OF_RECORDS = frozenset({DerivedMeasure.SPREAD, DerivedMeasure.SESSIONS, DerivedMeasure.SESSION_LENGTH})


PRICES = ("unit_price", "total")
"""Of what an item costs one is enough."""


class FactParts(msgspec.Struct, frozen=True):
    """The measures that a fact is made of, in order.

    Behind them stands one more for each of `crossings`: the earliest time of the records that have not crossed this bound.
    `ends` says that they are as of a moment, which no time changes any more.
    """

    fact: Fact
    reference: datetime
    bounds: Bounds
    measures: tuple[Measure, ...]
    crossings: tuple[timedelta, ...]
    ends: bool = False

    @property
    def prices(self) -> tuple[int, ...]:
        """The places of measures of which one is enough."""
        if self.fact.weight is not ItemWeight.MONEY:
            return ()
        return tuple(place for place, own in enumerate(self.measures) if (own.field or "").rpartition(".")[2] in PRICES)

    @property
    def is_unplanned(self) -> bool:
        """Tell whether records cross a bound at a time that no source tells."""
        return not self.ends and not self.crossings and bool(crossings_of(self.fact))


def needs_records(fact: Fact) -> bool:
    """Tell whether a fact is made of the records themselves, which no source measures."""
    is_measured = fact.measure not in _OF_RECORDS and fact.weight is ItemWeight.LINES and fact.time_form not in _OF_CLOCK
    return not is_measured or bool(fact.part_where) or fact.since_first is not None


def fact_records(facts: Collection[Fact]) -> tuple[frozenset[type[Record]], frozenset[type[Record]]]:
    """List the records that facts measure, and those of them that some facts need themselves."""
    return frozenset(fact.record for fact in facts), frozenset(fact.record for fact in facts if needs_records(fact))


@lru_cache(maxsize=1_024)
def parts_of(fact: Fact, reference: datetime, *, ends: bool = False, ops: frozenset[MeasureOp] = SOURCE_OPS) -> FactParts:
    """Write the parts of a fact, once for a reference time. With `ends` nothing from that time on counts.

    `ops` are those that sources measure: what they would have measured of a fact is not read because of a part.
    """
    bounds = bounds_of(fact, reference, ends=ends)
    base = Measure(op=MeasureOp.COUNT, since=bounds.since, until=bounds.until, where=fact.where)
    if needs_records(fact):
        paths: list[str | None] = [*read_paths(fact)]
        measures = [msgspec.structs.replace(base, op=MeasureOp.RECORDS, field=path) for path in paths or [None]]
    else:
        measures = plain_measures(fact, base, reference, ops)
    crossings = () if ends or MeasureOp.MIN not in ops else tuple(crossings_of(fact))
    times = [_not_crossed(fact, reference - age) for age in crossings]
    return FactParts(fact, reference, bounds, (*measures, *times), crossings, ends)


def plain_measures(fact: Fact, base: Measure, reference: datetime, ops: frozenset[MeasureOp] = SOURCE_OPS) -> list[Measure]:
    """Write the measures of a fact that needs no records. `base` has its bounds and conditions."""
    write = _WRITERS.get(fact.measure)
    if write is not None:
        measures = list(write(fact, base, reference))
        is_money = fact.currency is not None  # averages of several currencies make no average
        if is_money or fact.measure not in ops or ops.issuperset(measure.op for measure in measures):
            return measures
    return [msgspec.structs.replace(base, op=MeasureOp(fact.measure), field=fact.field)]


def read_paths(fact: Fact) -> list[str]:
    """List the paths that a fact reads beside its conditions on records. Money is one path."""
    paths = [fact.field] if fact.field else []
    if fact.field and fact.weight is not ItemWeight.LINES:
        parent = fact.field.rpartition(".")[0]
        paths += [f"{parent}.{name}" for name in PART_FIELDS[fact.weight]]
    paths += [condition.field for condition in (*fact.part_where, *fact.share_of)]
    return list(dict.fromkeys([*paths, "device_id"] if fact.by_device else paths))


def needed_paths(fact: Fact) -> list[str]:
    """List the leaves that measuring a fact here reads, with those that every record needs."""
    paths = ["id", *(condition.field for condition in fact.where)]
    if fact.record.time_field:
        paths.append(fact.record.time_field)
    for path in read_paths(fact):
        field = leaf_field(fact.record, path)
        is_money = field is not None and field.struct is Money
        paths += [f"{path}.amount", f"{path}.currency"] if is_money else [path]
    return paths


def _not_crossed(fact: Fact, bound: datetime) -> Measure:
    return Measure(op=MeasureOp.MIN, field=fact.record.time_field, since=bound, where=fact.where)


def _of_field(*ops: MeasureOp) -> Callable[[Fact, Measure, datetime], Iterator[Measure]]:
    return lambda fact, base, _: (msgspec.structs.replace(base, op=op, field=fact.field) for op in ops)


def _share(fact: Fact, base: Measure, _: datetime) -> Iterator[Measure]:
    yield msgspec.structs.replace(base, where=(*base.where, *fact.share_of))
    yield base


def _trend(fact: Fact, base: Measure, reference: datetime) -> Iterator[Measure]:
    op = MeasureOp.COUNT if fact.field is None else MeasureOp.SUM
    for half in halves_of(fact, reference):
        yield _within(msgspec.structs.replace(base, op=op, field=fact.field), half)


def _streak(fact: Fact, base: Measure, reference: datetime) -> Iterator[Measure]:
    return (_within(base, month) for month in months_of(fact, reference))


def _within(measure: Measure, bounds: Bounds) -> Measure:
    return msgspec.structs.replace(measure, since=bounds.since, until=bounds.until)


_WRITERS: Mapping[FactMeasure, Callable[[Fact, Measure, datetime], Iterator[Measure]]] = {
    MeasureOp.AVERAGE: _of_field(MeasureOp.SUM, MeasureOp.VALUES),
    MeasureOp.TOP: _of_field(MeasureOp.COUNTS),
    DerivedMeasure.DISTINCT: _of_field(MeasureOp.COUNTS),
    DerivedMeasure.INTERVAL: _of_field(MeasureOp.MIN, MeasureOp.MAX, MeasureOp.VALUES),
    DerivedMeasure.NEXT: _of_field(MeasureOp.MIN, MeasureOp.MAX, MeasureOp.VALUES),
    DerivedMeasure.SHARE: _share,
    DerivedMeasure.TREND: _trend,
    DerivedMeasure.STREAK: _streak,
}
"""What is measured for a fact. Of the others the one measure of the same name."""
