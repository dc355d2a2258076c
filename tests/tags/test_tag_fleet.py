"""Several workers on one MongoDB: a stale tag is computed by one of them."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from datetime import timedelta

import pytest
from aiohttp import web

from gateway.clock import Clock
from gateway.settings import MongoSettings
from gateway.store.leases import Leases
from gateway.store.mongo import Mongo
from gateway.store.store import Store
from gateway.tags.renewal import LEASE
from gateway.tags.service import TagService
from tests.support.fixtures_mongodb import commands_to
from tests.support.fleet import gateway_process
from tests.support.gateway_server import Gateway, gateway_on
from tests.support.http_source import serving
from tests.support.tag_shop import (
    TTL,
    ShopClock,
    is_fresh,
    measured,
    services_on,
    sources_by_id,
    stitched,
    store_of,
    tag_of,
    until,
    until_kept,
    until_tag,
)

pytestmark = pytest.mark.mongodb

DELAYS_S = [n / 2_000 for n in range(24)]
"""By how much the second of two requests is later. A renewal takes about ten milliseconds, and the twenty-four cover it."""


class OrdersApi:
    """One customer, whose orders are counted when they are asked for."""

    settings = {
        "customer": {"keys": {"customer_id": {"path": "/customers/{key}"}}},
        "order": {"list": "orders", "keys": {"customer_id": {"path": "/customers/{key}/orders"}}},
    }

    def __init__(self) -> None:
        self.asked = 0

    async def answer(self, request: web.Request) -> web.Response:
        if request.path == "/customers/c1":
            return web.json_response({"id": "c1"})
        self.asked += 1
        return web.json_response({"orders": []})


async def ask(gateway: Gateway, delay_s: float) -> str:
    await asyncio.sleep(delay_s)
    freshness: str = (await tag_of(gateway))["freshness"]
    return freshness


async def until_renewed(store: Store, gateway: Gateway) -> None:
    """Wait until the tag is fresh. On a busy machine a worker may still have the lease of the round before when both ask: the
    next who asks has it renewed.
    """
    async with asyncio.timeout(60):
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(1):
                    return await until_kept(store)
            await ask(gateway, 0)


async def test_two_processes_renew_a_stale_tag_once(mongodb_uri: str, mongodb_database: str):
    """Ninety-six times both are asked for it, at once or up to 12 ms apart: it is computed as often as it became stale."""
    mongodb = {"uri": mongodb_uri, "database": mongodb_database, "timeout_ms": 20_000}
    api, both_stale = OrdersApi(), 0
    async with serving(api.answer) as base_url, store_of(MongoSettings.model_validate(mongodb)) as store:
        shop = {"kind": "http", "base_url": base_url, "records": api.settings}
        settings = {"sources": {"shop": shop}, "mongodb": mongodb, "tags": {"cache_s": 0}, "deadline_ms": 20_000}
        async with gateway_process(settings) as one, gateway_process(settings) as other:
            assert [await ask(one, 0), await ask(other, 0)] == ["FRESH", "FRESH"]
            rounds = [(delay_s, *pair) for delay_s in DELAYS_S for pair in [(one, other), (other, one)] * 2]
            await until_kept(store)
            started_with = api.asked
            for delay_s, first, second in rounds:
                await store.tags.mark_stale(["c1"])
                answers = await asyncio.gather(ask(first, 0), ask(second, delay_s))
                both_stale += answers == ["STALE", "STALE"]
                await until_renewed(store, first)
    assert len(rounds) == 96
    assert api.asked == started_with + 96
    assert both_stale > 0


class LateLeases(Leases):
    """Says when a lease is asked for, and asks for it when it is told to."""

    def __init__(self, mongo: Mongo, clock: Clock) -> None:
        super().__init__(mongo, clock)
        self.asked, self.go = asyncio.Event(), asyncio.Event()

    async def acquire(self, names: Sequence[str], *, hold: timedelta) -> set[str]:
        self.asked.set()
        await self.go.wait()
        return await super().acquire(names, hold=hold)


class LateStore(Store):
    leases: LateLeases

    def __init__(self, settings: MongoSettings, clock: Clock) -> None:
        super().__init__(settings, clock)
        self.leases = LateLeases(self.mongo, clock)


@pytest.fixture
def settings(mongodb_uri: str, mongodb_database: str) -> MongoSettings:
    return MongoSettings(uri=mongodb_uri, database=mongodb_database, timeout_ms=20_000)


async def test_a_lease_that_comes_after_the_renewal_computes_nothing(settings: MongoSettings):
    """One worker reads the stale tag, another renews it and gives the lease back; then the first has the lease, for nothing."""
    clock, sources = ShopClock(), sources_by_id()
    late = LateStore(settings, clock)
    await late.open()
    with commands_to(settings.database) as commands:
        async with services_on(sources, clock=clock, mongodb=settings.model_dump()) as services:
            assert services.store is not None
            worker = TagService(services.tags.pack, late, clock, services.stitcher)
            wanted = [(one, "activity") for one in await stitched(services, "c1")]
            await services.tags.load(wanted)
            await until_kept(services.store, clock.now())
            clock.advance(TTL)
            (mine,) = await worker.load(wanted)
            await late.leases.asked.wait()
            (theirs,) = await services.tags.load(wanted)
            await until(lambda: commands.count("delete") == 1)
            late.leases.go.set()
            await until(lambda: commands.count("delete") == 2)
            (after,) = await worker.load(wanted)
            await worker.aclose()
    await late.aclose()
    assert [answer.freshness.value for answer in (mine, theirs, after)] == ["STALE", "STALE", "FRESH"]
    assert measured(sources[1]) == 2


async def test_the_lease_of_a_worker_that_died_ends_by_itself(settings: MongoSettings):
    """While it lasts the tag is served stale and not computed; afterwards the next worker renews it."""
    clock, sources = ShopClock(), sources_by_id()
    async with (
        store_of(settings, clock) as dead,
        gateway_on(sources, with_clock=clock, mongodb=settings.model_dump()) as gateway,
    ):
        await tag_of(gateway)
        await until_kept(dead, clock.now())
        clock.advance(TTL)
        assert await dead.leases.acquire(["c1"], hold=LEASE) == {"c1"}
        with commands_to(settings.database) as commands:
            assert (await tag_of(gateway))["freshness"] == "STALE"
            await until(lambda: "update" in commands)
            clock.advance(LEASE - timedelta(seconds=1))
            assert (await tag_of(gateway))["freshness"] == "STALE"
            await until(lambda: commands.count("update") == 2)
        assert measured(sources[1]) == 1
        clock.advance(timedelta(seconds=2))
        await until_tag(is_fresh, gateway)
    assert measured(sources[1]) == 2
