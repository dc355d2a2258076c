"""The core pack: groups by RFM, what time changes, and the figures that the demo ships."""

import json
import random
from collections import Counter
from datetime import UTC, datetime, timedelta
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gateway.scores.calibration_file import read_calibration
from gateway.tags.change_times import find_change
from gateway.tags.computed_tag import FactValue
from gateway.tags.pack import default_pack_path, load_pack, shipped_pack
from gateway.tags.rules import evaluate
from gateway.tags.score_evidence import score_value
from tests.support.paths import ROOT
from tests.support.published_data import published_rows, published_text

NOW = datetime(2026, 6, 30, 12, tzinfo=UTC)
DAY = timedelta(days=1)
PACK = shipped_pack()
RANGES = {
    "CHAMPIONS": ((4, 5), (4, 5), (4, 5)),
    "LOYAL": ((2, 5), (3, 5), (3, 5)),
    "POTENTIAL_LOYALIST": ((3, 5), (1, 3), (1, 3)),
    "NEW": ((4, 5), (1, 1), (1, 1)),
    "PROMISING": ((3, 4), (1, 1), (1, 1)),
    "NEED_ATTENTION": ((2, 3), (2, 3), (2, 3)),
    "ABOUT_TO_SLEEP": ((2, 3), (1, 2), (1, 2)),
    "AT_RISK": ((1, 2), (2, 5), (2, 5)),
    "CANT_LOSE_THEM": ((1, 1), (4, 5), (4, 5)),
    "HIBERNATING": ((1, 2), (1, 2), (1, 2)),
    "LOST": ((1, 1), (1, 1), (1, 1)),
}
"""The published table, the last row by its words."""


def given(key: str, **values: Any) -> str | None:
    """The tag of somebody with these facts and scores, and nothing else."""
    tag = PACK.tags[key]
    names = (*tag.fact_names, *tag.score_names)
    return evaluate(tag, {name: FactValue(name=name, label=name, value=values.get(name)) for name in names}, NOW).value


def group(scores: tuple[int, ...]) -> str | None:
    names = ("recency_score", "frequency_score", "monetary_score")
    return given("rfm_group", **dict(zip(names, scores, strict=True)))


def size(name: str) -> int:
    return int(np.prod([high - low + 1 for low, high in RANGES[name]]))


def test_each_combination_of_scores_is_in_the_narrowest_range_that_has_it() -> None:
    """Of all 125; nobody is in none, and every group has somebody."""
    groups = Counter[str | None]()
    for scores in product(range(1, 6), repeat=3):
        holding = [
            name
            for name, ranges in RANGES.items()
            if all(low <= score <= high for score, (low, high) in zip(scores, ranges, strict=True))
        ]
        assert group(scores) == min(holding, key=size, default="OTHER"), scores
        groups[group(scores)] += 1
    assert groups.total() == 125
    assert {*groups} == {*RANGES, "OTHER"}


