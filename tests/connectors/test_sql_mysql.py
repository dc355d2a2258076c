"""The sql kind on MariaDB, where it differs: values, keys, sessions, and what is left on the server."""

import asyncio
import sys
from typing import Any

import pytest
from pydantic import ValidationError
from sqlalchemy import event, exc, make_url

from connectors.contract import Ask, KeyKind
from connectors.errors import SourceAuthError, SourceTimeoutError
from connectors.record_fields import Fields
from connectors.records import Customer, Event, Order
from connectors.sql import SqlConnector
from tests.support.mysql_server import MysqlServer
from tests.support.sql_shop import RECORDS, Shop, ids, settings, shop_at

pytestmark = pytest.mark.mysql

ID = Fields.from_paths("id")
ONE_ORDER = {"orders": [(1, "c1", "NEW", "2018-01-01T00:00:00Z", None, 1, "EUR")]}
TIMES = {
    "TIMESTAMP '2018-01-02 03:04:05.5'": "2018-01-02T03:04:05.500000Z",
    "DATE '2018-01-02'": "2018-01-02T00:00:00Z",
    "FROM_UNIXTIME(1514862245)": "2018-01-02T03:04:05Z",
    "'2018-01-02T03:04:05Z'": "2018-01-02T03:04:05Z",
    "'2018-01-02 03:04'": "2018-01-02T03:04:00Z",
    "'2018-01-02'": "2018-01-02T00:00:00Z",
    "'2018-01-02 03:04:59.9999999+02:00'": "2018-01-02T01:04:59.999999Z",
    "'2018-01-02T03:04:05.123456-03:30'": "2018-01-02T06:34:05.123456Z",
    "'2018-01-02T03:04:05.1234567Z'": "2018-01-02T03:04:05.123456Z",
    "'2018-01-01T00:30:00+01:00'": "2017-12-31T23:30:00Z",
    "'2118-01-01T00:30:00+01:00'": "2117-12-31T23:30:00Z",
    "'2018-01-02T03:04:05+0200'": "2018-01-02T01:04:05Z",
    "'20180102'": "2018-01-02T00:00:00Z",
    "1514862245": "2018-01-02T03:04:05Z",
    "1514862245250": "2018-01-02T03:04:05.250000Z",
}
NO_TIMES = {"'yesterday'": "yesterday", "'2018-02-30'": "2018-02-30", "17": None, "NULL": None}
DECIMALS = {
    "107": "107.00",
    "107.5000": "107.50",
    "CAST(107.78 AS DOUBLE)": "107.78",
    "CAST(107.78 AS FLOAT)": "107.78",
    "0.1e0 + 0.2e0": "0.30",
    "-0.05e0": "-0.05",
    "0e0": "0.00",
    "1.005e0": "1.005",
    "12345678.9e0": "12345678.90",
    "0.12340": "0.1234",
    "'12.3'": "12.30",
    "'107.'": "107.00",
    "'12345678901234567890.12'": "12345678901234567890.12",
    "12345678901234567890.12": "12345678901234567890.12",
    "'abc'": "abc",
}


async def only_order(url: str, placed_at: str, total: Any) -> dict[str, Any] | None:
    """An order of one row that the query itself makes up."""
    query = f"SELECT 1 AS id, 'c1' AS customer, {placed_at} AS placed_at, {total} AS total_amount, 'EUR' AS total_currency"
    shop = Shop("mysql", url)
    shop.connector = SqlConnector("shop", settings(url, records={"order": RECORDS["order"] | {"query": query, "lists": {}}}))
    try:
        return (await shop.fetch(Order, ["c1"]))["c1"][0]
    finally:
        await shop.connector.aclose()


@pytest.fixture(scope="module")
def any_database(mysql_server: MysqlServer) -> str:
    return mysql_server.url("mysql")


@pytest.mark.parametrize(("value", "expected"), TIMES.items())
async def test_times_are_rfc_3339_in_utc(any_database: str, value: str, expected: str) -> None:
    """Of columns that hold times and of text, with and without an offset, without rounding."""
    order = await only_order(any_database, value, 1)
    assert order is not None
    assert order["placedAt"] == expected


@pytest.mark.parametrize(("value", "expected"), NO_TIMES.items())
async def test_what_is_no_time_stays_as_it_is(any_database: str, value: str, expected: str | None) -> None:
    """MariaDB would read some of these as other times; the gateway drops the record, and counts it."""
    order = await only_order(any_database, value, 1)
    assert order is not None
    assert order["placedAt"] == expected


