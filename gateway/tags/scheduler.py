"""Renew tags when time alone has changed them, though nobody asks: in each worker, by one of them at a time."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from datetime import datetime, timedelta

import msgspec
import structlog

from gateway.background_pass import BackgroundPass
from gateway.clock import Clock
from gateway.errors import StoreError
from gateway.log import SeldomLog
from gateway.settings.settings import TagSettings
from gateway.tags.computation import Pair
from gateway.tags.definitions import Pack
from gateway.tags.purpose_check import PurposeCheck
from gateway.tags.renewal import Renewals, Renewed
from gateway.tags.tag_store import DueTags, TagStore

SCHEDULE = "schedule of tags"
"""The name of the lease."""

HOLD = timedelta(minutes=2)
"""When another worker goes on where one has died in a pass."""

PASS_S = 30.0
"""For how long a worker renews before another one may."""

MAX_CUSTOMERS = 20
"""Of how many customers tags are renewed at once: they share calls to sources, and hold the loop together."""

FIRST_BACKOFF, MAX_BACKOFF = timedelta(minutes=1), timedelta(hours=1)
"""When tags are tried again that could not be renewed: each time after twice the time."""

FOREIGN_FOR = timedelta(days=1)
"""For how long a tag that this worker's pack does not have is left to others, who may have a newer one."""

BEHIND_S = 3_600.0
"""What is late by more is in the log."""

log = structlog.get_logger()


class ScheduleCounts(msgspec.Struct, eq=False):
    """What became of tags that time had changed, since the start. `lag_s` is how late the first one is that is due."""

    renewed: int = 0
    postponed: int = 0
    dropped: int = 0
    lag_s: float = 0.0

    def minus(self, before: ScheduleCounts) -> dict[str, int]:
        """Count what came since."""
        names = ("renewed", "postponed", "dropped")
        return {name: getattr(self, name) - getattr(before, name) for name in names}


class TagScheduler(BackgroundPass):
    """Looks from time to time for tags that time has changed, and renews those of so many customers a second.

    `is_busy` tells that requests wait. They come first: then nothing is renewed here.
    """

    def __init__(
        self,
        pack: Pack,
        store: TagStore,
        clock: Clock,
        renewals: Renewals,
        purposes: PurposeCheck,
        settings: TagSettings,
    ) -> None:
        super().__init__(clock, settings.schedule_s)
        self.counts = ScheduleCounts()
        self.is_busy: Callable[[], bool] = lambda: False
        self._pack = pack
        self._store = store
        self._renewals = renewals
        self._purposes = purposes
        self._per_s = settings.schedule_per_s
        self._seldom = SeldomLog(clock)

    async def run_pass(self) -> bool:
        """Renew what is due, for a while, unless another worker does. Tells whether there is more. Raises `StoreError`."""
        if self.is_busy() or not await self._read_due():
            return False
        if not await self._store.leases.acquire([SCHEDULE], hold=HOLD):
            return False
        before = msgspec.structs.replace(self.counts)
        try:
            return await self._renew_due()
        finally:
            with suppress(StoreError):
                await self._store.leases.release([SCHEDULE])
            if any((became := self.counts.minus(before)).values()):
                log.info("tags_renewed_by_time", **became)

    def _log_mistake(self, error: Exception) -> None:
        log.error("tag_schedule_failed", error=type(error).__name__)

    async def _renew_due(self) -> bool:
        ends, seen = self._clock.monotonic() + PASS_S, set[str]()
        while due := await self._read_due():
            began = self._clock.monotonic()
            if began >= ends or self.is_busy():
                return True
            await self._renew_or_postpone(due, seen)
            seen.update(own.customer for own in due)
            await self._clock.sleep(max(0.0, len(due) / self._per_s - (self._clock.monotonic() - began)))
        return False

    async def _renew_or_postpone(self, due: Sequence[DueTags], seen: Collection[str]) -> None:
        """Renew tags. After a mistake they come again later: else those behind them would never be renewed."""
        try:
            await self._renew(due, seen)
        except StoreError:
            raise
        except Exception as error:  # noqa: BLE001  as above
            log.error("tag_schedule_failed", error=type(error).__name__)
            now = self._clock.now()
            self.counts.postponed += sum(len(own.keys) for own in due)
            await self._store.tags.postpone({own.customer: now + _backoff(own.tries) for own in due}, now)

    async def _read_due(self) -> Sequence[DueTags]:
        now = self._clock.now()
        due = await self._store.tags.read_due(now, MAX_CUSTOMERS)
        lag = max((now - own.since for own in due if not own.tries), default=timedelta())
        self.counts.lag_s = lag.total_seconds()
        if self.counts.lag_s > BEHIND_S and self._seldom.is_due("behind"):
            log.warning("tag_schedule_behind", seconds=int(self.counts.lag_s))
        return due

    async def _renew(self, due: Sequence[DueTags], seen: Collection[str]) -> None:
        now, tags = self._clock.now(), self._pack.tags
        pairs = [(own.customer, key) for own in due for key in own.keys if key in tags]
        renewed = await self._renewals.renew_changed(pairs, now, self._purposes) if pairs else Renewed()
        dropped, postponed = set(renewed.dropped), dict[str, datetime]()
        for own in due:
            foreign = {(own.customer, key) for key in own.keys if key not in tags}
            if foreign and own.since <= now - FOREIGN_FOR:
                dropped |= foreign
                foreign = set()
            vain = {pair for pair in pairs if pair[0] == own.customer} - renewed.done - dropped
            if vain or own.customer in seen:
                postponed[own.customer] = now + _backoff(own.tries)
            elif foreign:
                postponed[own.customer] = own.since + FOREIGN_FOR
            self._count(own, renewed, vain)
        self.counts.dropped += len(dropped)
        await self._store.tags.unschedule(dropped, now)
        await self._store.tags.postpone(postponed, now)

    def _count(self, own: DueTags, renewed: Renewed, vain: Collection[Pair]) -> None:
        self.counts.renewed += sum((own.customer, key) in renewed.done for key in own.keys)
        self.counts.postponed += len(vain)


def _backoff(tries: int) -> timedelta:
    return min(MAX_BACKOFF, FIRST_BACKOFF * (1 << min(tries, 10)))
