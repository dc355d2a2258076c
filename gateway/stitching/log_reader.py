"""Read what people decided about the records of a walk, beside the calls of its turns."""

import asyncio
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import NamedTuple, Protocol

from gateway.identity.decisions import LogEntry
from gateway.identity.records import RecordId
from gateway.lookups.deadline import Deadline
from gateway.stitching.shared_log import LogBatch, SharedLog


class Decided(Protocol):
    """What takes the entries about its records: a walk."""

    is_undecided: bool

    @property
    def unread(self) -> set[RecordId]: ...

    def decide(self, records: Collection[RecordId], entries: Iterable[LogEntry]) -> None: ...


class LogReading(NamedTuple):
    """A read under way, and about which records each walk asked it."""

    batch: LogBatch
    unread: Sequence[Collection[RecordId]]


class LogReader:
    """Reads the log for the walks of one request: the entries up to a time, where one is given.

    What could not be read is not tried again: the walks are `is_undecided` then.
    """

    def __init__(self, log: SharedLog | None, walks: Sequence[Decided], until: datetime | None = None) -> None:
        self._log = log
        self._walks = walks
        self._until = until

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
        return LogReading(self._log.enqueue(records, self._until), unread) if records else None

    async def end(self, reading: LogReading, deadline: Deadline) -> None:
        """Wait for the entries, and hand them to the walks."""
        batch = reading.batch
        if not batch.done.done():
            await asyncio.wait({batch.done}, timeout=deadline.remaining_s())
        if batch.entries is None:
            self._log = None
            for walk in self._walks:
                walk.is_undecided = True
            return
        for walk, own in zip(self._walks, reading.unread, strict=True):
            walk.decide(own, batch.entries)
