"""The sql kind answers as plain Python does, on every database, and so do files."""

from collections import Counter
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connectors.contract import Ask, Condition, Measure, MeasureOp, Page, Position
from connectors.record_fields import Fields, all_fields
from connectors.records import Customer, Event, Order
from tests.support.sql_shop import SERVERS, Shop, day, shop_at, sqlite_url

STATUSES = ["PENDING", "shipped", "On hold", None]
CATEGORIES = ["a", "B", "é", None]
KEYS = ["c1", "c2", "c3"]

times = st.integers(0, 6).map(lambda n: day(1) + timedelta(hours=n // 2, microseconds=n % 2))
amounts = st.decimals(0, 1000, places=2, allow_nan=False)
item_rows = st.tuples(st.sampled_from(CATEGORIES), st.one_of(st.none(), st.integers(1, 3)), amounts)
order_rows = st.lists(
    st.tuples(
        st.sampled_from(KEYS), st.sampled_from(STATUSES), times, st.one_of(st.none(), amounts), st.lists(item_rows, max_size=3)
    ),
    max_size=8,
)
conditions = st.one_of(
    st.builds(Condition, st.just("status"), st.sampled_from([("PENDING",), ("SHIPPED", "UNKNOWN")]), st.booleans()),
    st.builds(Condition, st.just("items.category"), st.sampled_from([("a",), ("B", "é")]), st.booleans()),
    st.builds(Condition, st.just("total.currency"), st.just(("EUR",)), st.booleans()),
)
asks = st.builds(
    Ask,
    fields=st.just(all_fields(Order)),
    first=st.one_of(st.none(), st.integers(0, 4)),
    after=st.one_of(st.none(), st.builds(Position, times, st.sampled_from(["", "0", "1", "10", "2"]))),
    since=st.one_of(st.none(), times),
    until=st.one_of(st.none(), times),
    where=st.lists(conditions, max_size=2).map(tuple),
    oldest_first=st.booleans(),
    count=st.booleans(),
)
MEASURED = [
    (MeasureOp.COUNT, [None]),
    (MeasureOp.SUM, ["total", "items.unit_price", "items.quantity"]),
    (MeasureOp.MIN, ["placed_at", "items.quantity"]),
    (MeasureOp.MAX, ["placed_at", "items.quantity"]),
    (MeasureOp.TOP, ["status", "items.category", "items.quantity"]),
    (MeasureOp.LATEST, ["status", "items.category"]),
    (MeasureOp.VALUES, ["total", "placed_at", "status", "items.category", "items.quantity"]),
    (MeasureOp.COUNTS, ["status", "items.category", "items.quantity"]),
]
measures = st.sampled_from([(op, field) for op, fields in MEASURED for field in fields]).flatmap(
    lambda chosen: st.builds(
        Measure,
        op=st.just(chosen[0]),
        field=st.just(chosen[1]),
        since=st.one_of(st.none(), times),
        until=st.one_of(st.none(), times),
        where=st.lists(conditions, max_size=1).map(tuple),
    )
)
unhurried = settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))


async def put(shop: Shop, rows: Sequence[Any]) -> None:
    """Replace what is in the shop. Ids are 0, 1, ... and sort as text."""
    orders = [(n, key, status, _text(time), None, total, "EUR") for n, (key, status, time, total, _) in enumerate(rows)]
    items = [(n, line, "s", category, quantity, price, "EUR") for n, row in enumerate(rows)
             for line, (category, quantity, price) in enumerate(row[4])]  # fmt: skip
    await shop.clear("orders", "order_items")
    await shop.add(orders=orders, order_items=items)


def expected_orders(rows: Sequence[Any]) -> dict[str, list[Order]]:
    """The same rows as records, by key."""
    found: dict[str, list[Order]] = {}
    for number, (key, status, time, total, items) in enumerate(rows):
        record = {
            "id": str(number),
            "placedAt": time,
            "status": status or "UNKNOWN",
            "total": None if total is None else _money(total),
            "items": [
                {"sku": "s", "category": category, "quantity": quantity or 1, "unitPrice": _money(price)}
                for category, quantity, price in items
            ],
        }
        found.setdefault(key, []).append(msgspec.convert(record, Order))
    return found


def expected_page(orders: list[Order], ask: Ask) -> tuple[list[Order], int | None] | None:
    """What an ask means, one list comprehension after the other."""
    kept = [order for order in orders if all(_holds(order, condition) for condition in ask.where)]
    kept = [order for order in kept if ask.since is None or order.placed_at >= ask.since]
    kept = [order for order in kept if ask.until is None or order.placed_at < ask.until]
    total = len(kept) if ask.count else None
    kept.sort(key=lambda order: (order.placed_at, order.id), reverse=not ask.oldest_first)
    if ask.after is not None:
        end = (ask.after.time, ask.after.id)
        kept = [
            order
            for order in kept
            if ((order.placed_at, order.id) > end) == ask.oldest_first and (order.placed_at, order.id) != end
        ]
    kept = kept if ask.first is None else kept[: ask.first]
    return (kept, total) if kept or total else None


