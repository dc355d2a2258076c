"""Hold the changes that one follower has not read."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable

from gateway.changes.customer_change import CustomerChange
from gateway.errors import CallerError

MAX_WAITING = 200
"""How many changes wait for a follower. After more he has to begin anew."""


class ChangesMissedError(CallerError):
    """A follower did not hear of all changes: he was too slow, or they could not be read."""

    code = "CHANGES_MISSED"
    retryable = True

    def __init__(self) -> None:
        super().__init__("some changes were missed; read anew what you keep, and subscribe again")


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
        """Add a change that the follower wants, where there is room."""
        if self._has_gap or self._is_closed or not self._wants(change):
            return
        if len(self._waiting) >= self._most:
            self.break_off()
            return
        self._waiting.append(change)
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
