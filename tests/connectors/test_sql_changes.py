"""A database that changes while it is connected to: another file in its place, other columns in its tables."""

import asyncio
from pathlib import Path

import pytest
from sqlalchemy import make_url

from connectors.contract import Ask, Measure, MeasureOp
from connectors.errors import SourceProtocolError, SourceUnavailableError
from connectors.record_fields import Fields
from connectors.records import Order
from connectors.sql import SqlConnector
from tests.support.sql_shop import Shop, connector_at, folder_of, ids, shop_at, sqlite_url

ID = Fields.from_paths("id")
STATUS = Fields.from_paths("id", "status")
ORDERS = {"query": "SELECT o.*, placed AS placed_at FROM orders AS o", "keys": {"customer_id": "customer"}}
TIMED = {"query": "SELECT id, customer, placed AS placed_at FROM orders", "keys": {"customer_id": "customer"}}


def order(number: int) -> tuple[object, ...]:
    return (number, "c1", "NEW", "2018-01-01T00:00:00Z", None, 1, "EUR")


async def with_records(shop: Shop, **records: object) -> None:
    await shop.connector.aclose()
    shop.connector = connector_at(shop.url, records=records)
    await shop.connector.open()


def new_folder(path: Path) -> Path:
    path.mkdir()
    return path


async def file_with(folder: Path, number: int) -> Path:
    """A SQLite database with one order."""
    async with shop_at("sqlite", sqlite_url(new_folder(folder))) as shop:
        await shop.fill(orders=[order(number)])
        return Path(str(make_url(shop.url).database))


@pytest.mark.parametrize("is_uri", [False, True])
@pytest.mark.parametrize("is_link", [False, True])
async def test_a_file_in_the_place_of_another_is_read(tmp_path: Path, is_uri: bool, is_link: bool) -> None:
    """A nightly export is renamed over the last one, or a link is set to it: connections to the old file are given up."""
    first, second = await file_with(tmp_path / "1", 1), await file_with(tmp_path / "2", 2)
    path, new = tmp_path / "now.db", tmp_path / "new.db"
    for own, place in ((first, path), (second, new)):
        place.symlink_to(own) if is_link else own.rename(place)
    url = f"sqlite+aiosqlite:///file:{path}?mode=ro&uri=true" if is_uri else f"sqlite+aiosqlite:///{path}"
    shop = Shop("sqlite", url)
    await shop.connector.open()
    assert await asyncio.gather(*(shop.fetch(Order, ["c1"], fields=ID) for _ in range(3))) == [{"c1": [{"id": "1"}]}] * 3
    new.replace(path)
    assert [await shop.fetch(Order, ["c1"], fields=ID) for _ in range(4)] == [{"c1": [{"id": "2"}]}] * 4
    usage = shop.connector.pool_usage() if isinstance(shop.connector, SqlConnector) else None
    assert usage is not None
    assert usage.idle == 1
    path.unlink()
    with pytest.raises(SourceUnavailableError):
        await shop.fetch(Order, ["c1"], fields=ID)
    await shop.connector.aclose()


async def test_a_column_that_is_gone_is_no_field_any_more(shop: Shop) -> None:
    """Twenty calls at once learn the columns once more, and none of them fails."""
    await shop.fill(orders=[order(1)])
    await with_records(shop, order=ORDERS)
    assert await shop.fetch(Order, ["c1"], fields=STATUS) == {"c1": [{"id": "1", "status": "NEW"}]}
    if shop.backend == "files":
        (folder_of(shop.url) / "orders.csv").write_text("id,customer,placed\n1,c1,2018-01-01T00:00:00Z\n")
    else:
        await shop.execute("ALTER TABLE orders DROP COLUMN status")
    with shop.statements() as seen:
        found = await asyncio.gather(*(shop.fetch(Order, ["c1"], fields=STATUS) for _ in range(20)))
    assert found == [{"c1": [{"id": "1"}]}] * 20
    assert len([statement for statement in seen if "AS learnt" in statement]) == 1


@pytest.mark.postgresql
async def test_columns_of_another_type_are_read_as_such(postgresql_database: str) -> None:
    """Lists and figures, by the connection that knows the old ones."""
    async with shop_at("postgresql", postgresql_database) as shop:
        await shop.fill(orders=[order(1)])
        await with_records(shop, order=TIMED)
        newest = Measure(op=MeasureOp.MAX, field="placed_at")
        expected = {"c1": [{"id": "1", "placedAt": "2018-01-01T00:00:00Z"}]}
        for change in ("id TYPE text", "placed TYPE bigint USING 1514764800", "placed TYPE text USING '2018-01-01'"):
            assert await shop.fetch(Order, ["c1"], fields=Fields.from_paths("id", "placed_at")) == expected
            assert await shop.aggregate(Order).measure(["c1"], [newest]) == {"c1": ["2018-01-01T00:00:00Z"]}
            await shop.execute(f"ALTER TABLE orders ALTER {change}")
        assert await shop.aggregate(Order).measure(["c1"], [newest]) == {"c1": ["2018-01-01T00:00:00Z"]}
        assert await shop.fetch(Order, ["c1"], fields=Fields.from_paths("id", "placed_at")) == expected


@pytest.mark.postgresql
async def test_a_statement_that_fails_for_another_reason_is_run_once(postgresql_database: str) -> None:
    """The columns are looked at again, and are as they were."""
    broken = {**TIMED, "query": "SELECT id, customer, placed AS placed_at, 1 / (id - 1) AS number FROM orders"}
    async with shop_at("postgresql", postgresql_database) as shop:
        await shop.fill(orders=[order(1), (2, "c2", *order(2)[2:])])
        await with_records(shop, order=broken)
        fields = Fields.from_paths("id", "number")
        assert ids(await shop.fetch(Order, ["c2"], fields=fields)) == {"c2": ["2"]}
        with shop.statements() as seen, pytest.raises(SourceProtocolError):
            await shop.lookup(Order).fetch(["c1"], Ask(fields=fields))
        assert ["AS learnt" in statement for statement in seen] == [False, True]
        assert ids(await shop.fetch(Order, ["c2"], fields=fields)) == {"c2": ["2"]}
