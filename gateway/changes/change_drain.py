"""Give the changes of tags to all who wait for them: in each worker, by one of them at a time."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any, Protocol

import msgspec
import structlog

from gateway.background_pass import BackgroundPass
from gateway.changes.tag_change import ChangeConsumer, OutboxPage
from gateway.clock import Clock
from gateway.errors import StoreError
from gateway.log import SeldomLog
from gateway.tags.tag_store import LeaseTable

DRAIN = "drain of changes"
"""The name of the lease."""

HOLD = timedelta(seconds=10)
"""When another worker goes on where one has died in a pass."""

PASS_S = 3.0
"""For how long a worker gives changes before another one may."""

MAX_CUSTOMERS = 50
"""Of how many customers changes are given at once."""

BACKOFF = timedelta(minutes=1)
"""When changes are given again that somebody could not take."""

BEHIND_S = 300.0
"""What is late by more is in the log."""

log = structlog.get_logger()


class DrainCounts(msgspec.Struct, eq=False):
    """What became of changes, since the start. `lag_s` is for how long the first one waits."""

    taken: int = 0
    postponed: int = 0
    lag_s: float = 0.0


class Outbox(Protocol):
    """Where changes wait. Every method raises `StoreError`, and only that."""

    async def read_page(self, now: datetime, limit: int) -> OutboxPage:
        """Read the changes of some customers, those first who wait longest."""
        ...

    async def remove(self, taken: Mapping[str, Sequence[Mapping[str, Any]]]) -> None:
        """Remove entries that all have taken, by customer."""
        ...

    async def postpone(self, customers: Sequence[str], at: datetime) -> None:
        """Have the changes of customers leave at a later moment."""
        ...


class ChangeDrain(BackgroundPass):
    """Looks from time to time for changes, and gives each to all consumers, at least once. Then it is removed.

    Whatever ends it in between, the same changes come again with the same ids. `is_busy` tells that requests wait: then there
    is a pause after each page.
    """

    def __init__(
        self, outbox: Outbox, leases: LeaseTable, clock: Clock, consumers: Sequence[ChangeConsumer], every_s: float = 1.0
    ) -> None:
        super().__init__(clock, every_s)
        self.counts = DrainCounts()
        self.is_busy: Callable[[], bool] = lambda: False
        self._outbox = outbox
        self._leases = leases
        self._consumers = consumers
        self._seldom = SeldomLog(clock)

    async def run_pass(self) -> bool:
        """Give what waits, for a while, unless another worker does. Tells whether there is more. Raises `StoreError`."""
        if not (await self._read_page()).entries:
            return False
        if not await self._leases.acquire([DRAIN], hold=HOLD):
            return False
        try:
            ends = self._clock.monotonic() + PASS_S
            while (page := await self._read_page()).entries:
                if self._clock.monotonic() >= ends:
                    return True
                await self._give(page)
                if self.is_busy():
                    await self._clock.sleep(self._every_s)
            return False
        finally:
            with suppress(StoreError):
                await self._leases.release([DRAIN])

    def _log_mistake(self, error: Exception) -> None:
        log.error("changes_not_taken", error=type(error).__name__)

    async def _read_page(self) -> OutboxPage:
        now = self._clock.now()
        page = await self._outbox.read_page(now, MAX_CUSTOMERS)
        self.counts.lag_s = 0.0 if page.since is None else (now - page.since).total_seconds()
        if self.counts.lag_s > BEHIND_S and self._seldom.is_due("behind"):
            log.warning("changes_behind", seconds=int(self.counts.lag_s))
        return page

    async def _give(self, page: OutboxPage) -> None:
        """Give a page. After a mistake each customer's changes are given alone: one must not hold the others."""
        try:
            await self._give_some(page, [*page.entries])
        except StoreError:
            raise
        except Exception as error:  # noqa: BLE001  as above
            log.error("changes_not_taken", error=type(error).__name__)
        else:
            return
        for customer in page.entries:
            try:
                await self._give_some(page, [customer])
            except StoreError:
                raise
            except Exception:  # noqa: BLE001  which is in the log
                self.counts.postponed += len(page.entries[customer])
                await self._outbox.postpone([customer], self._clock.now() + BACKOFF)

    async def _give_some(self, page: OutboxPage, customers: Sequence[str]) -> None:
        changes = [change for customer in customers for change in page.changes(customer)]
        if changes:
            for consumer in self._consumers:
                await consumer.take_changes(changes)
        await self._outbox.remove({customer: page.entries[customer] for customer in customers})
        self.counts.taken += len(changes)
