"""The schedule of tags over the life of a worker: outages, mistakes, its end, reloads."""

import asyncio
from collections.abc import Sequence
from contextlib import AsyncExitStack
from datetime import datetime
from typing import Any

import pytest
from structlog.testing import capture_logs

from gateway.app import create_app, create_services
from gateway.errors import StoreError
from gateway.revisions import open_services
from gateway.settings import MongoSettings
from gateway.tags.renewal import LEASE
from gateway.tags.scheduler import HOLD, SCHEDULE
from gateway.tags.tag_store import DueTags
from tests.support.fixtures_mongodb import HandClock
from tests.support.gateway_server import settings_for
from tests.support.scheduled_tags import CROSSED, SOON, buyers, have_planned_tags, scheduler_of, value_of
from tests.support.tag_shop import measured, services_on, store_of, until

pytestmark = pytest.mark.mongodb


@pytest.fixture
def settings(mongodb_uri: str, mongodb_database: str) -> MongoSettings:
    return MongoSettings(uri=mongodb_uri, database=mongodb_database, timeout_ms=20_000)


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def words(settings: MongoSettings, clock: HandClock) -> dict[str, Any]:
    return {"clock": clock, "mongodb": settings.model_dump(), "tags": SOON}


class FallibleTags:
    """The tags of a store that cannot be reached while it `is_down`."""

    def __init__(self, tags: Any) -> None:
        self._tags, self.is_down, self.asked = tags, False, 0

    async def read_due(self, now: datetime, limit: int) -> Sequence[DueTags]:
        self.asked += 1
        if self.is_down:
            raise StoreError("down")
        found: Sequence[DueTags] = await self._tags.read_due(now, limit)
        return found

    def __getattr__(self, name: str) -> Any:
        return getattr(self._tags, name)


async def test_an_outage_of_mongodb_ends_no_schedule(words, settings, clock):
    """It looks again and again; when MongoDB is back, the tag is renewed."""
    sources = buyers(clock.now(), "c1")
    async with store_of(settings, clock) as store, services_on(sources, **words) as services:
        await have_planned_tags(services, store, clock, "c1")
        assert services.store is not None
        tags: Any = FallibleTags(services.store.tags)
        services.store.tags = tags
        clock.advance(CROSSED)
        tags.is_down = True
        scheduler_of(services).start()
        await until(lambda: tags.asked > 3)
        assert await value_of(store, "c1") == "ACTIVE"
        tags.is_down = False
        await until(lambda: scheduler_of(services).counts.renewed == 1)
        assert await value_of(store, "c1") == "AT_RISK"


async def test_a_mistake_ends_no_schedule(words, settings, clock):
    """The log names its kind; the next pass is made."""
    sources = buyers(clock.now(), "c1")
    async with services_on(sources, **words) as services:
        asked: list[int] = []

        def broken() -> bool:
            asked.append(1)
            raise ZeroDivisionError("c1")

        scheduler = scheduler_of(services)
        scheduler.is_busy = broken
        with capture_logs() as logs:
            scheduler.start()
            await until(lambda: len(asked) > 2)
    assert logs[0] == {"event": "tag_schedule_failed", "log_level": "error", "error": "ZeroDivisionError"}


async def test_the_end_of_a_worker_ends_its_pass(words, settings, clock):
    """In a source that hangs: no task is left, and both leases are given back, so another worker can go on at once."""
    sources, tasks = buyers(clock.now(), "c1"), asyncio.all_tasks()
    async with store_of(settings, clock) as store:
        before = asyncio.all_tasks()
        async with services_on(sources, **words) as services:
            await have_planned_tags(services, store, clock, "c1")
            clock.advance(CROSSED)
            sources[1].hang = asyncio.Event()
            asked = measured(sources[1])
            scheduler_of(services).start()
            await until(lambda: measured(sources[1]) == asked + 1)
            both = [SCHEDULE, "c1"]
            assert [await store.leases.acquire([name], hold=hold) for name, hold in ((SCHEDULE, HOLD), ("c1", LEASE))] == [
                set()
            ] * 2
            ends = asyncio.get_running_loop().time()
        assert asyncio.get_running_loop().time() - ends < 5
        assert asyncio.all_tasks() <= before
        assert await store.leases.acquire(both, hold=HOLD) == {*both}
    assert asyncio.all_tasks() == tasks


async def test_a_reload_goes_on_by_the_settings_of_now(words, settings, clock):
    """The services that are served renew; those of before look no more; prepared ones do not look yet."""
    sources = buyers(clock.now(), "c1")
    chosen = settings_for(sources, mongodb=settings.model_dump(), tags=SOON)
    app = create_app(chosen, clock=clock, connectors=sources)
    async with AsyncExitStack() as stack:
        store = await stack.enter_async_context(store_of(settings, clock))
        await stack.enter_async_context(app.router.lifespan_context(app))
        first = app.revision.services
        await have_planned_tags(first, store, clock, "c1")
        own = buyers(clock.now(), "c1")
        second = create_services(chosen, clock=clock, connectors=own)
        await open_services(second)
        app.switch(second)
        await app.wait_retired()
        clock.advance(CROSSED)
        await until(lambda: scheduler_of(second).counts.renewed == 1)
        assert scheduler_of(first).counts.renewed == 0
        assert await value_of(store, "c1") == "AT_RISK"
