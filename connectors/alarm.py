"""A limit of time for what a task awaits: `asyncio.timeout` for calls that are made so often that its price shows."""

import asyncio
from types import TracebackType


class Alarm:
    """Ends its block with a `TimeoutError` after some seconds; never where they are None.

    Whoever cancels the task meanwhile has his way.
    """

    __slots__ = ("_cancelled_before", "_has_rung", "_left_s", "_task", "_timer")

    def __init__(self, left_s: float | None) -> None:
        self._left_s = left_s

    def __enter__(self) -> None:
        if self._left_s is not None:
            task = asyncio.current_task()
            assert task is not None
            self._task, self._cancelled_before = task, task.cancelling()
            self._has_rung = False
            self._timer = asyncio.get_running_loop().call_later(self._left_s, self._ring)

    def _ring(self) -> None:
        self._has_rung = True
        self._task.cancel()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._left_s is not None:
            self._timer.cancel()
            if self._has_rung and self._task.uncancel() <= self._cancelled_before and kind is asyncio.CancelledError:
                raise TimeoutError from error