@pytest.mark.published
def test_champions_are_those_of_the_published_example() -> None:
    """158 of 995 customers. The package adds 1 to each quantile; its published cut points are those without their digits."""
    published = json.loads(published_text("expected", "rfm_r_package.json"))["cut_points_in_test"]
    ends, people = datetime(2006, 12, 31, tzinfo=UTC), dict[str, list[tuple[datetime, float]]]()
    for row in published_rows("rfm_r_package", "rfm_data_orders.csv.gz"):
        at = datetime.fromisoformat(row["order_date"]).replace(tzinfo=UTC)
        people.setdefault(row["customer_id"], []).append((at, float(row["revenue"])))

    facts = {
        "recency_days": [(ends - max(at for at, _ in orders)) // DAY for orders in people.values()],
        "frequency": [len(orders) for orders in people.values()],
        "monetary": [sum(revenue for _, revenue in orders) for orders in people.values()],
    }
    cuts = {name: [*(np.quantile(values, [0.2, 0.4, 0.6, 0.8]) + 1)] for name, values in facts.items()}
    assert {name: [round(cut) for cut in own] for name, own in cuts.items()} == published

    def score(name: str, value: float) -> int:
        return 1 + sum(value >= cut for cut in cuts[name])

    groups = Counter(
        group(
            (
                6 - score("recency_days", (ends - max(at for at, _ in orders)) // DAY),
                score("frequency", len(orders)),
                score("monetary", sum(revenue for _, revenue in orders)),
            )
        )
        for orders in people.values()
    )
    assert (groups.total(), groups["CHAMPIONS"]) == (995, 158)


def change_of(key: str, **values: tuple[Any, datetime | None]) -> datetime | None:
    pack = load_pack(default_pack_path(), calibration=read_calibration(ROOT / "gateway" / "demo" / "shop_calibration.json"))
    facts = {name: FactValue(name=name, label=name, value=own, changes_at=at) for name, (own, at) in values.items()}
    return find_change(pack.tags[key], pack, facts, NOW, NOW)


def test_a_rhythm_changes_when_the_days_cross_the_customers_own_interval() -> None:
    """Not each day: an interval of all time is as it is until something is ordered. The last state stays."""
    tomorrow = NOW + DAY
    for days, expected in ((10, NOW + 21 * DAY), (31, NOW + 15 * DAY), (46, None)):
        assert change_of("purchase_rhythm", order_interval=(30.5, None), days_since_last_order=(days, tomorrow)) == expected


def test_an_expectation_changes_when_its_rounded_value_does() -> None:
    """A model says something else each day, and the tag rounds it."""
    tomorrow = NOW + DAY
    facts = {"orders_all": (5, None), "days_since_last_order": (25, tomorrow), "days_since_first_order": (400, tomorrow)}
    found = change_of("expected_orders", **facts, orders_to_come_90d=(0.84, tomorrow))
    assert found is not None
    assert found > NOW + 3 * DAY
    moving = change_of("expected_value", **facts, orders_to_come_90d=(0.84, tomorrow), order_to_come_value=(50.0, tomorrow))
    assert moving == tomorrow


@pytest.mark.parametrize("key", ["churn_risk", "expected_orders", "lifetime_value"])
def test_an_expectation_changes_no_earlier_than_it_says(key: str) -> None:
    """The days since the first and since the last order are over at different hours; in between the model sees one grow."""
    pack = load_pack(default_pack_path(), calibration=read_calibration(ROOT / "gateway" / "demo" / "shop_calibration.json"))
    tag, rng = pack.tags[key], random.Random(3)

    def at(when: datetime, first: datetime, last: datetime, counts: dict[str, Any]) -> tuple[str | None, dict[str, FactValue]]:
        days = {"days_since_first_order": first, "days_since_last_order": last}
        facts = {name: FactValue(name=name, label=name, value=value) for name, value in counts.items()}
        for name, time in days.items():
            whole = (when - time) // DAY
            facts[name] = FactValue(name=name, label=name, value=whole, changes_at=time + (whole + 1) * DAY)
        for name in tag.score_names:
            facts[name] = score_value(pack.scores[name], [facts[own] for own in pack.scores[name].fact_names], set())
        return evaluate(tag, facts, when).value, facts

    for _ in range(40):
        age = rng.randint(20, 800)
        first, last = (NOW - timedelta(days=days, seconds=rng.randint(0, 86_399)) for days in (age, rng.randint(0, age - 1)))
        orders = rng.randint(2, 12)
        counts = {"orders_all": orders, "spend_all": orders * rng.uniform(10, 150)}
        value, facts = at(NOW, first, last, counts)
        change = find_change(tag, pack, facts, NOW, NOW) or NOW + 30 * DAY
        steps = [time + ((NOW - time) // DAY + day) * DAY for time in (first, last) for day in range(1, 31)]
        assert {at(step, first, last, counts)[0] for step in steps if step < change} <= {value}


def test_the_demo_ships_figures_for_every_score(tmp_path: Path) -> None:
    """Of the definitions in force, and none of them is a refusal."""
    calibration = read_calibration(ROOT / "gateway" / "demo" / "shop_calibration.json")
    assert {*calibration.scores} == {*PACK.scores}
    scores = load_pack(default_pack_path(), calibration=calibration).scores
    assert {score.version for score in scores.values()} == {calibration.version}
    assert not [name for name, own in calibration.scores.items() if type(own).__name__ == "RefusedFigures"]
