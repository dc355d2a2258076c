"""Hold the changes that one follower has not read."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence

from gateway.changes.customer_change import ChangesMissedError, CustomerChange

MAX_WAITING = 200
"""How many changes wait for a follower. After more he has to begin anew."""


class ChangeFeed:
    """The changes that a follower wants, the oldest first. Iteration ends when it is closed, and what is in it was read.

    Raises `ChangesMissedError` behind the last change before a gap, and ends with that.
    """

    def __init__(
        self, wants: Callable[[CustomerChange], bool], leave: Callable[[ChangeFeed], None], most: int = MAX_WAITING
    ) -> None:
        self._wants = wants
        self._leave = leave
        self._most = most
        self._waiting: deque[CustomerChange] = deque()
        self._floor = 0
        self._has_gap = False
        self._is_closed = False
        self._wake = asyncio.Event()

    def __aiter__(self) -> ChangeFeed:
        return self

    async def __anext__(self) -> CustomerChange:
        while not self._waiting:
            if self._has_gap:
                self._has_gap, self._is_closed = False, True
                raise ChangesMissedError
            if self._is_closed:
                raise StopAsyncIteration
            self._wake.clear()
            await self._wake.wait()
        return self._waiting.popleft()

    def add(self, change: CustomerChange) -> None:
        """Add a change that the follower wants, where there is room. One that it was told of is passed over."""
        if self._has_gap or self._is_closed or change.position.position <= self._floor or not self._wants(change):
            return
        if len(self._waiting) >= self._most:
            self.break_off()
            return
        self._waiting.append(change)
        self._wake.set()

    def prepend(self, changes: Sequence[CustomerChange]) -> None:
        """Put changes from before it was followed in front of those that wait."""
        if not changes:
            return
        self._floor = changes[-1].position.position
        later = [own for own in self._waiting if own.position.position > self._floor]
        self._waiting = deque([*filter(self._wants, changes), *later])
        self._wake.set()

    def break_off(self) -> None:
        """Note that a change behind those that wait was missed."""
        self._has_gap = True
        self._leave(self)
        self._wake.set()

    def close(self) -> None:
        """Follow no more."""
        self._is_closed = True
        self._leave(self)
        self._wake.set()
