"""Count values in buckets, as cheaply as that can be: an observation is a search and two additions."""

from bisect import bisect_left
from collections.abc import Sequence
from itertools import accumulate

SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""Bounds for durations."""

KEYS = (1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0, 500.0, 1000.0)
"""Bounds for the number of keys in a call."""


class Histogram:
    """Values by bucket. A bucket holds what is above the bound before it and at most its own; the last has no bound."""

    __slots__ = ("bounds", "counts", "total")

    def __init__(self, bounds: Sequence[float] = SECONDS) -> None:
        self.bounds = bounds
        self.counts = [0] * (len(bounds) + 1)
        self.total = 0.0

    def observe(self, value: float) -> None:
        """Count a value."""
        self.counts[bisect_left(self.bounds, value)] += 1
        self.total += value


def estimate_quantile(bounds: Sequence[float], counts: Sequence[int], share: float) -> float | None:
    """Estimate the value below which this share of values lies, evenly spread in its bucket. None where there are no values.

    What is above the last bound counts as that.
    """
    total = sum(counts)
    if not total:
        return None
    wanted = share * total
    place = bisect_left([*accumulate(counts)], wanted)
    if place >= len(bounds):
        return bounds[-1]
    low = bounds[place - 1] if place else 0.0
    return low + (bounds[place] - low) * (wanted - sum(counts[:place])) / counts[place]
