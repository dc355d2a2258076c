"""Few timers for many waits: to set and cancel one takes 2 microseconds, a twentieth of a small request."""

import asyncio
from typing import Protocol

TICKS_PER_S = 256


class Expiring(Protocol):
    """A wait that a timer ends. It is compared by identity."""

    def end_late(self) -> None: ...


class Timers:
    """End waits when due, or up to a tick later: all waits of a tick share a timer of the loop."""

    def __init__(self) -> None:
        self._ticks: dict[int, set[Expiring]] = {}

    def tick(self, due: float) -> set[Expiring]:
        """Collect the waits that end at this time of the loop: to be added to, and discarded from when it is done before."""
        number = int(due * TICKS_PER_S) + 1
        tick = self._ticks.get(number)
        if tick is None:
            tick = self._ticks[number] = set()
            asyncio.get_running_loop().call_at(number / TICKS_PER_S, self._end, number)
        return tick

    def _end(self, number: int) -> None:
        for wait in self._ticks.pop(number):
            wait.end_late()
