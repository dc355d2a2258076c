"""Windows of facts: which records count at a moment, and at which next moment time alone changes that."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.contract import Condition, MeasureOp
from connectors.records import Customer, Money, Order, OrderItem, OrderStatus
from gateway.tags.definitions import DerivedMeasure, Fact
from tests.support.fact_values import REFERENCE, fact, value_over

DAY, INSTANT = timedelta(days=1), timedelta(microseconds=1)
JUNE_10 = datetime(2024, 6, 10, 9, 30, tzinfo=UTC)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


def orders_at(*times: datetime) -> list[Order]:
    return [Order(id=str(number), placed_at=time) for number, time in enumerate(times)]


def counted(time: datetime, reference: datetime = JUNE_10, **window: Any) -> int:
    value = value_over(fact(MeasureOp.COUNT, **window), [orders_at(time)], reference).value
    assert isinstance(value, int)
    return value


@pytest.mark.parametrize(
    ("window", "first", "end"),
    [
        ({"window": 90 * DAY}, JUNE_10 - 90 * DAY, JUNE_10),
        ({"window": 180 * DAY, "window_to": 90 * DAY}, JUNE_10 - 180 * DAY, JUNE_10 - 90 * DAY),
        ({"months": 3}, at("2024-03-01T00:00Z"), at("2024-06-01T00:00Z")),
        ({"months": 12}, at("2023-06-01T00:00Z"), at("2024-06-01T00:00Z")),
        ({"months": 0}, at("2024-06-01T00:00Z"), JUNE_10),
        ({"months": 3, "timezone": "America/Sao_Paulo"}, at("2024-03-01T03:00Z"), at("2024-06-01T03:00Z")),
        ({"months": 0, "timezone": "Asia/Shanghai"}, at("2024-05-31T16:00Z"), JUNE_10),
        ({"months": 4, "timezone": "Europe/Berlin"}, at("2024-01-31T23:00Z"), at("2024-05-31T22:00Z")),
    ],
    ids=str,
)
def test_a_window_begins_inclusive_and_ends_exclusive(window: dict[str, Any], first: datetime, end: datetime) -> None:
    """The first instant counts and the last does not, of rolling windows and of calendar months in any zone; both are told."""
    times = [first - INSTANT, first, end - INSTANT, end]
    assert [counted(time, **window) for time in times] == [0, 1, 1, 0]
    found = value_over(fact(MeasureOp.COUNT, **window), [[]], JUNE_10)
    assert (found.since, found.until) == (first, end)


def test_the_first_days_of_a_customer_begin_with_the_first_order_of_all_sources() -> None:
    """Also where another source knows the first one; the conditions decide which order that is."""
    first = JUNE_10 - 400 * DAY
    old, rest = orders_at(first), orders_at(first + 10 * DAY, first + 90 * DAY - INSTANT, first + 90 * DAY, JUNE_10)
    cancelled = Order(id="x", placed_at=first - 50 * DAY, status=OrderStatus.CANCELLED)
    where = (Condition(field="status", values=("CANCELLED",), negated=True),)
    found = value_over(fact(MeasureOp.COUNT, since_first=90 * DAY, where=where), [rest, [*old, cancelled]], JUNE_10)
    assert (found.value, found.since, found.until) == (3, first, first + 90 * DAY)
    sizes = [
        Order(id=str(size), placed_at=order.placed_at, items=[OrderItem(quantity=size)])
        for size, order in enumerate([*old, *rest], 1)
    ]
    spread = fact(DerivedMeasure.SPREAD, "items.quantity", since_first=90 * DAY)
    assert value_over(spread, [sizes], JUNE_10).value == pytest.approx(1.0), "of 1, 2 and 3"
    nothing = value_over(fact(MeasureOp.COUNT, since_first=90 * DAY), [[]], JUNE_10)
    assert (nothing.value, nothing.since, nothing.until) == (0, None, None)


def test_a_trend_of_months_is_halved_between_months() -> None:
    """Of four months the last two are the later half, however long each is; the present month is in none."""
    asked = fact(DerivedMeasure.TREND, months=4, timezone="America/Sao_Paulo")
    middle = at("2024-04-01T03:00Z")
    placed = [middle - INSTANT, middle, middle + 50 * DAY, JUNE_10 - DAY, at("2024-01-31T00:00Z")]
    assert value_over(asked, [orders_at(*placed)], JUNE_10).value == pytest.approx(1 / 3)


FACTS = [
    fact(MeasureOp.COUNT),
    fact(MeasureOp.COUNT, window=10 * DAY),
    fact(MeasureOp.COUNT, window=20 * DAY, window_to=7 * DAY),
    fact(MeasureOp.COUNT, months=2),
    fact(MeasureOp.COUNT, months=0),
    fact(MeasureOp.COUNT, months=1, timezone="America/Sao_Paulo"),
    fact(MeasureOp.MAX, "placed_at", as_days=True),
    fact(MeasureOp.MIN, "placed_at", as_days=True, window=10 * DAY),
    fact(MeasureOp.LATEST, "placed_at", as_days=True),
    fact(MeasureOp.COUNT, since_first=5 * DAY),
    fact(MeasureOp.MAX, "placed_at", as_days=True, since_first=5 * DAY),
    fact(DerivedMeasure.TREND, window=10 * DAY),
    fact(DerivedMeasure.STREAK, months=3),
    fact(DerivedMeasure.SPREAD, "total", currency="EUR", window=10 * DAY),
    fact(DerivedMeasure.INTERVAL, "placed_at", window=15 * DAY),
    fact(MeasureOp.AVERAGE, "total", currency="EUR", window=8 * DAY),
]
times = st.lists(st.integers(-8 * 24, 50 * 24).map(lambda hours: REFERENCE - hours * timedelta(hours=1)), max_size=6)


def title(asked: Fact) -> str:
    return f"{asked.measure}-{asked.months or asked.since_first or asked.window}"


@pytest.mark.parametrize("asked", FACTS, ids=title)
@given(placed=times, wait=st.floats(0, 1, exclude_max=True), number=st.integers(0, 6))
def test_nothing_changes_before_the_told_moment(asked: Fact, placed: list[datetime], wait: float, number: int) -> None:
    """From the reference time to the next change the value stays, and without one it stays for good."""
    records = [
        Order(id=str(place), placed_at=time, total=Money(amount=Decimal(place**2), currency="EUR"))
        for place, time in enumerate(placed)
    ]
    split = [records[:number], records[number:]]
    now = value_over(asked, split)
    end = now.changes_at or REFERENCE + 400 * DAY
    assert end > REFERENCE
    later = min(REFERENCE + (end - REFERENCE) * wait, end - INSTANT)
    assert value_over(asked, split, later).value == now.value
    assert value_over(asked, split, end - INSTANT).value == now.value


@pytest.mark.parametrize(
    ("asked", "placed", "expected"),
    [
        (fact(MeasureOp.COUNT), [REFERENCE - DAY], None),
        (fact(MeasureOp.COUNT, window=10 * DAY), [], None),
        (fact(MeasureOp.COUNT, window=10 * DAY), [REFERENCE - DAY, REFERENCE - 4 * DAY], REFERENCE + 6 * DAY + INSTANT),
        (fact(MeasureOp.COUNT, window=10 * DAY), [REFERENCE - 11 * DAY], None),
        (fact(MeasureOp.COUNT, window=10 * DAY), [REFERENCE + DAY], REFERENCE + DAY + INSTANT),
        (fact(MeasureOp.COUNT, window=10 * DAY, window_to=5 * DAY), [REFERENCE - 2 * DAY], REFERENCE + 3 * DAY + INSTANT),
        (fact(MeasureOp.COUNT, months=3), [], datetime(2024, 7, 1, tzinfo=UTC)),
        (fact(MeasureOp.COUNT, months=3, timezone="Asia/Shanghai"), [], datetime(2024, 6, 30, 16, tzinfo=UTC)),
        (fact(DerivedMeasure.STREAK), [REFERENCE - DAY], datetime(2024, 7, 1, tzinfo=UTC)),
        (fact(DerivedMeasure.TREND, window=10 * DAY), [REFERENCE - DAY], REFERENCE + 4 * DAY + INSTANT),
        (fact(MeasureOp.MAX, "placed_at", as_days=True), [REFERENCE - 3.25 * DAY], REFERENCE + 0.75 * DAY),
        (fact(MeasureOp.MAX, "placed_at", as_days=True), [REFERENCE + DAY], REFERENCE + 2 * DAY),
        (fact(MeasureOp.MAX, "placed_at"), [REFERENCE - DAY], None),
        (fact(MeasureOp.MAX, "placed_at", as_days=True), [], None),
    ],
    ids=str,
)
def test_the_next_change_is_when_a_record_crosses_or_a_day_or_month_ends(
    asked: Fact, placed: list[datetime], expected: datetime | None
) -> None:
    """Of each kind of window the exact moment; None where time alone changes nothing. Then the value is another one."""
    records = orders_at(*placed)
    found = value_over(asked, [records])
    assert found.changes_at == expected
    if expected is not None and records and asked.measure is not DerivedMeasure.STREAK:
        assert value_over(asked, [records], expected).value != found.value


def test_a_fact_of_a_moment_says_no_next_change() -> None:
    """What is known as of a moment in the past is not renewed, and nothing after that moment counts in any fact."""
    records = orders_at(REFERENCE - DAY, REFERENCE, REFERENCE + DAY)
    for asked in FACTS:
        found = value_over(asked, [records], ends=True)
        assert found.changes_at is None
        before = value_over(asked, [records[:1]], ends=True)
        assert found.value == before.value, title(asked)


def test_records_without_a_time_never_change_by_time() -> None:
    """A customer's record has no time, so none of its facts has a next change."""
    asked = fact(MeasureOp.LATEST, "acquisition.source", record=Customer)
    assert value_over(asked, [[Customer(id="c1")]]).changes_at is None
    aged = fact(MeasureOp.LATEST, "created_at", record=Customer, as_days=True)
    found = value_over(aged, [[Customer(id="c1", created_at=REFERENCE - 2.5 * DAY)]])
    assert (found.value, found.changes_at) == (2, REFERENCE + DAY / 2)


def test_a_change_beyond_the_calendar_is_none() -> None:
    """A window of very many days over a late record has no end that can be written."""
    far = datetime(9_999, 12, 1, tzinfo=UTC)
    assert value_over(fact(MeasureOp.COUNT, window=9_999 * DAY), [orders_at(far)], far + DAY).changes_at is None
