"""Hold a list in memory that others change, and follow what becomes of it."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Sequence
from contextlib import suppress
from typing import Generic, Protocol, TypeVar

from gateway.clock import Clock
from gateway.errors import AccessUnavailableError

REFRESH_S = 1.0
"""How often it is asked whether the list has changed, in seconds."""

REREAD_S = 30.0
"""How often all of it is read, changed or not, in seconds: a change may be there whose version was not told."""

WAIT_S = 5.0
"""How long a worker waits for the first read at most, in seconds."""

E = TypeVar("E", covariant=True)
R = TypeVar("R")


class Versioned(Protocol[E]):
    """A list with a version. Methods raise `StoreError`."""

    async def version(self) -> int | str:
        """Tell the version of the list: another one after each change."""
        ...

    async def read(self) -> Sequence[E]:
        """Read all of the list."""
        ...


class Replica(ABC, Generic[R]):
    """What a worker knows of a list. One that was last read over `stale_s` ago is not relied on any more."""

    def __init__(self, origin: Versioned[R], stale_s: float, clock: Clock) -> None:
        self._origin = origin
        self._stale_s = stale_s
        self._clock = clock
        self._version: int | str | None = None
        self._read_at: float | None = None
        self._all_read_at = 0.0
        self._following: asyncio.Task[None] | None = None
        self._refreshing = asyncio.Lock()

    @abstractmethod
    def _learn(self, entries: Sequence[R]) -> None:
        """Know these entries from now on, and no others."""

    @abstractmethod
    def _note_failure(self, error: Exception) -> None:
        """Log that the list cannot be read."""

    async def start(self) -> None:
        """Follow the list, and wait a little for the first read."""
        if self._following is None:
            first = asyncio.Event()
            self._following = asyncio.create_task(self._follow(first))
            with suppress(TimeoutError):
                await asyncio.wait_for(first.wait(), WAIT_S)

    async def aclose(self) -> None:
        """Follow the list no more."""
        tasks = self._tasks()
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)

    def _tasks(self) -> set[asyncio.Task[None] | asyncio.Task[bool]]:
        return set() if self._following is None else {self._following}

    def check_age(self) -> None:
        """Raise `AccessUnavailableError` where the list was not read for too long."""
        if self._read_at is None or self._clock.monotonic() - self._read_at > self._stale_s + REFRESH_S:
            raise AccessUnavailableError

    async def refresh(self) -> None:
        """Read the list where it has changed, or was not read for a while. Raises `StoreError`."""
        async with self._refreshing:
            await self._refresh()

    async def _refresh(self) -> None:
        now = self._clock.monotonic()
        version = await self._origin.version()
        if version != self._version or now - self._all_read_at >= REREAD_S:
            self._learn(await self._origin.read())
            self._version, self._all_read_at = version, now
        self._read_at = now

    async def _follow(self, first: asyncio.Event) -> None:
        failed = False
        while True:
            try:
                await self.refresh()
                failed = False
            except Exception as error:  # noqa: BLE001  what nobody can read; what is known holds for a while
                if not failed:
                    self._note_failure(error)
                failed = True
            first.set()
            await self._clock.sleep(REFRESH_S)
