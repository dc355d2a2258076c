"""Let long work beside the event loop pause often, so that what comes meanwhile waits for a moment only."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

SLICE_S = 0.001
"""For so long work goes on before it pauses. The thread that works and the loop share one interpreter, and often one core."""

REST = 9
"""While requests wait for the loop, work pauses for so many times of what it worked. So it takes a tenth of the time."""


class _Pace(threading.local):
    """When the work of this thread pauses next, and whether the loop is busy. Most threads never do."""

    ends: float = math.inf
    is_busy: Callable[[], bool] | None = None


_pace = _Pace()


@contextmanager
def paced(is_busy: Callable[[], bool]) -> Iterator[None]:
    """Have the work of the block pause in this thread, while the loop is busy, wherever it calls `pause_if_due`."""
    _pace.is_busy, _pace.ends = is_busy, time.perf_counter() + SLICE_S
    try:
        yield
    finally:
        _pace.is_busy, _pace.ends = None, math.inf


def pause_if_due() -> None:
    """Pause where this thread is paced and has worked for long enough. To be called within long work, for each small part."""
    if time.perf_counter() < _pace.ends:
        return
    if _pace.is_busy is not None and _pace.is_busy():
        time.sleep(SLICE_S * REST)
    _pace.ends = time.perf_counter() + SLICE_S
