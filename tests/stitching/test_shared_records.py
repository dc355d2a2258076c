"""Records that two keys of a customer find: counted once, at every kind of source."""

import asyncio
import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
import pytest

from connectors import records as r
from connectors.contract import Aggregate, Connector, KeyKind, Measure, MeasureOp
from connectors.errors import SourceProtocolError
from connectors.mongo import MongoConnector
from connectors.record_fields import Fields
from connectors.records import Record
from connectors.sql import SqlConnector
from connectors.testing import MemoryConnector
from gateway.identity.keys import MAX_KEYS
from gateway.stitching.measurement import MeasureRequest
from gateway.stitching.measurements import MAX_RECORDS, MAX_RECORDS_AT_ONCE, MAX_RECORDS_OF_KEYS, measure_customers
from tests.support import shop
from tests.support.gateway_server import gateway_on
from tests.support.mongo_shop import MongoShop
from tests.support.sql_shop import Shop, connector_at, day
from tests.support.tag_shop import services_on, stitched

pytestmark = pytest.mark.cases

STATISTICS = """{ customer(by: {id: "c1"}) { orders(first: 10) { nodes { id } }
    orderStatistics { count total { amount currency } partial } tag(key: "activity") { evidence { name value partial } } } }"""
ANA, WORK = "ana@example.com", "ana.work@example.org"
ONCE = {"count": 3, "total": [{"amount": "30.00", "currency": "EUR"}], "partial": False}


async def statistics_of(source: Connector[Any]) -> dict[str, Any]:
    async with gateway_on([shop.crm(), source]) as gateway:
        customer: dict[str, Any] = (await gateway.data(STATISTICS))["customer"]
    assert len(customer["orders"]["nodes"]) == customer["orderStatistics"]["count"]
    assert customer["tag"]["evidence"][1] == {
        "name": "orders_all",
        "value": customer["orderStatistics"]["count"],
        "partial": customer["orderStatistics"]["partial"],
    }
    statistics: dict[str, Any] = customer["orderStatistics"]
    return statistics


@pytest.mark.parametrize("measures", [True, False])
async def test_memory(measures: bool):
    """One order under both addresses, and one under each."""
    both, one, other = (shop.order(n, "c1", n) for n in (1, 2, 3))
    held = {(r.Order, KeyKind.EMAIL): {ANA: [both, one], WORK: [other, both]}}
    assert await statistics_of(MemoryConnector("orders", held, measures=measures)) == ONCE


@pytest.mark.parametrize(
    ("keys", "orders", "aggregated"),
    [
        ({"query": "SELECT id, email AS key FROM pairs"}, [("1", None), ("2", None), ("3", None)], False),
        ({"column": "email"}, [("1", ANA), ("2", ANA), ("3", WORK)], True),
        ({"column": "email"}, [("1", ANA), ("1", WORK), ("2", ANA), ("3", WORK)], True),
    ],
    ids=["pairs", "column", "column of a join"],
)
async def test_sql(tmp_path: Path, keys: dict[str, str], orders: Sequence[tuple[str, str | None]], aggregated: bool):
    """Pairs may share a record, so it is read; of a column the database sees it, and measures where there is none."""
    with sqlite3.connect(tmp_path / "shop.db") as database:
        columns = "id, email, placed_at, total_amount, total_currency, status"
        database.execute(f"CREATE TABLE orders ({columns})")
        rows = [(id_, email, f"2026-06-0{id_}T12:00:00Z", "10.00", "EUR", "NEW") for id_, email in orders]
        database.executemany("INSERT INTO orders VALUES (?, ?, ?, ?, ?, ?)", rows)
        database.execute("CREATE TABLE pairs (id TEXT, email TEXT)")
        database.executemany("INSERT INTO pairs VALUES (?, ?)", [("1", ANA), ("1", WORK), ("2", ANA), ("3", WORK)])
    database.close()
    record = {"query": "SELECT * FROM orders", "keys": {"email": keys}}
    settings = {"url": f"sqlite+aiosqlite:///{tmp_path / 'shop.db'}", "records": {"order": record}}
    source = SqlConnector("orders", SqlConnector.settings_type.model_validate(settings))
    assert [one.keys_share_nothing for one in source.aggregates()] == [aggregated]
    assert await statistics_of(source) == ONCE


@pytest.mark.mongodb
async def test_mongo(mongo_shop: MongoShop, mongodb_uri: str, mongodb_database: str):
    """An array of addresses, of which one order has both."""
    orders = [
        {"_id": "1", "emails": [ANA, WORK], "placed": day(1), "total": "10.00", "currency": "EUR"},
        {"_id": "2", "emails": [ANA], "placed": day(2), "total": "10.00", "currency": "EUR"},
        {"_id": "3", "emails": WORK, "placed": day(3), "total": "10.00", "currency": "EUR"},
    ]
    await mongo_shop.fill(orders=orders)
    fields = {"placed_at": "placed", "total.amount": "total", "total.currency": "currency"}
    record = {"collection": "orders", "fields": fields, "keys": {"email": {"path": "emails"}}}
    settings = {"url": mongodb_uri, "database": mongodb_database, "records": {"order": record}}
    source = MongoConnector("orders", MongoConnector.settings_type.model_validate(settings))
    assert not any(one.keys_share_nothing for one in source.aggregates())
    assert await statistics_of(source) == ONCE


