"""Facts: measuring records, merging what several sources measured, and what a rule sees of it."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.contract import Condition, Measure, MeasureOp
from connectors.record_fields import Fields, narrow
from connectors.records import Acquisition, Customer, Money, Order, OrderItem, OrderStatus, Ticket
from connectors.toolkit.evaluation import combine, evaluate_measure
from gateway.tags import facts
from gateway.tags.computed_tag import FactValue
from gateway.tags.definitions import Fact
from gateway.tags.fact_parts import parts_of
from tests.support.fact_values import REFERENCE, fact
from tests.support.fact_values import value_of as value

SINCE = REFERENCE - timedelta(days=10)
CANCELLED = Condition(field="status", values=("CANCELLED",), negated=True)


def order(number: int, **fields: Any) -> Order:
    return Order(id=f"o{number}", **{"placed_at": REFERENCE - timedelta(days=number), **fields})


items = st.builds(
    OrderItem,
    category=st.sampled_from([None, "books", "toys", "garden"]),
    quantity=st.integers(0, 5),
    unit_price=st.none() | st.builds(Money, amount=st.decimals(0, 100, places=2), currency=st.sampled_from(["EUR", "BRL"])),
)
orders = st.lists(
    st.builds(
        Order,
        id=st.uuids().map(str),
        placed_at=st.integers(-20, 40).map(lambda hours: SINCE + timedelta(hours=hours * 6)),
        status=st.sampled_from([OrderStatus.DELIVERED, OrderStatus.CANCELLED, OrderStatus.UNKNOWN]),
        items=st.lists(items, max_size=3),
    ),
    max_size=12,
    unique_by=lambda each: each.id,
)
bounds = st.sampled_from([(None, None), (SINCE, None), (None, REFERENCE), (SINCE, REFERENCE)])


def chosen(records: Sequence[Order], since: datetime | None, until: datetime | None) -> list[Order]:
    """The orders that are not cancelled in the window, spelt out."""
    return [
        each
        for each in records
        if each.status != "CANCELLED" and (not since or since <= each.placed_at) and (not until or each.placed_at < until)
    ]


@given(orders, bounds)
def test_measuring_is_what_a_reader_would_work_out(
    records: list[Order], bound: tuple[datetime | None, datetime | None]
) -> None:
    """Each measure over any orders equals a spelt-out reference."""

    def figure(op: MeasureOp, field: str | None = None) -> Any:
        return evaluate_measure(Order, records, Measure(op=op, field=field, since=bound[0], until=bound[1], where=(CANCELLED,)))

    expected = chosen(records, *bound)
    quantities = [item.quantity for each in expected for item in each.items]
    prices = [item.unit_price for each in expected for item in each.items if item.unit_price]
    categories = Counter(item.category for each in expected for item in each.items if item.category)
    most = max(categories.values(), default=0)
    newest = sorted(expected, key=lambda each: (each.placed_at, each.id))
    assert figure(MeasureOp.COUNT) == len(expected)
    assert figure(MeasureOp.SUM, "items.quantity") == sum(quantities)
    assert {part["currency"]: Decimal(part["amount"]) for part in figure(MeasureOp.SUM, "items.unit_price")} == {
        currency: sum(price.amount for price in prices if price.currency == currency)
        for currency in {price.currency for price in prices}
    }
    assert figure(MeasureOp.AVERAGE, "items.quantity") == (sum(quantities) / len(quantities) if quantities else None)
    assert figure(MeasureOp.MIN, "placed_at") == min((each.placed_at for each in expected), default=None)
    assert figure(MeasureOp.MAX, "items.quantity") == max(quantities, default=None)
    assert figure(MeasureOp.TOP, "items.category") == min((c for c, n in categories.items() if n == most), default=None)
    assert figure(MeasureOp.LATEST, "status") == (newest[-1].status.value if newest else None)


@given(orders, st.data())
def test_what_two_sources_measure_merges_to_what_one_would(records: list[Order], data: st.DataObject) -> None:
    """COUNT, SUM, MIN and MAX over records that are split between two sources are exact."""
    first = data.draw(st.lists(st.booleans(), min_size=len(records), max_size=len(records)))
    halves = [[each for each, mine in zip(records, first, strict=True) if mine is side] for side in (True, False)]
    for measure in (
        Measure(op=MeasureOp.COUNT),
        Measure(op=MeasureOp.SUM, field="items.quantity"),
        Measure(op=MeasureOp.SUM, field="items.unit_price"),
        Measure(op=MeasureOp.MIN, field="placed_at"),
        Measure(op=MeasureOp.MAX, field="items.quantity"),
    ):
        merged = combine(measure, [evaluate_measure(Order, half, measure) for half in halves])
        assert merged == evaluate_measure(Order, records, measure)


def test_a_window_begins_inclusive_and_ends_exclusive() -> None:
    """An order at the first instant of the window counts, one at the reference time does not."""
    windowed = fact(MeasureOp.COUNT, window=timedelta(days=90))
    measure, *_ = parts_of(windowed, REFERENCE).measures
    assert measure == Measure(op=MeasureOp.COUNT, since=REFERENCE - timedelta(days=90), until=REFERENCE)
    instant = timedelta(microseconds=1)
    for ago, counted in [(timedelta(days=90), 1), (timedelta(days=90) + instant, 0), (instant, 1), (timedelta(), 0)]:
        assert evaluate_measure(Order, [order(1, placed_at=REFERENCE - ago)], measure) == counted


def test_a_fact_without_a_window_has_no_bounds() -> None:
    """All time is all time: nothing is asked to end at the reference time."""
    parts = parts_of(fact(MeasureOp.MAX, "placed_at"), REFERENCE)
    assert parts.measures == (Measure(op=MeasureOp.MAX, field="placed_at"),)


def test_conditions_look_into_lists_and_take_absent_values_for_no_match() -> None:
    """A positive condition needs one matching value, a negated one needs none, so a record without the field passes it."""
    records = [
        order(1, items=[OrderItem(category="books"), OrderItem(category="toys")]),
        order(2, items=[OrderItem(category=None)]),
        order(3),
    ]
    toys = Condition(field="items.category", values=("toys", "garden"))
    assert evaluate_measure(Order, records, Measure(op=MeasureOp.COUNT, where=(toys,))) == 1
    negated = msgspec.structs.replace(toys, negated=True)
    assert evaluate_measure(Order, records, Measure(op=MeasureOp.COUNT, where=(negated,))) == 2
    two = Condition(field="items.quantity", values=("1",))
    assert evaluate_measure(Order, records, Measure(op=MeasureOp.COUNT, where=(two,))) == 2


def test_latest_is_the_newest_record_that_has_a_value() -> None:
    """Newer records without a value are passed over; among records of one instant the higher id is newer."""
    measure = Measure(op=MeasureOp.LATEST, field="satisfaction")
    tickets = [
        Ticket(id="a", created_at=REFERENCE),
        Ticket(id="b", created_at=SINCE, satisfaction=2),
        Ticket(id="c", created_at=SINCE, satisfaction=5),
        Ticket(id="d", created_at=SINCE - timedelta(days=1), satisfaction=1),
    ]
    assert evaluate_measure(Ticket, tickets, measure) == 5
    assert evaluate_measure(Ticket, tickets[:1], measure) is None


def test_latest_of_records_without_a_time_goes_by_id() -> None:
    """Customer records have no time: the first by id that has a value counts, and one without the object has none."""
    customers = [
        Customer(id="3", acquisition=Acquisition(source="ads")),
        Customer(id="2", acquisition=Acquisition(source="friend")),
        Customer(id="1"),
    ]
    assert evaluate_measure(Customer, customers, Measure(op=MeasureOp.LATEST, field="acquisition.source")) == "friend"


def test_nothing_to_measure() -> None:
    """Over no records counts are 0 or empty, SUM is 0 or an empty list of money, and the others are None."""
    fields = {MeasureOp.COUNT: None, MeasureOp.SUM: "items.quantity", MeasureOp.TOP: "status"}
    results = {op: evaluate_measure(Order, [], Measure(op=op, field=fields.get(op, "placed_at"))) for op in MeasureOp}
    nothing = {MeasureOp.COUNT: 0, MeasureOp.SUM: 0, MeasureOp.VALUES: 0, MeasureOp.COUNTS: [], MeasureOp.RECORDS: []}
    assert results == {op: nothing.get(op) for op in MeasureOp}
    assert evaluate_measure(Order, [], Measure(op=MeasureOp.SUM, field="total")) == []
    assert value(fact(MeasureOp.SUM, "total", currency="EUR"), []).value == 0.0
    assert value(fact(MeasureOp.COUNT), []).value == 0
    assert value(fact(MeasureOp.TOP, "status"), [[], []]).value is None


def test_needed_fields_are_enough_to_measure() -> None:
    """Records decoded with the needed fields alone give the same measures as whole ones."""
    asked = [
        fact(MeasureOp.COUNT, where=(CANCELLED,)),
        fact(MeasureOp.SUM, "total", currency="EUR"),
        fact(MeasureOp.TOP, "items.category"),
        fact(MeasureOp.LATEST, "acquisition.source", record=Customer),
    ]
    needed = facts.needed_fields(asked)
    assert needed == {
        Order: Fields.from_paths("id", "status", "placed_at", "total.amount", "total.currency", "items.category"),
        Customer: Fields.from_paths("id", "acquisition.source"),
    }
    whole = [order(1, total=Money(amount=Decimal("9.50"), currency="EUR"), items=[OrderItem(category="toys")]), order(2)]
    decoded = msgspec.json.decode(msgspec.json.encode(whole), type=list[narrow(Order, needed[Order])])  # type: ignore[misc]
    measures = [measure for each in asked[:3] for measure in parts_of(each, REFERENCE).measures]
    results = [evaluate_measure(Order, decoded, measure) for measure in measures]
    assert results == [2, [{"amount": "9.50", "currency": "EUR"}], [["toys", 1]]]
    assert results == [evaluate_measure(Order, whole, measure) for measure in measures]


def test_a_value_says_what_it_is_and_where_it_comes_from() -> None:
    """The evidence has the label, the window, the sources and the time of reading."""
    windowed = fact(MeasureOp.COUNT, window=timedelta(days=10))
    assert value(windowed, [2, 3]) == FactValue(
        name="fact", label="Fact", value=5, since=SINCE, until=REFERENCE, sources=["shop"], as_of=REFERENCE
    )


@pytest.mark.parametrize(
    ("asked", "raw", "expected"),
    [
        (fact(MeasureOp.COUNT), Decimal(3), 3),
        (fact(MeasureOp.SUM, "items.quantity"), Decimal(7), 7.0),
        (fact(MeasureOp.AVERAGE, "items.quantity"), (Decimal(5), 2), 2.5),
        (fact(MeasureOp.AVERAGE, "items.quantity"), (4, 1), 4.0),
        (fact(MeasureOp.TOP, "status"), [(OrderStatus.SHIPPED, 2)], "SHIPPED"),
        (fact(MeasureOp.MAX, "placed_at"), SINCE, "2024-05-22T00:00:00Z"),
        (fact(MeasureOp.MAX, "placed_at"), "2024-05-22T02:00:00+02:00", "2024-05-22T00:00:00Z"),
        (fact(MeasureOp.MAX, "placed_at", as_days=True), SINCE, 10),
        (fact(MeasureOp.MAX, "placed_at", as_days=True), SINCE + timedelta(seconds=1), 9),
        (fact(MeasureOp.MAX, "placed_at", as_days=True), "2024-05-22 00:00:00", 10),
        (fact(MeasureOp.MAX, "placed_at", as_days=True), REFERENCE + timedelta(seconds=5), 0),
        (fact(MeasureOp.SUM, "total", currency="EUR"), [{"amount": "10.10", "currency": "EUR"}], 10.1),
    ],
)
def test_values_are_json_of_one_type(asked: Fact, raw: Any, expected: Any) -> None:
    """However a source writes a number or a time, the rule sees one JSON type for each fact."""
    found = value(asked, [raw]).value
    assert (found, type(found)) == (expected, type(expected))


def test_money_in_other_currencies_is_converted_or_left_out() -> None:
    """A rate says how much of a currency is one of the fact's; what has no rate is left out, and the fact is partial."""
    raw = [[{"amount": "100", "currency": "EUR"}, {"amount": "100", "currency": "BRL"}], [{"amount": "5", "currency": "EUR"}]]
    alone = value(fact(MeasureOp.SUM, "total", currency="EUR"), raw)
    assert (alone.value, alone.partial, alone.missing) == (105.0, True, None)
    rated = value(fact(MeasureOp.SUM, "total", currency="EUR", rates=(("BRL", Decimal(6)),)), raw)
    assert (rated.value, rated.partial) == (121.67, False)


