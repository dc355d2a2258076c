"""Read what people decided about the records of a walk, beside the calls of its turns."""

import asyncio
from collections.abc import AsyncIterator, Collection, Iterable, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Protocol

from gateway.errors import StoreError
from gateway.identity.decisions import LogEntry
from gateway.identity.records import RecordId
from gateway.lookups.deadline import Deadline
from gateway.stitching.decision_log import DecisionLog


class Decided(Protocol):
    """What takes the entries about its records: a walk."""

    is_undecided: bool

    @property
    def unread(self) -> set[RecordId]: ...

    def decide(self, records: Collection[RecordId], entries: Iterable[LogEntry]) -> None: ...


class LogReader:
    """Reads the log for the walks of one request: the entries up to a time, where one is given.

    What could not be read is not tried again: the walks are `is_undecided` then.
    """

    def __init__(self, log: DecisionLog | None, walks: Sequence[Decided], until: datetime | None = None) -> None:
        self._log = log
        self._walks = walks
        self._until = until

    @property
    def is_due(self) -> bool:
        """Tell whether there are records about which the log was not read."""
        return self._log is not None and any(walk.unread for walk in self._walks)

    @asynccontextmanager
    async def reading(self, deadline: Deadline) -> AsyncIterator[None]:
        """Read with one command while the body runs, and hand the entries to the walks after it."""
        log, records = self._log, set[RecordId]().union(*(walk.unread for walk in self._walks))
        if log is None or not records:
            yield
            return
        task = asyncio.create_task(self._entries(log, records))
        try:
            yield
            await asyncio.wait({task}, timeout=deadline.remaining_s())
            entries = task.result() if task.done() else None
        finally:
            task.cancel()
        if entries is None:
            self._log = None
            for walk in self._walks:
                walk.is_undecided = True
            return
        for walk in self._walks:
            walk.decide(records, entries)

    async def _entries(self, log: DecisionLog, records: set[RecordId]) -> list[LogEntry] | None:
        try:
            return await log.about(records, self._until)
        except StoreError:
            return None
