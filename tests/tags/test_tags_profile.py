"""The shipped pack: every tag at the edges of its bands."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from connectors.records import (
    Acquisition,
    Customer,
    Event,
    Money,
    Order,
    OrderItem,
    OrderStatus,
    Record,
    Ticket,
    TicketKind,
    TicketStatus,
)
from gateway.tags.computed_tag import FactValue
from gateway.tags.pack import shipped_pack, uncalibrated_pack
from gateway.tags.rules import evaluate
from tests.support.fact_values import value_over

PACK = uncalibrated_pack()
NOW = datetime(2024, 6, 1, tzinfo=UTC)


def tag(key: str, **values: Any) -> str | None:
    known = {name: FactValue(name=name, label=name, value=value) for name, value in values.items()}
    return evaluate(PACK.tags[key], known, NOW).value


def computed(key: str, records: dict[type[Record], list[Any]]) -> str | None:
    """The tag of a customer with these records, measured here."""
    known = {}
    for name in PACK.tags[key].fact_names:
        fact = PACK.facts[name]
        known[name] = value_over(fact, [records.get(fact.record, [])], NOW)
    return evaluate(PACK.tags[key], known, NOW).value


def order(days_ago: int, status: OrderStatus = OrderStatus.DELIVERED, **fields: Any) -> Order:
    return Order(id=f"{days_ago}-{status}", placed_at=NOW - timedelta(days=days_ago), status=status, **fields)


def test_tags_that_need_a_calibration_are_six() -> None:
    """The other ones are in force without it."""
    assert len(PACK.tags) == 24
    assert [key for key in shipped_pack().tags if key not in PACK.tags] == [
        "churn_risk",
        "rfm_scores",
        "rfm_group",
        "expected_orders",
        "expected_value",
        "lifetime_value",
    ]


def test_every_fact_and_score_of_the_pack_is_used() -> None:
    """A file that is included may have more than is used; those that are shipped have not."""
    whole = shipped_pack()
    used = {name for tag in whole.tags.values() for name in (*tag.fact_names, *tag.score_names)}
    assert used == {*whole.facts, *whole.scores}


@pytest.mark.parametrize(
    ("first", "last", "expected"),
    [
        (None, None, "LEAD"),
        (0, 0, "NEW"),
        (30, 1, "NEW"),
        (31, 1, "ACTIVE"),
        (400, 90, "ACTIVE"),
        (400, 91, "AT_RISK"),
        (400, 180, "AT_RISK"),
        (400, 181, "LOST"),
    ],
)
def test_lifecycle_stage(first: int | None, last: int | None, expected: str) -> None:
    """LEAD without an order, NEW by the first order, then by the last."""
    assert tag("lifecycle_stage", days_since_first_order=first, days_since_last_order=last) == expected


@pytest.mark.parametrize(
    ("lately", "ever", "expected"),
    [(4, 4, "HIGH"), (3, 3, "HIGH"), (2, 9, "MEDIUM"), (1, 1, "MEDIUM"), (0, 1, "LOW"), (0, 0, "NONE")],
)
def test_activity(lately: int, ever: int, expected: str) -> None:
    """Three orders in 90 days are HIGH, one or two MEDIUM, an earlier one LOW."""
    assert tag("activity", orders_90d=lately, orders_all=ever) == expected


@pytest.mark.parametrize(
    ("spend", "expected"),
    [
        (1000.0, "PLATINUM"),
        (999.99, "GOLD"),
        (400.0, "GOLD"),
        (399.99, "SILVER"),
        (100.0, "SILVER"),
        (99.99, "BRONZE"),
        (0.01, "BRONZE"),
        (0.0, "NONE"),
    ],
)
def test_value_tier(spend: float, expected: str) -> None:
    """By the spend of a year in euros."""
    assert tag("value_tier", spend_365d=spend) == expected


@pytest.mark.parametrize(
    ("days", "expected"),
    [
        (None, None),
        (0, "WITHIN_7_DAYS"),
        (7, "WITHIN_7_DAYS"),
        (8, "WITHIN_30_DAYS"),
        (30, "WITHIN_30_DAYS"),
        (31, "WITHIN_90_DAYS"),
        (90, "WITHIN_90_DAYS"),
        (91, "WITHIN_365_DAYS"),
        (365, "WITHIN_365_DAYS"),
        (366, "OVER_365_DAYS"),
    ],
)
def test_recency(days: int | None, expected: str | None) -> None:
    """The narrowest span that holds the last order; no tag without one."""
    assert tag("recency", days_since_last_order=days) == expected


@pytest.mark.parametrize(
    ("rating", "expected"),
    [(None, None), (5.0, "HAPPY"), (4.0, "HAPPY"), (3.99, "NEUTRAL"), (3.0, "NEUTRAL"), (2.99, "UNHAPPY"), (1.0, "UNHAPPY")],
)
def test_satisfaction(rating: float | None, expected: str | None) -> None:
    """By the average rating; no tag when nobody rated."""
    assert tag("satisfaction", satisfaction_365d=rating) == expected


@pytest.mark.parametrize("status", list(TicketStatus))
@pytest.mark.parametrize("kind", list(TicketKind))
def test_open_complaint(kind: TicketKind, status: TicketStatus) -> None:
    """YES for a complaint that waits, however old; NO for what is solved, closed, of an unknown state or no complaint."""
    ticket = Ticket(id="t", created_at=NOW - timedelta(days=2000), kind=kind, status=status)
    waits = kind == "COMPLAINT" and status in ("NEW", "OPEN", "PENDING", "ON_HOLD")
    assert computed("open_complaint", {Ticket: [ticket]}) == ("YES" if waits else "NO")


@pytest.mark.parametrize(
    ("minutes_ago", "expected"),
    [
        ((30,), "NO"),
        ((61,), "YES"),
        ((30, 2 * 24 * 60), "NO"),
        ((61, 2 * 24 * 60), "YES"),
        ((60,), "NO"),
        ((15 * 24 * 60,), "NO"),
    ],
)
def test_a_basket_is_not_abandoned_while_it_is_filled(minutes_ago: tuple[int, ...], expected: str) -> None:
    """The last step counts: who put something into it this hour has time to finish, whatever he put there before."""
    steps = [Event(id=f"e{ago}", at=NOW - timedelta(minutes=ago), type="cart_add") for ago in minutes_ago]
    assert computed("abandoned_basket", {Event: steps}) == expected


@pytest.mark.parametrize(
    ("steps", "views", "ordered", "expected"),
    [
        ([2], [], None, "YES"),
        ([2], [], 1, "NO"),
        ([3], [1], 2, "NO"),  # bought, and looked at one more product
        ([3], [1, 1, 1], 2, "YES"),
        ([], [3, 3, 3], 2, "NO"),
        ([], [3, 3, 1], 2, "YES"),
        ([], [3, 1], None, "NO"),
        ([8], [8, 8, 8], None, "NO"),
    ],
)
def test_high_intent_ends_with_an_order(steps: list[int], views: list[int], ordered: int | None, expected: str) -> None:
    """Steps and views count by themselves: one view after the order makes no step of before it open again."""
    shown = [*((ago, "checkout") for ago in steps), *((ago, "product_view") for ago in views)]
    events = [Event(id=str(n), at=NOW - timedelta(days=ago), type=type_) for n, (ago, type_) in enumerate(shown)]
    assert computed("high_intent", {Event: events, Order: [] if ordered is None else [order(ordered)]}) == expected


def test_a_purchase_in_parts_is_no_rhythm() -> None:
    """Two orders within minutes would be followed by an overdue one the day after."""
    parts = [order(40), Order(id="second", placed_at=NOW - timedelta(days=40, minutes=5), status=OrderStatus.DELIVERED)]
    assert [computed(key, {Order: parts}) for key in ("next_purchase", "purchase_rhythm")] == [None, None]
    daily = [order(41), order(40)]
    assert [computed(key, {Order: daily}) for key in ("next_purchase", "purchase_rhythm")] == ["2024-04-23", "OVERDUE"]


def test_tags_of_a_customer_with_records() -> None:
    """Records of all kinds, measured and judged; cancelled and returned orders count nowhere."""
    toys, books = [OrderItem(category="toys")], [OrderItem(category="books")]
    records: dict[type[Record], list[Any]] = {
        Order: [
            order(1, OrderStatus.CANCELLED, total=Money(amount=Decimal(5000), currency="EUR"), items=books),
            order(2, OrderStatus.RETURNED, items=books),
            order(10, total=Money(amount=Decimal(300), currency="EUR"), items=books),
            order(89, total=Money(amount=Decimal(600), currency="BRL"), items=toys + toys),
            order(91, total=Money(amount=Decimal("7.99"), currency="USD")),
            order(400, total=Money(amount=Decimal(900), currency="EUR")),
        ],
        Ticket: [
            Ticket(id="a", created_at=NOW - timedelta(days=3), satisfaction=5),
            Ticket(id="b", created_at=NOW - timedelta(days=4), satisfaction=2),
            Ticket(id="c", created_at=NOW - timedelta(days=366), satisfaction=5),
        ],
        Customer: [Customer(id="c", acquisition=Acquisition(source="newsletter"))],
    }
    given = {key: computed(key, records) for key in PACK.tags}
    assert {key: value for key, value in given.items() if value is not None} == {
        "lifecycle_stage": "ACTIVE",
        "acquisition_source": "newsletter",
        "acquisition_journey": '["newsletter"]',
        "next_purchase": "2024-09-29",
        "purchase_rhythm": "LATER",
        "completeness": "0",
        "value_tier": "GOLD",
        "activity": "MEDIUM",
        "recency": "WITHIN_30_DAYS",
        "high_intent": "NO",
        "abandoned_basket": "NO",
        "price_sensitivity": "LOW",
        "category_preference": "toys",
        "hour_preference": "NIGHT",
        "usage_depth": "NONE",
        "usage_breadth": "NONE",
        "satisfaction": "NEUTRAL",
        "service_burden": "NORMAL",
        "open_complaint": "NO",
    }


def test_tags_of_a_customer_without_records() -> None:
    """Nothing is known of behaviour, and nothing is made up."""
    given = {key: computed(key, {}) for key in PACK.tags}
    assert {key: value for key, value in given.items() if value is not None} == {
        "lifecycle_stage": "LEAD",
        "completeness": "0",
        "value_tier": "NONE",
        "activity": "NONE",
        "high_intent": "NO",
        "abandoned_basket": "NO",
        "usage_depth": "NONE",
        "usage_breadth": "NONE",
        "service_burden": "NONE",
        "open_complaint": "NO",
    }


def test_no_tag_is_claimed_while_its_source_is_down() -> None:
    """With every source unavailable each tag is none and partial, also those that call nothing by a name."""
    down = {name: FactValue(name=name, label=name, partial=True, missing="SOURCE_UNAVAILABLE") for name in PACK.facts}
    tags = [evaluate(definition, down, NOW) for definition in PACK.tags.values()]
    assert {(tag.value, tag.partial) for tag in tags} == {(None, True)}
