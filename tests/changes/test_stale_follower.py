"""Test what a worker makes stale of what another one was told, and that the log names nobody."""

import asyncio

import httpx2
import pytest

from connectors import records as r
from connectors.contract import Change, KeyKind
from gateway.app import create_app, create_services, opened
from gateway.invalidation import Invalidator
from gateway.settings import MongoSettings
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
