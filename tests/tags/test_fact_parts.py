"""Facts of parts: what several sources and keys measure is put together to what one would have measured."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from statistics import mean, stdev
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.contract import MAX_COUNTS, Condition, MeasureOp
from connectors.records import Event, Money, Order, OrderItem, OrderStatus
from gateway.tags.definitions import DerivedMeasure, Fact, ItemWeight
from gateway.tags.fact_parts import needs_records
from tests.support.fact_values import REFERENCE, fact, value_of, value_over

DAY = timedelta(days=1)
RETURNED = (Condition(field="status", values=("RETURNED",)),)
BOOKS = (Condition(field="items.category", values=("books",)),)
RATES = (("BRL", Decimal(6)),)
STATUSES = [OrderStatus.DELIVERED, OrderStatus.RETURNED, OrderStatus.UNKNOWN]

amounts = st.builds(
    Money, amount=st.integers(0, 9_999).map(lambda cents: Decimal(cents) / 100), currency=st.sampled_from(["EUR", "BRL", "XXX"])
)
items = st.builds(
    OrderItem,
    category=st.sampled_from([None, "books", "toys", "garden"]),
    quantity=st.integers(0, 5),
    unit_price=st.none() | amounts,
    total=st.none() | amounts,
)
orders = st.lists(
    st.builds(
        Order,
        id=st.uuids().map(str),
        placed_at=st.integers(-30, 4 * 130).map(lambda quarters: REFERENCE - quarters * DAY / 4),
        status=st.sampled_from(STATUSES),
        total=st.none() | amounts,
        items=st.lists(items, max_size=3),
    ),
    max_size=14,
    unique_by=lambda order: order.id,
)

FACTS = [
    fact(MeasureOp.COUNT),
    fact(MeasureOp.SUM, "total", currency="EUR", rates=RATES),
    fact(MeasureOp.AVERAGE, "items.quantity"),
    fact(MeasureOp.AVERAGE, "total", currency="EUR", rates=RATES),
    fact(MeasureOp.MIN, "placed_at"),
    fact(MeasureOp.MAX, "placed_at", as_days=True),
    fact(MeasureOp.TOP, "items.category"),
    fact(MeasureOp.TOP, "items.category", weight=ItemWeight.PIECES),
    fact(MeasureOp.TOP, "items.category", weight=ItemWeight.MONEY, currency="EUR", rates=RATES),
    fact(DerivedMeasure.DISTINCT, "items.category"),
    fact(DerivedMeasure.INTERVAL, "placed_at"),
    fact(DerivedMeasure.SHARE, share_of=RETURNED),
    fact(DerivedMeasure.TREND, window=40 * DAY),
    fact(DerivedMeasure.TREND, "total", months=4, currency="EUR", rates=RATES),
    fact(DerivedMeasure.TREND, "items.quantity", window=80 * DAY, window_to=20 * DAY),
    fact(DerivedMeasure.SPREAD, "items.quantity"),
    fact(DerivedMeasure.SPREAD, "total", currency="EUR", rates=RATES, where=RETURNED),
    fact(DerivedMeasure.STREAK),
    fact(MeasureOp.SUM, "items.quantity", part_where=BOOKS),
    fact(MeasureOp.AVERAGE, "items.quantity", since_first=30 * DAY),
    fact(DerivedMeasure.TREND, "items.quantity", part_where=BOOKS, months=2),
]


def title(asked: Fact | float | None) -> str:
    if not isinstance(asked, Fact):
        return str(asked)
    return f"{asked.measure}-{asked.field}-{asked.weight}-{asked.months or asked.since_first or asked.window}"


@pytest.mark.parametrize("asked", FACTS, ids=title)
@given(records=orders, data=st.data())
def test_any_split_into_sources_gives_what_one_source_gives(asked: Fact, records: list[Order], data: st.DataObject) -> None:
    """Value, window and next change are those over all records, however they lie in sources and keys."""
    places = data.draw(st.lists(st.integers(0, 2), min_size=len(records), max_size=len(records)))
    split = [[record for record, place in zip(records, places, strict=True) if place == own] for own in range(3)]
    whole, merged = value_over(asked, [records]), value_over(asked, split)
    if asked.measure is DerivedMeasure.SPREAD and whole.value is not None:
        assert merged.value == pytest.approx(whole.value, rel=1e-12)
        return
    assert merged == whole


@given(records=orders)
def test_each_measure_is_what_a_reader_would_work_out(records: list[Order]) -> None:
    """Interval, share, trend, spread, distinct and the heaviest value over any orders, spelt out."""
    times = sorted(order.placed_at for order in records)
    gaps = [(after - before) / DAY for before, after in pairwise(times)]
    quantities = [item.quantity for order in records for item in order.items]
    later = sum(REFERENCE - 20 * DAY <= time < REFERENCE for time in times)
    earlier = sum(REFERENCE - 40 * DAY <= time < REFERENCE - 20 * DAY for time in times)
    pieces: Counter[str] = Counter()
    for item in (item for order in records for item in order.items):
        if item.category:
            pieces[item.category] += item.quantity

    def close(asked: Fact, expected: float | None) -> None:
        found = value_over(asked, [records]).value
        assert found == (expected if expected is None else pytest.approx(expected))

    close(fact(DerivedMeasure.INTERVAL, "placed_at"), mean(gaps) if gaps else None)
    returned = sum(order.status is OrderStatus.RETURNED for order in records)
    close(fact(DerivedMeasure.SHARE, share_of=RETURNED), returned / len(records) if records else None)
    total = later + earlier
    close(fact(DerivedMeasure.TREND, window=40 * DAY), (later - earlier) / total if total else None)
    close(fact(DerivedMeasure.SPREAD, "items.quantity"), stdev(quantities) if len(quantities) > 1 else None)
    close(fact(MeasureOp.AVERAGE, "items.quantity"), mean(quantities) if quantities else None)
    categories = {item.category for order in records for item in order.items if item.category}
    close(fact(DerivedMeasure.DISTINCT, "items.category"), len(categories))
    most = max(pieces.values(), default=0)
    heaviest = value_over(fact(MeasureOp.TOP, "items.category", weight=ItemWeight.PIECES), [records]).value
    assert heaviest == min((name for name, count in pieces.items() if count == most), default=None)


def test_facts_that_a_source_can_measure_need_no_records() -> None:
    """An average, a share, a trend, an interval, a streak and the most frequent value are pushed down."""
    pushed = {asked.measure for asked in FACTS if not needs_records(asked)}
    assert pushed >= {
        MeasureOp.AVERAGE,
        MeasureOp.TOP,
        DerivedMeasure.DISTINCT,
        DerivedMeasure.INTERVAL,
        DerivedMeasure.SHARE,
        DerivedMeasure.TREND,
        DerivedMeasure.STREAK,
    }
    assert DerivedMeasure.SPREAD not in pushed


def order(days_ago: float, **fields: Any) -> Order:
    return Order(id=f"o{days_ago}{len(fields)}", placed_at=REFERENCE - days_ago * DAY, **fields)


def euros(amount: str, currency: str = "EUR") -> Money:
    return Money(amount=Decimal(amount), currency=currency)


def test_an_average_of_several_sources_is_of_all_their_values() -> None:
    """A source of many values weighs more than one of few; it is exact, and nothing is left out."""
    found = value_of(fact(MeasureOp.AVERAGE, "items.quantity"), [(10, 5), (4, 1), (0, 0)])
    assert (found.value, found.partial) == (pytest.approx(14 / 6), False)


def test_the_most_frequent_value_of_several_sources_counts_all_of_them() -> None:
    """What is second everywhere may be first overall."""
    found = value_of(fact(MeasureOp.TOP, "status"), [[("A", 3), ("C", 2)], [("B", 3), ("C", 2)]])
    assert (found.value, found.partial) == ("C", False)


def test_an_average_of_money_counts_what_it_can_convert() -> None:
    """An amount without a rate is in neither the sum nor the number, and the fact is partial."""
    records = [order(1, total=euros("10")), order(2, total=euros("120", "BRL")), order(3, total=euros("7", "USD")), order(4)]
    found = value_over(fact(MeasureOp.AVERAGE, "total", currency="EUR", rates=RATES), [records])
    assert (found.value, found.partial) == (15.0, True)


@pytest.mark.parametrize(
    ("months_ago", "expected"),
    [([], 0), ([0], 1), ([1], 1), ([0, 1, 2], 3), ([1, 2, 4], 2), ([2, 3], 0), ([0, 2], 1), (list(range(1, 40)), 23)],
)
def test_a_streak_counts_months_back_from_the_present_one(months_ago: list[int], expected: int) -> None:
    """The present month may be empty, for it is not over; any other empty month ends it, at the latest two years ago."""
    records = []
    for ago in months_ago:
        year, month = divmod(REFERENCE.year * 12 + REFERENCE.month - 1 - ago, 12)
        records.append(Order(id=str(ago), placed_at=datetime(year, month + 1, 1, tzinfo=REFERENCE.tzinfo)))
    reference = REFERENCE + 10 * DAY
    assert value_over(fact(DerivedMeasure.STREAK), [records], reference).value == expected


def test_money_weighs_by_the_total_of_a_line_or_its_price() -> None:
    """A dear category is first by money and last by lines; a line that cannot be converted makes the fact partial."""
    cheap = [OrderItem(category="toys", quantity=9, unit_price=euros("1")) for _ in range(3)]
    dear = OrderItem(category="art", quantity=2, unit_price=euros("20"))
    asked = fact(MeasureOp.TOP, "items.category", weight=ItemWeight.MONEY, currency="EUR")
    found = value_over(asked, [[order(1, items=[*cheap, dear])]])
    assert (found.value, found.partial) == ("art", False)
    reduced = OrderItem(category="art", quantity=2, unit_price=euros("20"), total=euros("26.50"))
    unknown = OrderItem(category="art", quantity=1, unit_price=euros("500", "USD"))
    found = value_over(asked, [[order(1, items=[*cheap, reduced, unknown])]])
    assert (found.value, found.partial) == ("toys", True)


def test_a_line_without_a_price_makes_the_value_of_most_money_partial() -> None:
    """Nobody knows how much it costs: another category may have more."""
    toys = OrderItem(category="toys", quantity=9, unit_price=euros("1"))
    asked = fact(MeasureOp.TOP, "items.category", weight=ItemWeight.MONEY, currency="EUR")
    found = value_over(asked, [[order(1, items=[toys, OrderItem(category="art", quantity=2)])]])
    assert (found.value, found.partial) == ("toys", True)
    nothing = value_over(asked, [[order(1, items=[OrderItem(category="art", quantity=2)])]])
    assert (nothing.value, nothing.partial) == (None, True)


def test_more_values_than_are_told_apart_make_the_fact_partial() -> None:
    """Ten thousand different values are counted; one more is said to be left out."""
    many = [[str(number), 1] for number in range(MAX_COUNTS + 1)]
    asked = fact(DerivedMeasure.DISTINCT, "number")
    assert [(found.value, found.partial) for found in (value_of(asked, [many[:-1]]), value_of(asked, [many]))] == [
        (MAX_COUNTS, False),
        (MAX_COUNTS, True),
    ]
    merged = value_of(asked, [many[:6_000], many[4_000:]])
    assert (merged.value, merged.partial) == (MAX_COUNTS, True)


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        (fact(DerivedMeasure.INTERVAL, "placed_at"), None),
        (fact(DerivedMeasure.SPREAD, "items.quantity"), None),
        (fact(DerivedMeasure.SHARE, share_of=RETURNED), 0.0),
        (fact(DerivedMeasure.TREND, window=10 * DAY), 1.0),
    ],
    ids=title,
)
def test_one_record_has_no_interval_and_no_spread(asked: Fact, expected: float | None) -> None:
    """What needs two values is null of one; a trend of the later half alone is 1."""
    assert value_over(asked, [[order(1, items=[OrderItem(quantity=2)])], []]).value == expected


def events(*minutes: float, device: str | None = None) -> list[Event]:
    return [
        Event(id=f"{device}{at}", at=REFERENCE - DAY + at * timedelta(minutes=1), type="view", device_id=device)
        for at in minutes
    ]


@pytest.mark.parametrize(
    ("by_device", "number", "length"),
    [(False, 3, (40 + 0 + 5) / 3), (True, 4, (10 + 0 + 5 + 20) / 4)],
)
def test_events_make_sessions_that_end_with_inactivity(by_device: bool, number: int, length: float) -> None:
    """Half an hour without an event ends a session, of the customer or of each device; its length is from first to last."""
    phone, laptop = events(0, 10, 90, 200, 205, device="phone"), events(20, 40, device="laptop")
    settings = {"record": Event, "inactivity": timedelta(minutes=30), "by_device": by_device}
    for split in ([[*phone, *laptop]], [phone, laptop], [phone[::2], [*laptop, *phone[1::2]]]):
        assert value_over(fact(DerivedMeasure.SESSIONS, **settings), split).value == number
        assert value_over(fact(DerivedMeasure.SESSION_LENGTH, **settings), split).value == pytest.approx(length)
    assert value_over(fact(DerivedMeasure.SESSIONS, **settings), [[]]).value == 0
    assert value_over(fact(DerivedMeasure.SESSION_LENGTH, **settings), [[]]).value is None


def test_events_exactly_the_time_of_inactivity_apart_are_of_one_session() -> None:
    """A session ends when more than that passes."""
    asked = fact(DerivedMeasure.SESSIONS, record=Event, inactivity=timedelta(minutes=30))
    assert value_over(asked, [events(0, 30)]).value == 1
    assert value_over(asked, [events(0, 30.001)]).value == 2


@given(records=orders)
def test_conditions_on_parts_measure_the_parts_that_meet_them(records: list[Order]) -> None:
    """Of a list only those items count; a condition on the record would count all items of an order with one such."""
    quantities = [item.quantity for order in records for item in order.items if item.category == "books"]
    asked = fact(MeasureOp.SUM, "items.quantity", part_where=BOOKS)
    assert value_over(asked, [records]).value == sum(quantities)
    average = value_over(fact(MeasureOp.AVERAGE, "items.quantity", part_where=BOOKS), [records]).value
    assert average == (pytest.approx(mean(quantities)) if quantities else None)


NONSENSE: Sequence[tuple[Fact, Any]] = [
    (fact(MeasureOp.AVERAGE, "items.quantity"), ("many", 2)),
    (fact(MeasureOp.TOP, "items.category"), [3]),
    (fact(DerivedMeasure.INTERVAL, "placed_at"), ("yesterday", "today", 2)),
    (fact(DerivedMeasure.SHARE, share_of=RETURNED), (1, "all")),
    (fact(DerivedMeasure.SPREAD, "items.quantity"), "records"),
]


@pytest.mark.parametrize(("asked", "raw"), NONSENSE, ids=[title(asked) for asked, _ in NONSENSE])
def test_nonsense_of_a_part_costs_its_fact_alone(asked: Fact, raw: Any) -> None:
    """A value that does not fit its part makes the fact missing, with the code of a broken promise, and raises nothing."""
    found = value_of(asked, [raw])
    assert (found.value, found.missing, found.partial, found.changes_at) == (None, "SOURCE_PROTOCOL", True, None)


def test_no_category_has_most_money_where_no_line_tells_its_money() -> None:
    """Without a price in a known currency the first by name would be a guess; one line with a price decides."""
    asked = fact(MeasureOp.TOP, "items.category", weight=ItemWeight.MONEY, currency="EUR")
    free, foreign = OrderItem(category="art"), OrderItem(category="books", total=euros("5", "USD"))
    paid = OrderItem(category="toys", total=euros("0.01"))
    found = [value_over(asked, [[order(1, items=items)]]) for items in ([free], [free, foreign], [free, foreign, paid])]
    assert [(own.value, own.partial) for own in found] == [(None, True), (None, True), ("toys", True)]


def test_a_time_that_stands_for_never_is_no_mistake_of_the_source() -> None:
    """The days from a first record on the last day of the calendar end with it."""
    never = Order(id="o1", placed_at=datetime(9999, 12, 31, tzinfo=REFERENCE.tzinfo))
    found = value_over(fact(MeasureOp.COUNT, since_first=90 * DAY), [[never]])
    assert (found.value, found.missing) == (1, None)


@pytest.mark.parametrize("measure", [MeasureOp.SUM, MeasureOp.AVERAGE])
def test_amounts_with_more_digits_than_a_float_are_no_mistake_of_the_source(measure: MeasureOp) -> None:
    """What is converted is rounded where it has digits behind the point to round."""
    records = [order(1, total=euros("3e30")), order(2, total=euros("6", "BRL"))]
    found = value_over(fact(measure, "total", currency="EUR", rates=RATES), [records])
    expected = 3e30 if measure is MeasureOp.SUM else 1.5e30
    assert (found.value, found.missing) == (pytest.approx(expected), None)
