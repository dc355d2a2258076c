"""Totals, pages and sums say what is there, or that they do not know."""

from datetime import UTC, datetime
from decimal import Decimal

import msgspec
import pytest
from sqlalchemy.ext.asyncio import create_async_engine

from connectors import records as r
from connectors.contract import Ask, KeyKind, Measure, MeasureOp, Push
from connectors.mongo.connector import MongoConnector
from connectors.record_fields import Fields
from connectors.sql import SqlConnector
from connectors.testing import MemoryConnector
from connectors.toolkit.evaluation import combine, evaluate_measure
from tests.support import shop
from tests.support.gateway_server import gateway_on

pytestmark = pytest.mark.cases


def support(**words) -> MemoryConnector:
    """Seven tickets of two addresses, three of them found by both, all older than the others."""
    both = [r.Ticket(id=f"s{number}", created_at=shop.at(1 + number)) for number in range(3)]
    a, b = ([r.Ticket(id=f"{name}{number}", created_at=shop.at(20 + number)) for number in range(2)] for name in "ab")
    held = {"ana@example.com": a + both, "ana.work@example.org": b + both}
    return MemoryConnector("support", {(r.Ticket, KeyKind.EMAIL): held}, **words)


@pytest.mark.parametrize("pushdown", [set(Push), set()])
@pytest.mark.parametrize("first", [1, 2, 4, 5, 7, 10])
async def test_a_total_over_keys_that_share_records_is_right_or_null(first, pushdown):
    """Never ten, as the sum of both addresses would be."""
    async with gateway_on([shop.crm(), support(pushdown=pushdown)]) as gateway:
        data = await gateway.data(
            f'{{ customer(by: {{id: "c1"}}) {{ tickets(first: {first}) {{ totalCount nodes {{ id }} }} }} }}'
        )
    tickets = data["customer"]["tickets"]
    assert len(tickets["nodes"]) == min(first, 7)
    assert tickets["totalCount"] in (None, 7)


async def test_a_total_of_one_key_is_what_its_source_says():
    """Also where the page is shorter."""
    async with gateway_on([shop.crm(), shop.orders()]) as gateway:
        data = await gateway.data('{ customer(by: {id: "c1"}) { orders(first: 2) { totalCount } } }')
    assert data["customer"]["orders"]["totalCount"] == 5


@pytest.mark.parametrize("pushed", [set(Push), set(), {Push.FIRST}, {Push.ORDER}, {Push.ORDER, Push.FIRST}, {Push.COUNT}])
@pytest.mark.parametrize("arguments", ["first: 1", 'first: 1, filter: {since: "2026-01-01T00:00:00Z"}'])
async def test_a_page_knows_what_comes_after_records_that_cannot_be_read(pushed, arguments):
    """Where everything came, what could not be read is not behind the page."""
    good = [msgspec.json.encode(shop.order(1, "c1", 5))]
    bad = [b'{"id":"o7","placedAt":"soon"}'] * 3

    class Given(MemoryConnector):
        async def _fetch(self, record, by, keys, ask):
            found = [*good, *bad][: ask.first]
            return dict.fromkeys(keys, b"[" + b",".join(found) + b"]")

    orders = Given("orders", {(r.Order, KeyKind.CUSTOMER_ID): {}}, pushdown=pushed)
    query = f'{{ customer(by: {{id: "c1"}}) {{ orders({arguments}) {{ nodes {{ id }} pageInfo {{ hasNextPage }} }} }} }}'
    async with gateway_on([shop.crm(), orders]) as gateway:
        listed = (await gateway.data(query))["customer"]["orders"]
    asked_for_all = (await asked_first(orders, query)) is None
    assert [one["id"] for one in listed["nodes"]] == ["orders:oc11"]
    assert listed["pageInfo"]["hasNextPage"] is not asked_for_all


