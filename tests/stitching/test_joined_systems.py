"""One order in a database, in MongoDB and behind an HTTP API: read from the real ones, joined, and shown under one id."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from aiohttp import web

from connectors.contract import Connector
from connectors.http import HttpConnector, HttpSettings
from connectors.mongo import MongoConnector, MongoSourceSettings
from connectors.sql import SqlConnector, SqlSettings
from tests.support.gateway_server import PATIENT_MS, PLAINLY, gateway_on
from tests.support.http_source import serving
from tests.support.literal_sources import people, query_of, record
from tests.support.mongo_shop import MongoShop
from tests.support.sql_shop import sqlite_url

pytestmark = pytest.mark.mongodb

BOTH = ["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)]
QUERY = """{ customer(by: {id: "c1"}) {
    orders(first: 10) { totalCount partial unavailable
      nodes { id status placedAt total { amount } refunded { amount } externalIds { source id } items { sku } } }
    shipped: orders(filter: {status: [SHIPPED]}) { totalCount nodes { id } }
    orderStatistics { count partial total { amount currency } refunded { amount } } } }"""


class Erp:
    """Gives the orders of a customer, and is down when it is told to be."""

    is_down = False

    async def answer(self, request: web.Request) -> web.Response:
        rows = [
            {"id": 900, "placedAt": "2026-06-01T09:00:00Z", "status": "delivered", "price": "11.00", "shopOrder": "1"},
            {"id": 901, "placedAt": "2026-06-05T09:00:00Z", "status": "shipped", "price": "7.50", "shopOrder": None},
        ]
        if self.is_down or request.path != "/customers/c1/orders":
            return web.json_response({}, status=503)
        return web.json_response({"orders": rows})


def shop_connector(url: str) -> SqlConnector:
    """Two orders; of the first one the state is not known, and what is refunded is not the shop's to say."""
    orders = [
        {"id": "1", "customer_id": "c1", "placed_at": "2026-06-01T10:00:00Z", "status": "", "total_amount": "10.00"},
        {"id": "2", "customer_id": "c1", "placed_at": "2026-06-03T10:00:00Z", "status": "shipped", "total_amount": "20.00"},
    ]
    rows = [{**row, "total_currency": "EUR"} for row in orders]
    items = {"items": {"query": query_of([{"parent": "1", "sku": "s1"}])}}
    return SqlConnector(
        "shop", SqlSettings.model_validate({"url": url, "records": people("c1") | {"order": record(rows, lists=items)}})
    )


@pytest_asyncio.fixture
async def erp() -> AsyncIterator[tuple[Erp, HttpConnector]]:
    """The ERP states the shop's id of an order."""
    api = Erp()
    fields = {
        "placed_at": "placedAt",
        "total.amount": "price",
        "total.currency": "'EUR'",
        "external_ids": "shopOrder && [{source: 'shop', id: shopOrder}] || `[]`",
    }
    keys = {"customer_id": {"path": "/customers/{key}/orders"}}
    async with serving(api.answer) as base_url:
        document = {"base_url": base_url, "records": {"order": {"list": "orders", "fields": fields, "keys": keys}}}
        yield api, HttpConnector("erp", HttpSettings.model_validate(document))


@pytest_asyncio.fixture
async def payments(mongo_shop: MongoShop) -> MongoConnector:
    """Payments have the shop's ids, and know what is refunded of the one order that they have a total of."""
    paid = datetime(2026, 6, 1, 10, 5, tzinfo=UTC)
    money = {"total": {"amount": "10.00", "currency": "EUR"}, "refunded": {"amount": "4.00", "currency": "EUR"}}
    await mongo_shop.fill(payments=[{"_id": "1", "customer": "c1", "placed": paid, "status": "CONFIRMED"} | money])
    order = {"collection": "payments", "fields": {"placed_at": "placed"}, "keys": {"customer_id": "customer"}}
    settings = {"url": mongo_shop.url, "database": mongo_shop.name, "records": {"order": order}}
    return MongoConnector("payments", MongoSourceSettings.model_validate(settings))


def of_the_shop(own_id: str, status: str, day: int, amount: str, **changes: Any) -> dict[str, Any]:
    shown = {"id": f"shop:{own_id}", "status": status, "placedAt": f"2026-06-0{day}T10:00:00Z", "total": {"amount": amount}}
    return shown | {"refunded": None, "externalIds": [], "items": []} | changes


SECOND = of_the_shop("2", "SHIPPED", 3, "20.00")
ONLY_ERP = {**of_the_shop("", "SHIPPED", 5, "7.50"), "id": "erp:901", "placedAt": "2026-06-05T09:00:00Z"}
IDS = [{"source": "erp", "id": "900"}]


async def ask(connectors: list[Connector[Any]], priority: list[str]) -> dict[str, Any]:
    blocks: dict[str, Any] = {own.name: {"kind": own.kind, **PLAINLY} for own in connectors}
    blocks["payments"]["order_ids_of"] = "shop"
    async with gateway_on(connectors, sources=blocks, order={"priority": priority}, deadline_ms=PATIENT_MS) as gateway:
        customer: dict[str, Any] = (await gateway.data(QUERY))["customer"]
    return customer


@pytest.mark.parametrize("backend", BOTH)
async def test_an_order_of_three_systems_is_one(
    request: pytest.FixtureRequest, tmp_path: Path, backend: str, erp: tuple[Erp, HttpConnector], payments: MongoConnector
):
    """The shop's values come first, what it leaves empty is of the next one, and its amounts are its own alone."""
    url = sqlite_url(tmp_path) if backend == "sqlite" else request.getfixturevalue("postgresql_database")
    connectors = [shop_connector(url), payments, erp[1]]
    ids = [{"source": "shop", "id": "1"}]
    first = of_the_shop("1", "CONFIRMED", 1, "10.00", items=[{"sku": "s1"}])
    first["externalIds"] = [{"source": "payments", "id": "1"}, *IDS]
    assert await ask(connectors, ["shop", "payments", "erp"]) == {
        "orders": {"totalCount": 3, "partial": False, "unavailable": [], "nodes": [ONLY_ERP, SECOND, first]},
        "shipped": {"totalCount": 2, "nodes": [{"id": "erp:901"}, {"id": "shop:2"}]},
        "orderStatistics": {"count": 3, "partial": False, "total": [{"amount": "37.50", "currency": "EUR"}], "refunded": []},
    }
    paid_first = (await ask(connectors, ["payments", "shop", "erp"]))["orders"]["nodes"][2]
    assert paid_first == first | {
        "id": "payments:1",
        "placedAt": "2026-06-01T10:05:00Z",
        "refunded": {"amount": "4.00"},
        "externalIds": [*ids, *IDS],
    }


async def test_an_api_that_is_down_costs_what_it_alone_knows(
    tmp_path: Path, erp: tuple[Erp, HttpConnector], payments: MongoConnector
):
    """The orders of the others are there under the same ids; no total is told, and figures say that they are partial."""
    erp[0].is_down = True
    answer = await ask([shop_connector(sqlite_url(tmp_path)), payments, erp[1]], ["shop", "payments", "erp"])
    page, figures = answer["orders"], answer["orderStatistics"]
    assert [node["id"] for node in page["nodes"]] == ["shop:2", "shop:1"]
    assert (page["totalCount"], page["partial"], page["unavailable"]) == (None, True, ["erp"])
    assert (figures["count"], figures["partial"], figures["total"]) == (2, True, [{"amount": "30.00", "currency": "EUR"}])
