"""A reload keeps who is erased away, also one that is not applied, or that removes a source."""

from typing import Any

import httpx2
import pytest

from connectors import records as r
from connectors.contract import KeyKind
from gateway.app import GatewayApplication, create_services
from gateway.lookups.outcome import Found
from gateway.revisions import close_services, open_services
from gateway.services import Services
from gateway.settings import MongoSettings
from tests.erasure.erased_people import SETTINGS, any_driver, code_of, erase, people
from tests.support.gateway_server import Gateway, settings_for
from tests.support.known_people import ANA_DESK

pytestmark = [pytest.mark.mongodb, any_driver]


class Fetched:
    """What a lookup of the help desk fetches by address."""

    by = KeyKind.EMAIL
    record = r.Customer


async def test_a_reload_keeps_her_away(mongodb_settings: MongoSettings):
    """What was prepared and is not served changes nothing of what it would share."""
    sources = people()

    def services_like(previous: Services | None, count: int = 3, **words: Any) -> Services:
        settings = settings_for(sources[:count], **{"mongodb": mongodb_settings.model_dump(), **SETTINGS, **words})
        return create_services(settings, connectors=sources[:count], previous=previous)

    first = services_like(None)
    app = GatewayApplication(first)
    transport = httpx2.ASGITransport(app=app)
    async with app.router.lifespan_context(app), httpx2.AsyncClient(transport=transport, base_url="http://gateway") as client:
        gateway, store = Gateway(client), first.store
        assert store is not None
        assert (await erase(gateway))["state"] == "COMPLETE"
        other = services_like(first, erasure={"key": "another key, of at least 32 characters"})
        await open_services(other, first)
        assert store.tags.withholds is not None
        assert store.tags.withholds("crm:7")
        await close_services(other, first)
        assert store.tags.withholds("crm:7")

        fewer = services_like(first, 2)
        await open_services(fewer, first)
        app.switch(fewer)
        assert store.tags.withholds("crm:7")
        assert await code_of(gateway, {"id": "shop:42"}) == "ERASED"
        withholds = fewer.sources.cache.withholds
        assert withholds is not None
        found = Found(
            records=[ANA_DESK], source="desk", as_of=first.clock.now(), latency_ms=0.0
        )  # of a request that began before
        assert withholds("desk", Fetched, "ana.work@example.org", found)

        without = services_like(fewer, 2, erasure=None)
        await open_services(without, fewer)
        app.switch(without)
        assert store.tags.withholds is None
        assert await code_of(gateway, {"id": "shop:42"}) is None
