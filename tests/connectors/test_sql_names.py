"""A table of one's own may have any name, also one that statements use inside."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from connectors.sql import SqlConnector
from connectors.sql.settings import SqlSettings
from tests.support import shop
from tests.support.gateway_server import gateway_on

NAMES = ("pairs", "matched", "ranked", "measured", "numbered", "found", "items", "values_", "t", "orders", "keys")


@pytest.mark.cases
@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("by_pairs", [False, True])
async def test_a_table_may_be_called_so(tmp_path: Path, name: str, by_pairs: bool) -> None:
    """Its records, their items and figures are there, by a column and by pairs."""
    with closing(sqlite3.connect(tmp_path / "shop.db")) as database, database:
        database.execute(f'CREATE TABLE "{name}" (id TEXT, customer TEXT, parent TEXT, placed_at TEXT, amount TEXT, name TEXT)')
        rows = [(f"o{n}", "c1", f"o{n}", f"2026-06-0{n}T12:00:00Z", "10.00", "x") for n in (1, 2)]
        database.executemany(f'INSERT INTO "{name}" VALUES (?, ?, ?, ?, ?, ?)', rows)
    key = {"query": f'SELECT id, customer AS key FROM "{name}"'} if by_pairs else "customer"
    order = {
        "query": f"""SELECT id, customer, placed_at, amount AS total_amount, 'EUR' AS total_currency FROM "{name}" """,
        "keys": {"customer_id": key},
        "lists": {"items": {"query": f'SELECT parent, name FROM "{name}"'}},
    }
    settings = {"url": f"sqlite+aiosqlite:///{tmp_path / 'shop.db'}", "records": {"order": order}}
    query = """{ customer(by: {id: "c1"}) {
        orders(first: 1) { totalCount nodes { sourceId items { name } } pageInfo { hasNextPage } }
        orderStatistics { count partial total { amount } } } }"""
    async with gateway_on([shop.crm(), SqlConnector("orders", SqlSettings.model_validate(settings))]) as gateway:
        data = await gateway.data(query)
    assert data["customer"] == {
        "orders": {"totalCount": 2, "nodes": [{"sourceId": "o2", "items": [{"name": "x"}]}], "pageInfo": {"hasNextPage": True}},
        "orderStatistics": {"count": 2, "partial": False, "total": [{"amount": "20.00"}]},
    }
