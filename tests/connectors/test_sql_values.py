"""The sql kind's values: what stands in a column and what stands in the record."""

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import ColumnElement, column, select
from sqlalchemy.dialects import sqlite

from connectors.contract import Condition, Position
from connectors.record_fields import Fields
from connectors.records import Customer, Event, Order
from connectors.sql import SqlConnector
from connectors.sql.sqlite import Sqlite
from connectors.sql.sqlite_functions import FUNCTIONS, TIME
from tests.support.sql_shop import RECORDS, Shop, connector_at, day, settings, shop_at, sqlite_url

SQLITE_TIMES = {
    "2018-01-02T03:04:05Z": "2018-01-02T03:04:05Z",
    "2018-01-02 03:04:05": "2018-01-02T03:04:05Z",
    "2018-01-02 03:04": "2018-01-02T03:04:00Z",
    "2018-01-02": "2018-01-02T00:00:00Z",
    "2018-01-02T03:04:05.5": "2018-01-02T03:04:05.500000Z",
    "2018-01-02T03:04:05.000Z": "2018-01-02T03:04:05Z",
    "2018-01-02 03:04:59.9999994+02:00": "2018-01-02T01:04:59.999999Z",
    "2018-01-02T03:04:05.123456-03:30": "2018-01-02T06:34:05.123456Z",
    "2018-01-01T00:30:00+01:00": "2017-12-31T23:30:00Z",
}
SQLITE_DECIMALS = [
    (107, "107.00"),
    (107.78, "107.78"),
    (107.5, "107.50"),
    (0.1 + 0.2, "0.30"),
    (107.78000000000002, "107.78"),
    (-0.05, "-0.05"),
    (1.005, "1.005"),
    (0.125, "0.125"),
    (12345678.9, "12345678.90"),
    (9007199254740993, "9007199254740993.00"),
    ("'107.78'", "107.78"),
    ("'107.7'", "107.70"),
    ("'107'", "107.00"),
    ("'107.'", "107.00"),
    ("'107.500'", "107.50"),
    ("'0.1234'", "0.1234"),
    ("'12345678901234567890.12'", "12345678901234567890.12"),
    ("'1e3'", "1e3"),
    ("'abc'", "abc"),
]
POSTGRESQL_TIMES = {
    "TIMESTAMP '2018-01-02 03:04:05.5'": "2018-01-02T03:04:05.500000Z",
    "TIMESTAMPTZ '2018-01-02 03:04:05+02'": "2018-01-02T01:04:05Z",
    "DATE '2018-01-02'": "2018-01-02T00:00:00Z",
    "'2018-01-02T03:04:05.123456-03:30'::text": "2018-01-02T06:34:05.123456Z",
}
POSTGRESQL_DECIMALS = {
    "107": "107.00",
    "107.5000::numeric": "107.50",
    "107.78::float8": "107.78",
    "107.78::real": "107.78",
    "(0.1::float8 + 0.2::float8)": "0.30",
    "0.12340::numeric": "0.1234",
    "'12.3'::text": "12.30",
    "12345678901234567890.12": "12345678901234567890.12",
}


async def only_order(url: str, placed_at: str, total: Any) -> dict[str, Any]:
    """An order of one row that the query itself makes up."""
    query = f"SELECT 1 AS id, 'c1' AS customer, {placed_at} AS placed_at, {total} AS total_amount, 'EUR' AS total_currency"
    shop = Shop("sqlite", url)
    shop.connector = SqlConnector("shop", settings(url, records={"order": RECORDS["order"] | {"query": query, "lists": {}}}))
    try:
        return (await shop.fetch(Order, ["c1"]))["c1"][0]
    finally:
        await shop.connector.aclose()


@pytest.mark.parametrize(("text", "expected"), SQLITE_TIMES.items())
async def test_sqlite_times_are_rfc_3339_in_utc(tmp_path: Path, text: str, expected: str) -> None:
    """Text with or without T, offset and fraction; not even a microsecond is lost."""
    assert (await only_order(sqlite_url(tmp_path), f"'{text}'", 1))["placedAt"] == expected


