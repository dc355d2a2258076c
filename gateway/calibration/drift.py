"""Compare a population with the one of a calibration."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from math import log

MOVED_FROM, DRIFTED_FROM = 0.1, 0.25
"""Of the population stability index, by the usual rule of thumb."""

_LEAST_SHARE = 1e-4


class DriftWord(StrEnum):
    """What the index means: go on, look at it, calibrate again."""

    STABLE = "STABLE"
    MOVED = "MOVED"
    DRIFTED = "DRIFTED"


def stability_index(before: Sequence[float], after: Sequence[float]) -> float:
    """Compute the population stability index over shares of the same bands."""
    pairs = [(max(old, _LEAST_SHARE), max(new, _LEAST_SHARE)) for old, new in zip(before, after, strict=True)]
    return sum((new - old) * log(new / old) for old, new in pairs)


def drift_word(index: float) -> DriftWord:
    """Name what an index means."""
    if index < MOVED_FROM:
        return DriftWord.STABLE
    return DriftWord.MOVED if index < DRIFTED_FROM else DriftWord.DRIFTED
