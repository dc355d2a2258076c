"""A store that is late under load: requests wait for it, and do not all compute what it has."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

from connectors import records as r
from connectors.contract import KeyKind
from connectors.testing import MemoryConnector
from gateway.errors import StoreError
from gateway.services import Services
from gateway.tags.computed_tag import ComputedTag
from gateway.tags.service import MAX_UNREAD, TagService
from gateway.tags.tag_store import StoredTags
from tests.support.clocks import held_time, turns
from tests.support.tag_shop import ShopClock, services_on, stitched, until

GROUP = 50
GROUPS = 12
NAMES = [f"c{n}" for n in range(GROUP * GROUPS)]
KEYS = ("activity",)


class LateStore:
    """Tags in memory, in the place of MongoDB. Reads wait while it is late, or fail while it is down."""

    timeout_s = 1.0
    available = True

    def __init__(self) -> None:
        self.tags = self.leases = self
        self.held: dict[str, StoredTags] = {}
        self.go = asyncio.Event()
        self.go.set()
        self.is_down = False

    async def read(self, customers: Sequence[str], _: object) -> dict[str, StoredTags]:
        await self.go.wait()
        if self.is_down:
            raise StoreError("down")
        return {customer: self.held[customer] for customer in customers if customer in self.held}

    async def write(self, tags: Sequence[tuple[str, ComputedTag]], _: Mapping[str, int] | None = None) -> None:
        for customer, tag in tags:
            self.held.setdefault(customer, StoredTags())[tag.key] = tag

    async def mark_stale(self, _: Sequence[str]) -> int:
        return 0

    async def take(self, names: Sequence[str], **_: Any) -> set[str]:
        return set()

    async def release(self, names: Sequence[str]) -> None:
        pass


@asynccontextmanager
async def worker(orders: MemoryConnector) -> AsyncIterator[tuple[Services, TagService, LateStore]]:
    """A worker all of whose tags are stored, and its store."""
    crm = MemoryConnector("crm", {(r.Customer, KeyKind.CUSTOMER_ID): {one: [r.Customer(id=one)] for one in NAMES}})
    clock, store = ShopClock(), LateStore()
    async with services_on([crm, orders], clock=clock) as services:
        tags = TagService(services.tags.pack, store, clock, services.stitcher)
        await tags.load_all(await stitched(services, *NAMES), KEYS)
        await until(lambda: len(store.held) == len(NAMES))
        orders.calls.clear()
        yield services, tags, store
        await tags.aclose()


def source() -> MemoryConnector:
    return MemoryConnector("orders", {(r.Order, KeyKind.CUSTOMER_ID): {one: [] for one in NAMES}})


def computed(orders: MemoryConnector) -> int:
    """Of how many customers facts were asked for."""
    return sum(len(keys) for _, _, keys, _ in orders.calls)


async def asking(services: Services, tags: TagService) -> list["asyncio.Task[list[Any]]"]:
    """A request for each group of customers."""
    groups = [await stitched(services, *NAMES[start : start + GROUP]) for start in range(0, len(NAMES), GROUP)]
    return [asyncio.create_task(tags.load_all(group, KEYS)) for group in groups]


async def asking_in_vain(
    orders: MemoryConnector, services: Services, tags: TagService, store: LateStore
) -> list["asyncio.Task[list[Any]]"]:
    """As `asking`, of a store that is down and a source that hangs."""
    orders.hang = asyncio.Event()
    store.is_down = True
    requests = await asking(services, tags)
    await turns(200)
    return requests


async def test_a_late_store_has_few_customers_computed():
    """Nothing comes for as long as a request waits: some are computed at once, the others have what is read in the end."""
    orders = source()
    async with worker(orders) as (services, tags, store):
        orders.hang = asyncio.Event()
        store.go.clear()
        requests = await asking(services, tags)
        await turns()
        with held_time() as held:
            held.advance(31.0)  # half of the patience of a request, and more
            await turns(200)
            assert computed(orders) == MAX_UNREAD
            assert not any(request.done() for request in requests)
            store.go.set()
            await turns(200)
            read = sum(request.done() for request in requests)
        orders.hang.set()
        answers = [answer for request in requests for answer in await request]
    assert read == (len(NAMES) - MAX_UNREAD) / GROUP
    assert computed(orders) == MAX_UNREAD
    assert [one.freshness.value for (one,) in answers] == ["FRESH"] * len(NAMES)
    assert not any(one.tag.partial for (one,) in answers)


async def test_a_store_that_is_down_has_all_computed_in_turn():
    """So many customers at a time, and none goes without."""
    orders = source()
    async with worker(orders) as (services, tags, store):
        requests = await asking_in_vain(orders, services, tags, store)
        assert computed(orders) == MAX_UNREAD
        orders.hang.set()
        answers = [answer for request in requests for answer in await request]
    assert computed(orders) == len(NAMES)
    assert not any(one.tag.partial for (one,) in answers)


async def test_a_store_that_is_back_is_read_by_who_waits():
    """Down as the requests begin, back before they have their turn: they have what it holds."""
    orders = source()
    async with worker(orders) as (services, tags, store):
        requests = await asking_in_vain(orders, services, tags, store)
        store.is_down = False
        orders.hang.set()
        for request in requests:
            await request
    assert computed(orders) == MAX_UNREAD


async def test_who_goes_away_leaves_room():
    """Requests are cancelled in their turn and before it; the next ones are computed."""
    orders = source()
    async with worker(orders) as (services, tags, store):
        requests = await asking_in_vain(orders, services, tags, store)
        for request in requests:
            request.cancel()
        await asyncio.wait(requests)
        orders.hang.set()
        again = await asking(services, tags)
        answers = [answer for request in again for answer in await request]
    assert not any(one.tag.partial for (one,) in answers)
