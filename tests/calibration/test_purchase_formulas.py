"""The formulas of serving, which need no library, against scipy and against customers that were drawn."""

import numpy as np
import pytest
from scipy.special import hyp2f1

from gateway.calibration.purchase_fit import fit_purchases, log_likelihoods
from gateway.scores.purchase_formulas import (
    PurchaseHistory,
    PurchaseModel,
    PurchaseParameters,
    alive_probability,
    expected_orders,
    history_of,
    no_order_probability,
)
from gateway.scores.spend_formulas import SpendParameters, expected_spend

HISTORIES = [(0, 0, 38.86), (2, 30.43, 38.86), (7, 20, 30), (25, 38, 39), (1, 0, 0), (1, 0, 5)]


def parameters(model: PurchaseModel, r: float = 0.525, alpha: float = 6.183, a: float = 0.891, b: float = 1.614):
    return PurchaseParameters(model, r, alpha, a, b)


@pytest.mark.parametrize("model", PurchaseModel)
@pytest.mark.parametrize("history", HISTORIES)
@pytest.mark.parametrize("horizon", [0.5, 13, 39, 400])
@pytest.mark.parametrize("values", [(0.243, 4.414, 0.793, 2.426), (1, 10, 1.7, 3), (2, 30, 0.2, 5)])
def test_expected_orders_are_those_of_the_published_formula(model, history, horizon, values):
    """The series agrees with the 2F1 of scipy to seven digits."""
    own, past = parameters(model, *values), PurchaseHistory(*history)
    r, alpha, a, b = values
    x, age = past.frequency, past.age
    more = 1 if model is PurchaseModel.MBG_NBD else 0
    z = horizon / (alpha + age + horizon)
    function = hyp2f1(r + x, b + x + more, a + b + x - 1 + more, z)
    expected = (a + b + x - 1 + more) / (a - 1) * (1 - (1 - z) ** (r + x) * function) * alive_probability(own, past)
    assert expected_orders(own, past, horizon) == pytest.approx(expected, rel=1e-7)


@pytest.mark.parametrize("model", PurchaseModel)
def test_expected_orders_have_no_gap_where_a_is_1(model):
    """The published formula divides by a - 1; ours goes through there."""
    history = PurchaseHistory(2, 30.43, 38.86)
    below, at, above = (expected_orders(parameters(model, a=a), history, 39) for a in (1 - 1e-7, 1.0, 1 + 1e-7))
    assert at == pytest.approx((below + above) / 2, rel=1e-9)


@pytest.mark.parametrize("model", PurchaseModel)
def test_alive_is_the_share_of_the_likelihood_of_those_who_stay(model):
    """P(alive) is the part of the fitted likelihood in which the customer has not stopped."""
    own = parameters(model)
    for history in [PurchaseHistory(*history) for history in HISTORIES if history[0] or model is PurchaseModel.MBG_NBD]:
        r, alpha, a, b = own.r, own.alpha, own.a, own.b
        numbers = [np.array([value], dtype=float) for value in (history.frequency, history.recency, history.age)]
        whole = float(np.exp(log_likelihoods(model, np.array([r, alpha, a, b]), *numbers))[0])
        # With b so large that nobody stops, the beta part is 1: what is left is that of the purchases alone.
        buys = float(np.exp(log_likelihoods(model, np.array([r, alpha, 1e-9, 1e9]), *numbers))[0])
        stays = float(np.exp(_log_beta(a, b + history.frequency + (model is PurchaseModel.MBG_NBD)) - _log_beta(a, b)))
        assert alive_probability(own, history) == pytest.approx(buys * stays / whole, rel=1e-6)


def _log_beta(a: float, b: float) -> float:
    from scipy.special import betaln

    return float(betaln(a, b))