def counted(calls: list[Any]) -> sqlite3.Connection:
    """A database that tells which values are read by the functions of ours."""
    database = sqlite3.connect(":memory:")
    for name, function in FUNCTIONS.items():
        database.create_function(name, 1, lambda value, read=function: (calls.append(value), read(value))[1])
    return database


def value_of(database: sqlite3.Connection, expression: ColumnElement[Any], value: str) -> Any:
    text = select(expression).compile(dialect=sqlite.dialect(), compile_kwargs={"literal_binds": True})
    return database.execute(f"{text} FROM (SELECT {value} AS v)").fetchone()[0]


@pytest.mark.cases
@pytest.mark.parametrize(
    ("text", "calls"),
    [
        ("2018-01-02T03:04:05Z", 0),
        ("2018-01-02 03:04:05", 0),
        ("2020-02-29 23:59:59Z", 0),
        ("2018-12-31T23:59:59", 0),
        ("2018-02-29 00:00:00", 1),
        ("2018-02-30T00:00:00Z", 1),
        ("2018-01-01 24:00:00", 1),
        ("0000-01-01 00:00:00", 1),
        ("2018-01-02T03:04:05.5Z", 1),
        ("2018-01-02T03:04:05ZZ", 1),
        ("2018-01-02T03:04:05+", 1),
        ("2018-01-02T03:04:05.", 1),
        ("2018-01-02T03:04:05z", 0),
        ("2018-01-02 03:04:05 ", 0),
        ("now", 1),
    ],
)
def test_sqlite_reads_plain_times_without_a_function(text: str, calls: int) -> None:
    """A time in one of the forms that SQLite writes is what our function makes of it, and costs no call of it."""
    seen: list[Any] = []
    with closing(counted(seen)) as database:
        assert value_of(database, Sqlite().time(column("v")), f"'{text}'") == FUNCTIONS[TIME](text)
    assert len(seen) == calls


@pytest.mark.cases
@pytest.mark.parametrize(
    ("value", "number", "calls"),
    [("7", 7, 0), ("7.25", 7.25, 0), ("NULL", None, 0), ("'7.25'", 7.25, 1), ("''", None, 1), ("X'37'", None, 1)],
)
def test_sqlite_reads_numbers_without_a_function(value: str, number: float | None, calls: int) -> None:
    """Numbers are what they are; texts are read as all sources are; bytes are none."""
    seen: list[Any] = []
    with closing(counted(seen)) as database:
        assert value_of(database, Sqlite().number(column("v")), value) == number
    assert len(seen) == calls


@pytest.mark.parametrize(("value", "expected"), SQLITE_DECIMALS)
async def test_sqlite_decimals_have_two_decimals_when_that_is_exact(tmp_path: Path, value: Any, expected: str) -> None:
    """Of binary, whole and text columns, without the noise of binary numbers; what is no number stays as it is."""
    order = await only_order(sqlite_url(tmp_path), "'2018-01-01'", value)
    assert order["total"] == {"amount": expected, "currency": "EUR"}


@pytest.mark.postgresql
@pytest.mark.parametrize(("value", "expected"), POSTGRESQL_TIMES.items())
async def test_postgresql_times_are_rfc_3339_in_utc(postgresql_url: str, value: str, expected: str) -> None:
    """A timestamp without a time zone is taken as UTC, whatever the server's own zone."""
    assert (await only_order(postgresql_url, value, 1))["placedAt"] == expected


@pytest.mark.postgresql
@pytest.mark.parametrize(("value", "expected"), POSTGRESQL_DECIMALS.items())
async def test_postgresql_decimals_have_two_decimals_when_that_is_exact(postgresql_url: str, value: str, expected: str) -> None:
    """Of every kind of number."""
    assert (await only_order(postgresql_url, "now()", value))["total"] == {"amount": expected, "currency": "EUR"}


