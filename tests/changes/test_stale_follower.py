"""Test what a worker makes stale of what another one was told, and that the log names nobody."""

import asyncio

import httpx2
import pytest

from connectors import records as r
from connectors.contract import Change, KeyKind
from connectors.errors import SourceUnavailableError
from gateway.app import create_app, create_services, opened
from gateway.invalidation import Invalidator
from gateway.settings import MongoSettings
from gateway.store.stale_keys import bucket_of
from tests.support import shop
from tests.support.gateway_server import Gateway, settings_for
from tests.support.tag_shop import store_of
from tests.support.webhook_requests import hook, sources_with

pytestmark = pytest.mark.mongodb

QUERY = "{ customers(ids: %s) { email orders(first: 2) { nodes { id } } } }"
BOTH = QUERY % '["c1", "c2"]'
KEPT = {"customer": 600, "order": 600}


async def test_the_same_is_stale_in_another_worker(mongodb_settings: MongoSettings):
    """What it keeps of the orders of that customer, and nothing else."""
    words = {"mongodb": mongodb_settings.model_dump(), "sources": sources_with({"orders": hook()}, KEPT, "crm")}
    told, other = ([shop.crm(), shop.orders()] for _ in range(2))
    teller = create_services(settings_for(told, **words), connectors=told)
    app = create_app(settings_for(other, **words), connectors=other)
    client = httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url="http://gateway")
    async with opened(teller), app.router.lifespan_context(app), client:
        gateway = Gateway(client)
        await gateway.data(BOTH)
        await gateway.data(BOTH)
        before = [len(source.calls) for source in other]
        source, follower = teller.sources.named("orders"), app.revision.services.stale_follower
        assert source is not None
        assert follower is not None
        assert follower.position is not None
        await Invalidator(teller).apply(source, [Change(by=KeyKind.CUSTOMER_ID, key="c1", record=r.Order)])
        async with asyncio.timeout(50):
            while follower.position.position == 0:
                await asyncio.sleep(0.02)
        await gateway.data(BOTH)
    assert [len(source.calls) for source in other] == [before[0], before[1] + 1]
    assert other[1].calls[-1][2] == ("c1",)


def test_where_no_source_tells_anything_no_log_is_read(mongodb_settings: MongoSettings):
    connectors = [shop.crm(), shop.orders()]
    words = {"mongodb": mongodb_settings.model_dump()}
    assert create_services(settings_for(connectors, **words), connectors=connectors).stale_follower is None


async def test_the_log_names_nobody(mongodb_settings: MongoSettings):
    """Neither keys nor ids are there."""
    words = {"mongodb": mongodb_settings.model_dump(), "sources": sources_with({"orders": hook()}, KEPT, "crm")}
    sources = [shop.crm(), shop.orders()]
    services = create_services(settings_for(sources, **words), connectors=sources)
    async with opened(services), store_of(mongodb_settings) as store:
        source = services.sources.named("orders")
        assert source is not None
        keys = [(KeyKind.EMAIL, "ana@shop.example"), (KeyKind.CUSTOMER_ID, "customer-4711")]
        await Invalidator(services).apply(source, [Change(by=by, key=key, record=None) for by, key in keys])
        documents = await store.mongo.run(lambda database: database.stale_keys.find().to_list(None))
    entries = [entry for document in documents for entry in document["entries"]]
    assert len(entries) >= len(keys)
    assert not any(text in str(documents) for text in ("ana", "4711"))


async def test_after_a_gap_what_is_on_its_way_is_not_kept(mongodb_settings: MongoSettings):
    """It may be of before a change. What is kept only stands in, for a source that fails."""
    connectors = [shop.crm(), shop.orders()]
    sources = sources_with({"orders": hook()}, KEPT, "crm")
    sources["orders"]["stale_s"] = {"order": 600}
    app = create_app(settings_for(connectors, mongodb=mongodb_settings.model_dump(), sources=sources), connectors=connectors)
    client = httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url="http://gateway")
    async with app.router.lifespan_context(app), client:
        gateway = Gateway(client)
        follower = app.revision.services.stale_follower
        assert follower is not None
        await gateway.data(QUERY % '["c2"]')
        hang = connectors[1].hang = asyncio.Event()
        first = asyncio.create_task(gateway.data(QUERY % '["c1"]'))
        while len(connectors[1].calls) < 2:
            await asyncio.sleep(0)
        await follower.take_gap()
        hang.set()
        await first
        await gateway.data(QUERY % '["c1"]')
        assert len(connectors[1].calls) == 3
        connectors[1].failure = SourceUnavailableError("down")
        assert (await gateway.ask(QUERY % '["c2"]'))["data"]["customers"][0]["orders"]["nodes"]


async def test_what_a_later_version_writes_makes_more_stale(mongodb_settings: MongoSettings):
    """Its records and kinds of keys are taken for all of them."""
    connectors = [shop.crm(), shop.orders()]
    words = {"mongodb": mongodb_settings.model_dump(), "sources": sources_with({"orders": hook()}, KEPT, "crm")}
    app = create_app(settings_for(connectors, **words), connectors=connectors)
    client = httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url="http://gateway")
    async with app.router.lifespan_context(app), client:
        gateway = Gateway(client)
        follower = app.revision.services.stale_follower
        assert follower is not None
        await gateway.data(BOTH)
        entry = {"worker": "another", "source": "orders", "by": "face", "record": "parcel", "bucket": bucket_of("c1")}
        await follower.take_entries([(1, entry)])
        await gateway.data(BOTH)
    assert connectors[1].calls[-1][2] == ("c1",)
