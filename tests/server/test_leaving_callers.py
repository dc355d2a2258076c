"""A caller who leaves costs the callers beside him nothing."""

import asyncio

import pytest

from tests.support import shop
from tests.support.gateway_server import served, settings_for

pytestmark = pytest.mark.cases

QUERY = '{ customer(by: {id: "c1"}) { orders(first: 2) { nodes { id } } } }'


@pytest.mark.parametrize("leaves", ["first", "second"])
async def test_a_caller_who_asks_the_same_is_answered_when_another_leaves(leaves: str):
    """They share a call on its way; who stays has what he asked for, and so has the next one."""
    sources = shop.sources()
    hang = sources["orders"].hang = asyncio.Event()
    async with served(settings_for(list(sources.values()), deadline_ms=60_000), connectors=list(sources.values())) as gateway:
        first = asyncio.create_task(gateway.ask(QUERY))
        while not sources["orders"].calls:
            await asyncio.sleep(0)
        second = asyncio.create_task(gateway.ask(QUERY))
        leaving, staying = (first, second) if leaves == "first" else (second, first)
        while len(sources["crm"].calls) < 2:
            await asyncio.sleep(0)
        leaving.cancel()
        with pytest.raises(asyncio.CancelledError):
            await leaving
        hang.set()
        answer = await staying
        assert answer == {"data": {"customer": {"orders": {"nodes": [{"id": "orders:oc15"}, {"id": "orders:oc14"}]}}}}
        assert await gateway.ask(QUERY) == answer
