"""Compare a population with the one of a calibration."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from enum import StrEnum
from math import log

import msgspec
import numpy as np

from gateway.calibration.calibration_plan import CalibrationPlan, Target
from gateway.calibration.score_figures import FiguresFinder
from gateway.calibration.scorecard_fit import add_points
from gateway.scores.bands import spread_bands
from gateway.scores.calibration_file import (
    AnyFigures,
    Calibration,
    PurchaseFigures,
    Quality,
    QuantileFigures,
    ScorecardFigures,
)

MOVED_FROM, DRIFTED_FROM = 0.1, 0.25
"""Of the population stability index, by the usual rule of thumb."""

MOVED_BY, DRIFTED_BY = 0.03, 0.1
"""Of the difference between a predicted share and the observed one; of orders, as a part of the observed number."""

_LEAST_SHARE = 1e-4


class DriftWord(StrEnum):
    """What a difference means: go on, look at it, calibrate again."""

    STABLE = "STABLE"
    MOVED = "MOVED"
    DRIFTED = "DRIFTED"


class ScoreDrift(msgspec.Struct, frozen=True):
    """How far the population has moved under a score, with the figures."""

    name: str
    word: DriftWord
    words: str


def stability_index(before: Sequence[float], after: Sequence[float]) -> float:
    """Compute the population stability index over shares of the same bands."""
    pairs = [(max(old, _LEAST_SHARE), max(new, _LEAST_SHARE)) for old, new in zip(before, after, strict=True)]
    return sum((new - old) * log(new / old) for old, new in pairs)


def drift_word(index: float, moved: float = MOVED_FROM, drifted: float = DRIFTED_FROM) -> DriftWord:
    """Name what an index means."""
    if index < moved:
        return DriftWord.STABLE
    return DriftWord.MOVED if index < drifted else DriftWord.DRIFTED


def find_drift(before: Calibration, plan: CalibrationPlan, finder: FiguresFinder) -> list[ScoreDrift]:
    """Look at each score of a calibration that means today what it meant then, in the population of a plan."""
    return [drift for target in plan.targets if (drift := _drift_of(before, target, finder)) is not None]


def _drift_of(before: Calibration, target: Target, finder: FiguresFinder) -> ScoreDrift | None:
    known = before.scores if target.card is None else before.scorecards
    figures = known.get(target.name)
    if figures is None or figures.meaning != target.score.meaning:
        return None
    return next(_drifts(figures, target, finder), None)


def _drifts(figures: AnyFigures, target: Target, finder: FiguresFinder) -> Iterator[ScoreDrift]:
    if isinstance(figures, QuantileFigures):
        (name,) = target.score.fact_names
        values = finder.facts_at(target, target.at)[name]
        values = values[~np.isnan(values)]
        shares = spread_bands(figures.cut_points, (values[values > 0] if target.score.is_positive else values).tolist())
        yield _of_shares(target, figures.shares, shares)
    elif isinstance(figures, ScorecardFigures) and target.later is not None:
        columns, _ = finder.card_rows(target, target.at, target.later)
        totals = add_points(figures.card.facts, columns).tolist()
        yield _of_shares(target, figures.shares, spread_bands(figures.card.sums, totals))
    elif isinstance(figures, PurchaseFigures):
        quality = finder.purchase_quality(target, figures.parameters)
        if quality is not None:
            yield _of_quality(target, quality)


def _of_shares(target: Target, before: Sequence[float], after: Sequence[float]) -> ScoreDrift:
    index = stability_index(before, after)
    shares = " ".join(f"{share:.0%}" for share in after)
    return ScoreDrift(target.name, drift_word(index), f"population stability index {index:.3f}, shares of bands now {shares}")


def _of_quality(target: Target, quality: Quality) -> ScoreDrift:
    difference = abs(quality.predicted - quality.observed) / max(1.0, quality.observed)
    words = f"predicted {quality.predicted:.3f} until {quality.until:%Y-%m-%d}, observed {quality.observed:.3f}"
    return ScoreDrift(target.name, drift_word(difference, MOVED_BY, DRIFTED_BY), words)
