"""The buyers of a real marketplace, who hardly ever come back: some scores are given, the others refused with their reasons."""

import asyncio
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from gateway.app import create_services, opened
from gateway.calibration.calibration_run import CalibrationRun, calibrate_scores
from gateway.population.walk import walk_customers
from gateway.scores.calibration_file import QuantileFigures, RefusedFigures, write_calibration
from gateway.settings import load_settings
from gateway.tags.computation import compute
from tests.support.olist_buyers import FOLDER, write_buyers
from tests.support.published_data import published_file, published_rows

pytestmark = [pytest.mark.published, pytest.mark.olist]


@pytest.fixture(scope="module")
def settings_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    published_file(FOLDER, "olist_orders_dataset.csv.gz")
    return write_buyers(tmp_path_factory.mktemp("olist"))


@pytest.fixture(scope="module")
def run(settings_file: Path) -> CalibrationRun:
    settings = load_settings(settings_file)
    alone = settings.model_copy(update={"tags": settings.tags.model_copy(update={"calibration": None})})
    found = asyncio.run(calibrate_scores(create_services(alone), None, lambda _: None))
    write_calibration(settings_file.with_name("calibration.json"), found.calibration)
    return found


def test_recency_and_money_have_bands_and_the_rest_is_refused(run: CalibrationRun):
    """Of 14,904 people 91 have ordered twice: too few for a model, and too many alike for bands of frequency."""
    scores = run.calibration.scores
    r_score, m_score = scores["r_score"], scores["m_score"]
    assert isinstance(r_score, QuantileFigures)
    assert isinstance(m_score, QuantileFigures)
    assert r_score.cut_points == [99, 184, 273.4, 393]
    assert m_score.cut_points == pytest.approx([55.3, 85.86, 130.64, 205.5], abs=0.005)
    assert r_score.shares == pytest.approx([0.2] * 5, abs=0.003)
    refused = {name: own.refusal for name, own in scores.items() if isinstance(own, RefusedFigures)}
    assert {name: own.reason for name, own in refused.items()} == {
        "f_score": "LOW_SPREAD",
        "risk": "TOO_FEW_REPEAT_BUYERS",
        "basket": "TOO_FEW_REPEAT_BUYERS",
    }
    assert refused["f_score"].words == "99% of customers have the value 1, so 5 equal bands have no borders"
    assert refused["risk"].words == "78 of 12,003 buyers have ordered again, 500 are needed"
    assert refused["basket"].words == "91 of 14,704 buyers have ordered again, 500 are needed"


def test_cut_points_are_those_of_the_files(run: CalibrationRun):
    """Money is what numpy finds in the published payments themselves, of all orders that were not cancelled."""
    people = {row["customer_id"]: row["customer_unique_id"] for row in published_rows(FOLDER, "olist_customers_dataset.csv.gz")}
    kept = {
        row["order_id"]: people[row["customer_id"]]
        for row in published_rows(FOLDER, "olist_orders_dataset.csv.gz")
        if row["order_status"] not in ("canceled", "unavailable")
    }
    spend: Counter[str] = Counter()
    for row in published_rows(FOLDER, "olist_order_payments_dataset.csv.gz"):
        if row["order_id"] in kept:
            spend[kept[row["order_id"]]] += float(row["payment_value"])  # type: ignore[assignment]
    expected = np.quantile([value for value in spend.values() if value > 0], [0.2, 0.4, 0.6, 0.8])
    figures = run.calibration.scores["m_score"]
    assert isinstance(figures, QuantileFigures)
    assert figures.cut_points == pytest.approx(expected.tolist(), abs=0.005)


def test_the_walk_asks_for_whole_batches(run: CalibrationRun):
    """Two moments (now, and 90 days before) of 14,904 customers: a call for 100 of them at most, for each."""
    assert run.calibration.customers == 14_904
    assert set(run.calls) == {"shop"}
    assert run.calls["shop"] <= 75 * (2 + 2 * 2)


async def test_tags_over_them_are_given_or_say_why_not(settings_file: Path, run: CalibrationRun):
    """The best fifths meet in some customers; who buys often cannot be told of anybody, and the evidence has the reason."""
    services = create_services(load_settings(settings_file))
    values: Counter[tuple[str, str | None, str]] = Counter()
    missing: set[str | None] = set()
    async with opened(services):
        async for batch in walk_customers(services):
            wanted = [(customer, key) for customer in batch.customers for key in ("best", "frequent")]
            tags = await compute(services.tags.pack, services.clock, services.tags.counts, wanted)
            values.update((key, tag.value, tag.reason.value) for (_, key), tag in tags.items())
            missing |= {fact.missing for (_, key), tag in tags.items() if key == "frequent" for fact in tag.evidence}
    assert values["best", "YES", "RULE"] + values["best", "NO", "RULE"] == 14_704
    assert 400 < values["best", "YES", "RULE"] < 800
    assert values["best", None, "RULE"] == 200
    assert values["frequent", None, "UNKNOWN"] == 14_904
    assert missing == {None, "LOW_SPREAD"}
