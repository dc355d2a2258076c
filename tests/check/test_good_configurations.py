"""Configurations that are right: no problem is told of one."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from connectors.errors import ConfigurationError
from gateway.check.command import Check, check
from gateway.demo.olist_files import find_files
from gateway.demo.prepare import prepare_olist, prepare_shop
from tests.support import mongo_shop as mongo
from tests.support.http_source import SupportApi, serving, support_settings
from tests.support.mongo_shop import MongoShop
from tests.support.paths import ROOT
from tests.support.sql_shop import Shop, day
from tests.vendors.zendesk import AGENT, TOKEN, ZendeskApi

EVERY_PUSH = ("first", "after", "since", "where", "order", "count")


async def problems_of(folder: Path, source: dict[str, Any], **settings: Any) -> list[str]:
    """What the check says of a file that has one source."""
    path = folder / "gateway.toml"
    lines = [f"{name} = {inline(value)}" for name, value in settings.items()]
    lines += ["[sources.shop]", *(f"{json.dumps(name)} = {inline(value)}" for name, value in source.items())]
    path.write_text("\n".join(lines), encoding="utf-8")
    return told(await check(path, environment={}))


def inline(value: Any) -> str:
    """Write a value of TOML in one line."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{json.dumps(name)} = {inline(own)}" for name, own in value.items()) + "}"
    return json.dumps(list(value) if isinstance(value, tuple) else value)


def told(found: Check) -> list[str]:
    return [str(problem) for problem in found.report.problems]


async def test_the_demo_shop(tmp_path: Path) -> None:
    """Six databases, with all lookups that the demo has."""
    prepared = prepare_shop(tmp_path, customers=30, seed=1, progress=lambda *_: None)
    found = await check(prepared.settings, environment={})
    assert told(found) == []
    shown = {(own.source, own.key): (own.pushdown, own.measures) for own in found.report.lookups}
    assert len(shown) == 24
    assert shown["orders", "customer_id"] == (list(EVERY_PUSH), True)
    assert shown["crm", "text"] == (list(EVERY_PUSH), False)


async def test_the_published_data_set(tmp_path: Path) -> None:
    """Another shop, whose settings the demo writes."""
    data = Path(os.environ.get("GATEWAY_TEST_OLIST_DATA", ROOT.parent / "shared" / "data"))
    try:
        find_files(data)
    except ConfigurationError:
        pytest.skip("the published Olist files are not here: name their folder in GATEWAY_TEST_OLIST_DATA")
    prepared = prepare_olist(tmp_path, data, postgresql=None, progress=lambda *_: None)
    assert told(await check(prepared.settings, environment={})) == []


async def test_a_database(database_shop: Shop, tmp_path: Path) -> None:
    """On each dialect, with nested lists, keys in tables of their own and a search for text."""
    await database_shop.fill()
    settings = database_shop.connector.settings.model_dump(mode="json", exclude_defaults=True)
    assert await problems_of(tmp_path, {"kind": "sql", **settings}) == []


@pytest.mark.mongodb
async def test_documents(mongo_shop: MongoShop, tmp_path: Path) -> None:
    """A collection with an index for its key. The store is on the same server."""
    order = {"_id": "1", "customer": "c1", "placed": day(1), "total": 1, "currency": "EUR", "lines": [{"cents": 5}]}
    await mongo_shop.fill(orders=[order])
    await mongo_shop.database.orders.create_index([("customer", 1), ("placed", -1), ("_id", -1)])
    records = {"order": mongo.RECORDS["order"]}
    source = {"kind": "mongo", "url": mongo_shop.url, "database": mongo_shop.name, "records": records}
    store = {"uri": mongo_shop.url, "timeout_ms": 20_000}
    assert await problems_of(tmp_path, source, mongodb=store) == []


async def test_files(tmp_path: Path) -> None:
    """A folder of exports, with a name for one and another by its own."""
    (tmp_path / "orders.csv").write_text("no,customer,ordered,total\n1,c1,2026-01-01,5.00\n", encoding="utf-8")
    (tmp_path / "lines.csv").write_text("order_no,sku\n1,a\n", encoding="utf-8")
    order = {
        "query": "SELECT no AS id, customer, ordered AS placed_at, total AS total_amount, 'EUR' AS total_currency FROM orders",
        "keys": {"customer_id": "customer"},
        "lists": {"items": {"query": "SELECT order_no AS parent, sku FROM 'lines.csv'"}},
    }
    source = {"kind": "files", "path": str(tmp_path), "tables": {"orders": "orders.csv"}, "records": {"order": order}}
    assert await problems_of(tmp_path, source) == []


async def test_an_api(tmp_path: Path) -> None:
    """With a token, a batch of keys, pages, and a POST."""
    async with serving(SupportApi().answer) as url:
        source = {"kind": "http", **support_settings(url).model_dump(mode="json", exclude_defaults=True)}
        assert await problems_of(tmp_path, source) == []


async def test_a_preset(tmp_path: Path) -> None:
    """A vendor's API, with words of the account's own."""
    async with serving(ZendeskApi().answer) as url:
        source = {"kind": "zendesk", "base_url": url, "token": TOKEN, "email": AGENT}
        words = {"ticket": {"status": {"waiting": "PENDING"}}}
        assert await problems_of(tmp_path, source | {"keys": {"ticket": ["email"]}, "values": words}) == []


async def test_variables_count(tmp_path: Path) -> None:
    """Settings of the environment fill what the file leaves open, and are no mistake."""
    (tmp_path / "gateway.toml").write_text('[sources.crm]\nkind = "files"\npath = "${DATA}"\n', encoding="utf-8")
    (tmp_path / "people.csv").write_text("id,name\n1,Ann\n", encoding="utf-8")
    environment = {
        "DATA": str(tmp_path),
        "GATEWAY_SOURCES__CRM__RECORDS__CUSTOMER__QUERY": "SELECT * FROM 'people.csv'",
        "GATEWAY_SOURCES__CRM__RECORDS__CUSTOMER__KEYS__CUSTOMER_ID": "id",
    }
    assert told(await check(tmp_path / "gateway.toml", environment=environment)) == []
