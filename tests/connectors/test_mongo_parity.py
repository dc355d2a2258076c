"""The mongo kind answers as plain Python does, and as the sql kind does over the same shop."""

from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from bson import Decimal128, Int64
from hypothesis import given
from hypothesis import strategies as st

from connectors.contract import PLAIN_OPS, Ask, Connector, KeyKind, Measure, MeasureOp, Page, Position
from connectors.record_fields import all_fields
from connectors.records import Customer, Deal, Event, Order, Ticket
from connectors.testing.fetches import fetch, records_in
from tests.connectors.test_sql_parity import (
    CATEGORIES,
    KEYS,
    MEASURED,
    STATUSES,
    conditions,
    expected_orders,
    expected_page,
    expected_value,
    unhurried,
)
from tests.support.demo_sources import PINNED, demo_rows, sql_sources, sqlite_shop
from tests.support.gateway_server import gateway_on
from tests.support.mongo_shop import MongoShop, demo_documents, demo_sources
from tests.support.sql_shop import day

pytestmark = pytest.mark.mongodb

RULES: dict[str, Any] = {
    "collection": "orders",
    "integer_ids": True,
    "fields": {"placed_at": "placed", "total": {"amount": "total", "currency": "currency"}},
    "lists": {
        "items": {
            "path": "lines",
            "fields": {"unit_price.amount": {"path": "cents", "scale": 2}},
            "outer": {"unit_price.currency": "currency"},
        }
    },
    "keys": {"customer_id": "customers"},
}
times = st.integers(0, 6).map(lambda n: day(1) + timedelta(hours=n // 2, milliseconds=n % 2))
bounds = st.builds(lambda time, part: time + timedelta(microseconds=part), times, st.sampled_from([-1, 0, 1]))
amounts = st.decimals(0, 1000, places=2, allow_nan=False)
item_rows = st.tuples(st.sampled_from(CATEGORIES), st.one_of(st.none(), st.integers(1, 3)), amounts)
written = st.sampled_from([float, str, Decimal128, lambda amount: amount if amount is None else Decimal128(f"{amount}00")])
order_rows = st.lists(
    st.tuples(
        st.tuples(
            st.sampled_from(KEYS),
            st.sampled_from(STATUSES),
            times,
            st.one_of(st.none(), amounts),
            st.lists(item_rows, max_size=3),
        ),
        written,
    ),
    max_size=8,
)
asks = st.builds(
    Ask,
    fields=st.just(all_fields(Order)),
    first=st.one_of(st.none(), st.integers(0, 4)),
    after=st.one_of(st.none(), st.builds(Position, bounds, st.sampled_from(["", "0", "1", "10", "2"]))),
    since=st.one_of(st.none(), bounds),
    until=st.one_of(st.none(), bounds),
    where=st.lists(conditions, max_size=2).map(tuple),
    oldest_first=st.booleans(),
    count=st.booleans(),
)
measures = st.sampled_from([(op, field) for op, fields in MEASURED for field in fields]).flatmap(
    lambda chosen: st.builds(
        Measure,
        op=st.just(chosen[0]),
        field=st.just(chosen[1]),
        since=st.one_of(st.none(), bounds),
        until=st.one_of(st.none(), bounds),
        where=st.lists(conditions, max_size=1).map(tuple),
    )
)


async def put(shop: MongoShop, rows: Sequence[Any]) -> None:
    """Replace what is in the shop. Ids are 0, 1, ... and sort as text; every other order has a second customer, too."""
    await shop.database.orders.delete_many({})
    documents: list[dict[str, Any]] = []
    for number, ((key, status, time, total, items), write) in enumerate(rows):
        one = {"_id": number, "customers": [key, "other", key] if number % 2 else key, "placed": time, "currency": "EUR"}
        lines = [
            {
                "sku": "s",
                "category": category,
                "quantity": None if quantity is None else Int64(quantity),
                "cents": int(price * 100),
            }
            for category, quantity, price in items
        ]
        documents.append(one | {"status": status, "total": None if total is None else write(total), "lines": lines})
    await shop.fill(orders=documents)


@pytest.fixture
async def orders(mongo_shop: MongoShop) -> MongoShop:
    await mongo_shop.configured(records={"order": RULES})
    return mongo_shop


@unhurried
@given(order_rows, asks)
async def test_pages_are_as_plain_python_has_them(orders: MongoShop, rows: Sequence[Any], ask: Ask) -> None:
    """For any documents and any ask the records, their order and the totals are those of the definition."""
    await put(orders, rows)
    wanted = {key: expected_page(own, ask) for key, own in expected_orders([row for row, _ in rows]).items()}
    answer = await orders.lookup(Order).fetch(KEYS, ask)
    found = {key: (records_in(Order, page), page.total) for key, page in answer.items() if isinstance(page, Page)}
    assert found == {key: page for key, page in wanted.items() if page is not None}


@unhurried
@given(order_rows, st.lists(measures, min_size=1, max_size=4))
async def test_measures_are_as_plain_python_measures(orders: MongoShop, rows: Sequence[Any], asked: list[Measure]) -> None:
    """For any documents and measures the values are those of the definition."""
    await put(orders, rows)
    expected = expected_orders([row for row, _ in rows])
    found = await orders.aggregate(Order).measure(KEYS, asked)
    assert found == {key: [expected_value(expected.get(key, []), one) for one in asked] for key in KEYS}


SAMPLES = {
    KeyKind.CUSTOMER_ID: [row[0] for row in demo_rows()["customers"]],
    KeyKind.EXTERNAL_ID: [f"{row[2]}:{row[3]}" for row in demo_rows()["external_ids"]],
    KeyKind.MEMBER_NUMBER: [row[7] for row in demo_rows()["customers"] if row[7]],
    KeyKind.EMAIL: [row[4] for row in demo_rows()["contact_points"]],
    KeyKind.PHONE: [row[4] for row in demo_rows()["contact_points"]],
    KeyKind.DEVICE_ID: [row[2] for row in demo_rows()["devices"]],
    KeyKind.TEXT: ["emma", "AN", "example.com", ".", "+44"],
}


async def whole_answers(sources: Sequence[Connector[Any]]) -> dict[Any, Any]:
    """Everything that every lookup of the demo's sources has, and every measure of money and words."""
    found: dict[Any, Any] = {}
    for source in sources:
        for lookup in (own for own in source.lookups() if own.by in SAMPLES):
            keys = list(dict.fromkeys(SAMPLES[lookup.by]))
            for key, page in (await fetch(lookup, keys)).items():
                found[source.name, lookup.record, lookup.by, key] = records_in(lookup.record, page)
        for aggregate in (own for own in source.aggregates() if own.by in SAMPLES):
            keys = list(dict.fromkeys(SAMPLES[aggregate.by]))[:100]
            asked = [one for one in MEASURES[aggregate.record] if one.op in aggregate.ops]
            for key, values in (await aggregate.measure(keys, asked)).items():
                assert isinstance(values, Sequence)
                found[source.name, aggregate.record, "measures", aggregate.by, key] = [_number(value) for value in values]
    return found


MEASURES = {
    Order: [
        *(Measure(op=op, field="total") for op in (MeasureOp.SUM, MeasureOp.AVERAGE, MeasureOp.LATEST)),
        *(Measure(op=op, field="total.amount") for op in PLAIN_OPS - {MeasureOp.COUNT, MeasureOp.TOP}),
        *(Measure(op=MeasureOp.VALUES, field=path) for path in ("total", "total.amount", "placed_at", "items.category")),
        *(Measure(op=MeasureOp.COUNTS, field=path) for path in ("status", "items.category", "payments.method")),
        *(Measure(op=op, field="placed_at") for op in (MeasureOp.MIN, MeasureOp.MAX, MeasureOp.LATEST)),
        *(Measure(op=op, field="items.category") for op in (MeasureOp.TOP, MeasureOp.MIN, MeasureOp.MAX, MeasureOp.LATEST)),
        *(Measure(op=op, field="status") for op in (MeasureOp.TOP, MeasureOp.MIN, MeasureOp.MAX, MeasureOp.LATEST)),
        Measure(op=MeasureOp.SUM, field="items.unit_price", since=day(1)),
        Measure(op=MeasureOp.AVERAGE, field="items.quantity"),
        Measure(op=MeasureOp.TOP, field="payments.method"),
        Measure(op=MeasureOp.LATEST, field="items.unit_price"),
    ],
    Customer: [Measure(op=MeasureOp.TOP, field="device_ids"), Measure(op=MeasureOp.LATEST, field="name")],
    Ticket: [Measure(op=MeasureOp.AVERAGE, field="satisfaction"), Measure(op=MeasureOp.LATEST, field="messages.at")],
    Deal: [Measure(op=MeasureOp.TOP, field="stage"), Measure(op=MeasureOp.MAX, field="closed_at")],
    Event: [Measure(op=MeasureOp.TOP, field="page"), Measure(op=MeasureOp.COUNT)],
}


async def test_documents_and_tables_of_one_shop_give_the_same(mongo_shop: MongoShop, tmp_path: Any) -> None:
    """Every record and measure of the demo's shop, from SQLite and from MongoDB."""
    await mongo_shop.fill(**demo_documents())
    answers = []
    for sources in (sql_sources(sqlite_shop(tmp_path)), demo_sources(mongo_shop.url, mongo_shop.name)):
        for source in sources:
            await source.open()
        answers.append(await whole_answers(sources))
        for source in sources:
            await source.aclose()
    tables, documents = answers
    assert tables.keys() == documents.keys()
    assert {key: (value, documents[key]) for key, value in tables.items() if value != documents[key]} == {}
    assert len(tables) > 500


PROFILE = """query ($ids: [ID!]!) { customers(ids: $ids) { name kind email address { city country } deviceIds
    orders(first: 3) { totalCount nodes { id status placedAt total { amount currency } items { sku quantity } }
        pageInfo { hasNextPage endCursor } }
    delivered: orders(first: 2, order: OLDEST_FIRST, filter: {status: [DELIVERED], since: "2025-06-01T00:00:00Z"}) {
        totalCount nodes { id } }
    deals { totalCount nodes { id stage segment createdAt closedAt } }
    tickets { nodes { id subject status messages { author body at } } } events(first: 5) { nodes { id type page properties } }
    timeline(first: 8) { nodes { __typename } }
    orderStatistics { count total { amount currency } firstAt lastAt }
    tags { key value } } }"""


async def test_a_gateway_on_documents_answers_as_one_on_tables(mongo_shop: MongoShop, tmp_path: Any) -> None:
    """One long query over twenty customers, pages, statistics and tags in it."""
    await mongo_shop.fill(**demo_documents())
    ids = [f"c{number:05d}" for number in range(1, 21)]
    found = []
    for sources in (sql_sources(sqlite_shop(tmp_path)), demo_sources(mongo_shop.url, mongo_shop.name)):
        async with gateway_on(sources, deadline_ms=30_000, **PINNED) as gateway:
            found.append(await gateway.data(PROFILE, {"ids": ids}))
    tables, documents = found
    for customer in tables["customers"]:
        # Tables without a channel are known to have none; a document may have one, so there it is one that is not set.
        customer["tags"] = [tag for tag in customer["tags"] if tag != {"key": "channel_preference", "value": None}]
    assert documents == tables
    assert sum(len(own["orders"]["nodes"]) for own in tables["customers"]) > 20


def _number(value: Any) -> Any:
    """Numbers as numbers, whether they come with a point, as text or as they are."""
    if isinstance(value, int | float | Decimal) and not isinstance(value, bool):
        return round(Decimal(str(value)), 6)
    return value
