"""Tell the followers in a worker of changes of customers, each once and in the order of the log."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Sequence

import msgspec

from gateway.changes.customer_change import ChangeLog, CustomerChange, PositionTooOldError

MAX_RECENT = 10_000
"""How many changes a hub without a log remembers."""


class ChangeQueue:
    """The changes that a follower has not read: `most`, the oldest first. `missed` counts those that did not fit.

    Iteration ends when the queue is closed, and what is in it was read.
    """

    def __init__(self, hub: ChangeHub, most: int) -> None:
        self.missed = 0
        self._hub = hub
        self._most = most
        self._waiting: deque[CustomerChange] = deque()
        self._is_closed = False
        self._wake = asyncio.Event()

    def __aiter__(self) -> ChangeQueue:
        return self

    async def __anext__(self) -> CustomerChange:
        while not self._waiting:
            if self._is_closed:
                raise StopAsyncIteration
            self._wake.clear()
            await self._wake.wait()
        return self._waiting.popleft()

    def add_change(self, change: CustomerChange) -> None:
        """Add a change, where there is room."""
        if len(self._waiting) >= self._most:
            self.missed += 1
        else:
            self._waiting.append(change)
        self._wake.set()

    def close(self) -> None:
        """Follow no more."""
        self._is_closed = True
        self._wake.set()
        self._hub.leave(self)


class ChangeHub:
    """Tells of changes in one worker. With a log all workers have the same ones; without, each has its own.

    `position` is that of the last change that was heard of, None before the first.
    """

    def __init__(self, log: ChangeLog | None = None, max_recent: int = MAX_RECENT) -> None:
        self.position: int | None = None
        self.log = log
        self._queues: dict[ChangeQueue, None] = {}
        self._recent: deque[CustomerChange] = deque(maxlen=max_recent)

    @property
    def followers(self) -> int:
        """Tell how many follow."""
        return len(self._queues)

    def follow(self, most: int) -> ChangeQueue:
        """Hear of all changes from now on. The queue is to be closed."""
        queue = ChangeQueue(self, most)
        self._queues[queue] = None
        return queue

    def leave(self, queue: ChangeQueue) -> None:
        """Tell a queue no more."""
        self._queues.pop(queue, None)

    async def announce(self, changes: Sequence[CustomerChange]) -> None:
        """Write changes to the log, from which all workers hear of them. Their positions are given here.

        Raises `StoreError`.
        """
        if not changes:
            return
        if self.log is not None:
            await self.log.append(changes)
            return
        first = (self.position or 0) + 1
        self.publish([msgspec.structs.replace(own, position=first + place) for place, own in enumerate(changes)])

    def publish(self, changes: Sequence[CustomerChange]) -> None:
        """Tell all followers of changes, in their order. Those that were told before are left out."""
        for change in changes:
            if self.position is not None and change.position <= self.position:
                continue
            self.position = change.position
            if self.log is None:
                self._recent.append(change)
            for queue in self._queues:
                queue.add_change(change)

    async def read_since(self, position: int, limit: int) -> list[CustomerChange]:
        """Read so many changes behind a position. Raises `StoreError`, and `PositionTooOldError` where they are gone."""
        if self.log is not None:
            return await self.log.read_since(position, limit)
        known = self.position or 0
        oldest = self._recent[0].position if self._recent else known + 1
        if position > known or position < oldest - 1:
            raise PositionTooOldError
        return [change for change in self._recent if change.position > position][:limit]
