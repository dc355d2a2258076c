"""Count segments anew, from time to time: in each worker, by one of them at a time."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import datetime, timedelta

import structlog

from gateway.changes.change_drain import DRAIN, HOLD
from gateway.clock import Clock
from gateway.errors import StoreError
from gateway.store.leases import Leases
from gateway.store.segment_counts import SegmentCounts

EVERY = timedelta(hours=1)
"""How often a segment is counted anew."""

LOOK_S = 5.0
"""How often a worker looks whether it is time, in seconds."""

TRIES = 3
"""How often a segment is counted in one go where members change meanwhile."""

log = structlog.get_logger()


class SegmentRecount:
    """Counts segments whose last count is an hour old.

    While it counts, no change leaves the outbox: it holds the same lease.
    """

    def __init__(self, counts: SegmentCounts, leases: Leases, clock: Clock, keys: Sequence[str]) -> None:
        self._counts = counts
        self._leases = leases
        self._clock = clock
        self._keys = keys
        self._following: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to look."""
        if self._following is None:
            self._following = asyncio.create_task(self._follow())

    def stop(self) -> None:
        """Look no more."""
        if self._following is not None:
            self._following.cancel()

    async def aclose(self) -> None:
        """Stop, and wait until the lease is given back."""
        self.stop()
        if self._following is not None:
            await asyncio.wait({self._following})
            self._following = None

    async def run_pass(self) -> int:
        """Count the segments whose time has come, unless another worker does. Gives their number. Raises `StoreError`."""
        due = await self._due()
        if not due or not await self._leases.acquire([DRAIN], hold=HOLD):
            return 0
        try:
            for key in due:
                await self._recount(key)
        finally:
            with suppress(StoreError):
                await self._leases.release([DRAIN])
        log.info("segments_counted", segments=len(due))
        return len(due)

    async def _due(self) -> list[str]:
        counted = await self._counts.read_counted(self._keys)
        now = self._clock.now()
        return [key for key in self._keys if not _is_recent(counted, key, now)]

    async def _recount(self, key: str) -> None:
        """Count a segment until no member changed meanwhile, a few times at most."""
        for attempt in range(1, TRIES + 1):
            before = await self._counts.read_pending(key)
            turn = await self._counts.read_turn(key)
            counted = await self._counts.count(key)
            is_still = await self._counts.read_pending(key) == before
            if (is_still or attempt == TRIES) and await self._counts.replace(key, counted, before, turn):
                return

    async def _follow(self) -> None:
        while True:
            try:
                await self.run_pass()
            except StoreError:
                pass  # which the store logs
            except Exception as error:  # noqa: BLE001  without it nothing would be counted any more
                log.error("segments_not_counted", error=type(error).__name__)
            await self._clock.sleep(LOOK_S)


def _is_recent(counted: Mapping[str, datetime], key: str, now: datetime) -> bool:
    return key in counted and now - EVERY < counted[key] <= now + EVERY
