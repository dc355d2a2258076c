"""Measure the process of a worker: its event loop, its memory, its CPU, its open files."""

import asyncio
import os
import sys
from pathlib import Path

from gateway.descriptors import max_descriptors
from gateway.histogram import Histogram
from gateway.telemetry.samples import Sampled, distribution, number

LAG_PERIOD_S = 0.25
"""How often the lag of the event loop is looked at."""

_STATM = Path("/proc/self/statm")
_DESCRIPTORS = Path("/proc/self/fd")


class LoopLag:
    """Count by how much the event loop is late for a timer."""

    def __init__(self, lags: Histogram) -> None:
        self._lags = lags
        self._timer: asyncio.TimerHandle | None = None

    def start(self) -> None:
        """Look at the running loop from now on."""
        loop = asyncio.get_running_loop()
        due = loop.time() + LAG_PERIOD_S
        self._timer = loop.call_at(due, self._look, loop, due)

    def stop(self) -> None:
        """Look no more."""
        if self._timer is not None:
            self._timer.cancel()

    def _look(self, loop: asyncio.AbstractEventLoop, due: float) -> None:
        self._lags.observe(max(0.0, loop.time() - due))
        self.start()


class ProcessMetrics:
    """The process, as the system sees it. What a system does not tell is left out."""

    def __init__(self) -> None:
        self.lags = Histogram()

    def samples(self) -> Sampled:
        """Read the counts."""
        yield distribution("gateway_loop_lag_seconds", self.lags)
        times = os.times()
        yield number("gateway_process_cpu_seconds_total", times.user + times.system)
        if _STATM.exists():
            pages = int(_STATM.read_text().split()[1])
            yield number("gateway_process_resident_memory_bytes", pages * os.sysconf("SC_PAGE_SIZE"))
        if _DESCRIPTORS.exists():
            yield number("gateway_process_open_descriptors", sum(1 for _ in _DESCRIPTORS.iterdir()))
        if (limit := max_descriptors()) < sys.maxsize:
            yield number("gateway_process_max_descriptors", limit)
