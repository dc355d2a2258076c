"""Seal what is in the spool and take it to MongoDB: of all processes of the machine, also of those that have died."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Callable, Collection, Sequence
from contextlib import ExitStack, asynccontextmanager, suppress
from functools import partial
from pathlib import Path

import structlog

from gateway.audit.delivery_state import DeliveryState, measure_spool
from gateway.audit.entry import Person
from gateway.audit.link import AuditKeys
from gateway.audit.retention import Retention
from gateway.audit.sealer import Sealer
from gateway.audit.spool import SEALED, UNREADABLE, Spool, SpoolLine
from gateway.audit.stores import LinkStore, PeopleStore
from gateway.audit.told_callers import Told, Withholding, list_told
from gateway.audit.volume_thread import VolumeThread
from gateway.clock import Clock
from gateway.errors import StoreError
from gateway.log import SeldomLog, frames_of
from gateway.settings.audit_settings import AuditSettings

DELIVER_S = 1.0
"""How often the spool is emptied, in seconds."""

CLOSE_S, RELEASE_S = 3.0, 0.5
"""How long the last delivery of a process may take, and then to give up its lock. Another process does the rest."""

PAUSE_S = 0.02
"""After each segment others get their turn, who look for it more often."""

LOOK_S = 0.005

log = structlog.get_logger()


class Delivery:
    """Empties a spool, and cuts what is too old. Of the processes that share it one does so, and another one when that ends.

    One that `gives_way` lets the loop of its process in, and leaves the spool to a process that is there for that alone.
    """

    def __init__(
        self, settings: AuditSettings, links: LinkStore, people: PeopleStore, clock: Clock, *, gives_way: bool = True
    ) -> None:
        self.withholding: Withholding | None = None
        """Who is not named to MongoDB any more; None where nobody can be erased."""
        self.state: DeliveryState | None = None
        """How far it is; None where another process delivers."""
        self.failures = 0
        self.tell: Callable[[DeliveryState], None] = lambda _: None
        """Told each time how far it is."""
        self._spool = Spool(settings.spool)
        self._links = links
        self._people = people
        self._keep = settings.retention
        key = AuditKeys.from_settings(settings).chain
        self._sealer = Sealer(self._spool, key, clock, gives_way=gives_way)
        self._retention = Retention(links, key, settings.retention, clock)
        self._clock = clock
        self._seldom = SeldomLog(clock)
        self._volume = VolumeThread()
        self._gives_way = gives_way
        self._lock: int | None = None
        self._claim: int | None = None
        self._running: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Deliver from now on."""
        self._running = asyncio.create_task(self._run())

    async def aclose(self, *, is_stuck: bool = False) -> None:
        """Deliver what there is, unless another process does or the volume is stuck, and end. It takes `CLOSE_S` at most."""
        if self._running is not None:
            self._running.cancel()
            await asyncio.wait({self._running})
        with suppress(StoreError, OSError, TimeoutError):
            async with asyncio.timeout(0 if is_stuck else CLOSE_S):
                if await self._has_lock():
                    await self.deliver()
        self._volume.submit(self._release)
        with suppress(TimeoutError):
            await self._volume.run(lambda: None, 0 if is_stuck else RELEASE_S)
        self._volume.close()

    async def deliver(self) -> None:
        """Seal all closed segments and deliver them, unless another process is at it.

        Raises `StoreError` and `OSError`; what was delivered before is.
        """
        try:
            await self._seal_closed()
        except OSError:  # where the disk is full, what was sealed before makes room
            await self._deliver_sealed()
            raise
        await self._deliver_sealed()
        async with self._exclusive() as is_mine:
            if is_mine:
                await self._volume.run(self._spool.remove_unfinished)
                await self._volume.run(self._sealer.clear_all_away)

    async def _seal_closed(self) -> None:
        stopped: set[str] = set()
        for path in await self._volume.run(self._spool.list_unsealed):
            async with self._exclusive() as is_mine:
                if not is_mine:
                    return
                await self._volume.run(partial(self._sealer.seal_next, path, stopped))
            await self._clock.sleep(PAUSE_S)

    async def _deliver_sealed(self) -> None:
        for path in await self._volume.run(partial(self._spool.list_segments, SEALED)):
            async with self._exclusive() as is_mine:
                if not is_mine:
                    return
                is_sealed = False
                with suppress(OSError):  # which sealing raises the next time, too
                    is_sealed = await self._volume.run(partial(self._sealer.finish_sealing, path))
                if is_sealed:
                    await self._deliver(path)
            await self._clock.sleep(PAUSE_S)

    async def forget(self, customers: Collection[str]) -> int:
        """Erase customers from all segments that are closed, and from MongoDB. Gives how often they were there.

        Raises `StoreError` and `OSError`.
        """
        while True:
            async with self._exclusive() as is_mine:
                if is_mine:
                    await self._volume.run(self._spool.remove_unfinished)
                    await self._volume.run(self._sealer.seal_all)
                    if self.withholding is not None:
                        await self.withholding.read()
                        await self.withholding.note_told(await self._volume.run(partial(self._told_of, customers)))
                    erased = await self._volume.run(partial(self._spool.forget, customers))
                    erased += await self._people.forget_customers(customers)
                    await self._volume.run(partial(self._spool.require_unnamed, customers))
                    return erased
            await self._clock.sleep(LOOK_S)

    async def _run(self) -> None:
        while True:
            try:
                if await self._has_lock():
                    await self.deliver()
                    await self._retention.cut_if_due()
            except (StoreError, OSError) as error:
                self.failures += 1
                if self._seldom.is_due("audit_not_delivered"):
                    log.warning("audit_not_delivered", error=type(error).__name__)
            except Exception as error:  # noqa: BLE001  without this task nothing would be delivered any more
                self.failures += 1
                if self._seldom.is_due("audit_failed"):
                    log.error("audit_failed", error=type(error).__name__, frames=frames_of(error))
            await self._measure()
            await self._clock.sleep(DELIVER_S)

    async def _measure(self) -> None:
        """See how far it is, where this process delivers."""
        if self._lock is not None:
            with suppress(OSError):
                now = self._clock.now().timestamp()
                self.state = await self._volume.run(partial(measure_spool, self._spool, self.failures, now))
                self.tell(self.state)

    async def _has_lock(self) -> bool:
        return await self._volume.run(self._take_lock)

    def _take_lock(self) -> bool:
        # A worker may have been there first, so who claims the spool is asked for each time.
        if self._gives_way and self._spool.has_courier():
            self._release()
            self.state = None
            return False
        if self._spool.is_writable:
            if not self._gives_way and self._claim is None:
                self._claim = self._spool.lock_courier()
            if self._lock is None:
                self._lock = self._spool.lock_delivery()
        return self._lock is not None

    def _release(self) -> None:
        locks, self._lock, self._claim = (self._lock, self._claim), None, None
        for lock in locks:
            if lock is not None:
                os.close(lock)

    @asynccontextmanager
    async def _exclusive(self) -> AsyncIterator[bool]:
        """Have the spool to oneself, as `Spool.exclusive`."""
        held = ExitStack()
        try:
            yield await self._volume.run(lambda: held.enter_context(self._spool.exclusive()))
        except BaseException:
            self._volume.submit(held.close)  # nobody waits: the volume may be what was waited for too long
            raise
        await self._volume.submit(held.close)

    async def _deliver(self, path: Path) -> None:
        try:
            lines = await self._volume.run(partial(self._spool.read, path))
            # People first: whose link is there can be told. A segment that was delivered in part comes again as a whole.
            await self._people.add(await self._named(lines), self._keep)
            await self._links.add([line.link for line in lines])
            await self._volume.run(partial(self._spool.remove, path))
        except FileNotFoundError:  # another process has delivered it since it was listed
            return
        except UNREADABLE:
            await self._volume.run(partial(self._spool.set_aside, path))

    async def _named(self, lines: Sequence[SpoolLine]) -> list[Person]:
        """List the people of a segment who are not erased by now."""
        people = [person for line in lines for person in line.people]
        if self.withholding is None:
            return people
        is_withheld = await self.withholding.read()
        named = [person for person in people if not is_withheld(person.customer)]
        if len(named) < len(people):
            await self.withholding.note_told([*list_told(lines, is_withheld)])
        return named

    def _told_of(self, customers: Collection[str]) -> list[Told]:
        """List who was told of customers by the sealed segments."""
        told: list[Told] = []
        for path in self._spool.list_segments(SEALED):
            with suppress(*UNREADABLE):  # `Spool.forget` sets aside what is none
                told += list_told(self._spool.read(path), customers.__contains__)
        return told
