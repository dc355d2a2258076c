"""Stop asking a source that keeps failing; probe it by one call."""

from collections import deque
from enum import StrEnum

import structlog

from gateway.clock import Clock
from gateway.settings import BreakerSettings

log = structlog.get_logger()

BUCKETS = 10
"""The window moves on in so many steps."""

ROW = 2
"""So many times `min_calls` failures in a row are enough: a source that dies under load has its good calls in the window."""


class SourceHealth(StrEnum):
    """Name the states of a breaker.

    `USABLE` is asked, `PAUSED` is left alone, `PROBING` has one call under way that decides between the two.
    """

    USABLE = "USABLE"
    PAUSED = "PAUSED"
    PROBING = "PROBING"


class CircuitBreaker:
    """Open on the rate of failed calls, or a run of them. The rate is over a window."""

    def __init__(self, source: str, settings: BreakerSettings, clock: Clock) -> None:
        self._source = source
        self._settings = settings
        self._clock = clock
        self._step_s = settings.window_s / BUCKETS
        self._counts: deque[list[int]] = deque(maxlen=BUCKETS)
        self._in_a_row = 0
        self.paused_until: float | None = None
        self._is_probing = False
        self.openings = 0

    @property
    def health(self) -> SourceHealth:
        if self.paused_until is None:
            return SourceHealth.USABLE
        return SourceHealth.PROBING if self._is_probing else SourceHealth.PAUSED

    @property
    def paused_s(self) -> float | None:
        """Seconds until the source is tried again. None while it is asked."""
        return None if self.paused_until is None else max(0.0, self.paused_until - self._clock.monotonic())

    @property
    def refuses(self) -> bool:
        """Tell whether a call may not leave now."""
        return self.paused_until is not None and (self._is_probing or self._clock.monotonic() < self.paused_until)

    def call_left(self) -> None:
        """Note that a call leaves. After a pause it is the one that finds out."""
        self._is_probing = self.paused_until is not None

    def call_ended(self, *, failed: bool | None) -> None:
        """A call ended: it failed when the source did not answer, or said that it is out of service. None says nothing."""
        if failed is None or not self._settings.enabled:
            self._is_probing = False
            return
        if self.paused_until is not None:
            self._decide(failed=failed)
            return
        counts = self._current()
        counts[failed] += 1
        self._in_a_row = self._in_a_row + 1 if failed else 0
        if failed and self._is_broken():
            log.warning("breaker_opened", source=self._source, pause_s=self._settings.pause_s)
            self.openings += 1
            self._pause()

    def _decide(self, *, failed: bool) -> None:
        """Ignore calls that end after the breaker has opened: a call that had left before, or the one that finds out."""
        if not failed:
            log.info("breaker_closed", source=self._source)
            self.paused_until = None
            self._counts.clear()
            self._in_a_row = 0
        elif self._is_probing:
            self._pause()
        self._is_probing = False

    def _pause(self) -> None:
        self.paused_until = self._clock.monotonic() + self._settings.pause_s

    def _current(self) -> list[int]:
        step = int(self._clock.monotonic() / self._step_s)
        while self._counts and self._counts[0][2] <= step - BUCKETS:
            self._counts.popleft()
        if not self._counts:
            self._in_a_row = 0
        if not self._counts or self._counts[-1][2] != step:
            self._counts.append([0, 0, step])
        return self._counts[-1]

    def _is_broken(self) -> bool:
        if self._in_a_row >= ROW * self._settings.min_calls:
            return True
        failed = sum(counts[True] for counts in self._counts)
        calls = failed + sum(counts[False] for counts in self._counts)
        return calls >= self._settings.min_calls and failed >= calls * self._settings.failure_rate
