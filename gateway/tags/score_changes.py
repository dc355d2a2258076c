"""Find when time alone changes a score."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from math import floor
from typing import Any

from gateway.scores.calibration_file import QuantileFigures, ScorecardFigures
from gateway.tags.computed_tag import FactValue
from gateway.tags.score_definitions import Score
from gateway.tags.score_values import compute_score

MAX_DAYS = 3_650
"""A change in more than ten years is none."""

DAY = timedelta(days=1)
_NEVER = datetime.max.replace(tzinfo=UTC)

Outcome = Callable[[Any], Any]


def next_score_change(score: Score, facts: Mapping[str, FactValue]) -> datetime | None:
    """Find the next moment at which time alone may change a score; None where none does. The facts are all known.

    Days since a time grow by one each day: a band changes when they cross a cut point, a probability of a model every day.
    Nothing is computed for that.
    """
    days = _growing(score, facts)
    crossings = _crossings(score, days)
    return _moment(facts, days, (1 if days else None) if crossings is None else next(iter(crossings), None))


def find_score_change(score: Score, facts: Mapping[str, FactValue], outcome: Outcome) -> datetime | None:
    """Find the next moment at which time alone changes what of a score matters; None where none does.

    `outcome` tells that of its value, such as on which side of a border it is. The facts are all known.
    """
    days = _growing(score, facts)
    return _moment(facts, days, _day_of_change(score, facts, days, outcome))


def _growing(score: Score, facts: Mapping[str, FactValue]) -> list[FactValue]:
    """List the facts that grow by one each day."""
    return [facts[name] for name in score.day_facts if facts[name].changes_at is not None and type(facts[name].value) is int]


def _moment(facts: Mapping[str, FactValue], days: Sequence[FactValue], change: int | None) -> datetime | None:
    """Find the first of the changes of other facts, and of the one after so many days."""
    others = [fact.changes_at for fact in facts.values() if fact.changes_at is not None and fact not in days]
    first = min((fact.changes_at for fact in days if fact.changes_at is not None), default=None)
    if change is not None and first is not None and (at := _later(first, change - 1)) is not None:
        others.append(at)
    return min(others, default=None)


def _later(time: datetime, days: int) -> datetime | None:
    """Add days to a time. None where the calendar ends before."""
    try:
        return time + days * DAY
    except OverflowError:
        return None


def _day_of_change(score: Score, facts: Mapping[str, FactValue], days: list[FactValue], outcome: Outcome) -> int | None:
    """Count the days until the outcome is another one."""
    values = {name: fact.value for name, fact in facts.items()}
    before = outcome(compute_score(score, values)[0])

    if not days:
        return None
    stepping = sorted(days, key=lambda fact: fact.changes_at or _NEVER)

    def is_changed(count: int) -> bool:
        # Days that began at different hours are over at different hours: in between one fact is a day ahead of another.
        return any(outcome(compute_score(score, values | stepped)[0]) != before for stepped in _steps(stepping, count))

    crossings = _crossings(score, days)
    if crossings is not None:
        return next((count for count in crossings if is_changed(count)), None)
    # What a model says goes one way while nothing is ordered, so the day can be found by halving.
    high = 1
    while not is_changed(high):
        if high == MAX_DAYS:
            return None
        high = min(2 * high, MAX_DAYS)
    low = high // 2
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if is_changed(middle) else (middle, high)
    return high


def _steps(days: Sequence[FactValue], count: int) -> Iterator[dict[str, int]]:
    """List what facts are on a day after so many: the first has grown, then the second, too. They are in this order."""
    for grown in range(1, len(days) + 1):
        yield {fact.name: fact.value + count - (place >= grown) for place, fact in enumerate(days)}


def _crossings(score: Score, days: list[FactValue]) -> list[int] | None:
    """List after how many days a fact crosses a cut point. None where there are no cut points."""
    cut_points = dict(_cut_points(score))
    if not isinstance(score.figures, QuantileFigures | ScorecardFigures):
        return None
    counts = {floor(cut) + 1 - fact.value for fact in days for cut in cut_points.get(fact.name, ())}
    return sorted(count for count in counts if 0 < count <= MAX_DAYS)


def _cut_points(score: Score) -> Iterator[tuple[str, list[float]]]:
    if isinstance(score.figures, QuantileFigures):
        yield score.input_of("value"), score.figures.cut_points
    elif isinstance(score.figures, ScorecardFigures):
        yield from ((fact.fact, fact.cut_points) for fact in score.figures.card.facts)
