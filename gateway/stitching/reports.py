"""What each source contributed to one customer: `Customer.sources`."""

from __future__ import annotations

import asyncio
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


class Reports(msgspec.Struct, eq=False):
    """Collects the contributions while a customer is stitched, and knows when that is done."""

    _added: list[tuple[type[Record], Outcome | None]]
    _open: int = 0
    _settled: asyncio.Event | None = None

    def begin(self) -> None:
        """A field begins to ask sources; each has its `end`."""
        self._open += 1

    def end(self) -> None:
        self._open -= 1
        if not self._open and self._settled is not None:
            self._settled.set()
            self._settled = None

    async def settled(self) -> list[SourceReport]:
        """All contributions, once every field of this customer that asks a source is done."""
        await asyncio.sleep(0)  # sibling fields start in the same turn of the loop
        while self._open:
            self._settled = self._settled or asyncio.Event()
            await self._settled.wait()
        return self._reports()

    def add(self, record: type[Record], outcome: Outcome) -> None:
        """Count an outcome in, once: several fields can have read the same one."""
        self._added.append((record, outcome))

    def add_not_configured(self, record: type[Record]) -> None:
        self._added.append((record, None))

    def _reports(self) -> list[SourceReport]:
        found: dict[str | type[Record], SourceReport] = {}
        for record, outcome in {id(outcome or record): (record, outcome) for record, outcome in self._added}.values():
            if outcome is None:
                found[record] = SourceReport(name=None, records={record}, state=SourceState.NOT_CONFIGURED)
            else:
                name = outcome.source
                report = found.get(name) or SourceReport(name=name, records=set(), state=SourceState.FRESH)
                found[name] = report
                _count_in(report, record, outcome)
        return list(found.values())


def _count_in(report: SourceReport, record: type[Record], outcome: Outcome) -> None:
    report.records.add(record)
    report.latency_ms = max(report.latency_ms or 0.0, outcome.latency_ms)
    if isinstance(outcome, Failed):
        report.state = SourceState.UNAVAILABLE
        report.error_code = outcome.error.code
        return
    report.as_of = min(report.as_of or outcome.as_of, outcome.as_of)
    if isinstance(outcome, Found):
        report.dropped_records += outcome.dropped
