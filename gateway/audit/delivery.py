"""Take links from the spool to MongoDB: of this process, and of those that have died."""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from datetime import timedelta
from pathlib import Path

from gateway.audit.spool import UNREADABLE, Spool
from gateway.audit.stores import LinkStore, PeopleStore
from gateway.clock import Clock

PAUSE_S = 0.02
"""After each segment others get their turn, who look for it more often."""

LOOK_S = 0.005


class Delivery:
    """Empties a spool. Several processes may share one: only one of them takes something away at a time."""

    def __init__(self, spool: Spool, links: LinkStore, people: PeopleStore, retention: timedelta, clock: Clock) -> None:
        self._spool = spool
        self._links = links
        self._people = people
        self._retention = retention
        self._clock = clock

    async def deliver(self) -> None:
        """Deliver all closed segments, unless another process is at it.

        Raises `StoreError` and `OSError`; what was delivered before is.
        """
        for path in await asyncio.to_thread(self._spool.list_closed):
            with self._spool.exclusive() as is_mine:
                if not is_mine:
                    return
                await self._deliver(path)
            await self._clock.sleep(PAUSE_S)

    async def forget(self, customers: Collection[str]) -> int:
        """Erase customers from the closed segments, and from MongoDB. Gives how often they were there.

        Raises `StoreError` and `OSError`.
        """
        while True:
            with self._spool.exclusive() as is_mine:
                if is_mine:
                    erased = await asyncio.to_thread(self._spool.forget, customers)
                    return erased + await self._people.forget_customers(customers)
            await self._clock.sleep(LOOK_S)

    async def _deliver(self, path: Path) -> None:
        try:
            lines = await asyncio.to_thread(self._spool.read, path)
            # People first: whose link is there can be told. A segment that was delivered in part comes again as a whole.
            await self._people.add([person for line in lines for person in line.people], self._retention)
            await self._links.add([line.link for line in lines])
            await asyncio.to_thread(self._spool.remove, path)
        except FileNotFoundError:  # its process closed it since it was listed: the next round has it by its new name
            return
        except UNREADABLE:
            self._spool.set_aside(path)
