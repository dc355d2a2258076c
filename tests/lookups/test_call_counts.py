"""Many customers cost one call per source and level, counted at the source.

The levels are the customers' own records, the records that a query names, and the facts of tags that the store does not hold.
"""

from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from aiohttp import web

from connectors import records as r
from connectors.http import HttpConnector, HttpSettings
from tests.support.demo_sources import PINNED, demo_rows, demo_shop, sql_sources, sqlite_shop, statements_to
from tests.support.gateway_server import gateway_on
from tests.support.http_source import serving

FIFTY = [f"c{number:05d}" for number in range(1, 51)]
RECORDS = """orders { nodes { id items { sku } payments { method } } } tickets { nodes { id messages { body } } }
    events { nodes { id type } }"""
EVERYTHING = f"name {RECORDS} tags {{ key value }}"

OWN = {"crm": 1}
NAMED = {"crm": 1, "orders": 1, "support": 1, "behaviour": 1}
FACTS = {"crm": 2, "orders": 2, "support": 1, "behaviour": 2}
ALL_LEVELS = {"crm": 2, "orders": 3, "support": 2, "behaviour": 3}
"""Hours of orders and days of events are read off the records: a call beside that for what their source measures."""

OF_RECORDS = {"crm": 2, "orders": 1, "support": 1, "behaviour": 1}
ALL_OF_RECORDS = {"crm": 2, "orders": 2, "support": 2, "behaviour": 2}
"""From a source that measures nothing the records come once for all facts."""

BARE_LEVELS = [("name", OWN), (f"name {RECORDS}", NAMED)]
LEVELS = [*BARE_LEVELS, ("tags { key }", FACTS), (EVERYTHING, ALL_LEVELS)]


@pytest.fixture
async def urls(sql_database, tmp_path):
    return await demo_shop(*sql_database, tmp_path)


def query(selected):
    return f"query ($ids: [ID!]!) {{ customers(ids: $ids) {{ id {selected} }} }}"


@pytest.mark.parametrize(("selected", "calls"), LEVELS)
async def test_fifty_customers_cost_one_statement_per_source_and_level(urls, selected, calls):
    """On `sql`, whatever is selected, although the fifty have more e-mail addresses and devices than they are."""
    sources = sql_sources(urls)
    async with gateway_on(sources, **PINNED) as gateway:
        await gateway.data(query(EVERYTHING), {"ids": ["c00051", "c00052"]})  # columns are learnt once, here
        with statements_to(sources) as seen:
            customers = (await gateway.data(query(selected), {"ids": FIFTY}))["customers"]
    assert Counter(statement.source for statement in seen) == calls
    assert [customer["id"] for customer in customers] == [f"crm:{one}" for one in FIFTY]
    assert sum(row[2] == "EMAIL" for row in demo_rows()["contact_points"] if row[0] in FIFTY) > 50
    assert sum(row[0] in FIFTY for row in demo_rows()["devices"]) > 50


@pytest.mark.mongodb
async def test_a_store_that_holds_the_tags_saves_their_level(tmp_path, mongodb_uri, mongodb_database):
    """With an empty store the calls are those of every level; asked again, the facts cost nothing."""
    store = {"mongodb": {"uri": mongodb_uri, "database": mongodb_database, "timeout_ms": 20_000}}
    sources = sql_sources(sqlite_shop(tmp_path))
    async with gateway_on(sources, **PINNED, **store) as gateway:
        await gateway.data(query(EVERYTHING), {"ids": ["c00051", "c00052"]})
        with statements_to(sources) as cold:
            first = await gateway.data(query(EVERYTHING), {"ids": FIFTY})
        with statements_to(sources) as warm:
            second = await gateway.data(query(EVERYTHING), {"ids": FIFTY})
    assert Counter(statement.source for statement in cold) == ALL_LEVELS
    assert Counter(statement.source for statement in warm) == NAMED
    assert second == first