def test_the_latest_value_takes_the_first_of_several_and_says_so() -> None:
    """Of two different answers the first counts and the fact is partial; equal ones, and one alone, are the whole truth."""
    asked = fact(MeasureOp.LATEST, "satisfaction", record=Ticket)
    assert [(found.value, found.partial) for found in (value(asked, raw) for raw in ([None, 4, 2], [4, 4], [None, 4]))] == [
        (4, True),
        (4, False),
        (4, False),
    ]


def test_a_source_that_could_not_be_asked_is_said() -> None:
    """Without any answer the value is None; with the answers of others it is theirs; both are partial."""
    none = value(fact(MeasureOp.COUNT), [], missing="SOURCE_TIMEOUT")
    assert (none.value, none.missing, none.partial) == (None, "SOURCE_TIMEOUT", True)
    some = value(fact(MeasureOp.COUNT), [2], missing="SOURCE_TIMEOUT")
    assert (some.value, some.missing, some.partial) == (2, "SOURCE_TIMEOUT", True)


@pytest.mark.parametrize(
    ("asked", "raw"),
    [
        (fact(MeasureOp.MAX, "placed_at", as_days=True), "yesterday"),
        (fact(MeasureOp.MAX, "items.quantity"), [3]),
        (fact(MeasureOp.SUM, "total", currency="EUR"), 12.5),
        (fact(MeasureOp.SUM, "total", currency="EUR"), [{"amount": "many", "currency": "EUR"}]),
        (fact(MeasureOp.SUM, "total", currency="EUR"), [{"amount": "1"}]),
        (fact(MeasureOp.COUNT), "three"),
    ],
)
def test_a_source_that_measures_nonsense_costs_its_fact_alone(asked: Fact, raw: Any) -> None:
    """A value that does not fit the fact makes it missing, with the code of a broken promise, and raises nothing."""
    found = value(asked, [raw])
    assert (found.value, found.missing, found.partial) == (None, "SOURCE_PROTOCOL", True)