async def test_a_sqlite_cursor_is_exact_to_the_microsecond(tmp_path: Path) -> None:
    """Times in different writings compare as the times that are given out."""
    times = [
        "2018-01-01 10:00:00.000002",
        "2018-01-01T11:00:00.000001+01:00",
        "2018-01-01T10:00:00Z",
        "2018-01-01T09:59:59.9999999Z",
    ]
    async with shop_at("sqlite", sqlite_url(tmp_path)) as shop:
        await shop.fill(events=[(f"e{number}", "c1", time, "view", None) for number, time in enumerate(times)])
        every = (await shop.fetch(Event, ["c1"], fields=Fields.from_paths("id", "at")))["c1"]
        assert [event["at"][17:] for event in every] == ["00.000002Z", "00.000001Z", "00Z", "59.999999Z"]
        words: dict[str, Any] = dict(fields=Fields.from_paths("id"), after=Position(day(1, hour=10, microsecond=1), "e1"))
        assert await shop.fetch(Event, ["c1"], **words) == {"c1": [{"id": "e2"}, {"id": "e3"}]}


async def test_one_unreadable_sqlite_value_costs_its_record_only(tmp_path: Path) -> None:
    """Broken JSON is given as a text, a record without a readable time as null: the gateway drops each alone."""
    async with shop_at("sqlite", sqlite_url(tmp_path)) as shop:
        await shop.fill(
            events=[
                ("e1", "c1", "2018-01-01", "view", "{broken"),
                ("e2", "c1", "2018-01-01", "view", '{"a": 1}'),
                ("e3", "c1", "yesterday", "view", None),
            ]
        )
        found = await shop.fetch(Event, ["c1"], fields=Fields.from_paths("id", "properties"))
        assert found == {"c1": [{"id": "e2", "properties": {"a": 1}}, {"id": "e1", "properties": "{broken"}, None]}


async def test_a_json_column_of_texts_can_be_filtered(shop: Shop) -> None:
    """A list of plain values may be a column of JSON: it is embedded, and a condition looks into it."""
    ids = "CONCAT('[\"d1\", \"', id, '\"]')" if shop.backend == "mysql" else "'[\"d1\", \"' || id || '\"]'"
    record = {"query": f"SELECT id, 'k' AS owner, {ids} AS device_ids FROM customers", "keys": {"phone": "owner"}}
    await shop.fill(customers=[(own, "A", None, None, None, None, None, 1) for own in ("c1", "c2")])
    await shop.connector.aclose()
    shop.connector = connector_at(shop.url, records={"customer": record})
    words: dict[str, Any] = dict(by="phone", fields=Fields.from_paths("device_ids"))
    assert await shop.fetch(Customer, ["k"], **words) == {"k": [{"deviceIds": ["d1", "c1"]}, {"deviceIds": ["d1", "c2"]}]}
    where = (Condition("device_ids", ("c2", "x")),)
    assert await shop.fetch(Customer, ["k"], **words, where=where) == {"k": [{"deviceIds": ["d1", "c2"]}]}


async def test_a_query_stays_as_it_was_written(shop: Shop) -> None:
    """Colons, per cent signs, casts and backslashes in a user's query are not ours to read."""
    status = "CASE WHEN ':a%s' LIKE '%:a%' THEN '\\:x %% 10:30 :b' END AS status"
    written = ":x %% 10:30 :b" if shop.backend == "mysql" else "\\:x %% 10:30 :b"
    query = f"SELECT id, customer, placed AS placed_at, {status} FROM orders"
    await shop.fill(orders=[(1, "c1", "NEW", "2018-01-01T00:00:00Z", None, 1, "EUR")])
    await shop.connector.aclose()
    record = {"query": query, "keys": {"customer_id": "customer"}}
    shop.connector = connector_at(shop.url, records={"order": record})
    assert await shop.fetch(Order, ["c1"], fields=Fields.from_paths("status")) == {"c1": [{"status": written}]}
