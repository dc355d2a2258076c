"""Keep what was found out about a source for some time, and find it out again behind the back of those who ask."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from contextvars import Context
from typing import Any, Generic, TypeVar

T = TypeVar("T")


class LearntValue(Generic[T]):
    """Finds a value out once for all who wait for it, however soon one of them gives up; again once it is old.

    What is old is given until the new one is there.
    """

    def __init__(self, learn: Callable[[], Coroutine[Any, Any, T]], lasts_s: float) -> None:
        self._learn = learn
        self._lasts_s = lasts_s
        self._known: tuple[T, float] | None = None
        self._learning: asyncio.Task[T] | None = None

    async def find(self) -> T:
        """Find the value. Raises what finding it out raises."""
        if self._known is not None and asyncio.get_running_loop().time() < self._known[1]:
            return self._known[0]
        learning = self.learn_soon()
        return self._known[0] if self._known is not None else await asyncio.shield(learning)

    def learn_soon(self) -> asyncio.Task[T]:
        """Begin to find it out. Nothing is waited for."""
        if self._learning is None or self._learning.done():
            # In a context of its own: what bounds the call of the one who asks first bounds nobody else's.
            self._learning = asyncio.create_task(self._learn_now(), context=Context())
            self._learning.add_done_callback(_look_at)  # nobody may wait for it any more
        return self._learning

    async def aclose(self) -> None:
        """End finding it out."""
        if self._learning is not None:
            self._learning.cancel()
            await asyncio.wait([self._learning])

    async def _learn_now(self) -> T:
        value = await self._learn()
        self._known = value, asyncio.get_running_loop().time() + self._lasts_s
        return value


def _look_at(learning: asyncio.Task[Any]) -> None:
    if not learning.cancelled():
        learning.exception()
