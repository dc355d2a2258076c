"""Facts by the clock and the calendar: hours and days of times, and days until a time."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from connectors.contract import MeasureOp
from connectors.records import Order, Subscription
from gateway.tags.definitions import DerivedMeasure, TimeForm
from gateway.tags.expressions.types import ValueType
from gateway.tags.fact_types import fact_types
from tests.support.fact_values import REFERENCE, fact, value_over
from tests.tags.test_fact_settings import load, problems

DAY, HOUR = timedelta(days=1), timedelta(hours=1)
INSTANT = timedelta(microseconds=1)
CHOOSE, ANOTHER = "choose one of them, or remove it", "remove it, or choose another field"


def at_hours(*times: datetime) -> list[Order]:
    return [Order(id=str(number), placed_at=time) for number, time in enumerate(times)]


def test_the_most_frequent_hour_is_that_of_the_time_zone() -> None:
    """Over all sources, the earliest among equals. Summer time moves what Berlin's clock says."""
    winter, summer = (datetime(2026, month, 5, 20, tzinfo=UTC) for month in (1, 7))
    first, second = at_hours(winter, winter + DAY), at_hours(summer, winter + HOUR)
    for zone, expected in (("Europe/Berlin", 21), (None, 20)):
        asked = fact(MeasureOp.TOP, "placed_at", time_form=TimeForm.HOUR, timezone=zone)
        assert value_over(asked, [first, second]).value == expected
    asked = fact(MeasureOp.TOP, "placed_at", time_form=TimeForm.HOUR, timezone="Europe/Berlin")
    assert value_over(asked, [at_hours(winter, winter + HOUR, summer)]).value == 22
    assert value_over(asked, [[]]).value is None


def test_different_days_are_counted_by_the_calendar_of_the_time_zone() -> None:
    """Two times of one day are one; what is two days in UTC may be one elsewhere."""
    late = datetime(2026, 1, 5, 23, 30, tzinfo=UTC)
    records = at_hours(late, late + HOUR, late + 2 * HOUR)
    for zone, expected in ((None, 2), ("Europe/Berlin", 1)):
        asked = fact(DerivedMeasure.DISTINCT, "placed_at", time_form=TimeForm.DAY, timezone=zone)
        assert value_over(asked, [records[:2], records[2:]]).value == expected


def test_days_until_a_time_grow_fewer_each_day() -> None:
    """A past time is 0 days ahead. The fact says when it is a day less."""
    asked = fact(MeasureOp.MIN, "renews_at", record=Subscription, time_form=TimeForm.DAYS_UNTIL)

    def days(ahead: timedelta) -> tuple[object, datetime | None]:
        record = Subscription(id="s", started_at=REFERENCE - 90 * DAY, renews_at=REFERENCE + ahead)
        found = value_over(asked, [[record]])
        return found.value, found.changes_at

    assert days(3 * DAY + HOUR) == (3, REFERENCE + HOUR + INSTANT)
    assert days(3 * DAY) == (3, REFERENCE + INSTANT)
    assert days(HOUR) == (0, None)
    assert days(-5 * DAY) == (0, None)


def test_types_of_facts_by_the_clock() -> None:
    """Hours and days until are whole numbers from 0 which may be null; a day is a text."""
    facts = {
        "hour": fact(MeasureOp.TOP, "placed_at", time_form=TimeForm.HOUR),
        "day": fact(MeasureOp.TOP, "placed_at", time_form=TimeForm.DAY),
        "until": fact(MeasureOp.MIN, "delivered_at", time_form=TimeForm.DAYS_UNTIL),
    }
    types = {name: (own.type, own.nullable, own.minimum) for name, own in fact_types(facts).items()}
    assert types == {
        "hour": (ValueType.WHOLE, True, 0),
        "day": (ValueType.TEXT, True, None),
        "until": (ValueType.WHOLE, True, 0),
    }


@pytest.mark.parametrize(
    ("settings", "form", "timezone"),
    [
        ("measure: top; field: placed_at; as: hour", TimeForm.HOUR, "Europe/Berlin"),
        ("measure: distinct; field: placed_at; as: day; window: 30d", TimeForm.DAY, "Europe/Berlin"),
        ("measure: first; field: delivered_at; as: days_until", TimeForm.DAYS_UNTIL, None),
        ("measure: first; field: delivered_at; as: days_ago", None, None),
    ],
)
def test_forms_of_times_are_read(tmp_path: Path, settings: str, form: TimeForm | None, timezone: str | None) -> None:
    """With the time zone of the file where they are of the calendar; `days_ago` is what it was."""
    found = load(tmp_path, settings, head="timezone: Europe/Berlin\n")
    assert (found.time_form, found.timezone, found.as_days) == (form, timezone, settings.endswith("days_ago"))


@pytest.mark.parametrize(
    ("settings", "problem"),
    [
        ("measure: last; field: placed_at; as: hour", f"as: 'hour' goes with measure 'top' or 'distinct'; {CHOOSE}"),
        ("measure: top; field: placed_at", "field: measure 'top' needs text or a whole number, and 'placed_at' is a time"),
        ("measure: top; field: status; as: hour", f"as: 'hour' needs a field that is a time; {ANOTHER}"),
        ("measure: top; field: status; as: days_until", f"as: 'days_until' needs a field that is a time; {ANOTHER}"),
        ("measure: count; as: weeks", "as: unknown word 'weeks'; known: days_ago, days_until, hour, day"),
    ],
)
def test_forms_that_fit_no_measure_are_problems(tmp_path: Path, settings: str, problem: str) -> None:
    """With what to write instead."""
    assert problem in problems(tmp_path, settings)
