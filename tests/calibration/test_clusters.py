"""Groups of customers by their facts."""

from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from connectors.errors import ConfigurationError
from gateway.calibration.clusters import find_clusters
from gateway.cli import app
from tests.support.drawn_shop import draw_orders, write_shop

LABELS = {"orders": "Orders", "gap": "Days since the last order", "luck": "Luck"}
ENDS = datetime(2026, 6, 30, tzinfo=UTC)


def draw_groups(sizes: tuple[int, ...] = (600, 300, 100)) -> dict[str, np.ndarray]:
    """Many with one order long ago, some who come often, and a few who come very often; luck is of no group."""
    rng = np.random.default_rng(2)
    orders, gaps = (1, 8, 60), (300, 20, 5)
    return {
        "orders": np.concatenate([rng.poisson(own, size) + 1.0 for own, size in zip(orders, sizes, strict=True)]),
        "gap": np.concatenate([rng.normal(own, 4, size).clip(0) for own, size in zip(gaps, sizes, strict=True)]),
        "luck": rng.normal(size=sum(sizes)),
    }


def test_groups_are_found_and_described():
    """The three groups have their sizes, and the words say what they differ in, and nothing of what they do not."""
    columns = draw_groups()
    del columns["luck"]
    found = find_clusters(columns, LABELS, 3)
    assert [own.customers for own in found.clusters] == [600, 300, 100]
    assert found.separation > 0.6
    assert "Days since the last order high (median 30" in found.clusters[0].words()
    assert "Orders very high (median 6" in found.clusters[2].words()
    with_luck = find_clusters(draw_groups(), LABELS, 3)
    assert "Luck" not in with_luck.clusters[0].words()


def test_the_number_of_groups_is_that_which_is_farthest_apart():
    """Where nobody says it."""
    columns = draw_groups()
    del columns["luck"]
    assert len(find_clusters(columns, LABELS, None).clusters) == 3


def test_who_lacks_a_fact_is_left_out():
    """Without a value or with an unknown one a customer has no place."""
    columns = draw_groups()
    columns["gap"][:10], columns["orders"][10:15] = np.nan, np.inf
    found = find_clusters(columns, LABELS, 3)
    assert (sum(own.customers for own in found.clusters), found.left_out) == (985, 15)


def test_too_few_customers_and_facts_that_are_alike_are_said():
    """With the fix."""
    with pytest.raises(ConfigurationError, match=r"149 customers have a value of each fact, 150 are needed; ask for fewer"):
        find_clusters({"orders": np.arange(149.0)}, LABELS, 3)
    with pytest.raises(ConfigurationError, match=r"all customers have the same orders; leave it out"):
        find_clusters({"orders": np.ones(500)}, LABELS, 3)


def test_the_command_describes_the_population(tmp_path: Path):
    """By the labels of facts; a name that is none, or no number, is said."""
    settings = write_shop(tmp_path, draw_orders(600, ENDS), ENDS)
    words = ["clusters", "--config", str(settings), "--facts", "gap,orders", "--count", "2"]
    result = CliRunner().invoke(app, words, env={"COLUMNS": "300"})
    assert result.exit_code == 0, result.output
    first, second, last = result.output.splitlines()
    assert first.startswith("1: ")
    assert "Days since the last order" in first + second
    assert last.endswith("0 customers lack a fact")
    wrong = CliRunner().invoke(app, [*words[:-3], "gaps"], env={"COLUMNS": "300"})
    assert "--facts: unknown fact 'gaps'; did you mean 'gap'?" in wrong.output
    assert not (tmp_path / "calibration.json").exists()
