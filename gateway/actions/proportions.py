"""Compare two proportions.

Intervals are Wilson's (1927) for one proportion, and that of Newcombe (1998, method 10) for a difference.
"""

from __future__ import annotations

from math import sqrt
from typing import NamedTuple

Z_95 = 1.959963984540054
"""The normal deviate of 95 %, both sides."""


class Interval(NamedTuple):
    """From where to where."""

    low: float
    high: float


def wilson_interval(count: int, size: int, z: float = Z_95) -> Interval:
    """Compute the interval of a proportion, without correction for continuity."""
    share = count / size
    middle = share + z * z / (2 * size)
    spread = z * sqrt(share * (1 - share) / size + z * z / (4 * size * size))
    scale = 1 + z * z / size
    return Interval(max(0.0, (middle - spread) / scale), min(1.0, (middle + spread) / scale))


def newcombe_interval(first: tuple[int, int], second: tuple[int, int], z: float = Z_95) -> Interval:
    """Compute the interval of the first proportion less the second one, each a count and a size."""
    (count, size), (other_count, other_size) = first, second
    share, other = count / size, other_count / other_size
    own, others = wilson_interval(count, size, z), wilson_interval(other_count, other_size, z)
    difference = share - other
    low = difference - sqrt((share - own.low) ** 2 + (others.high - other) ** 2)
    high = difference + sqrt((own.high - share) ** 2 + (other - others.low) ** 2)
    return Interval(low, high)
