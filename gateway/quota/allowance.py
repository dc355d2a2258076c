"""Hold what a worker has of one quota of a caller: shares that it leases, in advance, of what all workers have together."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import structlog

from gateway.clock import Clock
from gateway.errors import QuotaExceededError, StoreError
from gateway.log import SeldomLog
from gateway.quota.shares import Lease, Shares

SHARE = 16
"""A worker leases so small a part of what is left at a time. Unused, that is what another one misses at the end of a window."""

ALONE = 4
"""While no share can be leased, a worker grants itself one in so many of the whole quota in each window."""

log = structlog.get_logger()


class Allowance:
    """One quota of a caller: so much in each window. Windows begin at whole multiples of their length, UTC."""

    def __init__(self, caller: str, unit: str, limit: int, window_s: int, shares: Shares, clock: Clock) -> None:
        self.unit = unit
        self.limit = limit
        self.window_s = window_s
        self._name = f"{caller} {unit}"
        self._shares = shares
        self._clock = clock
        self._seldom = SeldomLog(clock)
        self._window = -1
        self._left = self._leased = self._alone = 0
        self._leasing: asyncio.Task[bool] | None = None

    @property
    def remaining(self) -> int:
        """Tell what is left in this window, as far as this worker knows."""
        self._turn_window()
        return max(0, self.limit - self._leased - self._alone + self._left)

    @property
    def resets_in_s(self) -> int:
        """Tell in how many seconds the next window begins, rounded up."""
        return max(1, -(-int(1_000 * (self._ends_at - self._clock.now().timestamp())) // 1_000))

    @property
    def _ends_at(self) -> int:
        return (self._window + 1) * self.window_s

    def charge_now(self, amount: int) -> bool:
        """Take so much of what is here. What runs low is leased meanwhile, and nobody waits for it."""
        self._turn_window()
        if self._left < amount:
            return False
        self._left -= amount
        if self._leasing is None and self._leased < self.limit and self._left < self._share // 2:
            self._leasing = asyncio.create_task(self._lease(self._share))
        return True

    async def charge_leased(self, amount: int) -> None:
        """Take so much, and lease what is missing. Raises `QuotaExceededError`."""
        has_all = True
        while not self.charge_now(amount):
            window = self._window
            if not has_all or self._leased >= self.limit:
                raise QuotaExceededError(self.unit, self.limit, self.window_s, self.resets_in_s)
            if self._leasing is None:
                self._leasing = asyncio.create_task(self._lease(max(amount - self._left, self._share)))
            has_all = await asyncio.shield(self._leasing)
            self._turn_window()
            has_all = has_all or window != self._window

    async def aclose(self) -> None:
        """Lease no more."""
        if self._leasing is not None:
            self._leasing.cancel()
            await asyncio.wait([self._leasing])

    def refund_unused(self, amount: int, window: int) -> None:
        """Give back what was not used of what was taken in a window."""
        if window == self._window:
            self._left += amount

    @property
    def window(self) -> int:
        """Number the window of the last charge."""
        return self._window

    @property
    def _share(self) -> int:
        return max(1, (self.limit - self._leased) // SHARE)

    def _turn_window(self) -> None:
        window = int(self._clock.now().timestamp()) // self.window_s
        if window != self._window:
            self._window = window
            self._left = self._leased = self._alone = 0

    async def _lease(self, wanted: int) -> bool:
        """Lease a share. Tells whether all of it was to be had."""
        window = self._window
        try:
            ends_at = datetime.fromtimestamp(self._ends_at, UTC)
            lease = await self._shares.lease(f"{self._name} {window}", wanted, self.limit, ends_at)
        except StoreError:
            lease = self._grant_alone(wanted)
        finally:
            self._leasing = None
        if window == self._window:
            self._left += lease.granted
            self._leased = lease.leased
        return lease.granted >= wanted

    def _grant_alone(self, wanted: int) -> Lease:
        if self._seldom.is_due("quota_not_shared"):
            log.warning("quota_not_shared", quota=self.unit)
        granted = max(0, min(wanted, self.limit // ALONE - self._alone))
        self._alone += granted
        return Lease(granted, self._leased)