class Api:
    """Fifty customers of three e-mail addresses and two devices each, an order, tickets and events for all of them.

    Every record type is asked by a POST with keys.
    """

    def __init__(self) -> None:
        self.asked: list[tuple[str, list[str]]] = []
        self._held = {"crm": {}, "orders": {}, "support": {}, "behaviour": {}}
        for customer in FIFTY:
            self._add(customer)

    def _add(self, customer: str) -> None:
        at = datetime(2026, 6, 1, tzinfo=UTC)
        emails = [f"{customer}.{n}@example.com" for n in range(3)]
        devices = [f"{customer}-d{n}" for n in range(2)]
        points = [r.ContactPoint(kind=r.ContactKind.EMAIL, value=email) for email in emails]
        own = r.Customer(id=customer, name=f"Customer {customer}", contact_points=points, device_ids=devices)
        self._held["crm"][customer] = [own]
        total = r.Money(amount=Decimal("12.50"), currency="EUR")
        self._held["orders"][customer] = [r.Order(id=f"{customer}-o", placed_at=at, total=total)]
        for n, email in enumerate(emails):
            self._held["support"][email] = [r.Ticket(id=f"{customer}-t{n}", created_at=at + timedelta(days=n))]
        for n, device in enumerate(devices):
            self._held["behaviour"][device] = [r.Event(id=f"{customer}-e{n}", at=at + timedelta(days=n), type="view")]

    async def answer(self, request: web.Request) -> web.Response:
        source = request.path.strip("/")
        keys = (await request.json())["keys"]
        self.asked.append((source, keys))
        held = self._held[source]
        groups = [{"key": key, "records": held[key]} for key in keys if key in held]
        return web.Response(body=msgspec.json.encode(groups), content_type="application/json")


def http_source(name: str, record: str, by: str, base_url: str) -> HttpConnector:
    call = {"path": f"/{name}", "method": "POST", "body": {"keys": "{keys}"}, "key": "key", "records": "records"}
    settings: dict[str, Any] = {"base_url": base_url, "max_batch": 500, "records": {record: {"keys": {by: call}}}}
    return HttpConnector(name, HttpSettings.model_validate(settings))


@asynccontextmanager
async def gateway_on_http(api: Api) -> AsyncIterator[Any]:
    async with serving(api.answer) as base_url:
        sources = [
            http_source("crm", "customer", "customer_id", base_url),
            http_source("orders", "order", "customer_id", base_url),
            http_source("support", "ticket", "email", base_url),
            http_source("behaviour", "event", "device_id", base_url),
        ]
        async with gateway_on(sources, **PINNED) as gateway:
            yield gateway


@pytest.mark.parametrize(("selected", "calls"), [*BARE_LEVELS, ("tags { key }", OF_RECORDS), (EVERYTHING, ALL_OF_RECORDS)])
async def test_fifty_customers_cost_one_request_per_source_and_level(selected, calls):
    """On `http`, which measures nothing: what facts need is read, in one request as well."""
    api = Api()
    async with gateway_on_http(api) as gateway:
        customers = (await gateway.data(query(selected), {"ids": FIFTY}))["customers"]
    assert Counter(source for source, _ in api.asked) == calls
    assert [customer["id"] for customer in customers] == [f"crm:{one}" for one in FIFTY]


async def test_all_keys_of_all_customers_leave_in_one_request():
    """150 e-mail addresses and 100 devices, each once, though two customers are asked for twice; lists are whole."""
    api = Api()
    async with gateway_on_http(api) as gateway:
        data = await gateway.data(query(f"name {RECORDS}"), {"ids": [*FIFTY, *FIFTY[:2]]})
    assert {source: (len(keys), len(set(keys))) for source, keys in api.asked} == {
        "crm": (50, 50),
        "orders": (50, 50),
        "support": (150, 150),
        "behaviour": (100, 100),
    }
    assert len(api.asked) == 4
    assert data["customers"][50:] == data["customers"][:2]
    shown = [
        (len(one["orders"]["nodes"]), len(one["tickets"]["nodes"]), len(one["events"]["nodes"])) for one in data["customers"]
    ]
    assert shown == [(1, 3, 2)] * 52
