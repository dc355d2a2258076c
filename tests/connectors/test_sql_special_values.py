"""Columns of times and numbers may hold what others cannot: endless values, years before the first, and no number."""

from pathlib import Path

import duckdb
import pytest

from connectors.contract import Ask, Measure, MeasureOp, Page
from connectors.errors import SourceProtocolError
from connectors.files import FilesConnector, FilesSettings
from connectors.record_fields import Fields
from connectors.records import Order
from tests.support.sql_shop import Shop, decoded, shop_at

FIELDS = Fields.from_paths("id", "placed_at", "delivered_at", "total.amount", "total.currency")
ORDER = ("NEW", "2018-01-01T00:00:00Z", "2018-01-02T00:00:00Z", 1, "EUR")
GOOD = {
    "id": "1",
    "placedAt": "2018-01-01T00:00:00Z",
    "total": {"amount": "1.00", "currency": "EUR"},
    "deliveredAt": "2018-01-02T00:00:00Z",
}
COUNT, NEWEST = Measure(op=MeasureOp.COUNT), Measure(op=MeasureOp.MAX, field="placed_at")
LATEST_DELIVERY, SUM = Measure(op=MeasureOp.MAX, field="delivered_at"), Measure(op=MeasureOp.SUM, field="total")


async def with_odd(shop: Shop, column: str, value: str) -> None:
    """Two orders, of which the second holds an odd value; the lookup has an index."""
    await shop.fill(orders=[(1, "c1", *ORDER), (2, "c1", *ORDER)])
    await shop.execute(f"UPDATE orders SET {column} = '{value}' WHERE id = 2", "CREATE INDEX ON orders (customer, placed)")


async def leaves_to_the_gateway(shop: Shop, *measures: Measure) -> None:
    """The gateway reads the records, and says that the figure is partial."""
    found = (await shop.aggregate(Order).measure(["c1"], measures))["c1"]
    assert isinstance(found, SourceProtocolError)
    assert found.note == "some rows cannot be read"
    await shop.execute("DELETE FROM orders WHERE id = 2")
    assert isinstance((await shop.aggregate(Order).measure(["c1"], measures))["c1"], list)


@pytest.mark.postgresql
@pytest.mark.parametrize("value", ["infinity", "-infinity", "0044-03-15 00:00:00+00 BC", "10000-01-01 00:00:00+00"])
async def test_a_time_beyond_the_calendar_orders_no_record(postgresql_database: str, value: str) -> None:
    """It goes on as it is, comes after all others, and is in no total and no figure."""
    async with shop_at("postgresql", postgresql_database) as shop:
        await with_odd(shop, "placed", value)
        odd = {**GOOD, "id": "2", "placedAt": value}
        lookup = shop.lookup(Order)
        for oldest_first in (False, True):
            for ask in (Ask(fields=FIELDS, oldest_first=oldest_first, count=True), Ask(fields=FIELDS, first=2)):
                assert decoded(await lookup.fetch(["c1"], ask)) == {"c1": [GOOD, odd]}
            assert decoded(await lookup.fetch(["c1"], Ask(fields=FIELDS, oldest_first=oldest_first, first=1))) == {"c1": [GOOD]}
        page = (await lookup.fetch(["c1"], Ask(fields=FIELDS, count=True)))["c1"]
        assert isinstance(page, Page)
        assert page.total == 1
        await leaves_to_the_gateway(shop, COUNT, NEWEST)


@pytest.mark.postgresql
@pytest.mark.parametrize("value", ["infinity", "-infinity", "0044-03-15 00:00:00+00 BC"])
async def test_another_time_beyond_the_calendar_costs_itself(postgresql_database: str, value: str) -> None:
    """A year before the first is none of ours."""
    async with shop_at("postgresql", postgresql_database) as shop:
        await with_odd(shop, "delivered", value)
        assert (await shop.fetch(Order, ["c1"], fields=FIELDS))["c1"] == [{**GOOD, "id": "2", "deliveredAt": value}, GOOD]
        await leaves_to_the_gateway(shop, LATEST_DELIVERY)


@pytest.mark.postgresql
@pytest.mark.parametrize("type_", ["numeric", "double precision"])
@pytest.mark.parametrize("value", ["NaN", "Infinity", "-Infinity"])
async def test_no_number_is_in_no_sum(postgresql_database: str, type_: str, value: str) -> None:
    """It goes on as it is."""
    async with shop_at("postgresql", postgresql_database) as shop:
        await shop.fill(orders=[(1, "c1", *ORDER), (2, "c1", *ORDER)])
        await shop.execute(f"ALTER TABLE orders ALTER total TYPE {type_}", f"UPDATE orders SET total = '{value}' WHERE id = 2")
        odd = {**GOOD, "id": "2", "total": {"amount": value, "currency": "EUR"}}
        assert (await shop.fetch(Order, ["c1"], fields=FIELDS))["c1"] == [odd, GOOD]
        await leaves_to_the_gateway(shop, SUM)


@pytest.mark.parametrize(
    ("time", "total"), [("infinity", "1"), ("-infinity", "1"), ("0044-03-15 (BC) 00:00:00", "1"), ("2018-01-01", "nan")]
)
async def test_files_of_columns_hold_them_too(tmp_path: Path, time: str, total: str) -> None:
    """A figure over such a row is the gateway's."""
    rows = f"VALUES ('1', 'c1', TIMESTAMP '2018-01-01', 1::DOUBLE), ('2', 'c1', TIMESTAMP '{time}', '{total}'::DOUBLE)"
    duckdb.sql(f"COPY (SELECT * FROM ({rows}) AS t(id, customer, placed_at, total_amount)) TO '{tmp_path}/orders.parquet'")
    order = {"query": "SELECT *, 'EUR' AS total_currency FROM orders", "keys": {"customer_id": "customer"}}
    settings = {"path": tmp_path, "tables": {"orders": "orders.parquet"}, "records": {"order": order}}
    connector = FilesConnector("files", FilesSettings.model_validate(settings))
    await connector.open()
    found = (await connector.aggregates()[0].measure(["c1"], [COUNT, NEWEST, SUM]))["c1"]
    assert isinstance(found, SourceProtocolError)
    assert found.note == "some rows cannot be read"
    page = (await connector.lookups()[0].fetch(["c1"], Ask(fields=FIELDS, count=True)))["c1"]
    assert isinstance(page, Page)
    assert page.total == (2 if total == "nan" else 1)
    await connector.aclose()
