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
from gateway.store.segment_counts import Delta, SegmentCounts
from gateway.store.segment_members import SegmentMembers

EVERY = timedelta(hours=1)
"""How often a segment is counted anew."""

LOOK_S = 5.0
"""How often a worker looks whether it is time, in seconds."""

STEP = 50_000
"""How many customers are counted at a time. The fewer, the less changes meanwhile."""

TRIES = 20
"""How often so many are counted, until none of them changes meanwhile."""

log = structlog.get_logger()


class SegmentRecount:
    """Counts segments whose last count is an hour old.

    While it counts, no change leaves the outbox: it holds the same lease.
    """

    def __init__(
        self, counts: SegmentCounts, members: SegmentMembers, leases: Leases, clock: Clock, keys: Sequence[str]
    ) -> None:
        self._counts = counts
        self._members = members
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
        due, done = await self._due(), 0
        bounds = await self._members.read_bounds(STEP) if due else []
        for key in due:
            if not await self._leases.acquire([DRAIN], hold=HOLD):
                break
            try:
                done += await self._recount(key, [*bounds, None])
            finally:
                with suppress(StoreError):
                    await self._leases.release([DRAIN])
        if done:
            log.info("segments_counted", segments=done)
        return done

    async def _due(self) -> list[str]:
        counted = await self._counts.read_counted(self._keys)
        now = self._clock.now()
        return [key for key in self._keys if not _is_recent(counted, key, now)]

    async def _recount(self, key: str, bounds: Sequence[str | None]) -> bool:
        """Count a segment, as it is without the changes that wait. While none leaves that stays so, whatever is written.

        So parts can be counted one after the other, each until none of it changes meanwhile.
        """
        turn, total, after = await self._counts.read_turn(key), Delta(), ""
        for until in bounds:
            part = await self._count_part(key, after, until)
            if part is None:
                return False
            total, after = total + part, until or after
        return await self._counts.replace(key, total, turn)

    async def _count_part(self, key: str, after: str, until: str | None) -> Delta | None:
        before = await self._counts.read_pending(key, after, until)
        for _ in range(TRIES):
            counted = await self._counts.count(key, after, until)
            pending = await self._counts.read_pending(key, after, until)
            if pending == before:
                return counted - sum(pending.values(), start=Delta())
            before = pending
        return None

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
