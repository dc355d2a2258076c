"""Times that documents have as texts or numbers, which no date is compared with: lists and measures agree on them."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from pymongo import AsyncMongoClient

from connectors.mongo import MongoConnector, MongoSourceSettings
from tests.support.every_source import People, PeopleSettings
from tests.support.gateway_server import gateway_on

pytestmark = pytest.mark.mongodb

TAGS = """
facts:
  spent: {label: Spent, record: order, measure: sum, field: total, currency: EUR}
  lately: {label: Lately, record: order, measure: count, window: 10d}
tags:
  buyer:
    label: Buyer
    description: Whether they buy.
    owner: shop
    category: VALUE
    ttl: 1h
    version: 1
    words: YES with a purchase.
    expression: "spent > 0.0 || lately > 0 ? 'YES' : 'NO'"
    values: ['YES', 'NO']
"""
QUERY = """{ customer(by: {id: "c1"}) { all: orders { nodes { id } }
    late: orders(filter: {since: "2024-05-25T00:00:00Z"}) { nodes { id placedAt } totalCount }
    early: orders(filter: {until: "2024-05-25T00:00:00Z"}) { nodes { id } }
    orderStatistics { count } tag(key: "buyer") { value partial evidence { name value partial } }
    sources { name droppedRecords } } }"""


async def test_what_has_no_date_is_in_no_list_and_in_no_measure(
    tmp_path: Path, mongodb_uri: str, mongodb_database: str
) -> None:
    """Whatever is selected, and with bounds or without. Lists count it as dropped, and facts are partial."""
    times: list[Any] = ["2024-05-29T10:00:00Z", "2024-05-01T10:00:00Z", 1_716_900_000, datetime(2024, 5, 28, tzinfo=UTC)]
    orders = [{"customer": "c1", "number": f"o{n}", "at": at, "amount": f"{n}.50"} for n, at in enumerate(times)]
    (tmp_path / "tags.yaml").write_text(TAGS, "utf-8")
    async with AsyncMongoClient(mongodb_uri, timeoutMS=20_000) as client:
        await client[mongodb_database].orders.insert_many(orders)
    fields = {"id": "number", "placed_at": "at", "total": {"amount": "amount", "currency": {"value": "EUR"}}}
    order = {"collection": "orders", "fields": fields, "keys": {"customer_id": "customer"}}
    settings = {"url": mongodb_uri, "database": mongodb_database, "records": {"order": order}}
    shop = MongoConnector("shop", MongoSourceSettings.model_validate(settings))
    pinned = {"clock": {"pinned": "2024-05-31T12:00:00Z"}, "tags": {"file": str(tmp_path / "tags.yaml")}}
    async with gateway_on([People("crm", PeopleSettings()), shop], **pinned) as gateway:
        customer = (await gateway.data(QUERY))["customer"]
    dropped = {source["name"]: source["droppedRecords"] for source in customer["sources"]}
    assert dropped["shop"] == 3 * 5  # by three lists and two measures
    late = {"id": "shop:o3", "placedAt": "2024-05-28T00:00:00Z"}
    assert customer["all"]["nodes"] == [{"id": "shop:o3"}]
    assert customer["late"] == {"nodes": [late], "totalCount": 1}
    assert customer["early"]["nodes"] == []
    assert customer["orderStatistics"] == {"count": 1}
    assert customer["tag"] == {
        "value": "YES",
        "partial": True,
        "evidence": [
            {"name": "lately", "value": 1, "partial": True},
            {"name": "spent", "value": 3.5, "partial": True},
        ],
    }
