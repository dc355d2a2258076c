"""A scorecard finds the rule by which customers were drawn."""

import numpy as np
import pytest

from gateway.calibration.prediction_quality import area_under_curve, measure_quality
from gateway.calibration.scorecard_fit import MIN_OUTCOMES, add_points, train_scorecard
from gateway.scores.refusal import Refusal, RefusalReason
from gateway.scores.scorecard import FactPoints, Scorecard

LABELS = {"gap": "Days since the last order", "orders": "Orders", "rating": "Rating", "noise": "Noise", "luck": "Luck"}


def draw_customers(count: int, seed: int = 3):
    """Customers whose risk comes of three facts; two others have nothing to do with it, and a third of ratings is missing."""
    rng = np.random.default_rng(seed)
    columns = {
        "gap": rng.exponential(80, count).round(),
        "orders": rng.poisson(3, count).astype(float),
        "rating": np.where(rng.random(count) < 0.3, np.nan, rng.integers(1, 6, count).astype(float)),
        "noise": rng.normal(size=count),
        "luck": rng.poisson(2, count).astype(float),
    }
    bad_rating = np.nan_to_num(columns["rating"], nan=5.0) <= 2
    odds = 0.5 + 1.2 * (columns["gap"] > 90) - 0.5 * np.minimum(columns["orders"], 5) + 0.8 * bad_rating
    return columns, rng.random(count) < 1 / (1 + np.exp(-odds))


def test_a_scorecard_finds_the_facts_that_matter_and_is_calibrated():
    """The three facts of the rule have points and no other; each tenth of new customers has the told share within 3 points."""
    columns, outcome = draw_customers(60_000)
    known = {name: values[:30_000] for name, values in columns.items()}
    card = train_scorecard(known, outcome[:30_000], LABELS)
    assert isinstance(card, Scorecard)
    assert {fact.fact for fact in card.facts} == {"gap", "orders", "rating"}
    later = {name: values[30_000:] for name, values in columns.items()}
    predictions = np.array([card.probability_at(int(points)) for points in add_points(card.facts, later)])
    quality = measure_quality(predictions, outcome[30_000:])
    assert quality.predicted == pytest.approx(quality.observed, abs=0.01)
    assert quality.largest_error <= 0.03
    assert quality.area is not None
    assert quality.area > 0.7


def test_points_of_one_customer_are_those_of_many():
    """Serving adds up what training does, also without a value."""
    columns, outcome = draw_customers(5_000)
    card = train_scorecard(columns, outcome, LABELS)
    assert isinstance(card, Scorecard)
    totals = add_points(card.facts, columns)
    for place in range(0, 5_000, 97):
        values = {name: None if np.isnan(column[place]) else float(column[place]) for name, column in columns.items()}
        assert card.total_points(values) == totals[place]


def test_reasons_say_points_label_and_band():
    """The fact with the most points stands first; one without points says nothing."""
    card = Scorecard(
        [
            FactPoints("orders", "Orders", [1.0, 3.0], [5, 0, -7], 3),
            FactPoints("gap", "Days since the last order", [90.0], [-2, 12], 0),
        ],
        [0],
        [0.2, 0.7],
    )
    assert card.list_reasons({"gap": 91, "orders": 1}) == ["+12: Days since the last order over 90", "+5: Orders up to 1"]
    assert card.list_reasons({"gap": 90, "orders": 2}) == ["-2: Days since the last order up to 90"]
    assert card.list_reasons({"gap": None, "orders": None}) == ["+3: Orders without a value"]
    assert card.list_reasons({"gap": None, "orders": 4}) == ["-7: Orders over 3"]
    assert (card.probability_at(0), card.probability_at(1)) == (0.2, 0.7)


def test_too_few_outcomes_are_refused():
    """A rule is not learnt from a handful; the reason counts them."""
    columns, _ = draw_customers(3_000)
    outcome = np.zeros(3_000, dtype=bool)
    outcome[: MIN_OUTCOMES - 1] = True
    refusal = train_scorecard(columns, outcome, LABELS)
    assert refusal == Refusal(
        RefusalReason.TOO_FEW_OUTCOMES,
        "199 of 3,000 customers have the outcome, 200 with and without it are needed",
    )


def test_facts_that_tell_nothing_are_refused():
    """Noise gives no scorecard, however many customers there are."""
    columns, _ = draw_customers(20_000)
    refusal = train_scorecard(columns, np.random.default_rng(1).random(20_000) < 0.3, LABELS)
    assert isinstance(refusal, Refusal)
    assert refusal.reason is RefusalReason.NO_FACT_MATTERS


def test_the_area_counts_pairs_and_ties_by_half():
    """Of four pairs two are in order, one is a tie and one is the wrong way round."""
    assert area_under_curve(np.array([0.1, 0.5, 0.5, 0.3]), np.array([False, True, False, True])) == (1 + 0.5 + 1 + 0) / 4
    assert area_under_curve(np.array([0.1, 0.5]), np.array([True, True])) is None
