"""Hold the identity log in memory, so that what people decided counts while MongoDB is away.

The whole log is read when a worker begins to follow it, and what was appended since every `REFRESH_S` seconds. Once an hour
the whole is read anew, and what was erased meanwhile is gone.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterable
from contextlib import suppress
from datetime import datetime

import structlog

from gateway.clock import Clock
from gateway.errors import StoreError
from gateway.identity.decisions import LogAction, LogEntry
from gateway.identity.records import RecordId
from gateway.store.identity_log import IdentityLog

REFRESH_S = 10.0
"""How far behind the log a replica is at most, while MongoDB is there."""

WHOLE_S = 3_600.0
"""After how long the whole log is read anew."""

MAX_HELD = 20_000
"""How many cuts are held, and how many other entries. Each takes about 1.2 KB."""

MAX_DOCUMENTS = 50
"""How many documents a read is of. Each has up to 2,000 entries."""

log = structlog.get_logger()


class EntryIndex:
    """Entries of the log by the records that they name: `limit` cuts, and as many others. The rest is left out."""

    def __init__(self, limit: int = MAX_HELD) -> None:
        self.last = 0
        """The number of the last document up to which all were read."""
        self.left_out = 0
        self._limit = limit
        self._entries: dict[tuple[int, int], LogEntry] = {}
        self._positions: dict[RecordId, list[tuple[int, int]]] = {}
        self._counts: Counter[bool] = Counter()

    def add(self, entries: Iterable[LogEntry]) -> None:
        """Add entries, each once."""
        for entry in entries:
            if entry.position in self._entries:
                continue
            is_cut = entry.action is LogAction.CUT
            if self._counts[is_cut] >= self._limit:
                self.left_out += 1
                continue
            self._counts[is_cut] += 1
            self._entries[entry.position] = entry
            for id_ in dict.fromkeys((*entry.records, entry.anchor)):
                if id_ is not None:
                    self._positions.setdefault(id_, []).append(entry.position)

    def about(self, records: Iterable[RecordId]) -> list[LogEntry]:
        """List the entries that name any of the records, in the order of the log."""
        positions = {position for id_ in records for position in self._positions.get(id_, ())}
        return [self._entries[position] for position in sorted(positions)]


class LogReplica:
    """Follows the log from `start` on. `read_at` is when it was last read to its end, None before the first time."""

    def __init__(self, identity_log: IdentityLog, clock: Clock, limit: int = MAX_HELD) -> None:
        self.read_at: datetime | None = None
        self._log = identity_log
        self._clock = clock
        self._limit = limit
        self._index = EntryIndex(limit)
        self._whole_at: float | None = None
        self._reading = asyncio.Lock()
        self._following: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Follow the log, and wait for its first read for as long as an operation may take."""
        if self._following is None:
            first = asyncio.Event()
            self._following = asyncio.create_task(self._follow(first))
            with suppress(TimeoutError):
                await asyncio.wait_for(first.wait(), self._log.timeout_s)

    async def aclose(self) -> None:
        """Follow the log no more."""
        if self._following is not None:
            self._following.cancel()
            await asyncio.wait({self._following})

    def about(self, records: Iterable[RecordId]) -> list[LogEntry]:
        """List the entries about records that are known here, in the order of the log."""
        return self._index.about(records)

    def add(self, entries: Iterable[LogEntry]) -> None:
        """Hold what was read of the log by somebody else."""
        self._index.add(entries)

    async def refresh(self) -> None:
        """Read what was appended, or the whole log where that is due. Raises `StoreError`."""
        async with self._reading:
            now, monotonic = self._clock.now(), self._clock.monotonic()
            is_whole = self._whole_at is None or monotonic - self._whole_at >= WHOLE_S
            index = EntryIndex(self._limit) if is_whole else self._index
            is_end = False
            while not is_end:
                page = await self._log.after(index.last, MAX_DOCUMENTS)
                index.add(page.entries)
                index.last, is_end = page.last, page.is_end
            if is_whole:
                self._whole_at = monotonic
                if index.left_out:
                    log.warning("decisions_left_out", entries=index.left_out)
            self._index, self.read_at = index, now

    async def reread(self) -> None:
        """Read the whole log anew: something of it was erased. Raises `StoreError`."""
        self._whole_at = None
        await self.refresh()

    async def _follow(self, first: asyncio.Event) -> None:
        while True:
            try:
                await self.refresh()
            except StoreError:
                pass  # which the store logs
            except Exception as error:  # noqa: BLE001  an entry of another version; without it nothing new would ever be known
                log.error("identity_failed", error=type(error).__name__)
            first.set()
            await self._clock.sleep(REFRESH_S)
