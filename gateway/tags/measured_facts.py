"""Ask for the parts of facts together, and put the facts of a customer together from the answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

import msgspec

from connectors.contract import SOURCE_OPS, Measure, MeasureOp
from connectors.records import Record
from gateway.stitching.customer import StitchedCustomer
from gateway.stitching.measurement import Measurement, MeasureRequest
from gateway.stitching.measurements import PendingMeasurements
from gateway.tags import facts
from gateway.tags.computed_tag import NOT_GIVEN, FactValue
from gateway.tags.definitions import Fact
from gateway.tags.fact_parts import FactParts, needs_records, parts_of


class KnownFacts(msgspec.Struct, frozen=True):
    """The facts of a customer by name. `stale` are those of answers that are older than they may be.

    Of those `unplanned` nobody can say when time alone changes them: records cross their windows, and no source told when.
    """

    facts: dict[str, FactValue]
    stale: set[str]
    unplanned: set[str] = set()


class MeasuredFacts(msgspec.Struct, frozen=True, eq=False):
    """Facts that are measured together. `places` are those of a fact's parts among the measures of the request."""

    pending: PendingMeasurements
    facts: Mapping[str, FactParts]
    places: Mapping[str, tuple[int, ...]]

    def add_facts(self, known: KnownFacts, answer: Measurement) -> None:
        """Add the facts of a customer, from what was measured of it."""
        stale = answer.stale if answer.failure is None else None
        for name, parts in self.facts.items():
            places = self.places[name]
            given = answer.with_one_of([places[place] for place in parts.prices]) if answer.gaps else answer
            rows = given.rows_of(places)
            missing = None if stale is not None else answer.missing
            is_lacking = bool(given.gaps) and given.lacks(places)
            if is_lacking and not rows:
                missing = missing or NOT_GIVEN
            value = facts.fact_value(parts, rows, sources=answer.sources, as_of=answer.as_of, missing=missing)
            if answer.cut:
                value = msgspec.structs.replace(value, partial=True)
            if stale is not None and value.missing is None:
                value = msgspec.structs.replace(value, partial=True, missing=stale.code)
                known.stale.add(name)
            if is_lacking:
                value = msgspec.structs.replace(value, partial=True, missing=value.missing or NOT_GIVEN)
            if parts.is_unplanned:
                known.unplanned.add(name)
            known.facts[name] = value


def measure_facts(
    asked: Sequence[Fact], customers: Sequence[StitchedCustomer], reference: datetime, *, ends: bool = False
) -> list[MeasuredFacts]:
    """Prepare the measures of facts, as few questions as can be.

    Where a source measures, facts that need the records themselves are asked for apart, so that it measures the others.
    """
    groups: dict[tuple[type[Record], bool], list[FactParts]] = {}
    measured_ops = {record: _measured_ops(customers[0], record) for record in {fact.record for fact in asked}}
    for fact in asked:
        ops = measured_ops[fact.record]
        parts = parts_of(fact, reference, ends=ends, ops=SOURCE_OPS if ops is None else ops)
        groups.setdefault((fact.record, needs_records(fact) and ops is not None), []).append(parts)
    measured = []
    for (record, _), group in groups.items():
        # Facts share measures: a count is in an average, too.
        measures: dict[Measure, int] = {}
        places = {
            parts.fact.name: tuple(measures.setdefault(measure, len(measures)) for measure in parts.measures) for parts in group
        }
        fields = facts.needed_fields(parts.fact for parts in group)[record]
        request = MeasureRequest(record=record, measures=tuple(measures), fields=fields)
        by_name = {parts.fact.name: parts for parts in group}
        measured.append(MeasuredFacts(PendingMeasurements(customers, request), by_name, places))
    return measured


def _measured_ops(customer: StitchedCustomer, record: type[Record]) -> frozenset[MeasureOp] | None:
    """Find what sources measure of such records by themselves. None where none does.

    Of several sources all is exact: what one of them does not measure is read there.
    """
    configured = customer.configured(record)
    measuring = [source.aggregates[record, kind].ops for source, kind in configured if (record, kind) in source.aggregates]
    if not measuring:
        return None
    common = frozenset[MeasureOp].intersection(*measuring)
    if len(configured) == 1:
        return common
    return SOURCE_OPS if MeasureOp.MIN in common else SOURCE_OPS - {MeasureOp.MIN}
