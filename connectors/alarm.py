"""A limit of time for what a task awaits: `asyncio.timeout_at` for calls that are made so often that its price shows."""

import asyncio
from types import TracebackType


class Alarm:
    """Ends its block with a `TimeoutError` at a time of the event loop's clock, in seconds; never where that is None.

    Whoever cancels the task meanwhile has his way.
    """

    __slots__ = ("_cancelled_before", "_has_rung", "_task", "_timer", "_until")

    def __init__(self, until: float | None) -> None:
        self._until = until

    def __enter__(self) -> None:
        if self._until is not None:
            task = asyncio.current_task()
            assert task is not None
            self._task, self._cancelled_before = task, task.cancelling()
            self._has_rung = False
            self._timer = asyncio.get_running_loop().call_at(self._until, self._ring)

    def _ring(self) -> None:
        self._has_rung = True
        self._task.cancel()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._until is not None:
            self._timer.cancel()
            if self._has_rung and self._task.uncancel() <= self._cancelled_before and kind is asyncio.CancelledError:
                raise TimeoutError from error
