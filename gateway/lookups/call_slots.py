"""Bound the calls of one queue that run at a time."""

import asyncio
from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any


class CallSlots:
    """Start a queue's calls, at most `free` more at a time. They end when it is closed.

    `dispatch` takes from the queue what may leave; it runs in the turn of the loop after something came, or a call has ended.
    """

    def __init__(self, count: int, dispatch: Callable[[], None]) -> None:
        self.count = self.free = count
        self._dispatch = dispatch
        self._is_dispatching = False
        self._calls: set[asyncio.Task[Any]] = set()

    @property
    def are_used(self) -> bool:
        """Tell whether a call is under way."""
        return bool(self._calls)

    def dispatch_soon(self) -> None:
        """Dispatch at the end of this turn, if a call may leave. By then the turn has put all that it has into the queue."""
        if self.free and not self._is_dispatching:
            self._is_dispatching = True
            asyncio.get_running_loop().call_soon(self._run)

    def start(self, call: Coroutine[Any, Any, Any], end: Callable[[asyncio.Task[Any]], None]) -> None:
        """Start a call. `end` gets it when it has ended, however it ends, cancelled before it began too."""
        self.free -= 1
        task = asyncio.create_task(call)
        self._calls.add(task)
        task.add_done_callback(partial(self._end, end))

    async def aclose(self) -> None:
        """Cancel the calls under way."""
        for task in self._calls:
            task.cancel()
        await asyncio.gather(*self._calls, return_exceptions=True)

    def _run(self) -> None:
        self._is_dispatching = False
        self._dispatch()

    def _end(self, end: Callable[[asyncio.Task[Any]], None], task: asyncio.Task[Any]) -> None:
        self._calls.discard(task)
        end(task)
        self.free += 1
        self.dispatch_soon()
