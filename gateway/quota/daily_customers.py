"""Hold how many different customers a caller was given today, in all workers."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Collection
from datetime import UTC, datetime

import structlog

from gateway.clock import Clock
from gateway.errors import QuotaExceededError, StoreError
from gateway.log import SeldomLog
from gateway.quota.allowance import ALONE, SHARE
from gateway.quota.shares import MARK_BYTES, Shares

DAY_S = 86_400
FLUSH_S = 0.25
"""How long customers gather before they are counted with those of the other workers."""

log = structlog.get_logger()


class DailyCustomers:
    """The customers of one caller in a day, UTC. Who was given before costs nothing."""

    unit = "customers"
    window_s = DAY_S

    def __init__(self, caller: str, limit: int, shares: Shares, clock: Clock) -> None:
        self.limit = limit
        self._name = f"{caller} {self.unit}"
        self._shares = shares
        self._clock = clock
        self._seldom = SeldomLog(clock)
        self._day = -1
        self._known: set[bytes] = set()
        self._new: set[bytes] = set()
        self._total: int | None = None
        self._taken = 0
        self._flushing: asyncio.Task[None] | None = None
        self._counting: asyncio.Task[None] | None = None
        self._is_alone = False

    @property
    def remaining(self) -> int:
        """Tell how many others may be given today, as far as this worker knows."""
        self._turn_day()
        return max(0, self.limit - (self._total or 0) - len(self._new) - self._taken)

    @property
    def resets_in_s(self) -> int:
        """Tell in how many seconds the next day begins, rounded up."""
        return max(1, DAY_S - int(self._clock.now().timestamp()) % DAY_S)

    def charge_now(self, customers: int) -> bool:
        """Take room for so many customers, where they surely fit. As `Allowance.charge_now`."""
        self._turn_day()
        ahead = len(self._new) + self._taken
        if self._total is None or customers > self.remaining or (self._new and ahead + customers > self._lead):
            return not customers
        self._taken += customers
        return True

    async def charge_leased(self, customers: int) -> None:
        """Take room for so many customers, and count those of the other workers. Raises `QuotaExceededError`."""
        while not self.charge_now(customers):
            if self._total is not None and not self._new:  # others do not make room
                raise QuotaExceededError(self.unit, self.limit, DAY_S, self.resets_in_s)
            await self._flush()
            if self._is_alone:
                if len(self._new) + self._taken + customers > self.limit // ALONE:
                    raise QuotaExceededError(self.unit, self.limit, DAY_S, self.resets_in_s)
                self._taken += customers
                return

    def settle(self, taken: int, day: int, customer_ids: Collection[str] | None) -> None:
        """Count those who were given of those for whom room was taken on a day.

        None is for all of these, whoever they are: each counts as another one.
        """
        self._turn_day()
        if day == self._day:
            self._taken -= taken
        marks = (
            {os.urandom(MARK_BYTES) for _ in range(taken)} if customer_ids is None else {*map(self._shares.mark, customer_ids)}
        )
        new = marks - self._known
        self._known |= new
        self._new |= new
        if self._new and self._flushing is None:
            self._flushing = asyncio.create_task(self._flush_later())

    @property
    def window(self) -> int:
        """Number the day of the last charge."""
        return self._day

    async def aclose(self) -> None:
        """Count those who were given last."""
        if self._flushing is not None:
            self._flushing.cancel()
            await asyncio.wait([self._flushing])
        if self._counting is not None:
            await asyncio.wait([self._counting])
        if self._new:
            await self._flush()

    @property
    def _lead(self) -> int:
        """How many a worker may be ahead of what is counted."""
        return max(1, (self.limit - (self._total or 0)) // SHARE)

    def _turn_day(self) -> None:
        day = int(self._clock.now().timestamp()) // DAY_S
        if day != self._day:
            self._day, self._total, self._taken, self._is_alone = day, None, 0, False
            self._known, self._new = set(), set()

    async def _flush_later(self) -> None:
        try:
            await self._clock.sleep(FLUSH_S)
            await self._flush()
        finally:
            self._flushing = None

    async def _flush(self) -> None:
        """Count, once for all who wait for it, and to the end when they have gone."""
        if self._counting is None:
            self._counting = asyncio.create_task(self._count())
        await asyncio.shield(self._counting)

    async def _count(self) -> None:
        try:
            await self._add_new()
        finally:
            self._counting = None

    async def _add_new(self) -> None:
        day, new = self._day, [*self._new]
        ends_at = datetime.fromtimestamp((day + 1) * DAY_S, UTC)
        try:
            total = await self._shares.add_customers(f"{self._name} {day}", new, ends_at)
        except StoreError:
            self._is_alone = True
            if self._seldom.is_due("quota_not_shared"):
                log.warning("quota_not_shared", quota=self.unit)
            return
        if day == self._day:
            self._is_alone = False
            self._total = total
            self._new.difference_update(new)
