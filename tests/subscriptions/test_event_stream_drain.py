"""The end of a worker: operations under way on event streams finish, subscriptions are complete, streams end."""

from __future__ import annotations

import asyncio

import httpx2
import pytest

from gateway.app import create_app
from tests.support import shop
from tests.support.changing_shop import CHANGED
from tests.support.event_stream_client import ANA, EVENTS, NAME, TOKEN, Event, code_of, streaming_shop
from tests.support.gateway_server import settings_for

OF_ANA = {"ids": ["c1"]}


async def test_streams_end_behind_what_is_under_way():
    """A stream that is shared ends after its last operation, and one that nobody has opened at once."""
    connectors = [shop.crm(), shop.orders(), shop.support()]
    async with streaming_shop(connectors=connectors) as gateway:
        token = await gateway.reserve()
        await gateway.reserve()
        async with gateway.following() as alone, gateway.open(headers={TOKEN: token}) as shared:
            await gateway.begin(token, "following", CHANGED, variables=OF_ANA)
            let_go = connectors[0].hang = asyncio.Event()
            asking = asyncio.create_task(gateway.begin(token, "asking"))
            while not connectors[0].calls:
                await asyncio.sleep(0)
            gateway.end()
            assert await alone.rest() == [Event("complete")]
            assert await shared.next() == Event("complete", {"id": "following"})
            assert len(gateway.app.event_streams.registry) == 1
            let_go.set()
            assert await shared.rest() == [Event("next", {"id": "asking", "payload": ANA}), Event("complete", {"id": "asking"})]
            assert (await asking).status_code == 202


async def test_a_stream_that_does_nothing_ends_at_once():
    async with streaming_shop() as gateway:
        token = await gateway.reserve()
        async with gateway.open(headers={TOKEN: token}) as events:
            gateway.end()
            assert await events.rest() == []


@pytest.mark.parametrize("method", ["PUT", "POST"])
async def test_nothing_begins_at_a_worker_that_ends(method: str):
    connectors = [shop.crm(), shop.orders()]
    app = create_app(settings_for(connectors), connectors=connectors)
    async with app.router.lifespan_context(app):
        app.end_streams()
        async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url="http://gateway") as client:
            refused = await client.request(method, "/graphql/stream", json={"query": NAME}, headers=EVENTS)
        assert code_of(refused) == (503, "OVERLOADED")
        assert "retry-after" in refused.headers
