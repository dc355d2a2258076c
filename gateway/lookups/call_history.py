"""Tell how calls to a source went minute by minute, of what is counted anyway.

A minute with calls begins with a mark: what the counts were before it. Its own counts are the difference to the next mark.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterator, Mapping, Sequence

import msgspec

from gateway.histogram import Histogram

MINUTE_S = 60.0
MAX_MINUTES = 60
"""So many minutes are told."""


class MinuteCalls(msgspec.Struct, frozen=True):
    """The calls that ended in a minute, which began at `began_s` of the clock: by code, and by bucket of their durations."""

    began_s: float
    calls: Mapping[str, int]
    durations: Sequence[int]


class CallHistory:
    """The marks of the last minutes that had calls."""

    __slots__ = ("_marks", "next_s")

    def __init__(self) -> None:
        self.next_s = float("-inf")
        """From when on a call belongs to a new minute."""
        self._marks: deque[MinuteCalls] = deque(maxlen=MAX_MINUTES + 1)

    def begin_minute(self, now_s: float, calls: Counter[str], durations: Histogram) -> None:
        """Mark the begin of the minute of a call that is not counted yet."""
        began_s = now_s // MINUTE_S * MINUTE_S
        self.next_s = began_s + MINUTE_S
        self._marks.append(MinuteCalls(began_s, dict(calls), [*durations.counts]))

    def minutes(self, now_s: float, calls: Counter[str], durations: Histogram) -> Iterator[MinuteCalls]:
        """List the minutes of the last hour that had calls, the oldest first, of the counts of now."""
        following = [*self._marks, MinuteCalls(now_s, calls, durations.counts)][1:]
        for mark, end in zip(self._marks, following, strict=True):
            if mark.began_s > now_s - MAX_MINUTES * MINUTE_S:
                own = {code: count - mark.calls.get(code, 0) for code, count in end.calls.items()}
                buckets = [after - before for before, after in zip(mark.durations, end.durations, strict=True)]
                yield MinuteCalls(mark.began_s, {code: count for code, count in own.items() if count}, buckets)
