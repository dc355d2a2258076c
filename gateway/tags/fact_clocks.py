"""Read a fact's times by the clock and the calendar: hours of the day, days, and days until a time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from connectors.contract import MAX_COUNTS, MeasureOp
from connectors.toolkit.evaluation import values_at
from gateway.tags.definitions import Fact, TimeForm
from gateway.tags.fact_figures import Figure

DAY = timedelta(days=1)
INSTANT = timedelta(microseconds=1)


def figure_of_times(fact: Fact, records: Iterable[Any]) -> Figure:
    """Find the most frequent hour or day of a fact's times, the first among equals, or how many different ones there are."""
    zone = UTC if fact.timezone is None else ZoneInfo(fact.timezone)
    times = (time.astimezone(zone) for record in records for time in values_at(record, str(fact.field)))
    counts = Counter(time.hour if fact.time_form is TimeForm.HOUR else time.date().isoformat() for time in times)
    if fact.measure is not MeasureOp.TOP:
        return Figure(min(len(counts), MAX_COUNTS), len(counts) > MAX_COUNTS)
    return Figure(min(counts, key=lambda value: (-counts[value], value)) if counts else None)


def next_day_until(time: datetime, days: int) -> datetime | None:
    """Find when a time is a whole day nearer. None when it is less than a day ahead, or past."""
    return time - days * DAY + INSTANT if days else None
