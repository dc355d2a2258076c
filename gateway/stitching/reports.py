"""What each source contributed to one customer: `Customer.sources`."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from enum import StrEnum

import msgspec

from connectors.records import Record
from gateway.lookups.outcome import Failed, Found, Outcome


class SourceState(StrEnum):
    FRESH = "FRESH"
    STALE = "STALE"
    UNAVAILABLE = "UNAVAILABLE"
    NOT_CONFIGURED = "NOT_CONFIGURED"


class SourceReport(msgspec.Struct, kw_only=True):
    """One source's contribution. `name` is None where no source is configured, `latency_ms` that of the slowest call."""

    name: str | None
    records: set[type[Record]]
    state: SourceState
    as_of: datetime | None = None
    latency_ms: float | None = None
    error_code: str | None = None
    dropped_records: int = 0


class Reports:
    """Collects the contributions while a customer is stitched, and knows when that is done."""

    def __init__(self) -> None:
        self._by_source: dict[str | type[Record], SourceReport] = {}
        self._added: dict[int, Outcome] = {}
        self._open = 0
        self._settled = asyncio.Event()

    @asynccontextmanager
    async def contributing(self) -> AsyncIterator[None]:
        """While one field is being stitched."""
        self._open += 1
        self._settled.clear()
        try:
            yield
        finally:
            self._open -= 1
            if not self._open:
                self._settled.set()

    async def settled(self) -> list[SourceReport]:
        """All contributions, once every field of this customer that asks a source is done."""
        await asyncio.sleep(0)  # sibling fields start in the same turn of the loop
        if self._open:
            await self._settled.wait()
        return list(self._by_source.values())

    def add(self, record: type[Record], outcome: Outcome) -> None:
        """Count an outcome in, once: several fields can have read the same one."""
        if id(outcome) in self._added:
            return
        self._added[id(outcome)] = outcome
        report = self._by_source.get(outcome.source)
        if report is None:
            report = SourceReport(name=outcome.source, records=set(), state=SourceState.FRESH)
            self._by_source[outcome.source] = report
        report.records.add(record)
        report.latency_ms = max(report.latency_ms or 0.0, outcome.latency_ms)
        if isinstance(outcome, Failed):
            report.state = SourceState.UNAVAILABLE
            report.error_code = outcome.error.code
            return
        report.as_of = min(report.as_of or outcome.as_of, outcome.as_of)
        if isinstance(outcome, Found):
            report.dropped_records += outcome.dropped

    def add_not_configured(self, record: type[Record]) -> None:
        self._by_source[record] = SourceReport(name=None, records={record}, state=SourceState.NOT_CONFIGURED)
