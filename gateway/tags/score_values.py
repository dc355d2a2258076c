"""Compute the values of scores from the values of facts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from gateway.scores.bands import band_of
from gateway.scores.calibration_file import PurchaseFigures, QuantileFigures, ScorecardFigures, SpendFigures
from gateway.scores.purchase_formulas import (
    DAYS_PER_UNIT,
    alive_probability,
    expected_orders,
    history_of,
    no_order_probability,
)
from gateway.scores.spend_formulas import expected_spend
from gateway.tags.score_definitions import CardOutput, ModelOutput, Score, ScoreKind

_DIGITS = 6

Computed = tuple[int | float | None, list[str]]


def compute_score(score: Score, values: Mapping[str, Any]) -> Computed:
    """Compute a score that has figures, from known values of its facts. None where there is nothing to score."""
    return _COMPUTED[score.kind](score, values)


def _quantile(score: Score, values: Mapping[str, Any]) -> Computed:
    assert isinstance(score.figures, QuantileFigures)
    value = values[score.input_of("value")]
    if value is None or (score.is_positive and value <= 0):
        return None, []
    return band_of(score.figures.cut_points, value, is_reversed=score.is_reversed), []


def _purchases(score: Score, values: Mapping[str, Any]) -> Computed:
    assert isinstance(score.figures, PurchaseFigures)
    orders, last, first = (values[score.input_of(role)] for role in ("frequency", "recency", "age"))
    history = None if last is None or first is None else history_of(orders or 0, last, first)
    if history is None:
        return None, []
    parameters, horizon = score.figures.parameters, score.horizon_days / DAYS_PER_UNIT
    if score.output is ModelOutput.ALIVE:
        return round(alive_probability(parameters, history), _DIGITS), []
    compute = no_order_probability if score.output is ModelOutput.NO_ORDER else expected_orders
    return round(compute(parameters, history, horizon), _DIGITS), []


def _spend(score: Score, values: Mapping[str, Any]) -> Computed:
    assert isinstance(score.figures, SpendFigures)
    orders, spend = (values[score.input_of(role)] for role in ("frequency", "spend"))
    if not orders or spend is None or spend <= 0:
        return None, []
    return round(expected_spend(score.figures.parameters, orders, spend / orders), 2), []


def _card(score: Score, values: Mapping[str, Any]) -> Computed:
    assert isinstance(score.figures, ScorecardFigures)
    if not values[str(score.counted)]:
        return None, []
    card = score.figures.card
    points = card.total_points(values)
    value = points if score.output is CardOutput.POINTS else card.probability_at(points)
    return value, card.list_reasons(values)


_COMPUTED: Mapping[ScoreKind, Callable[[Score, Mapping[str, Any]], Computed]] = {
    ScoreKind.QUANTILE: _quantile,
    ScoreKind.PURCHASES: _purchases,
    ScoreKind.SPEND: _spend,
    ScoreKind.SCORECARD: _card,
}
