"""Every kind of connector keeps the published contract."""

import asyncio
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import uuid4

import pytest
from pymongo import MongoClient

from connectors import records as r
from connectors.contract import KeyKind
from connectors.records import (
    Account,
    Customer,
    Deal,
    Event,
    Money,
    Order,
    OrderItem,
    OrderStatus,
    Subscription,
    Survey,
    Ticket,
)
from connectors.testing import ConnectorContract, MemoryConnector
from gateway.demo.shop import AMBIGUOUS_PHONE, EXAMPLE_EMAIL, EXAMPLE_MEMBER_NUMBER, EXAMPLE_PHONE
from tests.support import graphql_source
from tests.support.demo_sources import demo_rows, demo_shop, exported_shop, sql_sources, sqlite_shop
from tests.support.fixtures_mysql import new_mysql
from tests.support.fixtures_postgresql import new_postgresql
from tests.support.http_source import SupportApi, opened, serving, support_settings
from tests.support.mongo_shop import demo_documents, demo_sources
from tests.support.profile_sources import Profiles, SourceOf
from tests.support.profile_sources import source_of as source_of
from tests.support.sql_shop import DATABASES

pytestmark = pytest.mark.contract

NOON = datetime(2024, 5, 1, 12, tzinfo=UTC)
ORDERS = [
    Order(
        id=f"o{number}",
        placed_at=NOON + timedelta(days=number // 2),
        status=OrderStatus.DELIVERED if number % 3 else OrderStatus.CANCELLED,
        total=Money(amount=Decimal(number) / 4, currency="EUR" if number % 2 else "BRL") if number else None,
        items=[OrderItem(sku=f"s{number % 2}", category="books" if number % 2 else None)],
    )
    for number in range(7)
]
RECORDS = {
    (Order, KeyKind.CUSTOMER_ID): {"c1": ORDERS, "c2": ORDERS[2:3], "c3": []},
    (Customer, KeyKind.EMAIL): {"ann@example.com": [Customer(id="c1", name="Ann"), Customer(id="c2", device_ids=["d1"])]},
}


class TestMemory(ConnectorContract):
    samples = {(Order, KeyKind.CUSTOMER_ID): ["c1", "c2"], (Customer, KeyKind.EMAIL): ["ann@example.com"]}

    @pytest.fixture
    async def connector(self):
        connector = MemoryConnector("memory", RECORDS)
        await connector.open()
        yield connector
        await connector.aclose()


class TestHttp(ConnectorContract):
    samples = {
        (Ticket, KeyKind.EMAIL): ["ann@example.com", "bob@example.com"],
        (Ticket, KeyKind.TICKET_ID): ["1", "4"],
        (Order, KeyKind.CUSTOMER_ID): ["c1", "c2"],
        (Order, KeyKind.ORDER_ID): ["76", "90"],
        (Customer, KeyKind.CUSTOMER_ID): ["c1"],
        (Event, KeyKind.DEVICE_ID): ["d1", "d2"],
    }

    @pytest.fixture
    async def connector(self):
        async with serving(SupportApi().answer) as base_url, opened(support_settings(base_url)) as connector:
            yield connector


class TestGraphQL(ConnectorContract):
    samples = {
        (Order, KeyKind.CUSTOMER_ID): ["c1", "c2"],
        (Order, KeyKind.ORDER_ID): ["o4", "o9"],
        (Customer, KeyKind.EMAIL): ["ann@example.com", "bob@example.com"],
        (Ticket, KeyKind.TICKET_NUMBER): ["1", "4"],
        (Ticket, KeyKind.EMAIL): ["ann@example.com", "bob@example.com"],
        (Event, KeyKind.DEVICE_ID): ["d1", "d2"],
    }

    @pytest.fixture
    async def connector(self):
        api = graphql_source.ShopApi()
        async with serving(api.answer) as url, graphql_source.opened(graphql_source.shop_settings(url)) as connector:
            yield connector


@pytest.fixture(scope="module", params=DATABASES)
def demo_urls(request, tmp_path_factory):
    """The databases of the shop, of one kind. Connectors only read them."""
    folder = tmp_path_factory.mktemp("shop")
    if request.param == "sqlite":
        yield sqlite_shop(folder)
        return
    new_database = {"postgresql": new_postgresql, "mysql": new_mysql}[request.param]
    with new_database(request.getfixturevalue(f"{request.param}_server")) as url:
        yield asyncio.run(demo_shop(request.param, url, folder))


class SqlContract(ConnectorContract):
    """A source of the demo's shop, on each kind of database."""

    name: str

    @pytest.fixture
    async def connector(self, demo_urls):
        (connector,) = sql_sources(demo_urls, self.name)
        await connector.open()
        yield connector
        await connector.aclose()


class FilesContract(ConnectorContract):
    """A source of the demo's shop, as exports."""

    name: str
    keys = tuple(KeyKind)

    @pytest.fixture
    async def connector(self, tmp_path):
        connector = exported_shop(tmp_path, self.name, self.keys)
        await connector.open()
        yield connector
        await connector.aclose()


class TestSqlCustomers(SqlContract):
    name = "crm"
    samples = {
        (Customer, KeyKind.CUSTOMER_ID): ["c00001", "c00002", "c00004"],
        (Customer, KeyKind.EXTERNAL_ID): [f"{row[2]}:{row[3]}" for row in demo_rows()["external_ids"][:2]],
        (Customer, KeyKind.MEMBER_NUMBER): [EXAMPLE_MEMBER_NUMBER],
        (Customer, KeyKind.EMAIL): [EXAMPLE_EMAIL],
        (Customer, KeyKind.PHONE): [EXAMPLE_PHONE, AMBIGUOUS_PHONE],
        (Customer, KeyKind.DEVICE_ID): [row[2] for row in demo_rows()["devices"][:2]],
        (Customer, KeyKind.ACCOUNT): list(dict.fromkeys(row[16] for row in demo_rows()["customers"] if row[16]))[:2],
        (Customer, KeyKind.TEXT): ["emma", "an"],
        (Account, KeyKind.ACCOUNT): [row[0] for row in demo_rows()["companies"][:2]],
        (Account, KeyKind.PARENT_ACCOUNT): ["ACC-00001-G", "ACC-00011"],
        (Deal, KeyKind.CUSTOMER_ID): list(dict.fromkeys(row[1] for row in demo_rows()["deals"]))[:3],
        (Deal, KeyKind.DEAL_ID): [row[0] for row in demo_rows()["deals"][:3]],
    }


class TestSqlOrders(SqlContract):
    name = "orders"
    samples = {
        (Order, KeyKind.CUSTOMER_ID): ["c00001", "c00002", "c00004"],
        (Order, KeyKind.ORDER_ID): [row[0] for row in demo_rows()["orders"][:3]],
        (Order, KeyKind.ORDER_NUMBER): [row[0] for row in demo_rows()["orders"][:3]],
    }


class TestSqlTickets(SqlContract):
    name = "support"
    samples = {
        (Ticket, KeyKind.EMAIL): list(dict.fromkeys(row[1] for row in demo_rows()["tickets"]))[:3],
        (Ticket, KeyKind.TICKET_ID): [row[0] for row in demo_rows()["tickets"][:3]],
        (Ticket, KeyKind.TICKET_NUMBER): [row[0] for row in demo_rows()["tickets"][:3]],
    }


class TestSqlEvents(SqlContract):
    name = "behaviour"
    samples = {
        (Event, KeyKind.DEVICE_ID): list(dict.fromkeys(row[1] for row in demo_rows()["events"]))[:3],
        (Event, KeyKind.EVENT_ID): [row[0] for row in demo_rows()["events"][:3]],
    }


@pytest.fixture(scope="module")
def demo_database(mongodb_uri):
    """The name of a database with the shop's documents. Connectors only read it."""
    name = f"test_{uuid4().hex[:16]}"
    with MongoClient(mongodb_uri, timeoutMS=20_000) as client:
        for collection, documents in demo_documents().items():
            client[name][collection].insert_many(documents)
        yield name
        client.drop_database(name)


class MongoContract(ConnectorContract):
    """A source of the demo's shop, as documents."""

    name: str

    @pytest.fixture
    async def connector(self, mongodb_uri, demo_database):
        (connector,) = [one for one in demo_sources(mongodb_uri, demo_database) if one.name == self.name]
        await connector.open()
        yield connector
        await connector.aclose()


@pytest.mark.mongodb
class TestMongoCustomers(MongoContract):
    name = "crm"
    samples = TestSqlCustomers.samples


@pytest.mark.mongodb
class TestMongoOrders(MongoContract):
    name = "orders"
    samples = TestSqlOrders.samples


@pytest.mark.mongodb
class TestMongoTickets(MongoContract):
    name = "support"
    samples = TestSqlTickets.samples


@pytest.mark.mongodb
class TestMongoEvents(MongoContract):
    name = "behaviour"
    samples = TestSqlEvents.samples


class TestFilesCustomers(FilesContract):
    """By a column and by pairs, with few keys: each call reads all files."""

    name = "crm"
    keys = (KeyKind.CUSTOMER_ID, KeyKind.EMAIL)
    samples = {
        (Customer, KeyKind.CUSTOMER_ID): ["c00002"],
        (Customer, KeyKind.EMAIL): [EXAMPLE_EMAIL],
        (Deal, KeyKind.CUSTOMER_ID): [demo_rows()["deals"][0][1]],
    }


SALES = {
    "deal": {"name": "Forty machines", "stage": "won", "amount_amount": "10.25", "amount_currency": "EUR"},
    "subscription": {"plan": "Team", "status": "active", "seats": 3, "amount_amount": "9.90", "amount_currency": "EUR"},
    "survey": {"kind": "nps", "score": 8.5, "scale": 10, "ticket_id": "t1"},
}
"""A row of each record that no source of the shop has, or few."""


class TestSales(ConnectorContract):
    """Deals, subscriptions and surveys in each kind of source, some at the same time, one with nothing but that."""

    samples = {
        (record, KeyKind(by)): keys
        for record, own in ((Deal, "deal_id"), (Subscription, "subscription_id"), (Survey, "survey_id"))
        for by, keys in (("customer_id", ["c1", "c2"]), (own, ["n0"]))
    }

    @pytest.fixture
    async def connector(self, source_of: SourceOf):
        profiles = Profiles(served=list(SALES), by=[by for _, by in self.samples])
        for name, row in SALES.items():
            for n in range(4):
                at = {str(r.RECORDS[name].time_field): f"2026-05-0{n // 2 + 1}T10:00:00Z"}
                whose = {"id": f"n{n}", "customer": "c1" if n < 3 else "c2"}
                profiles.records[name].append((row if n else {}) | at | whose)
        async with source_of(profiles) as connector:
            await connector.open()
            yield connector
            await connector.aclose()


class TestFilesOrders(FilesContract):
    name, samples = TestSqlOrders.name, TestSqlOrders.samples


class TestFilesTickets(FilesContract):
    name, samples = TestSqlTickets.name, TestSqlTickets.samples


class TestFilesEvents(FilesContract):
    name, samples = TestSqlEvents.name, TestSqlEvents.samples
