"""Train a scorecard: bands of facts, weights by a logistic regression, whole points, a table of probabilities.

Siddiqi (2006), Credit Risk Scorecards.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import log
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from sklearn.isotonic import IsotonicRegression
from sklearn.linear_model import LogisticRegression

from gateway.scores.refusal import Refusal, RefusalReason
from gateway.scores.scorecard import FactPoints, Scorecard

Numbers = NDArray[np.float64]
Flags = NDArray[np.bool_]

MIN_OUTCOMES = 200
"""So many customers of each outcome are needed."""

POINTS_TO_DOUBLE = 20
"""So many points double the odds."""

MAX_BANDS = 6
MIN_BAND_SHARE = 0.04
MIN_INFORMATION = 0.02
"""A fact with less information value does not tell the outcomes apart. 0.02 to 0.1 is called weak."""

SUM_BANDS = 12

_FACTOR = POINTS_TO_DOUBLE / log(2)
_SMOOTHING = 0.5


class _BandedFact(NamedTuple):
    name: str
    cut_points: list[float]
    bands: NDArray[np.int64]
    evidence: Numbers
    """Of each band its weight of evidence, that of customers without a value last."""

    def column(self) -> Numbers:
        return self.evidence[self.bands]


def train_scorecard(columns: Mapping[str, Numbers], outcome: Flags, labels: Mapping[str, str]) -> Scorecard | Refusal:
    """Train on the facts of customers by name (NaN: without a value) and on whom the outcome has met.

    Facts that do not tell the outcomes apart, or add nothing to others, are left out.
    """
    events = int(outcome.sum())
    fewest = min(events, len(outcome) - events)
    if fewest < MIN_OUTCOMES:
        words = f"{events:,} of {len(outcome):,} customers have the outcome, {MIN_OUTCOMES} with and without it are needed"
        return Refusal(RefusalReason.TOO_FEW_OUTCOMES, words)
    chosen = [fact for name, values in columns.items() if (fact := _band_fact(name, values, outcome)) is not None]
    weights = _fit_weights(chosen, outcome)
    facts = [_points_of(fact, weights[fact.name], labels[fact.name]) for fact in chosen if fact.name in weights]
    facts = [fact for fact in facts if any((*fact.points, fact.without))]
    if not facts:
        return Refusal(RefusalReason.NO_FACT_MATTERS, "none of the facts tells who has the outcome and who has not")
    totals = add_points(facts, columns)
    sums, probabilities = _find_probabilities(totals, outcome)
    return Scorecard(facts, sums, probabilities)


def add_points(facts: Sequence[FactPoints], columns: Mapping[str, Numbers]) -> NDArray[np.int64]:
    """Add up the points of many customers."""
    totals = np.zeros(len(next(iter(columns.values()))), dtype=np.int64)
    for fact in facts:
        values = columns[fact.fact]
        points = np.array([*fact.points, fact.without], dtype=np.int64)
        totals += points[_find_bands(fact.cut_points, values)]
    return totals


def _find_bands(cut_points: Sequence[float], values: Numbers) -> NDArray[np.int64]:
    """Number bands from 0; NaN is the one behind the last."""
    bands = np.searchsorted(np.asarray(cut_points, dtype=np.float64), values, side="left")
    return np.where(np.isnan(values), len(cut_points) + 1, bands).astype(np.int64)


def _band_fact(name: str, values: Numbers, outcome: Flags) -> _BandedFact | None:
    """Cut a fact into bands. None where it has not enough information."""
    known = values[~np.isnan(values)]
    cut_points = _choose_cuts(known, len(values)) if len(known) else []
    bands = _find_bands(cut_points, values)
    size = len(cut_points) + 2
    bad = np.bincount(bands[outcome], minlength=size).astype(np.float64)
    good = np.bincount(bands[~outcome], minlength=size).astype(np.float64)
    is_filled = (bad + good) > 0
    bad_share = (bad + _SMOOTHING) / (bad.sum() + _SMOOTHING * is_filled.sum())
    good_share = (good + _SMOOTHING) / (good.sum() + _SMOOTHING * is_filled.sum())
    evidence = np.where(is_filled, np.log(bad_share / good_share), 0.0)
    information = float(((bad_share - good_share) * evidence)[is_filled].sum())
    noise = float(is_filled.sum() - 1) * (1 / bad.sum() + 1 / good.sum())
    return _BandedFact(name, cut_points, bands, evidence) if information >= max(MIN_INFORMATION, 3 * noise) else None


def _choose_cuts(known: Numbers, size: int) -> list[float]:
    """Choose cut points between shares of a fact that are large enough, at values that it has."""
    candidates = np.unique(np.quantile(known, np.arange(1, MAX_BANDS) / MAX_BANDS, method="inverted_cdf"))
    cuts: list[float] = []
    below = 0
    for cut in candidates:
        upto = int((known <= cut).sum())
        if upto - below >= MIN_BAND_SHARE * size and len(known) - upto >= MIN_BAND_SHARE * size:
            cuts.append(float(cut))
            below = upto
    return cuts


def _fit_weights(facts: Sequence[_BandedFact], outcome: Flags) -> dict[str, float]:
    """Weigh the facts against each other. One whose weight turns its own evidence round is left out."""
    left = list(facts)
    while left:
        table = np.column_stack([fact.column() for fact in left])
        model = LogisticRegression(C=10.0, max_iter=1_000).fit(table, outcome)
        weights = dict(zip((fact.name for fact in left), map(float, model.coef_[0]), strict=True))
        kept = [fact for fact in left if weights[fact.name] > 0]
        if len(kept) == len(left):
            return weights
        left = kept
    return {}


def _points_of(fact: _BandedFact, weight: float, label: str) -> FactPoints:
    *points, without = (round(_FACTOR * weight * float(evidence)) for evidence in fact.evidence)
    return FactPoints(fact.name, label, fact.cut_points, points, without)


def _find_probabilities(totals: NDArray[np.int64], outcome: Flags) -> tuple[list[int], list[float]]:
    """Find bands of the sum of points, and how often the outcome is in each: never less often with more points."""
    shares = np.arange(1, SUM_BANDS) / SUM_BANDS
    sums = [int(cut) for cut in np.unique(np.quantile(totals, shares, method="inverted_cdf")) if cut < totals.max()]
    bands = np.searchsorted(np.asarray(sums), totals, side="left")
    sizes = np.bincount(bands, minlength=len(sums) + 1).astype(np.float64)
    events = np.bincount(bands[outcome], minlength=len(sums) + 1).astype(np.float64)
    shares_seen = (events + _SMOOTHING) / (sizes + 2 * _SMOOTHING)
    risen = IsotonicRegression().fit_transform(np.arange(len(sizes)), shares_seen, sample_weight=sizes)
    return sums, [round(float(share), 4) for share in risen]