def _draw(model: PurchaseModel, count: int, age: float, horizon: float, seed: int = 5):
    """Draw customers by the story of the model: their histories until now, whether they are there, and later orders."""
    rng, own = np.random.default_rng(seed), parameters(model, r=0.8, alpha=6.0, a=0.9, b=2.5)
    rates = rng.gamma(own.r, 1 / own.alpha, count)
    stops = rng.beta(own.a, own.b, count)
    drawn = []
    for rate, stop in zip(rates, stops, strict=True):
        time, x, last, later = 0.0, 0, 0.0, 0
        alive = model is PurchaseModel.BG_NBD or rng.random() >= stop
        is_there = alive
        while alive and (time := time + rng.exponential(1 / rate)) < age + horizon:
            if time < age:
                x, last = x + 1, time
            else:
                later += 1
            alive = rng.random() >= stop
            is_there = alive if time < age else is_there
        drawn.append((PurchaseHistory(x, last, age), is_there, later))
    return own, drawn


@pytest.mark.parametrize("model", PurchaseModel)
def test_the_formulas_tell_what_drawn_customers_do(model):
    """P(alive), P(no order) and expected orders are the means of 40,000 customers who live by the model, for any past."""
    own, drawn = _draw(model, 40_000, 40, 20)
    for few, many in [(0, 0), (1, 2), (3, 999)]:
        group = [entry for entry in drawn if few <= entry[0].frequency <= many]
        alive = np.mean([alive_probability(own, history) for history, _, _ in group])
        quiet = np.mean([no_order_probability(own, history, 20) for history, _, _ in group])
        orders = np.mean([expected_orders(own, history, 20) for history, _, _ in group])
        assert len(group) > 3_000
        assert alive == pytest.approx(np.mean([is_there for _, is_there, _ in group]), abs=0.02)
        assert quiet == pytest.approx(np.mean([later == 0 for _, _, later in group]), abs=0.02)
        assert orders == pytest.approx(np.mean([later for _, _, later in group]), rel=0.06)


@pytest.mark.parametrize("model", PurchaseModel)
def test_a_fit_finds_the_parameters_that_customers_were_drawn_by(model):
    """20,000 customers give back the spread of rates, and how many stop after a purchase."""
    own, drawn = _draw(model, 20_000, 60, 0)
    found = fit_purchases(model, [history for history, _, _ in drawn])
    assert found.is_sound
    assert found.parameters.r / found.parameters.alpha == pytest.approx(own.r / own.alpha, rel=0.1)
    assert found.parameters.a / (found.parameters.a + found.parameters.b) == pytest.approx(own.a / (own.a + own.b), abs=0.02)


def test_orders_become_a_history_as_the_models_count():
    """The first order is not counted, and weeks are days / 7."""
    assert history_of(3, 59, 272) == PurchaseHistory(2, 213 / 7, 272 / 7)
    assert history_of(1, 272, 272) == PurchaseHistory(0, 0, 272 / 7)
    assert history_of(0, 0, 0) is None
    assert history_of(2, 10, 5) == PurchaseHistory(1, 0, 10 / 7)  # a clock that runs ahead makes nobody younger than his orders


def test_bounds_hold_for_customers_at_the_edges():
    """Probabilities stay between 0 and 1 for the oldest and the busiest."""
    for model in PurchaseModel:
        for history in [PurchaseHistory(5_000, 10, 5_000), PurchaseHistory(0, 0, 0), PurchaseHistory(5_000, 5_000, 5_000)]:
            own = parameters(model)
            assert 0 <= alive_probability(own, history) <= 1
            assert 0 <= no_order_probability(own, history, 13) <= 1
            assert expected_orders(own, history, 13) >= 0


def test_expected_spend_is_drawn_to_the_mean_of_all():
    """A customer without orders has the mean of all, p v / (q - 1), and one with many his own."""
    own = SpendParameters(6.25, 3.74, 15.44)
    assert expected_spend(own, 0, 0) == pytest.approx(6.25 * 15.44 / 2.74)
    assert expected_spend(own, 100_000, 80) == pytest.approx(80, rel=1e-3)
    assert expected_spend(own, 1, 80) == pytest.approx(6.25 * (15.44 + 80) / (6.25 + 2.74))