@pytest.mark.parametrize(("value", "expected"), DECIMALS.items())
async def test_decimals_have_two_decimals_when_that_is_exact(any_database: str, value: str, expected: str) -> None:
    """Of every kind of number, without the noise of binary ones; what is no number stays as it is."""
    order = await only_order(any_database, "NOW()", value)
    assert order is not None
    assert order["total"] == {"amount": expected, "currency": "EUR"}


@pytest.mark.parametrize("server_time_zone", ["SYSTEM", "+05:00"])
async def test_a_timestamp_is_in_utc_whatever_the_servers_zone(own_mysql: MysqlServer, server_time_zone: str) -> None:
    """TIMESTAMP is a moment, which MySQL shows in the zone of the session; DATETIME is taken as UTC."""
    own_mysql.sql(
        f"SET GLOBAL time_zone = '{server_time_zone}'",
        "CREATE DATABASE shop",
        "CREATE TABLE shop.orders (id INT, at TIMESTAMP)",
        "SET time_zone = '+02:00'",
        "INSERT INTO shop.orders VALUES (1, '2018-01-02 03:04:05')",
    )
    assert await only_order(own_mysql.url("shop"), "(SELECT at FROM orders)", 1) == {
        "id": "1",
        "placedAt": "2018-01-02T01:04:05Z",
        "total": {"amount": "1.00", "currency": "EUR"},
    }


async def test_bits_are_booleans(mysql_database: str) -> None:
    """BIT(1) is what some tools make of a boolean."""
    async with shop_at("mysql", mysql_database) as shop:
        await shop.fill(
            customers=[("c1", "A", None, None, None, None, None, 1)],
            points=[("c1", "EMAIL", "a", True), ("c1", "EMAIL", "b", False)],
        )
        await shop.execute("ALTER TABLE points MODIFY main BIT(1)")
        found = await shop.fetch(Customer, ["c1"], fields=Fields.from_paths("contact_points.primary"))
    assert found == {"c1": [{"contactPoints": [{"primary": True}, {"primary": False}]}]}


@pytest.mark.parametrize("collation", ["utf8mb4_general_ci", "utf8mb4_bin", "latin1_swedish_ci"])
async def test_keys_are_compared_exactly_whatever_the_collation(mysql_database: str, collation: str) -> None:
    """Another case, an accent and a space at the end make another key, and each key has a page of its own."""
    async with shop_at("mysql", mysql_database) as shop:
        await shop.fill()
        await shop.execute(f"ALTER TABLE events CONVERT TO CHARACTER SET {collation.partition('_')[0]} COLLATE {collation}")
        keys = ["c1", "C1", "c1 ", "ç1", "c\\1", "c'1", "c%1", 'c"1']
        await shop.add(events=[(f"e{n}", key, "2018-01-01T00:00:00Z", "view", None) for n, key in enumerate(keys)])
        found = ids(await shop.fetch(Event, [*keys, "Ç1"], fields=ID, first=1))
        assert found == {key: [f"e{n}"] for n, key in enumerate(keys)}


@pytest.mark.parametrize("mode", ["NO_BACKSLASH_ESCAPES", "ANSI", "STRICT_ALL_TABLES,ONLY_FULL_GROUP_BY", ""])
async def test_no_mode_of_the_server_lets_a_key_out_of_its_quotes(own_mysql: MysqlServer, mode: str) -> None:
    """Values stand in the statement as literals, and what ends one depends on the mode."""
    own_mysql.sql(f"SET GLOBAL sql_mode = '{mode}'", "CREATE DATABASE shop CHARACTER SET utf8mb4")
    async with shop_at("mysql", own_mysql.url("shop")) as shop:
        await shop.fill()
        keys = ["\\", "\\' OR 1 = 1 -- ", "' OR 1 = 1 -- ", "x\\", '" OR 1 = 1 -- ']
        assert await shop.fetch(Event, keys) == {}
        assert await shop.fetch(Customer, keys, KeyKind.TEXT) == {}


async def test_a_long_list_is_whole(mysql_database: str) -> None:
    """The server's own limit for aggregated text is a megabyte, and it would cut there."""
    async with shop_at("mysql", mysql_database) as shop:
        await shop.fill(**ONE_ORDER)
        await shop.execute("INSERT INTO order_items SELECT 1, seq, REPEAT('x', 1000), NULL, 1, NULL, NULL FROM seq_1_to_1500")
        (order,) = (await shop.fetch(Order, ["c1"], fields=Fields.from_paths("items.sku")))["c1"]
    assert {item["sku"] for item in order["items"]} == {"x" * 1000}
    assert len(order["items"]) == 1500


