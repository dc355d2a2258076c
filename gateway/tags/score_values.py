"""Compute scores from the facts of a customer."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, MutableMapping, MutableSet
from typing import Any

from gateway.scores.bands import band_of
from gateway.scores.calibration_file import PurchaseFigures, QuantileFigures, RefusedFigures, ScorecardFigures, SpendFigures
from gateway.scores.purchase_formulas import (
    DAYS_PER_UNIT,
    alive_probability,
    expected_orders,
    history_of,
    no_order_probability,
)
from gateway.scores.refusal import NOT_CALIBRATED
from gateway.scores.spend_formulas import expected_spend
from gateway.tags.computed_tag import FactValue
from gateway.tags.score_definitions import CardOutput, ModelOutput, Score, ScoreKind

_DIGITS = 6


def add_scores(facts: MutableMapping[str, FactValue], stale: MutableSet[str], scores: Iterable[Score]) -> None:
    """Add the values of scores to a customer's facts, and the names of those of stale facts to `stale`."""
    for score in scores:
        inputs = [facts[name] for name in score.fact_names]
        facts[score.name] = score_value(score, inputs, stale)
        if any(fact.name in stale for fact in inputs):
            stale.add(score.name)


def score_value(score: Score, inputs: Iterable[FactValue], stale: MutableSet[str]) -> FactValue:
    """Compute a score as a fact of the evidence. It is unknown where a fact is, and null where there is nothing to score."""
    facts = {fact.name: fact for fact in inputs}
    unknown = [
        fact.missing
        for fact in facts.values()
        if fact.missing is not None and fact.name not in stale and not fact.is_known_in_part
    ]
    missing = next((fact.missing for fact in facts.values() if fact.missing is not None), None)
    value, reasons = None, list[str]()
    if refusal := _refusal(score):
        missing = refusal
    elif unknown:
        missing = unknown[0]
    else:
        value, reasons = _COMPUTED[score.kind](score, {name: fact.value for name, fact in facts.items()})
    return FactValue(
        name=score.name,
        label=score.label,
        value=value,
        sources=sorted({source for fact in facts.values() for source in fact.sources}),
        as_of=min((fact.as_of for fact in facts.values() if fact.as_of is not None), default=None),
        partial=missing is not None or any(fact.partial for fact in facts.values()),
        missing=missing,
        changes_at=min((fact.changes_at for fact in facts.values() if fact.changes_at is not None), default=None),
        calibration=score.version,
        reasons=reasons,
    )


def _refusal(score: Score) -> str | None:
    if score.figures is None:
        return NOT_CALIBRATED
    return score.figures.refusal.reason if isinstance(score.figures, RefusedFigures) else None


Computed = tuple[int | float | None, list[str]]


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
