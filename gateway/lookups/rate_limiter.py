"""Limit the rate of calls to a source: its configured rate, and its own request."""

import math

from gateway.clock import Clock

BURST_S = 0.1
"""Calls of so many seconds may leave at once, so that in no second are there many more than configured."""

MAX_HELD_S = 60.0
"""A source may ask to be left alone for so long; what is more counts as this."""

HELD_S = 1.0
"""How long a source is left alone that asks for fewer calls and does not say for how long."""


class RateLimiter:
    """A rate by the generic cell rate algorithm (ITU-T I.371): calls have times, and may be early by a burst."""

    def __init__(self, clock: Clock, calls_per_s: float | None) -> None:
        self._clock = clock
        self._interval_s = 1 / calls_per_s if calls_per_s else 0.0
        self._early_s = max(0.0, BURST_S - self._interval_s)
        self._next = float("-inf")
        self.held_until: float | None = None

    def wait_s(self) -> float:
        """Seconds until the next call may leave, 0 for now."""
        if not self._interval_s:
            return self.held_s()
        return max(self.held_s(), self._next - self._early_s - self._clock.monotonic())

    def held_s(self) -> float:
        """Seconds until the source wants calls again."""
        if self.held_until is None:
            return 0.0
        left_s = self.held_until - self._clock.monotonic()
        if left_s <= 0:
            self.held_until = None
        return max(0.0, left_s)

    def calls_left(self) -> int | None:
        """Count the calls that may leave now. None where there is no limit."""
        if not self._interval_s:
            return None
        early_s = self._early_s - max(0.0, self._next - self._clock.monotonic())
        return 0 if self.held_s() or early_s < 0 else int(early_s / self._interval_s) + 1

    def call_left(self) -> None:
        if self._interval_s:
            self._next = max(self._next, self._clock.monotonic()) + self._interval_s

    def pause(self, seconds: float | None) -> None:
        """Leave the source alone, as it asked."""
        held_s = HELD_S if seconds is None or math.isnan(seconds) else min(max(seconds, 0.0), MAX_HELD_S)
        until = self._clock.monotonic() + held_s
        self.held_until = until if self.held_until is None else max(self.held_until, until)
