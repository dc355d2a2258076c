"""Find the figures of scores in a sample of the population."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from math import isnan
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gateway.calibration.calibration_plan import CalibrationPlan, Column, Target
from gateway.calibration.population_sample import UNKNOWN, PopulationSample
from gateway.calibration.prediction_quality import measure_quality
from gateway.calibration.purchase_fit import MIN_REPEAT_BUYERS, PurchaseFit, fit_purchases
from gateway.calibration.quantiles import find_cut_points
from gateway.calibration.scorecard_fit import add_points, train_scorecard
from gateway.calibration.spend_fit import fit_spend
from gateway.scores.bands import spread_bands
from gateway.scores.calibration_file import (
    AnyFigures,
    PurchaseFigures,
    Quality,
    QuantileFigures,
    RefusedFigures,
    ScorecardFigures,
    SpendFigures,
)
from gateway.scores.purchase_formulas import (
    DAYS_PER_UNIT,
    PurchaseHistory,
    PurchaseParameters,
    expected_orders,
    history_of,
    no_order_probability,
)
from gateway.scores.refusal import Refusal, RefusalReason
from gateway.scores.scorecard import Scorecard
from gateway.scores.spend_formulas import SpendParameters, expected_spend
from gateway.tags.definitions import Pack
from gateway.tags.score_definitions import ModelOutput, ScoreKind

Numbers = NDArray[np.float64]
Flags = NDArray[np.bool_]

LATER, HELD_OUT = "a later window", "customers held out"
HELD_OUT_SHARE = 0.2


class FiguresFinder:
    """Finds figures of a plan. Scores that share a model and its facts share one fit."""

    def __init__(self, pack: Pack, plan: CalibrationPlan, sample: PopulationSample) -> None:
        self._pack = pack
        self._plan = plan
        self._columns = {column: place for place, column in enumerate(sample.columns)}
        self._matrix = sample.matrix()
        self._fits: dict[tuple[str, datetime, int], PurchaseFit] = {}

    def find(self, target: Target) -> AnyFigures:
        """Find the figures of a score or a scorecard, or the reason why there are none."""
        if target.card is not None:
            return self._card(target)
        kind = target.score.kind
        if kind is ScoreKind.QUANTILE:
            return self._quantiles(target)
        return self._spend(target) if kind is ScoreKind.SPEND else self._purchases(target)

    def facts_at(self, target: Target, at: datetime | None, *more: Column) -> dict[str, Numbers]:
        """Give the facts of a score by name as of a moment, and further columns by number, of all who have no unknown one."""
        columns = {name: Column(name, at) for name in target.score.fact_names} if at is not None else {}
        named = {**columns, **{str(place): column for place, column in enumerate(more)}}
        places = [self._columns[column] for column in named.values()]
        rows = self._matrix[:, places]
        rows = rows[~np.any(rows == UNKNOWN, axis=1)]
        return dict(zip(named, rows.T, strict=True))

    def _quantiles(self, target: Target) -> AnyFigures:
        (name,) = target.score.fact_names
        values = self.facts_at(target, target.at)[name]
        values = values[~np.isnan(values)]
        if target.score.is_positive:
            values = values[values > 0]
        cut_points = find_cut_points(values.tolist(), target.score.bands)
        if isinstance(cut_points, Refusal):
            return self._refuse(target, len(values), cut_points)
        shares = spread_bands(cut_points, values.tolist())
        return QuantileFigures(**_base(target, len(values)), cut_points=cut_points, shares=shares)

    def _purchases(self, target: Target) -> AnyFigures:
        histories = [history for history, _ in self.histories(target)]
        repeat_buyers = sum(history.frequency > 0 for history in histories)
        if repeat_buyers < MIN_REPEAT_BUYERS:
            words = f"{repeat_buyers:,} of {len(histories):,} buyers have ordered again, {MIN_REPEAT_BUYERS} are needed"
            return self._refuse(target, len(histories), Refusal(RefusalReason.TOO_FEW_REPEAT_BUYERS, words))
        # Those with an unknown later count may be others, so it is a fit of its own.
        key = target.score.meaning, target.at, len(histories)
        model = target.score.model
        assert model is not None
        if key not in self._fits:
            self._fits[key] = fit_purchases(model, histories)
        fit = self._fits[key]
        if not fit.is_sound:
            return self._refuse(target, len(histories), _no_fit("orders"))
        return PurchaseFigures(
            **_base(target, len(histories)),
            parameters=fit.parameters,
            log_likelihood=fit.log_likelihood,
            repeat_buyers=repeat_buyers,
            quality=self.purchase_quality(target, fit.parameters),
        )

    def histories(self, target: Target) -> list[tuple[PurchaseHistory, float | None]]:
        """List the purchases of all buyers, each with the number of his later orders; None where there is no later window."""
        frequency = target.score.input_of("frequency")
        more = [] if target.later is None else [Column(frequency, target.later)]
        facts = self.facts_at(target, target.at, *more)
        roles = [facts[target.score.input_of(role)].tolist() for role in ("frequency", "recency", "age")]
        later = (facts["0"] - facts[frequency]).tolist() if more else [None] * len(roles[0])
        rows = zip(*roles, later, strict=True)
        return [
            (history, grown)
            for orders, last, first, grown in rows
            if not isnan(last) and not isnan(first) and (history := history_of(orders, last, first)) is not None
        ]

    def purchase_quality(self, target: Target, parameters: PurchaseParameters) -> Quality | None:
        """Compare what the parameters say with what happened until the target's later moment."""
        output = target.score.output
        if target.later is None or output is ModelOutput.ALIVE:
            return None
        horizon = target.score.horizon_days / DAYS_PER_UNIT
        compute = no_order_probability if output is ModelOutput.NO_ORDER else expected_orders
        rows = self.histories(target)
        predictions = np.array([compute(parameters, history, horizon) for history, _ in rows])
        later = np.array([grown for _, grown in rows], dtype=np.float64)
        if output is ModelOutput.NO_ORDER:
            return _quality(LATER, target.at, target.later, predictions, later <= 0)
        return _means(target, predictions, later)

    def _spend(self, target: Target) -> AnyFigures:
        facts = self.facts_at(target, target.at)
        orders, spend = (facts[target.score.input_of(role)] for role in ("frequency", "spend"))
        is_buyer = (orders > 0) & (spend > 0)
        orders, means = orders[is_buyer], spend[is_buyer] / orders[is_buyer]
        again = int((orders > 1).sum())
        if again < MIN_REPEAT_BUYERS:
            words = f"{again:,} of {len(orders):,} buyers have ordered again, {MIN_REPEAT_BUYERS} are needed"
            return self._refuse(target, len(orders), Refusal(RefusalReason.TOO_FEW_REPEAT_BUYERS, words))
        fit = fit_spend(orders.tolist(), means.tolist())
        if not fit.is_sound:
            return self._refuse(target, len(orders), _no_fit("values of orders"))
        return SpendFigures(
            **_base(target, len(orders)),
            parameters=fit.parameters,
            log_likelihood=fit.log_likelihood,
            quality=self._spend_quality(target, fit.parameters),
        )

    def _spend_quality(self, target: Target, parameters: SpendParameters) -> Quality | None:
        """Compare the expected value of orders with that of the later ones, of those who have some."""
        if target.later is None:
            return None
        names = [target.score.input_of(role) for role in ("frequency", "spend")]
        facts = self.facts_at(target, target.at, *(Column(name, target.later) for name in names))
        orders, spend = (facts[name] for name in names)
        more, spent = facts["0"] - orders, facts["1"] - spend
        used = (orders > 0) & (spend > 0) & (more > 0) & (spent > 0)
        rows = zip(orders[used], spend[used], strict=True)
        predictions = np.array([expected_spend(parameters, own, total / own) for own, total in rows])
        return _means(target, predictions, spent[used] / more[used])

    def _card(self, target: Target) -> AnyFigures:
        card, later = target.card, target.later
        assert card is not None
        assert later is not None
        columns, outcome = self.card_rows(target, target.at, later)
        size = len(outcome)
        trained = size if target.last is not None else int(size * (1 - HELD_OUT_SHARE))
        labels = {name: self._pack.facts[name].label for name in card.facts}
        found = train_scorecard({name: own[:trained] for name, own in columns.items()}, outcome[:trained], labels)
        if isinstance(found, Refusal):
            return self._refuse(target, size, found)
        if target.last is not None:
            quality = self.card_quality(target, found, later, target.last)
        else:
            held_out = {name: own[trained:] for name, own in columns.items()}
            quality = _quality(HELD_OUT, target.at, later, _predict(found, held_out), outcome[trained:])
        shares = spread_bands(found.sums, add_points(found.facts, columns).tolist())
        return ScorecardFigures(**_base(target, size), card=found, shares=shares, quality=quality)

    def card_rows(self, target: Target, at: datetime, later: datetime) -> tuple[dict[str, Numbers], Flags]:
        """Give the facts of a scorecard as of a moment, and of whom its count had not grown later, of all who have some."""
        card = target.card
        assert card is not None
        facts = self.facts_at(target, at, Column(card.counted, later))
        used = facts[card.counted] > 0
        outcome = (facts["0"] <= facts[card.counted])[used]
        return {name: facts[name][used] for name in card.facts}, outcome

    def card_quality(self, target: Target, card: Scorecard, at: datetime, later: datetime) -> Quality | None:
        """Compare what a scorecard says at a moment with what happened later."""
        columns, outcome = self.card_rows(target, at, later)
        return _quality(LATER, at, later, _predict(card, columns), outcome)

    @staticmethod
    def _refuse(target: Target, customers: int, refusal: Refusal) -> RefusedFigures:
        return RefusedFigures(**_base(target, customers), refusal=refusal)


