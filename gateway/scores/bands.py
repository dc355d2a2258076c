"""Number the bands of a value between cut points."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence


def band_of(cut_points: Sequence[float], value: float, *, is_reversed: bool = False) -> int:
    """Number the band of a value from 1, or from the top where the order is reversed. A cut point belongs to the band below."""
    band = bisect_left(cut_points, value) + 1
    return len(cut_points) + 2 - band if is_reversed else band


def spread_bands(cut_points: Sequence[float], values: Sequence[float]) -> list[float]:
    """Compute the share of values in each band."""
    counts = [0] * (len(cut_points) + 1)
    for value in values:
        counts[band_of(cut_points, value) - 1] += 1
    return [count / max(1, len(values)) for count in counts]
