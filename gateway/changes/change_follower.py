"""Hear in a worker of all changes that are written to MongoDB."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from gateway.changes.change_hub import ChangeHub
from gateway.changes.customer_change import CustomerChange, LogPosition
from gateway.changes.log_follower import LogFollower, NumberedLog
from gateway.clock import Clock

ReadEntry = Callable[[LogPosition, dict[str, Any]], CustomerChange]


class ChangeFollower(LogFollower):
    """Tells the hub of changes, when the worker answers as of after them: `catch_up` sees to that."""

    def __init__(
        self,
        numbered: NumberedLog,
        clock: Clock,
        hub: ChangeHub,
        read: ReadEntry,
        catch_up: Callable[[Sequence[CustomerChange]], Awaitable[None]],
        position: LogPosition | None = None,
    ) -> None:
        super().__init__(numbered, clock, position)
        self._hub = hub
        self._read = read
        self._catch_up = catch_up

    async def take_entries(self, entries: Sequence[tuple[int, dict[str, Any]]]) -> None:
        """Tell of new changes."""
        log = "" if self.position is None else self.position.log
        changes = [self._read(LogPosition(log, number), entry) for number, entry in entries]
        await self._catch_up(changes)
        self._hub.publish(changes)

    async def take_gap(self) -> None:
        """Tell that some may have been missed."""
        self._hub.break_off()