def _base(target: Target, customers: int) -> dict[str, Any]:
    return {"meaning": target.score.meaning, "at": target.at, "customers": customers}


def _no_fit(what: str) -> Refusal:
    return Refusal(RefusalReason.NO_FIT, f"the {what} of these customers have no likeliest parameters within bounds")


def _predict(card: Scorecard, columns: dict[str, Numbers]) -> Numbers:
    probabilities = np.asarray(card.probabilities)
    return probabilities[np.searchsorted(np.asarray(card.sums), add_points(card.facts, columns), side="left")]


def _quality(on: str, since: datetime, until: datetime, predictions: Numbers, outcome: Flags) -> Quality | None:
    if not len(outcome):
        return None
    told = measure_quality(predictions, outcome)
    return Quality(
        on=on,
        since=since,
        until=until,
        customers=len(outcome),
        predicted=told.predicted,
        observed=told.observed,
        area=told.area,
        largest_error=told.largest_error,
    )


def _means(target: Target, predictions: Numbers, observed: Sequence[float] | Numbers) -> Quality | None:
    if target.later is None or not len(predictions):
        return None
    means = float(predictions.mean()), float(np.mean(observed))
    return Quality(
        on=LATER,
        since=target.at,
        until=target.later,
        customers=len(predictions),
        predicted=means[0],
        observed=means[1],
    )
