"""Count the calls to a source and what came of them. Plain numbers, which metrics read when they are asked for."""

from collections import Counter

import msgspec

from gateway.histogram import KEYS, Histogram
from gateway.lookups.call_history import CallHistory

OK, CANCELLED = "OK", "CANCELLED"
"""Beside the codes of errors: how a call ended."""


class CallStatistics(msgspec.Struct, eq=False):
    """The counts of one source since it was set up. `history` tells those of the last minutes apart.

    `calls` are by the code of the first key that failed, `refused` are lookups that were answered without a call, by code.
    `cache` is by result, in keys. `dropped` records and `unreadable` values are by record and reason.
    """

    calls: Counter[str] = msgspec.field(default_factory=Counter)
    durations: Histogram = msgspec.field(default_factory=Histogram)
    keys: Histogram = msgspec.field(default_factory=lambda: Histogram(KEYS))
    retries: int = 0
    hedges: int = 0
    refused: Counter[str] = msgspec.field(default_factory=Counter)
    cache_hits: int = 0
    cache_misses: int = 0
    stale_answers: int = 0
    dropped: Counter[tuple[str, str]] = msgspec.field(default_factory=Counter)
    unreadable: Counter[tuple[str, str]] = msgspec.field(default_factory=Counter)

    history: CallHistory = msgspec.field(default_factory=CallHistory)

    def add_call(self, code: str, keys: int, seconds: float, ended_s: float = 0.0) -> None:
        """Count a call that ended, at this time of the clock."""
        if ended_s >= self.history.next_s:
            self.history.begin_minute(ended_s, self.calls, self.durations)
        self.calls[code] += 1
        self.keys.observe(keys)
        self.durations.observe(seconds)
