"""Fits and cut points against the results that others published."""

import json
from collections import defaultdict
from datetime import date

import pytest

from gateway.calibration.purchase_fit import fit_purchases
from gateway.calibration.quantiles import find_cut_points
from gateway.calibration.spend_fit import fit_spend
from gateway.scores.bands import band_of
from gateway.scores.purchase_formulas import PurchaseHistory, PurchaseModel
from tests.support.published_data import published_rows, published_text

pytestmark = pytest.mark.published


def cdnow() -> list[PurchaseHistory]:
    """The sample of 2,357 customers that the literature fits: repeat purchases, recency and age in weeks."""
    rows = published_rows("cdnow", "cdnow_customers_summary.csv")
    return [PurchaseHistory(float(row["frequency"]), float(row["recency"]), float(row["T"])) for row in rows]


def test_bg_nbd_has_the_published_parameters():
    """Fader, Hardie and Lee (2005), to three decimals, and their log-likelihood."""
    fit = fit_purchases(PurchaseModel.BG_NBD, cdnow())
    found = fit.parameters
    expected = json.loads(published_text("expected", "cdnow_btyd.json"))["bgnbd"]["params"]
    assert {"r": found.r, "alpha": found.alpha, "a": found.a, "b": found.b} == pytest.approx(expected, abs=0.0006)
    assert fit.log_likelihood == pytest.approx(-9582.4, abs=0.05)
    assert fit.is_sound


def test_mbg_nbd_has_the_published_parameters():
    """As the packages BTYDplus and lifetimes have them, to three decimals."""
    found = fit_purchases(PurchaseModel.MBG_NBD, cdnow()).parameters
    assert [round(value, 3) for value in (found.r, found.alpha, found.a, found.b)] == [0.525, 6.183, 0.891, 1.614]


def test_gamma_gamma_has_the_published_parameters():
    """Fader and Hardie (2013): within 0.01."""
    rows = [row for row in published_rows("cdnow", "cdnow_customers_summary_with_transactions.csv") if int(row["x"])]
    fit = fit_spend([float(row["x"]) for row in rows], [float(row["zbar"]) for row in rows])
    expected = json.loads(published_text("expected", "cdnow_btyd.json"))["gamma_gamma"]["params"]
    assert {"p": fit.parameters.p, "q": fit.parameters.q, "v": fit.parameters.v} == pytest.approx(expected, abs=0.01)
    assert len(rows) == 946


def test_rfm_has_the_published_cut_points_and_rows():
    """Those of the R package: it writes quantiles of type 7 plus 1, rounded, and ranks recency the other way round."""
    expected = json.loads(published_text("expected", "rfm_r_package.json"))
    orders = defaultdict(list)
    for row in published_rows("rfm_r_package", "rfm_data_orders.csv.gz"):
        orders[row["customer_id"]].append((date.fromisoformat(row["order_date"]), float(row["revenue"])))
    at = date.fromisoformat(expected["analysis_date"])
    facts = {
        name: ((at - max(day for day, _ in own)).days, len(own), sum(value for _, value in own)) for name, own in orders.items()
    }
    cut_points = [find_cut_points([fact[place] for fact in facts.values()], 5) for place in range(3)]
    assert [[round(cut + 1) for cut in cuts] for cuts in cut_points] == list(expected["cut_points_in_test"].values())
    for row in expected["readme_rows"]:
        recency, frequency, money = facts[row["customer_id"]]
        assert (recency, frequency, money) == (row["recency_days"], row["transaction_count"], row["amount"])
        scores = [
            band_of(cut_points[0], recency, is_reversed=True),
            band_of(cut_points[1], frequency),
            band_of(cut_points[2], money),
        ]
        assert int("".join(map(str, scores))) == row["rfm_score"]
        assert scores[0] == row["recency_score"]
