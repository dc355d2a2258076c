"""Count segments anew, from time to time: in each worker, by one of them at a time."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import datetime, timedelta

import structlog

from gateway.background_pass import BackgroundPass
from gateway.changes.change_drain import DRAIN, HOLD
from gateway.clock import Clock
from gateway.errors import StoreError
from gateway.store.leases import Leases
from gateway.store.segment_counts import CountingTurn, Delta, SegmentCounts
from gateway.store.segment_members import SegmentMembers

EVERY = timedelta(hours=1)
"""How often a segment is counted anew."""

LOOK_S = 5.0
"""How often a worker looks whether it is time, in seconds."""

STEP = 50_000
"""How many customers are counted at a time. The fewer, the less changes meanwhile."""

TRIES = 3
"""How often so many are counted, until none of them changes meanwhile. Then they are counted in smaller parts."""

PARTS = 10
"""Into how many parts those are divided."""

RENEW_S = HOLD.total_seconds() / 3
"""How often the lease is renewed, in seconds, however long a count takes."""

PAUSE_S, MAX_PAUSES = 0.5, 20
"""How long it waits at a time, and how often, until changes have left that came while a segment was counted."""

log = structlog.get_logger()


class SegmentRecount(BackgroundPass):
    """Counts segments whose last count is an hour old.

    While it counts one, no change leaves the outbox: it holds the same lease, however long that takes.
    """

    begins_at_once = True

    def __init__(
        self, counts: SegmentCounts, members: SegmentMembers, leases: Leases, clock: Clock, keys: Sequence[str]
    ) -> None:
        super().__init__(clock, LOOK_S)
        self._counts = counts
        self._members = members
        self._leases = leases
        self._keys = keys

    async def run_pass(self) -> bool:
        """Count what is due. Raises `StoreError`."""
        await self.count_due()
        return False

    async def count_due(self) -> int:
        """Count the segments whose time has come, unless another worker does. Gives their number. Raises `StoreError`."""
        due, done, failures = await self._due(), 0, list[StoreError]()
        bounds = await self._members.read_bounds(STEP) if due else []
        for key in due:
            if not await self._leases.acquire([DRAIN], hold=HOLD):
                break
            began = self._clock.monotonic()
            renewing = asyncio.create_task(self._renew())
            try:
                done += await self._recount(key, [*bounds, None])
            except StoreError as error:
                failures.append(error)  # which is no reason to count none of the others
            finally:
                renewing.cancel()
                await asyncio.wait({renewing})
                with suppress(StoreError):
                    await self._leases.release([DRAIN])
            if self._clock.monotonic() - began > PAUSE_S:
                await self._let_changes_leave()
        if done:
            log.info("segments_counted", segments=done)
        if failures:
            raise failures[0]
        return done

    async def _renew(self) -> None:
        """Hold the lease. Who loses it all the same sees by the turn whether changes left."""
        while True:
            await self._clock.sleep(RENEW_S)
            with suppress(StoreError):
                await self._leases.renew([DRAIN], hold=HOLD)

    async def _let_changes_leave(self) -> None:
        for _ in range(MAX_PAUSES):
            await self._clock.sleep(PAUSE_S)
            if not await self._counts.has_leaving():
                return

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
            part = await self._count_part(key, after, until, turn)
            if part is None:
                return False
            total, after = total + part, until or after
        return await self._counts.replace(key, total, turn)

    async def _count_part(
        self, key: str, after: str, until: str | None, turn: CountingTurn | None, step: int = STEP
    ) -> Delta | None:
        """Count those after an id and up to another one. None where even a few of them change all the time."""
        before = await self._counts.read_pending(key, after, until, turn)
        for _ in range(TRIES):
            counted = await self._counts.count(key, after, until)
            pending = await self._counts.read_pending(key, after, until, turn)
            if pending == before:
                return counted - sum(pending.values(), start=Delta())
            before = pending
        if step == 1:
            return None
        step, total = max(1, step // PARTS), Delta()
        for bound in [*await self._members.read_bounds(step, after, until), until]:
            part = await self._count_part(key, after, bound, turn, step)
            if part is None:
                return None
            total, after = total + part, bound or after
        return total

    def _log_mistake(self, error: Exception) -> None:
        log.error("segments_not_counted", error=type(error).__name__)


def _is_recent(counted: Mapping[str, datetime], key: str, now: datetime) -> bool:
    return key in counted and now - EVERY < counted[key] <= now + EVERY
