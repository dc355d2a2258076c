"""Measures over a customer's records: at the source where it can, else here over the records it gives."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec

from connectors.contract import Ask, KeyKind, Measure
from connectors.errors import SourceError, SourceProtocolError, SourceTimeoutError
from connectors.record_fields import Fields
from connectors.records import Record
from connectors.toolkit.evaluation import MERGEABLE
from connectors.toolkit.evaluation import evaluate_measure as measured_here
from gateway.identity.key_kinds import KEY_KINDS
from gateway.lookups.outcome import Failed, Found, Measured, Outcome
from gateway.lookups.sources import Source
from gateway.stitching.customer import StitchedCustomer, report_contributions
from gateway.stitching.source_reports import SourceState

MAX_RECORDS = 1_000
"""How many records per key are read where the source does not measure; when there are more, the measure is partial."""

MAX_RECORDS_OF_KEYS = 5_000
"""How many records are read over all keys of a customer at one source: with more than five keys, fewer of each."""

MAX_RECORDS_AT_ONCE = 200
"""More records than these are measured while no others are, and other requests go on in between."""


class MeasureRequest(msgspec.Struct, frozen=True, kw_only=True):
    """Measures over one record type, and the fields that measuring here would need."""

    record: type[Record]
    measures: tuple[Measure, ...]
    fields: Fields


class Measurement(msgspec.Struct, frozen=True, kw_only=True):
    """One row of values per answer (of a source or a key), each with one value per measure.

    `failure` is the first one; `stale` is why the first of the answers that are older than they may be is not newer; `cut` says
    that not all records were counted; `sources` is empty where none is configured.
    """

    rows: list[tuple[Any, ...]]
    sources: list[str]
    as_of: datetime | None = None
    failure: Failed | None = None
    stale: SourceError | None = None
    cut: bool = False

    @property
    def missing(self) -> str | None:
        """Why values are missing, or are of stale answers, as a code."""
        if not self.sources:
            return SourceState.NOT_CONFIGURED.value
        if self.failure is not None:
            return self.failure.error.code
        return self.stale.code if self.stale is not None else None


class PendingMeasurement:
    """Measure over all records of a customer, source by source; arrivals can be read at any time."""

    def __init__(self, customer: StitchedCustomer, question: MeasureRequest) -> None:
        self.customer = customer
        self.question = question
        self._configured = customer.configured(question.record)
        self._parts: dict[str, Measurement] = {}

    async def run(self) -> Measurement:
        """Ask all sources. Never raises for a source: what is missing is said."""
        with report_contributions([self.customer]):
            await asyncio.gather(*(self._measure(*each) for each in self._configured))
        return self.so_far([])

    def late(self, waited_s: float) -> list[Failed]:
        """The failures of the sources that have not answered yet, for a caller who cannot wait any longer."""
        now = self.customer.loaders.deadline.clock.now()
        return [
            Failed(error=SourceTimeoutError(), source=source.name, as_of=now, latency_ms=round(waited_s * 1000, 3))
            for source, _ in self._configured
            if source.name not in self._parts
        ]

    def so_far(self, late: Sequence[Failed]) -> Measurement:
        """What has come, with those who are late."""
        known = self._parts
        if late:
            known = known | {failed.source: Measurement(rows=[], sources=[failed.source], failure=failed) for failed in late}
        parts = [known[source.name] for source, _ in self._configured]
        if len(parts) == 1:
            return parts[0]
        return Measurement(
            rows=[row for part in parts for row in part.rows],
            sources=[name for part in parts for name in part.sources],
            as_of=min((part.as_of for part in parts if part.as_of is not None), default=None),
            failure=next((part.failure for part in parts if part.failure), None),
            stale=next((part.stale for part in parts if part.stale), None),
            cut=any(part.cut for part in parts),
        )

    async def _measure(self, source: Source, kind: KeyKind) -> None:
        self._parts[source.name] = await _at_source(self.customer, self.question, source, kind)


async def measure_customer(customer: StitchedCustomer, question: MeasureRequest) -> Measurement:
    """Measure over all records of the customer. Never raises for a source: what is missing is said."""
    return await PendingMeasurement(customer, question).run()


async def _at_source(customer: StitchedCustomer, question: MeasureRequest, source: Source, kind: KeyKind) -> Measurement:
    keys = customer.keys(source, kind)
    if isinstance(keys, Failed) or not _can_measure(source, question, kind, keys):
        return await _here(customer, question, source, kind)
    asked = source.measures(question.record, kind, question.measures)
    (outcomes,) = await customer.loaders.wait_all([customer.loaders.enter(source, asked, keys)])
    if any(isinstance(outcome, Failed) and isinstance(outcome.error, SourceProtocolError) for outcome in outcomes):
        # A malformed record spoils the source's sums. Read here, it is dropped alone.
        return await _here(customer, question, source, kind)
    found = [outcome for outcome in outcomes if isinstance(outcome, Measured)]
    if any(outcome.as_of is not found[0].as_of for outcome in found):
        return await _here(customer, question, source, kind)  # a source sees the keys of one call, and what they share
    for outcome in outcomes:
        customer.reports.add(question.record, outcome)
    rows = [outcome.values for outcome in found]
    return _measurement(source, outcomes, rows, stale=customer.stale_keys(kind), cut=customer.leaves_out_keys(source, kind))


def _can_measure(source: Source, question: MeasureRequest, kind: KeyKind, keys: Sequence[str]) -> bool:
    """Whether the source measures over all of the keys as exactly as it would be here."""
    ops = {measure.op for measure in question.measures}
    if not source.can_measure(question.record, kind, ops) or (KEY_KINDS[kind].multiple and not ops <= MERGEABLE):
        return False
    # A record that two keys find is in the measures of both, and their sum would count it twice.
    return len(keys) <= 1 or source.aggregates[question.record, kind].keys_share_nothing


async def _here(customer: StitchedCustomer, question: MeasureRequest, source: Source, kind: KeyKind) -> Measurement:
    starts = [measure.since for measure in question.measures]
    since = min((start for start in starts if start is not None), default=None) if None not in starts else None
    keys = customer.keys(source, kind)
    first = MAX_RECORDS if isinstance(keys, Failed) else _records_of_key(len(keys))
    ask = Ask(fields=question.fields, first=first, since=since)
    outcomes = await customer.fetch(question.record, ask, source, kind)
    found = [outcome for outcome in outcomes if isinstance(outcome, Found)]
    records = list({record.id: record for outcome in found for record in outcome.records}.values())
    if len(records) <= MAX_RECORDS_AT_ONCE:
        row = _row(question, records)
    else:
        try:
            async with asyncio.timeout(customer.loaders.deadline.remaining_s()), customer.turns:
                row = _row(question, records)
                await asyncio.sleep(0)
        except TimeoutError:
            late = Failed(error=SourceTimeoutError(), source=source.name, as_of=found[0].as_of, latency_ms=0.0)
            return Measurement(rows=[], sources=[source.name], failure=late)
    stale = next((outcome.stale for outcome in found if outcome.stale is not None), None) or customer.stale_keys(kind)
    cut = any(outcome.has_more or outcome.partial or outcome.unreadable for outcome in found) or customer.leaves_out_keys(
        source, kind
    )
    return _measurement(source, outcomes, [row] if found or not outcomes else [], stale=stale, cut=cut)


def _records_of_key(keys: int) -> int:
    return max(1, min(MAX_RECORDS, MAX_RECORDS_OF_KEYS // max(1, keys)))


def _row(question: MeasureRequest, records: Sequence[Any]) -> tuple[Any, ...]:
    return tuple(measured_here(question.record, records, measure) for measure in question.measures)


def _measurement(
    source: Source,
    outcomes: Sequence[Outcome],
    rows: list[tuple[Any, ...]],
    *,
    stale: SourceError | None,
    cut: bool = False,
) -> Measurement:
    failed = [outcome for outcome in outcomes if isinstance(outcome, Failed)]
    return Measurement(
        rows=rows,
        sources=[source.name],
        as_of=min((outcome.as_of for outcome in outcomes), default=None),
        failure=failed[0] if failed else None,
        stale=stale,
        cut=cut,
    )