async def test_nothing_can_be_written(mysql_database: str) -> None:
    """The session itself refuses, whatever a query says and the user may do."""
    shop = Shop("mysql", mysql_database)
    await shop.fill()
    async with shop.connector.engine.connect() as connection:
        with pytest.raises(exc.OperationalError, match="READ ONLY"):
            await connection.exec_driver_sql("INSERT INTO devices VALUES ('c1', 'd1')")
    await shop.connector.aclose()


async def test_a_cancelled_call_is_stopped_on_the_server(mysql_database: str, mysql_server: MysqlServer) -> None:
    """MySQL would go on for a caller who hung up, so it is told to stop."""
    shop = Shop("mysql", mysql_database)
    await shop.fill(**ONE_ORDER)
    query = "SELECT id, customer, placed AS placed_at, SLEEP(1000) AS status FROM orders"
    shop.connector = SqlConnector(
        "shop", settings(shop.url, records={"order": {"query": query, "keys": {"customer_id": "customer"}}})
    )
    await shop.fetch(Order, ["c1"], fields=ID)
    call = asyncio.create_task(shop.fetch(Order, ["c1"], fields=Fields.from_paths("status")))
    while not await sleeping(shop):
        await asyncio.sleep(0.01)
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    async with asyncio.timeout(60):
        while await sleeping(shop):
            await asyncio.sleep(0.01)
    await shop.connector.aclose()


async def sleeping(shop: Shop) -> bool:
    async with shop.connector.engine.connect() as connection:
        count = "SELECT COUNT(*) FROM information_schema.processlist WHERE state = 'User sleep' AND db = DATABASE()"
        return bool((await connection.exec_driver_sql(count)).scalar())


async def test_a_statement_has_a_limit_of_time(mysql_database: str) -> None:
    """Should the gateway itself be gone; a statement whose time is up is a timeout of the source."""
    shop = Shop("mysql", mysql_database)
    await shop.fill(**ONE_ORDER)
    query = "SELECT id, customer, placed AS placed_at, SLEEP(1000) AS status FROM orders"
    shop.connector = SqlConnector(
        "shop", settings(shop.url, records={"order": {"query": query, "keys": {"customer_id": "customer"}}})
    )

    def hurry(connection: Any, _: Any) -> None:
        cursor = connection.cursor()
        cursor.execute("SELECT @@max_statement_time")
        assert cursor.fetchone() == (60.0,)
        cursor.execute("SET SESSION max_statement_time = 0.1")
        cursor.close()

    event.listen(shop.connector.engine.sync_engine, "connect", hurry)
    with pytest.raises(SourceTimeoutError):
        await shop.fetch(Order, ["c1"], fields=Fields.from_paths("status"))
    await shop.connector.aclose()


async def test_a_user_that_may_not_read_is_an_operators_task(mysql_database: str, mysql_server: MysqlServer) -> None:
    """An unknown user, one without the right to the database, and one without the right to the table."""
    shop = Shop("mysql", mysql_database)
    await shop.fill(**ONE_ORDER)
    database = make_url(mysql_database).database
    weak, weaker = f"w{database}"[:30], f"v{database}"[:30]
    mysql_server.sql(
        f"CREATE USER {weak}@localhost, {weaker}@localhost", f"GRANT SELECT ON {database}.events TO {weak}@localhost"
    )
    for user in ("nobody", weak, weaker):
        connector = SqlConnector("shop", settings(mysql_server.url(str(database), user)))
        with pytest.raises(SourceAuthError):
            await connector.lookups()[-2].fetch(["c1"], Ask(fields=ID))
        await connector.aclose()
    mysql_server.sql(f"DROP USER {weak}@localhost, {weaker}@localhost")


async def test_both_names_of_the_database_serve(mysql_database: str) -> None:
    """`mariadb+asyncmy` is the same to us."""
    async with shop_at("mysql", mysql_database.replace("mysql+", "mariadb+")) as shop:
        await shop.fill(**ONE_ORDER)
        assert await shop.connector.check() == []
        assert ids(await shop.fetch(Order, ["c1"])) == {"c1": ["1"]}


def test_the_missing_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """At start, with what to install."""
    monkeypatch.setitem(sys.modules, "asyncmy", None)
    with pytest.raises(ValidationError, match=r"MySQL needs an extra; install customer-profile-gateway\[mysql\]"):
        settings("mysql+asyncmy://u:secret@h/d")
