"""Report the contribution of each source to one customer: `Customer.sources`."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterable
from contextlib import suppress
from datetime import datetime
from enum import StrEnum

import msgspec

from connectors.records import Record
from gateway.error_codes import ErrorCode, code_of_source
from gateway.lookups.outcome import Failed, Found, Outcome


class SourceState(StrEnum):
    FRESH = "FRESH"
    STALE = "STALE"
    UNAVAILABLE = "UNAVAILABLE"
    NOT_CONFIGURED = "NOT_CONFIGURED"


class SourceReport(msgspec.Struct, kw_only=True):
    """One source's contribution.

    `name` is None where no source is configured. `as_of` is the oldest answer's, `latency_ms` that of the slowest call,
    `attempts` the most calls that were made for one answer; `from_cache` says that no call was made for any.
    """

    name: str | None
    records: set[type[Record]]
    state: SourceState
    as_of: datetime | None = None
    latency_ms: float | None = None
    error_code: ErrorCode | None = None
    dropped_records: int = 0
    unreadable_values: int = 0
    attempts: int = 0
    hedged: bool = False
    from_cache: bool = True
    age_ms: int = 0


Contribution = tuple[type[Record], Outcome | None]
"""What an outcome brought; None where no source is configured."""


class ContributionReports(msgspec.Struct, eq=False):
    """Collect contributions while a customer is stitched. It knows when that is done.

    The first ones, `_finding` of them, are of finding the customer.
    """

    _added: list[Contribution]
    _finding: int = 1
    _open: int = 0
    _all_ended: asyncio.Event | None = None

    def begin(self) -> None:
        """A field begins to ask sources; each has its `end`."""
        self._open += 1

    def end(self) -> None:
        self._open -= 1
        if not self._open and self._all_ended is not None:
            self._all_ended.set()
            self._all_ended = None

    async def wait_all(self, patience_s: float | None = None) -> list[SourceReport]:
        """Wait for all contributions of this customer.

        That is until every field that asks a source is done, or so many seconds.
        """
        await asyncio.sleep(0)  # sibling fields start in the same turn of the loop
        if self._open:
            with suppress(TimeoutError):
                async with asyncio.timeout(patience_s):
                    while self._open:
                        self._all_ended = self._all_ended or asyncio.Event()
                        await self._all_ended.wait()
        return reports_of(self._added)

    def add(self, record: type[Record], outcome: Outcome) -> None:
        """Count an outcome in, once: several fields can have read the same one."""
        self._added.append((record, outcome))

    def copy_to(self, other: ContributionReports, records: Collection[type[Record]]) -> None:
        """Count some records' contributions in for another caller. Each has found the customer by himself."""
        other._added += [contribution for contribution in self._added[self._finding :] if contribution[0] in records]

    def add_not_configured(self, record: type[Record]) -> None:
        self._added.append((record, None))


def reports_of(contributions: Iterable[Contribution]) -> list[SourceReport]:
    """Report each source in the order of contributions. Each contribution counts once."""
    reports: dict[str | type[Record], SourceReport] = {}
    for record, outcome in {id(outcome or record): (record, outcome) for record, outcome in contributions}.values():
        if outcome is None:
            reports[record] = SourceReport(name=None, records={record}, state=SourceState.NOT_CONFIGURED)
        else:
            name = outcome.source
            report = reports.get(name) or SourceReport(name=name, records=set(), state=SourceState.FRESH)
            reports[name] = report
            _count_in(report, record, outcome)
    return list(reports.values())


def _count_in(report: SourceReport, record: type[Record], outcome: Outcome) -> None:
    report.records.add(record)
    report.latency_ms = max(report.latency_ms or 0.0, outcome.latency_ms)
    report.attempts = max(report.attempts, outcome.attempts)
    report.hedged |= outcome.hedged
    report.from_cache &= outcome.from_cache
    if isinstance(outcome, Failed):
        report.state = SourceState.UNAVAILABLE
        report.error_code = code_of_source(outcome.error)
        return
    report.as_of = min(report.as_of or outcome.as_of, outcome.as_of)
    report.age_ms = max(report.age_ms, outcome.age_ms)
    if isinstance(outcome, Found):
        report.dropped_records += outcome.dropped
        report.unreadable_values += outcome.unreadable
        if outcome.stale is not None and report.state is SourceState.FRESH:
            report.state = SourceState.STALE
            report.error_code = code_of_source(outcome.stale)
