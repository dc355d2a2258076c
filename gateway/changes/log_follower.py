"""Follow a log of MongoDB in a worker: each entry is heard of once, in order, also over an outage."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from contextlib import suppress
from typing import Any, ClassVar, Protocol

import msgspec
import structlog

from gateway.background_pass import BackgroundPass
from gateway.changes.customer_change import LogPosition, PositionTooOldError
from gateway.clock import Clock
from gateway.errors import StoreError

POLL_S = 0.25
"""How long a worker waits before it looks again."""

MAX_DOCUMENTS = 50
"""How many documents are read at once."""

log = structlog.get_logger()


class NumberedLog(Protocol):
    """A log with dense numbers. Every method raises `StoreError` when it fails."""

    async def read_end(self) -> LogPosition:
        """Read where the log ends."""
        ...

    async def read_after(self, since: LogPosition, limit: int) -> Sequence[tuple[int, dict[str, Any]]]:
        """Read entries behind a position. Raises `PositionTooOldError` where some are gone."""
        ...


class LogFollower(BackgroundPass):
    """Looks for new entries from a `position` on, which is that of the last one that was heard of; without one from its end."""

    begins_at_once: ClassVar[bool] = True

    def __init__(self, numbered: NumberedLog, clock: Clock, position: LogPosition | None = None) -> None:
        super().__init__(clock, POLL_S)
        self.position = position
        self._numbered = numbered

    async def open(self) -> None:
        """Begin to follow, while nothing is kept that could be stale. While MongoDB is away it begins later."""
        if self.position is None:
            with suppress(StoreError):
                self.position = await self._numbered.read_end()
        self.start()

    async def run_pass(self) -> bool:
        """Read what is new. Tells whether there may be more. Raises `StoreError`."""
        if self.position is None:
            self.position = await self._numbered.read_end()
            await self.take_gap()
            return False
        try:
            entries = await self._numbered.read_after(self.position, MAX_DOCUMENTS)
        except PositionTooOldError:
            log.warning("changes_missed")
            end = await self._numbered.read_end()
            await self.take_gap()
            self.position = end
            return True
        if entries:
            await self.take_entries(entries)
            self.position = msgspec.structs.replace(self.position, position=entries[-1][0])
        return bool(entries)

    @abstractmethod
    async def take_entries(self, entries: Sequence[tuple[int, dict[str, Any]]]) -> None:
        """Take new entries with their numbers."""

    @abstractmethod
    async def take_gap(self) -> None:
        """Take it that there may have been entries which nobody can read."""

    def _log_mistake(self, error: Exception) -> None:
        log.error("changes_not_heard", error=type(error).__name__)
