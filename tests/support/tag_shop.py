"""A shop whose tags are stored: what the tests of stored tags share."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

from connectors import records as r
from connectors.contract import KeyKind
from connectors.record_fields import Fields
from connectors.testing import MemoryConnector
from gateway.app import create_services, opened
from gateway.clock import Clock
from gateway.services import Services
from gateway.settings import MongoSettings
from gateway.stitching.customer import StitchedCustomer
from gateway.stitching.selection import Selection
from gateway.store.store import Store
from tests.support import shop
from tests.support.fixtures_mongodb import HandClock
from tests.support.gateway_server import Gateway, settings_for

JUNE_ENDS = datetime(2026, 6, 30, 12, tzinfo=UTC)
TTL = timedelta(hours=6)
"""Of the tag `activity`."""

TAG = """query ($id: ID!, $key: String!) { customer(by: {id: $id}) { tag(key: $key) {
    value freshness partial computedAt expiresAt rule { version } evidence { name value sources missing } } } }"""


class ShopClock(HandClock):
    """Moved by hand, with windows that end with the shop's June."""

    def reference(self) -> datetime:
        return JUNE_ENDS


def sources_by_id(orders: MemoryConnector | None = None) -> list[MemoryConnector]:
    """A CRM and orders of their own, which is enough for the tag `activity`."""
    return [shop.crm(), orders or MemoryConnector("orders", {(r.Order, KeyKind.CUSTOMER_ID): dict(shop.ORDERS)})]


def measured(source: MemoryConnector) -> int:
    """How often facts were asked of the source."""
    return sum(isinstance(asked, tuple) for _, _, _, asked in source.calls)


async def tag_of(gateway: Gateway, key: str = "activity", customer: str = "c1") -> dict[str, Any]:
    tag: dict[str, Any] = (await gateway.data(TAG, {"id": customer, "key": key}))["customer"]["tag"]
    return tag


async def stitched(services: Services, *customers: str) -> list[StitchedCustomer]:
    """Customers of a new request."""
    stitcher, selection = services.stitcher(), Selection(fields=Fields.from_paths("id"), stitches=frozenset({r.Order}))
    found = await asyncio.gather(*(stitcher.customer(KeyKind.CUSTOMER_ID, one, selection) for one in customers))
    return [one for one in found if one is not None]


async def until(true: Callable[[], bool]) -> None:
    """Wait for something of this process."""
    async with asyncio.timeout(60):
        while not true():
            await asyncio.sleep(0.01)


async def until_tag(true: Callable[[dict[str, Any]], bool], gateway: Gateway) -> dict[str, Any]:
    """Ask for the tag until it is as it should be."""
    async with asyncio.timeout(60):
        while not true(tag := await tag_of(gateway)):
            await asyncio.sleep(0.01)
        return tag


async def until_kept(store: Store, now: datetime | None = None, customer: str = "c1") -> None:
    """Wait until the store holds the tag, fresh."""
    async with asyncio.timeout(60):
        while not any(
            "activity" in tags and tags["activity"].expires_at > (now or datetime.now(UTC))
            for tags in (await store.tags.read([customer], ["activity"])).values()
        ):
            await asyncio.sleep(0.002)


def is_fresh(tag: dict[str, Any]) -> bool:
    return bool(tag["freshness"] == "FRESH")


@asynccontextmanager
async def services_on(
    connectors: Sequence[MemoryConnector], *, clock: Clock | None = None, **words: Any
) -> AsyncIterator[Services]:
    """What stands below HTTP, open."""
    async with opened(create_services(settings_for(connectors, **words), clock=clock, connectors=connectors)) as services:
        yield services


@asynccontextmanager
async def store_of(settings: MongoSettings, clock: Clock | None = None) -> AsyncIterator[Store]:
    """The store as another worker sees it."""
    store = Store(settings, clock or Clock())
    await store.open()
    try:
        yield store
    finally:
        await store.aclose()
