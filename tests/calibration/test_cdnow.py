"""CDNOW through a SQL source, as an operator calibrates it: the published figures, and the tag beside what happened."""

import sqlite3
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

from gateway.app import create_services, opened
from gateway.calibration.prediction_quality import area_under_curve
from gateway.cli import app
from gateway.population.walk import walk_customers
from gateway.scores.calibration_file import Calibration, PurchaseFigures, read_calibration
from gateway.settings import load_settings
from gateway.tags.computation import compute, compute_facts
from tests.support.cdnow_shop import AT, ENDS, write_cdnow, write_settings
from tests.support.published_data import published_file, published_rows

pytestmark = pytest.mark.published


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    published_file("cdnow", "CDNOW_sample.txt.gz")
    path = tmp_path_factory.mktemp("cdnow")
    write_cdnow(path)
    return path


@pytest.fixture(scope="module")
def calibration(folder: Path) -> Calibration:
    """What the command writes, of what was known at the end of the first 39 weeks."""
    settings = write_settings(folder)
    words = ["calibrate", "--config", str(settings), "--at", AT, "--output", str(folder / "calibration.json")]
    result = CliRunner().invoke(app, words)
    assert result.exit_code == 0, result.output
    assert "risk_39w: bg_nbd r 0.243, alpha 4.414, a 0.793, b 2.426, log-likelihood -9582.4" in result.output
    return read_calibration(folder / "calibration.json")


def figures_of(calibration: Calibration, name: str) -> PurchaseFigures:
    figures = calibration.scores[name]
    assert isinstance(figures, PurchaseFigures)
    return figures


def test_the_command_finds_the_published_parameters(calibration: Calibration):
    """To three decimals: BG/NBD of Fader, Hardie and Lee, and MBG/NBD."""
    bg, mbg = figures_of(calibration, "risk_39w"), figures_of(calibration, "risk_mbg")
    assert calibration.customers == calibration.sampled == bg.customers == 2_357
    assert bg.repeat_buyers == 946
    names = ("r", "alpha", "a", "b")
    assert [round(getattr(bg.parameters, name), 3) for name in names] == [0.243, 4.414, 0.793, 2.426]
    assert [round(getattr(mbg.parameters, name), 3) for name in names] == [0.525, 6.183, 0.891, 1.614]
    assert bg.log_likelihood == pytest.approx(-9582.4, abs=0.05)


async def test_facts_are_the_published_frequencies_recencies_and_ages(folder: Path):
    """Weeks are days / 7, a day has one order, and the first one is not counted: those of the 2,357 rows of the literature."""
    services = create_services(load_settings(write_settings(folder)))
    found: Counter[tuple[int, float, float]] = Counter()
    async with opened(services):
        async for batch in walk_customers(services):
            reference = load_settings(write_settings(folder, pinned=AT)).clock.pinned
            facts = await compute_facts(
                services.tags.pack, ["orders", "gap", "age"], batch.customers, services.clock, reference=reference
            )
            for own in facts.values():
                orders, gap, age = (own[name].value for name in ("orders", "gap", "age"))
                found[orders - 1, round((age - gap) / 7, 2), round(age / 7, 2)] += 1
    rows = published_rows("cdnow", "cdnow_customers_summary.csv")
    assert found == Counter((int(row["frequency"]), float(row["recency"]), float(row["T"])) for row in rows)


async def test_the_tag_tells_who_comes_back(folder: Path, calibration: Calibration):
    """Seen at the end of the first 39 weeks, the tag's mean risk stands beside the 684 of 2,357 who bought in the next 39."""
    path = write_settings(folder, pinned=AT, calibration="calibration.json")
    text = path.read_text().replace(" FROM orders", f" FROM orders WHERE placed_at < '{AT}'")
    path.write_text(text, "utf-8")
    services = create_services(load_settings(path))
    later = buyers(folder)
    risks: dict[str, float] = {}
    async with opened(services):
        async for batch in walk_customers(services):
            wanted = [(customer, "risk") for customer in batch.customers]
            tags = await compute(services.tags.pack, services.clock, services.tags.counts, wanted)
            risks |= {customer: float(str(tag.value)) for (customer, _), tag in tags.items()}
            versions = {fact.calibration for tag in tags.values() for fact in tag.evidence}
            assert versions == {None, calibration.version}
    predictions = np.array([*risks.values()])
    bought = np.array([customer in later for customer in risks])
    assert (len(risks), int(bought.sum())) == (2_357, 684)
    assert float(predictions.mean()) == pytest.approx(0.738, abs=0.0005)  # of 0.710 who did not
    area: Any = area_under_curve(predictions, ~bought)
    assert area >= 0.75
    quality = figures_of(calibration, "risk_39w").quality
    assert quality is not None
    assert quality.area == pytest.approx(area, abs=1e-4)
    assert (quality.predicted, quality.observed) == (pytest.approx(predictions.mean(), abs=1e-6), 1 - 684 / 2_357)


def buyers(folder: Path) -> set[str]:
    """The ids of customers with an order in the second 39 weeks."""
    database = sqlite3.connect(folder / "shop.db")
    rows = database.execute("SELECT DISTINCT customer_id FROM orders WHERE placed_at > ? AND placed_at <= ?", (AT, ENDS))
    found = {f"{row[0]}" for row in rows}
    database.close()
    return found
