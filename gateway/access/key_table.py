"""Hold all keys in memory, and look for those that nobody knows."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import structlog

from gateway.access.api_keys import ApiKey, ApiKeys, digest_of
from gateway.access.replica import Replica
from gateway.clock import Clock
from gateway.errors import AccessUnavailableError

LOOK_S = 0.2
"""How far apart looks for keys are that nobody knows, in seconds, however many callers make some up."""

log = structlog.get_logger()


class KeyTable(Replica[ApiKey]):
    """Knows keys by their digests. `secret` is that of the digests; keys last read over `stale_s` ago hold no more."""

    def __init__(self, keys: ApiKeys, secret: str, stale_s: float, clock: Clock) -> None:
        super().__init__(keys, stale_s, clock)
        self._secret = secret
        self._known: dict[str, ApiKey] = {}
        self._by_id: dict[str, ApiKey] = {}
        self._looked_at = -LOOK_S
        self._next_look: asyncio.Task[bool] | None = None
        self._looks: set[asyncio.Task[bool]] = set()

    def find(self, text: str) -> ApiKey | None:
        """Find the key with this text. One that has ended is one; None where there is none.

        Raises `AccessUnavailableError` where that cannot be told.
        """
        self.check_age()
        return self._known.get(digest_of(text, self._secret))

    def has(self, key: ApiKey) -> bool:
        """Tell whether a key that was found is still as it was. Raises `AccessUnavailableError` where that cannot be told."""
        self.check_age()
        return self._known.get(key.digest) is key

    def find_by_id(self, id_: str) -> ApiKey | None:
        """Find the key with this id, as `find` does."""
        self.check_age()
        return self._by_id.get(id_)

    async def find_new(self, text: str) -> ApiKey | None:
        """Find a key that nobody knew, which may just have been made: the keys are read first.

        Raises `AccessUnavailableError` where they cannot be read.
        """
        await self.look()
        return self.find(text)

    async def look(self) -> None:
        """Read the keys, for what somebody else may just have made. Raises `AccessUnavailableError`."""
        if self._next_look is None:
            self._next_look = asyncio.create_task(self._look_soon())
            self._looks.add(self._next_look)
            self._next_look.add_done_callback(self._looks.discard)
        look = self._next_look
        await asyncio.wait({look})  # which goes on for the others where this request is given up
        if look.cancelled() or not look.result():
            raise AccessUnavailableError

    def _tasks(self) -> set[asyncio.Task[None] | asyncio.Task[bool]]:
        return super()._tasks() | self._looks

    def _learn(self, entries: Sequence[ApiKey]) -> None:
        self._known = {key.digest: key for key in entries}
        self._by_id = {key.id: key for key in entries}

    def _note_failure(self, error: Exception) -> None:
        log.warning("keys_not_read", error=type(error).__name__)

    async def _refresh(self) -> None:
        self._looked_at = self._clock.monotonic()
        await super()._refresh()

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
