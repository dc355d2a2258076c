"""Hold all keys in memory, and follow what becomes of them."""

from __future__ import annotations

import asyncio
from contextlib import suppress

import structlog

from gateway.access.api_keys import ApiKey, ApiKeys, digest_of
from gateway.clock import Clock
from gateway.errors import AccessUnavailableError

REFRESH_S = 1.0
"""How often it is asked whether keys have changed, in seconds."""

REREAD_S = 30.0
"""How often all keys are read, changed or not, in seconds: a change may be there whose version was not told."""

LOOK_S = 0.2
"""How far apart looks for keys are that nobody knows, in seconds, however many callers make some up."""

WAIT_S = 5.0
"""How long a worker waits for the first read at most, in seconds."""

log = structlog.get_logger()


class KeyTable:
    """Knows keys by their digests. `secret` is that of the digests; keys last read over `stale_s` ago hold no more."""

    def __init__(self, keys: ApiKeys, secret: str, stale_s: float, clock: Clock) -> None:
        self._keys = keys
        self._secret = secret
        self._stale_s = stale_s
        self._clock = clock
        self._known: dict[str, ApiKey] = {}
        self._version: int | str | None = None
        self._read_at: float | None = None
        self._all_read_at = 0.0
        self._looked_at = -LOOK_S
        self._following: asyncio.Task[None] | None = None
        self._next_look: asyncio.Task[bool] | None = None
        self._looks: set[asyncio.Task[bool]] = set()
        self._refreshing = asyncio.Lock()

    async def start(self) -> None:
        """Follow the keys, and wait a little for the first read."""
        if self._following is None:
            first = asyncio.Event()
            self._following = asyncio.create_task(self._follow(first))
            with suppress(TimeoutError):
                await asyncio.wait_for(first.wait(), WAIT_S)

    async def aclose(self) -> None:
        """Follow the keys no more."""
        tasks = {*self._looks, *filter(None, [self._following])}
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)

    def find(self, text: str) -> ApiKey | None:
        """Find the key with this text. One that has ended is one; None where there is none.

        Raises `AccessUnavailableError` where that cannot be told.
        """
        self._check_age()
        return self._known.get(digest_of(text, self._secret))

    def has(self, key: ApiKey) -> bool:
        """Tell whether a key that was found is still as it was. Raises `AccessUnavailableError` where that cannot be told."""
        self._check_age()
        return self._known.get(key.digest) is key

    def _check_age(self) -> None:
        if self._read_at is None or self._clock.monotonic() - self._read_at > self._stale_s + REFRESH_S:
            raise AccessUnavailableError

    async def find_new(self, text: str) -> ApiKey | None:
        """Find a key that nobody knew, which may just have been made: the keys are read first.

        Raises `AccessUnavailableError` where they cannot be read.
        """
        if self._next_look is None:
            self._next_look = asyncio.create_task(self._look_soon())
            self._looks.add(self._next_look)
            self._next_look.add_done_callback(self._looks.discard)
        look = self._next_look
        await asyncio.wait({look})  # which goes on for the others where this request is given up
        if look.cancelled() or not look.result():
            raise AccessUnavailableError
        return self.find(text)

    async def refresh(self) -> None:
        """Read the keys where they have changed, or were not read for a while. Raises `StoreError`."""
        async with self._refreshing:
            await self._refresh()

    async def _refresh(self) -> None:
        self._looked_at = self._clock.monotonic()
        version = await self._keys.version()
        if version != self._version or self._looked_at - self._all_read_at >= REREAD_S:
            self._known = {key.digest: key for key in await self._keys.read()}
            self._version, self._all_read_at = version, self._looked_at
        self._read_at = self._looked_at

    async def _look_soon(self) -> bool:
        """Read the keys for all who ask until it begins. Tells whether they could be read."""
        async with self._refreshing:
            await self._clock.sleep(max(0.0, self._looked_at + LOOK_S - self._clock.monotonic()))
            self._next_look = None  # who asks from now on may have a key that is made meanwhile
            try:
                await self._refresh()
            except Exception:  # noqa: BLE001  of any kind, which `_follow` tells
                return False
        return True

    async def _follow(self, first: asyncio.Event) -> None:
        failed = False
        while True:
            try:
                await self.refresh()
                failed = False
            except Exception as error:  # noqa: BLE001  a key that nobody can read; the others hold for a while
                if not failed:
                    log.warning("keys_not_read", error=type(error).__name__)
                failed = True
            first.set()
            await self._clock.sleep(REFRESH_S)
