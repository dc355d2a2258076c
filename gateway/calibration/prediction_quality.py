"""Measure predictions beside what happened."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

Numbers = NDArray[np.float64]
Flags = NDArray[np.bool_]

TENTHS = 10


class PredictionQuality(NamedTuple):
    """The mean of predictions and the share of what happened; how well one tells who: 0.5 is by chance, 1 is always.

    `largest_error` is that between both in a tenth of the customers by prediction. `area` is None where all had the same.
    """

    predicted: float
    observed: float
    area: float | None
    largest_error: float


def measure_quality(predictions: Numbers, outcome: Flags) -> PredictionQuality:
    """Measure predictions of at least one customer."""
    order = np.argsort(predictions, kind="stable")
    tenths = [part for part in np.array_split(order, TENTHS) if len(part)]
    errors = [abs(float(predictions[part].mean()) - float(outcome[part].mean())) for part in tenths]
    return PredictionQuality(
        float(predictions.mean()), float(outcome.mean()), area_under_curve(predictions, outcome), max(errors)
    )


def area_under_curve(predictions: Numbers, outcome: Flags) -> float | None:
    """Compute how often one with the outcome has the higher prediction than one without: the area under the ROC curve."""
    events = int(outcome.sum())
    others = len(outcome) - events
    if not events or not others:
        return None
    ranks = rankdata(predictions)
    return float((ranks[outcome].sum() - events * (events + 1) / 2) / (events * others))
