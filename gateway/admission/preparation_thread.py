"""Prepare large new documents beside the event loop: what takes 70 ms there holds up everybody."""

from __future__ import annotations

import asyncio
import math
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from typing import Any, TypeVar

import msgspec

from gateway.admission.caller_row import CallerRow
from gateway.admission.pace import REST, paced
from gateway.clock import Clock
from gateway.errors import OverloadedError

LARGE_CHARACTERS = 512
"""A new document with more of them is prepared in the thread."""
LARGE_TOKENS = 100
"""The plan of a new document with more of them is made there."""

MAX_WAITING = 40
"""So much work waits at most, and no caller has more of it than is free for others."""

LONG_REST = 100
"""While requests wait for the loop, who has less left of his share than the last work took waits for so many times of that.

Others wait for twice as long while the thread works, and their 99th percentile shows what takes a hundredth of the time.
"""

SWITCH_INTERVAL_S = 0.00005
"""For how long the thread keeps the loop from going on. Python's own 5 ms would be added to each call to the system."""

T = TypeVar("T")


class _Work(msgspec.Struct, eq=False):
    run: Callable[[], Any]
    row: CallerRow
    done: asyncio.Future[Any]
    until: float


class PreparationThread:
    """One thread. Callers have it in turn, by what they used of it for their share while others waited.

    `is_busy` tells whether requests wait for the loop, which then has most of the time.
    """

    def __init__(self, is_busy: Callable[[], bool], monotonic: Callable[[], float] = Clock.monotonic) -> None:
        self._is_busy = is_busy
        self._monotonic = monotonic
        self._threads: ThreadPoolExecutor | None = None
        self._waiting: list[_Work] = []
        self._virtual_s = 0.0
        self._works = False
        self._ended_at = self._rest_s = 0.0
        self._timer: asyncio.TimerHandle | None = None
        self._usual_interval_s = sys.getswitchinterval()

    async def run(self, work: Callable[[], T], row: CallerRow, until: float = math.inf) -> T:
        """Run work of a caller in its turn. Raises what it raises, and `OverloadedError` where too much waits.

        So it does where its turn does not come `until` then.
        """
        self.check_place(row)
        done: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        if all(other.row is not row for other in self._waiting):
            row.prepared_s = max(row.prepared_s, self._virtual_s)  # who asked for nothing before has saved nothing
        self._waiting.append(_Work(work, row, done, until))
        if self._timer is None or self._rest_of(row, self._monotonic()) < self._timer.when() - done.get_loop().time():
            self._begin_next()
        try:
            return await done
        finally:
            del done  # an error holds this frame, and it the error: only the garbage collector would free them

    def check_place(self, row: CallerRow) -> None:
        """Raise `OverloadedError` where as much waits as may, of this caller or in all.

        Who is within his share has the place of one who is not, whose work waits for long.
        """
        self._waiting = [other for other in self._waiting if not other.done.done()]  # whose callers have not gone
        own = sum(other.row is row for other in self._waiting)
        if len(self._waiting) + own * row.crowding < MAX_WAITING:
            return
        now = self._monotonic()
        if row.is_over(now, self._rest_s):
            raise OverloadedError
        giving_way = [other for other in self._waiting if other.row.is_over(now, self._rest_s)]
        if not giving_way or len(self._waiting) - len(giving_way) + own * row.crowding >= MAX_WAITING:
            raise OverloadedError
        if len(self._waiting) >= MAX_WAITING:
            giving_way[-1].done.set_exception(OverloadedError())
            self._waiting.remove(giving_way[-1])

    def close(self) -> None:
        """End the thread after what it is at."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        for work in self._waiting:
            if not work.done.done():
                work.done.set_exception(OverloadedError())
        if self._threads is not None:
            self._threads.shutdown(wait=False, cancel_futures=True)
            self._threads = None
            sys.setswitchinterval(self._usual_interval_s)

    def _begin_next(self) -> None:
        if self._works:
            return
        now = self._monotonic()
        for late in self._waiting:
            if late.until < now and not late.done.done():
                late.done.set_exception(OverloadedError())
        self._waiting = [work for work in self._waiting if not work.done.done()]
        if not self._waiting:
            return
        loop = asyncio.get_running_loop()
        rests = {work: self._rest_of(work.row, now) for work in self._waiting}
        if min(rests.values()) > 0:
            # Meanwhile who used his share may have some again, somebody may have waited for too long, and the loop may be idle.
            self._wake_in(min(*rests.values(), self._rest_s * REST))
            return
        self._works = True
        work = min((work for work, rest_s in rests.items() if rest_s <= 0), key=lambda work: work.row.prepared_s)
        self._virtual_s = max(self._virtual_s, work.row.prepared_s)
        self._waiting.remove(work)
        if self._threads is None:
            self._threads = ThreadPoolExecutor(1, "preparation")
            self._usual_interval_s = sys.getswitchinterval()
            sys.setswitchinterval(SWITCH_INTERVAL_S)
        self._threads.submit(_measure_time, work.run, self._is_busy).add_done_callback(
            lambda result: _call_in(loop, partial(self._end, work, result))
        )

    def _rest_of(self, row: CallerRow, now: float) -> float:
        """Tell for how long the thread still rests before it works for a caller. It rests for who waits for the loop alone."""
        if not self._is_busy():
            return 0.0
        rest_s = self._rest_s * (LONG_REST if row.is_over(now, self._rest_s) else REST)
        return self._ended_at + rest_s - asyncio.get_running_loop().time()

    def _wake_in(self, rest_s: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = asyncio.get_running_loop().call_later(rest_s, self._wake)

    def _wake(self) -> None:
        self._timer = None
        self._begin_next()

    def _end(self, work: _Work, result: Any) -> None:
        if result.cancelled():
            return
        outcome, error, took_s = result.result()
        work.row.charge_time(took_s, self._monotonic())
        work.row.prepared_s += took_s * work.row.crowding
        if not work.done.done():
            if error is None:
                work.done.set_result(outcome)
            else:
                work.done.set_exception(error)
        self._works = False
        self._ended_at, self._rest_s = asyncio.get_running_loop().time(), took_s if self._is_busy() else 0.0
        self._begin_next()


def _call_in(loop: asyncio.AbstractEventLoop, call: Callable[[], None]) -> None:
    with suppress(RuntimeError):  # the loop has ended meanwhile
        loop.call_soon_threadsafe(call)


def _measure_time(run: Callable[[], Any], is_busy: Callable[[], bool]) -> tuple[Any, BaseException | None, float]:
    """Run work with pauses, and measure its time of CPU."""
    began = time.thread_time()
    try:
        with paced(is_busy):
            return run(), None, time.thread_time() - began
    except Exception as error:  # noqa: BLE001  it is raised where the work is waited for
        return None, error, time.thread_time() - began
