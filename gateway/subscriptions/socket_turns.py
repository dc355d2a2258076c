"""Share the time of a worker among its sockets: each has a turn, and all together a moment before others have theirs."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable

ROUND_S = 0.005
"""How long sockets are read in a round of the loop, whatever their number. The last turn of it may end later."""


class SocketTurns:
    """The turns of all sockets of a worker, in the order in which they ask for one."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._waiting: deque[Callable[[], None]] = deque()
        self._is_scheduled = False

    def add(self, turn: Callable[[], None]) -> None:
        """Run a turn behind those that wait."""
        self._waiting.append(turn)
        self._schedule_round()

    def _schedule_round(self) -> None:
        if self._waiting and not self._is_scheduled:
            self._is_scheduled = True
            asyncio.get_running_loop().call_soon(self._run_round)

    def _run_round(self) -> None:
        self._is_scheduled = False
        ends = self._monotonic() + ROUND_S
        try:
            while self._waiting:
                self._waiting.popleft()()
                if self._monotonic() >= ends:
                    break
        finally:
            self._schedule_round()
