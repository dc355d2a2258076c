"""Bound how much is computed because the store could not be read."""

import asyncio
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager


class ComputingRoom:
    """Bound the customers whose stored tags are computed. First come, first served.

    Without a bound, a store that is late under load would have every request compute, which makes it later still.
    """

    def __init__(self, size: int) -> None:
        self._size = size
        self._free = size
        self._waiting: deque[tuple[int, asyncio.Future[None]]] = deque()

    @contextmanager
    def wanted(self, customers: int) -> Iterator[asyncio.Future[None]]:
        """Want room for so many customers. Gives what is done when there is; the room is free again at the end."""
        needed = min(customers, self._size)
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((needed, turn))
        self._admit()
        try:
            yield turn
        finally:
            if turn.done():
                self._free += needed
            else:
                self._waiting.remove((needed, turn))
            self._admit()

    def _admit(self) -> None:
        while self._waiting and self._waiting[0][0] <= self._free:
            needed, turn = self._waiting.popleft()
            self._free -= needed
            turn.set_result(None)