def expected_value(orders: list[Order], measure: Measure) -> Any:
    """What a measure means, over records."""
    ask = Ask(fields=Fields(), since=measure.since, until=measure.until, where=measure.where)
    chosen, _ = expected_page(list(orders), ask) or ([], None)
    if measure.field is None:
        return len(chosen)
    values = [value for order in chosen for value in VALUES[measure.field](order) if value is not None]
    match measure.op:
        case MeasureOp.SUM if measure.field == "items.quantity":
            return sum(values)
        case MeasureOp.SUM:
            return [_money(sum((money.amount for money in values), Decimal()))] if values else []
        case MeasureOp.TOP:
            counts = Counter(values)
            return min(counts, key=lambda value: (-counts[value], value), default=None)
        case MeasureOp.VALUES if measure.field == "total":
            return [{"amount": str(len(values)), "currency": "EUR"}] if values else []
        case MeasureOp.VALUES:
            return len(values)
        case MeasureOp.COUNTS:
            counts = Counter(values)
            return sorted(([value, counts[value]] for value in counts), key=lambda pair: (-pair[1], pair[0]))
        case MeasureOp.MIN:
            return _json(min(values, default=None))
        case MeasureOp.MAX:
            return _json(max(values, default=None))
    return values[0] if values else None


VALUES: dict[str, Callable[[Order], list[Any]]] = {
    "total": lambda order: [order.total],
    "placed_at": lambda order: [order.placed_at],
    "status": lambda order: [order.status.value],
    "items.category": lambda order: [item.category for item in order.items],
    "items.quantity": lambda order: [item.quantity for item in order.items],
    "items.unit_price": lambda order: [item.unit_price for item in order.items],
}


async def pages(shop: Shop, ask: Ask) -> dict[str, tuple[list[Order], int | None]]:
    answer = await shop.lookup(Order).fetch(KEYS, ask)
    return {
        key: (msgspec.json.decode(page.records, type=list[Order]), page.total)
        for key, page in answer.items()
        if isinstance(page, Page)
    }


@pytest.fixture
async def empty_shop(shop: Shop) -> Shop:
    await shop.fill()
    return shop


@unhurried
@given(order_rows, asks)
async def test_pages_are_as_plain_python_has_them(empty_shop: Shop, rows: Sequence[Any], ask: Ask) -> None:
    """For any rows and any ask, on each database, the records, their order and the totals are those of the definition."""
    await put(empty_shop, rows)
    wanted = {key: expected_page(own, ask) for key, own in expected_orders(rows).items()}
    assert await pages(empty_shop, ask) == {key: page for key, page in wanted.items() if page is not None}


@unhurried
@given(order_rows, st.lists(measures, min_size=1, max_size=4))
async def test_measures_are_as_plain_python_measures(empty_shop: Shop, rows: Sequence[Any], asked: list[Measure]) -> None:
    """For any rows and measures, on each database, the values are those of the definition."""
    await put(empty_shop, rows)
    orders = expected_orders(rows)
    found = await empty_shop.aggregate(Order).measure(KEYS, asked)
    assert found == {key: [expected_value(orders.get(key, []), one) for one in asked] for key in KEYS}


@pytest.mark.parametrize("other", SERVERS)
async def test_servers_give_the_records_that_sqlite_gives(tmp_path: Path, request: pytest.FixtureRequest, other: str) -> None:
    """Every field of every kind of record, from the same rows."""
    found = []
    for backend, url in (("sqlite", sqlite_url(tmp_path)), (other, request.getfixturevalue(f"{other}_database"))):
        async with shop_at(backend, url) as shop:
            await shop.fill(
                customers=[("c1", 'Zoë "Z"', None, "Turin", "IT", "2018-01-01T00:00:00.5Z", None, 1)],
                points=[("c1", "EMAIL", "a@x.example", None), ("c1", "PHONE", "+39", None)],
                devices=[("c1", "d1")],
                orders=[
                    (1, "c1", "NEW", "2018-01-01T10:00:00.000001Z", None, 0.1, "EUR"),
                    (2, "c1", None, "2018-01-01", None, 3, None),
                ],
                order_items=[(1, 1, None, "a\tb\\", None, 1234.5, "EUR"), (1, 2, "s", None, 2, 0.125, "EUR")],
                payments=[(1, "card", None, "EUR", None)],
                events=[
                    ("e1", "c1", "2018-01-01T10:00:00Z", "view", '{"b": [1.5, null, "é"], "a": {}}'),
                    ("e2", "c1", "2018-01-01", "", None),
                ],
            )
            found.append([await shop.fetch(record, ["c1", "c2"]) for record in (Customer, Order, Event)])
    sqlite, served = found
    assert sqlite == served
    assert [len(records["c1"]) for records in sqlite] == [1, 2, 2]


def _json(value: Any) -> Any:
    return _text(value) if isinstance(value, datetime) else value


def _holds(order: Order, condition: Condition) -> bool:
    values: list[Any] = {
        "status": [order.status.value],
        "items.category": [item.category for item in order.items],
        "total.currency": [order.total.currency] if order.total else [],
    }[condition.field]
    return any(value in condition.values for value in values) != condition.negated


def _money(amount: Decimal) -> dict[str, Any]:
    return {"amount": f"{amount:.2f}", "currency": "EUR"}


def _text(time: datetime) -> str:
    return time.isoformat().replace("+00:00", "Z")
