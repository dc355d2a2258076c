"""Every kind of connector keeps the published contract."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from connectors.contract import KeyKind
from connectors.records import Customer, Event, Money, Order, OrderItem, OrderStatus, Ticket
from connectors.testing import ConnectorContract, MemoryConnector
from tests.http_source import SupportApi, opened, serving, support_settings

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
        (Order, KeyKind.CUSTOMER_ID): ["c1", "c2"],
        (Customer, KeyKind.CUSTOMER_ID): ["c1"],
        (Event, KeyKind.DEVICE_ID): ["d1", "d2"],
    }

    @pytest.fixture
    async def connector(self):
        async with serving(SupportApi().answer) as base_url, opened(support_settings(base_url)) as connector:
            yield connector
