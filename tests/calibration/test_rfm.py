"""RFM through a SQL source: the published cut points by `calibrate`, and the published rows by tags."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from gateway.app import create_services, opened
from gateway.cli import app
from gateway.population.walk import walk_customers
from gateway.scores.calibration_file import QuantileFigures, read_calibration
from gateway.settings import load_settings
from gateway.tags.computation import compute
from tests.support.drawn_shop import write_shop
from tests.support.published_data import published_rows, published_text

pytestmark = pytest.mark.published

TAGS = """
defaults: {owner: crm-team, category: VALUE, ttl: 1d, version: 1}
facts:
  orders: {label: Orders ever, record: order, measure: count}
  spend: {label: Spend ever, record: order, measure: sum, field: total, currency: EUR}
  gap: {label: Days since the last order, record: order, measure: last, field: placed_at, as: days_ago}
scores:
  r_score: {label: Recency, quantile_of: gap, reversed: true}
  f_score: {label: Frequency, quantile_of: orders}
  m_score: {label: Money, quantile_of: spend}
tags:
  rfm:
    label: RFM
    description: The three scores, one behind the other.
    words: Recency, frequency and money, each from 1 to 5.
    expression: "orders == 0 || r_score == null ? null : string(r_score) + string(f_score) + string(m_score)"
"""
ENDS = datetime(2006, 12, 31, 23, 59, 59, tzinfo=UTC)


@pytest.fixture(scope="module")
def expected() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(published_text("expected", "rfm_r_package.json"))
    return found


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Path:
    orders = [
        (f"o{number}", row["customer_id"], datetime.fromisoformat(row["order_date"]), float(row["revenue"]))
        for number, row in enumerate(published_rows("rfm_r_package", "rfm_data_orders.csv.gz"))
    ]
    path = write_shop(tmp_path_factory.mktemp("rfm"), orders, ENDS, tags=TAGS)
    result = CliRunner().invoke(app, ["calibrate", "--config", str(path)])
    assert result.exit_code == 0, result.output
    return path


def test_calibrate_finds_the_published_cut_points(settings: Path, expected: dict[str, Any]):
    """The R package writes them plus 1, rounded."""
    calibration = read_calibration(settings.with_name("calibration.json"))
    assert calibration.customers == expected["customers"] == 995
    found = {}
    for name in ("r_score", "f_score", "m_score"):
        figures = calibration.scores[name]
        assert isinstance(figures, QuantileFigures)
        found[name] = [round(cut + 1) for cut in figures.cut_points]
    assert list(found.values()) == list(expected["cut_points_in_test"].values())


async def test_tags_have_the_published_rows(settings: Path, expected: dict[str, Any]):
    """Each of the published customers has the published facts and scores."""
    services = create_services(load_settings(settings))
    rows: dict[str, tuple[str | None, dict[str, Any]]] = {}
    async with opened(services):
        async for batch in walk_customers(services):
            wanted = [(customer, "rfm") for customer in batch.customers]
            tags = await compute(services.tags.pack, services.clock, services.tags.counts, wanted)
            rows |= {id_: (tag.value, {fact.name: fact.value for fact in tag.evidence}) for (id_, _), tag in tags.items()}
    assert len(rows) == 995
    for row in expected["readme_rows"]:
        value, facts = next(own for id_, own in rows.items() if id_.endswith(row["customer_id"]))
        assert value == str(row["rfm_score"])
        assert (facts["gap"], facts["orders"], facts["spend"]) == (
            row["recency_days"],
            row["transaction_count"],
            row["amount"],
        )
