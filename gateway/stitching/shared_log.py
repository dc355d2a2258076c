"""Read what people decided for all requests of a worker together.

While a read is free, records leave at once; while all are taken, they gather behind them and leave together. Nobody joins a
read that has left: what was decided before a request came is in the read that it waits for.
"""

import asyncio
from collections import deque
from collections.abc import Iterable, Sequence
from contextlib import suppress
from datetime import datetime
from functools import partial

from gateway.errors import StoreError
from gateway.identity.decisions import LogEntry
from gateway.identity.records import RecordId
from gateway.lookups.call_slots import CallSlots
from gateway.stitching.decision_log import DecisionLog, KnownDecisions

MAX_READS = 2
"""How many reads are under way."""

MAX_RECORDS = 500
"""After how many records a read takes no more requests."""


class LogBatch:
    """Records about which the log is read together, and the entries about them: None where it could not be read."""

    __slots__ = ("done", "entries", "records", "until")

    def __init__(self, until: datetime | None = None) -> None:
        self.records: set[RecordId] = set()
        self.until = until
        self.entries: Sequence[LogEntry] | None = None
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()


class SharedLog:
    """A log whose reads are shared. What was read is in `known`. It is closed before its store."""

    def __init__(self, log: DecisionLog, known: KnownDecisions) -> None:
        self.known = known
        self._log = log
        self._slots = CallSlots(MAX_READS, self._dispatch)
        self._waiting: deque[LogBatch] = deque()

    async def append(self, entries: Sequence[LogEntry]) -> None:
        """Append entries, as the log does."""
        await self._log.append(entries)
        with suppress(StoreError):  # they are read again soon
            await self.known.refresh()

    async def about(self, records: Iterable[RecordId], until: datetime | None = None) -> list[LogEntry]:
        """Read the entries that name any of the records, in the order of the log."""
        asked = set(records)
        batch = self.enqueue(asked, until)
        await asyncio.wait({batch.done})  # which leaves it alone when the caller is cancelled
        if batch.entries is None:
            raise StoreError("what people linked and cut could not be read")
        return [entry for entry in batch.entries if entry.is_about(asked)]

    def enqueue(self, records: Iterable[RecordId], until: datetime | None = None) -> LogBatch:
        """Read the entries about records and those of the same batch. Nothing is waited for."""
        last = self._waiting[-1] if self._waiting else None
        if last is None or last.until != until or len(last.records) >= MAX_RECORDS:
            self._waiting.append(last := LogBatch(until))
        last.records.update(records)
        self._slots.dispatch_soon()
        return last

    async def aclose(self) -> None:
        """End the reads. Who still waits knows nothing."""
        while self._waiting:
            self._waiting.popleft().done.set_result(None)
        await self._slots.aclose()

    def _dispatch(self) -> None:
        while self._slots.free and self._waiting:
            batch = self._waiting.popleft()
            self._slots.start(self._log.about(batch.records, batch.until), partial(self._land, batch))

    def _land(self, batch: LogBatch, task: asyncio.Task[list[LogEntry]]) -> None:
        if not task.cancelled() and task.exception() is None:
            batch.entries = task.result()
            self.known.add(batch.entries)
        batch.done.set_result(None)
