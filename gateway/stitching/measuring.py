"""Measures over a customer's records: at the source where it can, else here over the records it gives."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec

from connectors.contract import Ask, KeyKind, Measure
from connectors.errors import SourceProtocolError
from connectors.records import Record
from connectors.semantics import MERGEABLE
from connectors.semantics import measured as measured_here
from connectors.shapes import Fields
from gateway.identity.keys import MULTIPLE
from gateway.lookups.outcome import Failed, Found, Measured, Outcome
from gateway.lookups.sources import Source
from gateway.stitching.customer import StitchedCustomer, contributing
from gateway.stitching.reports import SourceState

MOST_RECORDS = 1_000
"""How many records per key are read where the source cannot measure; when there are more, the measure is partial."""


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """Measures over one record type, and the fields that measuring here would need."""

    record: type[Record]
    measures: tuple[Measure, ...]
    fields: Fields


class Measurement(msgspec.Struct, frozen=True, kw_only=True):
    """One row of values per answer (of a source or a key), each with one value per measure.

    `failure` is the first one; `cut` says that not all records were counted; `sources` is empty where none is configured.
    """

    rows: list[tuple[Any, ...]]
    sources: list[str]
    as_of: datetime | None = None
    failure: Failed | None = None
    cut: bool = False

    @property
    def missing(self) -> str | None:
        """Why values are missing, as a code."""
        if not self.sources:
            return SourceState.NOT_CONFIGURED.value
        return self.failure.error.code if self.failure else None


async def measured(customer: StitchedCustomer, question: Question) -> Measurement:
    """Measure over all records of the customer. Never raises for a source: what is missing is said."""
    with contributing([customer]):
        configured = customer.configured(question.record)
        if not configured:
            return Measurement(rows=[], sources=[])
        parts = await asyncio.gather(*(_at_source(customer, question, *each) for each in configured))
    stamps = [part.as_of for part in parts if part.as_of is not None]
    return Measurement(
        rows=[row for part in parts for row in part.rows],
        sources=[name for part in parts for name in part.sources],
        as_of=min(stamps, default=None),
        failure=next((part.failure for part in parts if part.failure), None),
        cut=any(part.cut for part in parts),
    )


async def _at_source(customer: StitchedCustomer, question: Question, source: Source, kind: KeyKind) -> Measurement:
    ops = {measure.op for measure in question.measures}
    keys = customer.keys(kind)
    can = source.can_measure(question.record, kind, ops)
    if not can or isinstance(keys, Failed) or (kind in MULTIPLE and not ops <= MERGEABLE):
        return await _here(customer, question, source, kind)
    asked = source.measures(question.record, kind, question.measures)
    (outcomes,) = await customer.loaders.settled([customer.loaders.enter(source, asked, keys)])
    if any(isinstance(outcome, Failed) and isinstance(outcome.error, SourceProtocolError) for outcome in outcomes):
        # A malformed record spoils the source's sums. Read here, it is dropped alone.
        return await _here(customer, question, source, kind)
    for outcome in outcomes:
        customer.reports.add(question.record, outcome)
    rows = [outcome.values for outcome in outcomes if isinstance(outcome, Measured)]
    return _measurement(source, outcomes, rows, cut=customer.leaves_out_keys(source, kind))


async def _here(customer: StitchedCustomer, question: Question, source: Source, kind: KeyKind) -> Measurement:
    starts = [measure.since for measure in question.measures]
    since = min((start for start in starts if start is not None), default=None) if None not in starts else None
    ask = Ask(fields=question.fields, first=MOST_RECORDS, since=since)
    outcomes = await customer.fetch(question.record, ask, source, kind)
    found = [outcome for outcome in outcomes if isinstance(outcome, Found)]
    records = list({record.id: record for outcome in found for record in outcome.records}.values())
    row = tuple(measured_here(question.record, records, measure) for measure in question.measures)
    cut = any(outcome.has_more or outcome.dropped for outcome in found) or customer.leaves_out_keys(source, kind)
    return _measurement(source, outcomes, [row] if found or not outcomes else [], cut=cut)


def _measurement(source: Source, outcomes: Sequence[Outcome], rows: list[tuple[Any, ...]], *, cut: bool = False) -> Measurement:
    failed = [outcome for outcome in outcomes if isinstance(outcome, Failed)]
    return Measurement(
        rows=rows,
        sources=[source.name],
        as_of=min((outcome.as_of for outcome in outcomes), default=None),
        failure=failed[0] if failed else None,
        cut=cut,
    )
