"""Texts end where they end, and years are written with four digits."""

import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pydantic
import pytest

from connectors.contract import Ask, Page
from connectors.record_fields import Fields
from connectors.records import Address, Money
from connectors.sql import SqlConnector
from connectors.sql.mysql import Mysql
from connectors.sql.settings import SqlSettings
from connectors.vendors.posthog.settings import Property
from connectors.vendors.salesforce.settings import FieldName
from connectors.vendors.stripe.connector import Word
from gateway.settings import SourceName

pytestmark = pytest.mark.cases

EARLY = [datetime(year, 1, 2, 3, 4, 5, 6, tzinfo=UTC) for year in (1, 500, 999, 1000)]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\x00", " "])
@pytest.mark.parametrize(
    ("kind", "fields"), [(Money, {"amount": "1", "currency": "EUR"}), (Address, {"country": "DE"})], ids=["money", "address"]
)
def test_a_code_with_a_line_break_is_none(kind: type[msgspec.Struct], fields: dict[str, str], end: str):
    """The code of a currency, or of a country, is its letters and nothing behind them."""
    assert msgspec.json.decode(msgspec.json.encode(fields), type=kind)
    name = list(fields)[-1]
    with pytest.raises(msgspec.ValidationError, match=name):
        msgspec.json.decode(msgspec.json.encode(fields | {name: fields[name] + end}), type=kind)


@pytest.mark.parametrize("kind", [SourceName, Property, FieldName, Word])
def test_a_setting_with_a_line_break_is_none(kind: Any):
    """Pydantic reads `$` as the end of the text, where Python's own patterns also take the place before a last line break."""
    adapter = pydantic.TypeAdapter(kind)
    assert adapter.validate_python("name") == "name"
    with pytest.raises(pydantic.ValidationError):
        adapter.validate_python("name\n")


@pytest.fixture
async def early_orders(tmp_path: Path) -> AsyncIterator[SqlConnector]:
    path = tmp_path / "shop.db"
    with closing(sqlite3.connect(path)) as database, database:
        database.execute("CREATE TABLE o (id TEXT, customer_id TEXT, placed_at TEXT)")
        rows = [(f"o{time.year}", "c1", f"{time.year:04}-01-02T03:04:05.000006Z") for time in EARLY]
        database.executemany("INSERT INTO o VALUES (?, ?, ?)", rows)
    record = {"query": "SELECT * FROM o", "keys": {"customer_id": "customer_id"}}
    settings = SqlSettings.model_validate({"url": f"sqlite+aiosqlite:///{path}", "records": {"order": record}})
    connector = SqlConnector("orders", settings)
    await connector.open()
    yield connector
    await connector.aclose()


@pytest.mark.parametrize("place", range(len(EARLY)))
async def test_years_before_1000_are_compared_as_times(early_orders: SqlConnector, place: int):
    """SQLite compares texts: since such a year, until it, and after a record of it."""
    (lookup,) = early_orders.lookups()
    every = [f"o{time.year}" for time in EARLY]

    async def ids(**words: Any) -> list[str]:
        page = (await lookup.fetch(["c1"], Ask(fields=Fields.from_paths("id"), oldest_first=True, **words))).get(
            "c1", Page(b"[]")
        )
        assert isinstance(page, Page)
        return [one["id"] for one in msgspec.json.decode(page.records)]

    assert await ids(since=EARLY[place]) == every[place:]
    assert await ids(until=EARLY[place]) == every[:place]


@pytest.mark.parametrize("time", EARLY)
def test_mysql_is_told_a_year_of_four_digits(time: datetime):
    """`1-01-02` would be the year 2001 to it."""
    assert Mysql().time_value(time) == f"{time.year:04}-01-02 03:04:05.000006"
