"""What a scorecard says of a later window: as good as its population stands still."""

from bisect import bisect_left
from collections import defaultdict
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path

import pytest

from gateway.calibration.calibration_plan import CalibrationPlan, Column, plan_calibration
from gateway.calibration.population_sample import PopulationSample
from gateway.calibration.score_figures import FiguresFinder
from gateway.scores.calibration_file import Quality, ScorecardFigures
from gateway.tags.definitions import Pack
from gateway.tags.pack import load_pack
from tests.support.drawn_shop import BEGAN, TAGS, draw_orders

CUSTOMERS = 12_000


@cache
def times_of(days: int, seed: int) -> list[list[float]]:
    """The days of the orders of customers, who all begin in the first year."""
    times = defaultdict(list)
    for _, customer, at, _ in draw_orders(CUSTOMERS, BEGAN + timedelta(days=days), seed):
        times[customer].append((at - BEGAN) / timedelta(days=1))
    return list(times.values())


def fact_of(times: list[float], column: Column) -> float:
    """A fact as of a moment: what was known then."""
    at = (column.at - BEGAN) / timedelta(days=1)
    known = times[: bisect_left(times, at)]
    if column.fact == "orders":
        return float(len(known))
    if column.fact == "orders_180d":
        return float(len(known) - bisect_left(known, at - 180))
    if column.fact == "spend":
        return 10.0 * len(known)
    return float("nan") if not known else float(int(at - known[0 if column.fact == "age" else -1]))


def finder_of(pack: Pack, plan: CalibrationPlan, days: int, seed: int) -> FiguresFinder:
    sample = PopulationSample(plan.columns)
    for number, times in enumerate(times_of(days, seed)):
        sample.add_row(f"c{number}", [fact_of(times, column) for column in plan.columns])
    return FiguresFinder(pack, plan, sample)


def qualities(days: int) -> tuple[Quality, Quality]:
    """Of one scorecard: on the later window, and for other customers in the window that it was trained on."""
    pack, now = load_pack(Path("tags.yaml"), TAGS), BEGAN + timedelta(days=days)
    plan = plan_calibration(pack, now, None)
    (target,) = [own for own in plan.targets if own.card is not None]
    figures = finder_of(pack, plan, days, 7).find(target)
    assert isinstance(figures, ScorecardFigures)
    assert isinstance(target.later, datetime)
    assert figures.quality is not None
    others = finder_of(pack, plan, days, 99).card_quality(target, figures.card, target.at, target.later)
    assert others is not None
    return figures.quality, others


def test_a_population_that_grows_old_is_another_one_later():
    """All began in the first year, so fewer stay each half-year: 7 points off there, and right for others of the same time."""
    later, others = qualities(910)
    assert others.largest_error <= 0.03
    assert later.observed - others.observed == pytest.approx(0.063, abs=0.02)
    assert 0.05 <= later.largest_error <= 0.1
    assert later.predicted == pytest.approx(later.observed, abs=0.03)


def test_a_population_that_stands_still_is_told_within_three_points():
    """Five years after the last one began the later window is like the one before."""
    later, others = qualities(2_200)
    assert later.observed == pytest.approx(others.observed, abs=0.01)
    assert later.largest_error <= 0.03
    assert others.largest_error <= 0.03
