"""`updated_since` at the sources: in the statement of a database, from the settings of an API."""

from datetime import UTC, datetime
from pathlib import Path
from sqlite3 import connect

import msgspec
import pytest

from connectors.contract import Ask, KeyKind, Page
from connectors.record_fields import Fields
from connectors.records import Order
from connectors.sql import SqlConnector
from connectors.sql.settings import SqlSettings
from connectors.toolkit.mapping.jmespath_expressions import checked

SINCE = datetime(2026, 6, 10, tzinfo=UTC)


@pytest.mark.parametrize("columns", ["*", "id, customer, placed_at"], ids=["with times", "without"])
async def test_sqlite_leaves_out_older_rows(tmp_path: Path, columns: str):
    """Rows of that moment and rows without a time are in. Whether there are times is known with the columns."""
    with connect(tmp_path / "shop.db") as shop:
        shop.execute("CREATE TABLE bought (id, customer, placed_at, updated_at)")
        times = {"o1": "2026-06-09T23:59:59Z", "o2": "2026-06-10T00:00:00Z", "o3": None, "o4": "2026-06-11T00:00:00Z"}
        rows = [(id_, "c1", f"2026-06-0{place}T00:00:00Z", time) for place, (id_, time) in enumerate(times.items(), 1)]
        shop.executemany("INSERT INTO bought VALUES (?, ?, ?, ?)", rows)
    order = {"query": f"SELECT {columns} FROM bought", "keys": {"customer_id": "customer"}}
    settings = {"url": f"sqlite+aiosqlite:///{tmp_path / 'shop.db'}", "records": {"order": order}}
    connector = SqlConnector("shop", SqlSettings.model_validate(settings))
    await connector.open()
    try:
        (lookup,) = connector.lookups()
        ask = Ask(fields=Fields.from_paths("id"), first=2, count=True, updated_since=SINCE)
        page = (await lookup.fetch(["c1"], ask))["c1"]
        assert connector.has_update_times(Order) is (columns == "*")
    finally:
        await connector.aclose()
    assert lookup.by is KeyKind.CUSTOMER_ID
    assert isinstance(page, Page)
    if columns == "*":
        assert isinstance(page.records, bytes)
        assert ([row["id"] for row in msgspec.json.decode(page.records)], page.total) == (["o4", "o3"], 3)


@pytest.mark.parametrize("expression", ["rows[:1]", "rows[1:]", "rows[::2].id", "rows[:1] | length(@)"])
def test_a_slice_is_an_expression(expression: str):
    """Its bounds are no expressions, and may be left out."""
    assert checked(expression) == expression
    with pytest.raises(ValueError, match="no function `size`"):
        checked(f"size({expression})")
