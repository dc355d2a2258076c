"""Do what touches a volume beside the event loop, in a thread that a process can end without."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Future
from queue import SimpleQueue
from typing import Any, TypeVar

T = TypeVar("T")


class VolumeThread:
    """Does one piece of work after the other. A volume that does not answer holds this thread up, and nothing else.

    The threads of `asyncio.to_thread` are waited for at the end of a process, however long they hang.
    """

    def __init__(self) -> None:
        self._queue: SimpleQueue[tuple[Future[Any], Callable[[], Any]] | None] = SimpleQueue()
        self._is_begun = False

    def submit(self, work: Callable[[], T]) -> asyncio.Future[T]:
        """Have work done, also where nobody waits for it any more."""
        if not self._is_begun:
            self._is_begun = True
            threading.Thread(target=self._work_on, name="audit volume", daemon=True).start()
        future: Future[T] = Future()
        future.set_running_or_notify_cancel()  # who waits may be cancelled, the work may not
        self._queue.put((future, work))
        return asyncio.wrap_future(future)

    async def run(self, work: Callable[[], T], timeout_s: float | None = None) -> T:
        """Do work, and wait for so long at most. Raises what it raises, and `TimeoutError`."""
        async with asyncio.timeout(timeout_s):
            return await self.submit(work)

    def close(self) -> None:
        """End the thread when its work is done."""
        if self._is_begun:
            self._queue.put(None)
            self._is_begun = False

    def _work_on(self) -> None:
        while (task := self._queue.get()) is not None:
            future, work = task
            try:
                result = work()
            except BaseException as error:  # noqa: BLE001  whoever waits is told
                future.set_exception(error)
            else:
                future.set_result(result)
            del future, work, task
