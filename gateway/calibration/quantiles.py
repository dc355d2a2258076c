"""Find the cut points between equal shares of a population."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from gateway.scores.refusal import Refusal, RefusalReason

MIN_PER_BAND = 20
"""With fewer customers in a band its borders are those of a few."""

_DIGITS = 9


def find_cut_points(values: Sequence[float], bands: int) -> list[float] | Refusal:
    """Find the inner quantiles, between neighbours in a straight line (type 7 of R, the default of numpy).

    It refuses where two are equal, or nobody is above the last: a band without customers says nothing.
    """
    if len(values) < bands * MIN_PER_BAND:
        words = f"{len(values):,} customers have a value, {bands * MIN_PER_BAND:,} are needed for {bands} bands"
        return Refusal(RefusalReason.TOO_FEW_CUSTOMERS, words)
    numbers = np.asarray(values, dtype=np.float64)
    shares = np.arange(1, bands) / bands
    cut_points = [round(float(cut), _DIGITS) for cut in np.quantile(numbers, shares, method="linear")]
    edges = [*cut_points, float(numbers.max())]
    equal = next((low for low, high in pairwise(edges) if low >= high), None)
    if equal is not None:
        share = float((numbers == equal).mean())
        words = f"{share:.0%} of customers have the value {equal:g}, so {bands} equal bands have no borders"
        return Refusal(RefusalReason.LOW_SPREAD, words)
    return cut_points
