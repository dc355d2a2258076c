"""Read what people decided about the records of a walk, beside the calls of its turns.

Where the log cannot be read, what was read of it before counts.
"""

import asyncio
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import NamedTuple, Protocol

from connectors.errors import SourceUnavailableError
from gateway.identity.decisions import LogEntry
from gateway.identity.records import RecordId
from gateway.lookups.deadline import Deadline
from gateway.lookups.outcome import Failed, Found, Outcome
from gateway.stitching.shared_log import LogBatch, SharedLog

LOG_NAME = "identity_log"
"""The name of the log among the sources of an answer."""


class Decided(Protocol):
    """What takes the entries about its records: a walk."""

    @property
    def unread(self) -> set[RecordId]: ...

    def decide(self, records: Collection[RecordId], entries: Iterable[LogEntry]) -> None: ...

    def doubt_decisions(self, outcome: Outcome) -> None: ...


class LogReading(NamedTuple):
    """A read under way, and about which records each walk asked it. None where the log is not asked any more."""

    batch: LogBatch | None
    unread: Sequence[Collection[RecordId]]

    @property
    def done(self) -> asyncio.Future[None] | None:
        """Tell when it has ended. None where nothing is read."""
        return None if self.batch is None else self.batch.done


class LogReader:
    """Reads the log for the walks of one request: the entries up to a time, where one is given.

    What could not be read is not tried again: the walks go by what is known of it, and doubt that.
    """

    def __init__(self, log: SharedLog | None, walks: Sequence[Decided], until: datetime | None = None) -> None:
        self._log = log
        self._walks = walks
        self._until = until
        self._is_away = False

    @property
    def is_due(self) -> bool:
        """Tell whether there are records about which the log was not read."""
        return self._log is not None and any(walk.unread for walk in self._walks)

    def begin(self) -> LogReading | None:
        """Read with one command about all unread records, if there are any. Nothing is waited for."""
        if self._log is None:
            return None
        unread = [walk.unread for walk in self._walks]
        records = unread[0] if len(unread) == 1 else set[RecordId]().union(*unread)
        if not records:
            return None
        return LogReading(None if self._is_away else self._log.enqueue(records, self._until), unread)

    async def end(self, reading: LogReading, deadline: Deadline) -> None:
        """Wait for the entries, and hand them to the walks."""
        batch = reading.batch
        if batch is not None and not batch.done.done():
            await asyncio.wait({batch.done}, timeout=deadline.remaining_s())
        if batch is None or batch.entries is None:
            self._hand_known(reading, deadline)
            return
        for walk, own in zip(self._walks, reading.unread, strict=True):
            walk.decide(own, batch.entries)

    def _hand_known(self, reading: LogReading, deadline: Deadline) -> None:
        """Hand the walks what is known of the log, and have them doubt it."""
        assert self._log is not None
        known = self._log.known
        for walk, own in zip(self._walks, reading.unread, strict=True):
            walk.decide(own, known.about(own))
            if not self._is_away:
                walk.doubt_decisions(_outage(known.read_at, deadline.clock.now()))
        self._is_away = True


def _outage(read_at: datetime | None, now: datetime) -> Outcome:
    """Report the log as a source that could not be asked: what is known of it stands in, if it was ever read."""
    away = SourceUnavailableError()
    if read_at is None:
        return Failed(source=LOG_NAME, as_of=now, latency_ms=0.0, attempts=0, error=away)
    return Found(source=LOG_NAME, as_of=read_at, latency_ms=0.0, attempts=0, records=[], stale=away)