async def asked_first(orders: MemoryConnector, query: str) -> int | None:
    """How many records the gateway asks this source for."""
    asked: list[int | None] = []

    class Noting(type(orders)):
        async def _fetch(self, record, by, keys, ask):
            asked.append(ask.first)
            return await super()._fetch(record, by, keys, ask)

    async with gateway_on([shop.crm(), Noting("orders", orders.records, pushdown=orders._pushdown)]) as gateway:
        await gateway.data(query)
    return asked[0]


@pytest.mark.parametrize("text", ["EUR\n", "EUR ", "eur", "EURO", "\nEUR"])
def test_a_currency_has_three_letters_and_nothing_else(text):
    """No line break either; nor has a country."""
    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode(msgspec.json.encode({"amount": "1", "currency": text}), type=r.Money)
    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode(msgspec.json.encode({"country": text[:2] + "\n"}), type=r.Address)


def test_sums_are_exact_however_many_digits_they_have():
    """Numbers, money, and what is merged of several sources."""
    amounts = ["1234567890123456789012345678901234567.89", "0.01", "-0.000000000000000000000000000000000001"]
    right = "1234567890123456789012345678901234567.899999999999999999999999999999999999"
    orders = [
        r.Order(id=str(n), placed_at=shop.at(1), total=r.Money(amount=Decimal(text), currency="EUR"))
        for n, text in enumerate(amounts)
    ]
    whole = evaluate_measure(r.Order, orders, Measure(op=MeasureOp.SUM, field="total"))
    assert whole == [{"amount": right, "currency": "EUR"}]
    parts = [evaluate_measure(r.Order, [order], Measure(op=MeasureOp.SUM, field="total")) for order in orders]
    assert combine(Measure(op=MeasureOp.SUM, field="total"), parts) == whole
    assert combine(Measure(op=MeasureOp.SUM, field="quantity"), list(map(Decimal, amounts))) == Decimal(right)


@pytest.mark.parametrize("year", [1, 99, 500, 999, 1000, 2026])
async def test_a_window_may_begin_in_any_year(year, tmp_path):
    """SQLite compares times as texts, whose years have four digits."""
    url = f"sqlite+aiosqlite:///{tmp_path / 'shop.db'}"
    engine = create_async_engine(url)
    async with engine.begin() as connection:
        await connection.exec_driver_sql(
            "create table orders as select 'o1' id, 'c1' customer_id, '2026-06-01T00:00:00Z' placed_at"
        )
    await engine.dispose()
    order = {"query": "SELECT * FROM orders", "keys": {"customer_id": "customer_id"}}
    connector = SqlConnector("shop", SqlConnector.settings_type.model_validate({"url": url, "records": {"order": order}}))
    await connector.open()
    try:
        (lookup,) = connector.lookups()
        ask = Ask(fields=Fields.from_paths("id"), since=datetime(year, 1, 1, tzinfo=UTC))
        assert list(await lookup.fetch(["c1"], ask)) == ["c1"]
    finally:
        await connector.aclose()


async def test_a_measure_has_the_time_that_is_left():
    """MongoDB is told at the lookup and at the measure alike, so that nothing goes on for a caller who has gone."""
    order = {"collection": "o", "fields": {"placed_at": "at"}, "keys": {"customer_id": {"path": "c"}}}
    settings = {"url": "mongodb://127.0.0.1:1/x", "database": "x", "records": {"order": order}}
    connector = MongoConnector("m", MongoConnector.settings_type.model_validate(settings))
    told: list[float | None] = []
    within = connector._database.within

    class Noting:
        def __getattr__(self, name):
            return getattr(connector._database, name)

        def within(self, remaining_s):
            told.append(remaining_s)
            return within(remaining_s)

        async def aggregate(self, *_):
            return []

    (collection,) = connector._collections.values()
    collection._database = Noting()
    await connector.lookups()[0].fetch(["c1"], Ask(fields=Fields.from_paths("id"), remaining_s=0.2))
    await connector.aggregates()[0].measure(["c1"], [Measure(op=MeasureOp.COUNT)], 0.3)
    assert told == [0.2, 0.3]