async def test_one_key_is_measured_at_the_source():
    """It shares its records with nobody."""
    order = shop.order(1, "c2", 1)
    held: dict[tuple[type[Record], KeyKind], dict[str, list[Record]]] = {
        (r.Order, KeyKind.EMAIL): {"li@example.com": [order], ANA: [order]}
    }
    source = MemoryConnector("orders", held)
    async with gateway_on([shop.crm(), source]) as gateway:
        data = await gateway.data('{ customer(by: {id: "c2"}) { orderStatistics { count partial } } }')
    assert data["customer"]["orderStatistics"] == {"count": 1, "partial": False}
    ((_, _, keys, asked),) = source.calls
    assert keys == ("li@example.com",)
    assert isinstance(asked, tuple)
    assert all(isinstance(measure, Measure) for measure in asked)


@pytest.mark.parametrize(
    ("keys", "of_each"), [(2, MAX_RECORDS), (5, MAX_RECORDS), (10, 500), (MAX_KEYS + 1, MAX_RECORDS_OF_KEYS // MAX_KEYS)]
)
async def test_what_is_read_of_many_keys_is_bounded(keys: int, of_each: int):
    """However many addresses a customer has: so many records are read over all of them, and the figures are partial."""
    emails = [f"e{n}@example.com" for n in range(keys)]
    points = [r.ContactPoint(kind=r.ContactKind.EMAIL, value=email) for email in emails]
    crm = MemoryConnector("crm", {(r.Customer, KeyKind.CUSTOMER_ID): {"c1": [r.Customer(id="c1", contact_points=points)]}})
    mine = [shop.order(n, "c1", 1 + n % 28) for n in range(of_each + 1)]
    source = MemoryConnector("orders", {(r.Order, KeyKind.EMAIL): dict.fromkeys(emails[:2], mine)})
    async with gateway_on([crm, source], deadline_ms=60_000) as gateway:
        data = await gateway.data('{ customer(by: {id: "c1"}) { orderStatistics { count partial } } }')
    # Of the same records each key gives the same newest ones.
    assert data["customer"]["orderStatistics"] == {"count": of_each, "partial": True}
    assert MAX_RECORDS_AT_ONCE < MAX_RECORDS


async def test_long_lists_are_measured_in_turns():
    """Fifty customers with many orders each: the loop turns between any two of them, so that other requests go on."""
    names = [f"c{n}" for n in range(50)]
    mine = [shop.order(n, "c1", 1 + n % 28) for n in range(MAX_RECORDS_AT_ONCE + 1)]
    crm = MemoryConnector("crm", {(r.Customer, KeyKind.CUSTOMER_ID): {one: [r.Customer(id=one)] for one in names}})
    source = MemoryConnector("orders", {(r.Order, KeyKind.CUSTOMER_ID): dict.fromkeys(names, mine)}, measures=False)
    question = MeasureRequest(
        record=r.Order, measures=(Measure(op=MeasureOp.COUNT),), fields=Fields.from_paths("id", "placed_at")
    )
    async with services_on([crm, source], deadline_ms=60_000) as services:
        turns, customers = 0, await stitched(services, *names)
        measuring = asyncio.ensure_future(measure_customers(customers, question))
        while not measuring.done():
            await asyncio.sleep(0)
            turns += 1
        answers = await measuring
    assert [answer.rows for answer in answers] == [[(len(mine),)]] * len(names)
    assert turns > len(names)


@pytest.mark.parametrize("asked_apart", [False, True])
async def test_a_column_says_which_keys_share_a_record(database_shop: Shop, asked_apart: bool):
    """Keys of one call that do are left to the gateway, and no others; of a key alone nothing is to be seen."""
    query = " UNION ALL ".join(
        f"SELECT '{id_}' AS id, '{email}' AS email, '2026-06-01' AS placed_at, 10 AS total_amount, 'EUR' AS total_currency"
        for id_, email in [("1", ANA), ("1", WORK), ("2", ANA), ("3", "li@example.com")]
    )
    await database_shop.connector.aclose()
    rules = {"query": query, "keys": {"email": "email"}}
    database_shop.connector = connector_at(database_shop.url, records={"order": rules})
    await database_shop.connector.open()
    keys = [ANA, "li@example.com"] if asked_apart else [ANA, WORK, "li@example.com"]
    measures = [Measure(op=MeasureOp.SUM, field="total"), Measure(op=MeasureOp.COUNT)]
    found = dict(await database_shop.aggregate(r.Order, KeyKind.EMAIL).measure(keys, measures))
    assert found.pop("li@example.com") == [[{"amount": "10.00", "currency": "EUR"}], 1]
    assert [isinstance(own, SourceProtocolError) for own in found.values()] == ([False] if asked_apart else [True, True])


async def test_keys_that_were_measured_apart_are_read():
    """No source could see what they share."""
    order = shop.order(1, "c1", 1)

    class Column(MemoryConnector):
        """A source whose keys share a record, which it would see in one call. It takes one key in a call."""

        def aggregates(self) -> Sequence[Aggregate]:
            return [msgspec.structs.replace(own, keys_share_nothing=True, max_batch=1) for own in super().aggregates()]

    held: dict[tuple[type[Record], KeyKind], dict[str, list[Record]]] = {
        (r.Order, KeyKind.EMAIL): {ANA: [order], WORK: [order]}
    }
    async with gateway_on([shop.crm(), Column("orders", held)]) as gateway:
        data = await gateway.data('{ customer(by: {id: "c1"}) { orderStatistics { count partial } } }')
    assert data == {"customer": {"orderStatistics": {"count": 1, "partial": False}}}
