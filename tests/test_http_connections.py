"""What a source sees of us are the calls that we count."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
import pytest

from connectors.contract import Answer, Ask
from connectors.errors import SourceTimeoutError
from connectors.http import HttpConnector, HttpSettings
from connectors.shapes import Fields
from connectors.transport import MAX_HURRIED
from tests import shop
from tests.faulty import asked, listening
from tests.running import gateway_on

pytestmark = pytest.mark.cases

ORDERS = "query ($id: ID!) { customer(by: {id: $id}) { orders { nodes { id } } sources { name attempts } } }"
ROWS = b'[{"id":"o1","placedAt":"2026-06-01T00:00:00Z"}]'
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s" % (len(ROWS), ROWS)


class Source:
    """Answers so many requests of each connection, then closes it: `when_asked` after one more was sent, else at once."""

    def __init__(self, answers: int, *, when_asked: bool) -> None:
        self.requests = 0
        self.connections = 0
        self._answers = answers
        self._when_asked = when_asked
        self.closed = asyncio.Event()

    async def say(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        for _ in range(self._answers):
            await asked(reader)
            self.requests += 1
            writer.write(ANSWER)
        if self._when_asked or not self._answers:
            await asked(reader)
            self.requests += 1
        writer.close()
        await writer.wait_closed()
        self.closed.set()


@asynccontextmanager
async def orders_of(source: Source | SlowSource, method: str = "GET") -> AsyncIterator[HttpConnector]:
    async with listening(source.say) as port:
        lookup = {"path": "/orders/{key}", "method": method} | ({"body": {"n": 1}} if method == "POST" else {})
        settings = {"base_url": f"http://127.0.0.1:{port}", "records": {"order": {"keys": {"customer_id": lookup}}}}
        yield HttpConnector("orders", HttpSettings.model_validate(settings))


@pytest.mark.parametrize("retries", [0, 2])
@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_a_source_that_closes_at_once_is_called_as_often_as_we_say(method: str, retries: int):
    """Each attempt is one request at the source, on one connection."""
    source = Source(0, when_asked=True)
    called = {"retries": retries, "breaker": {"enabled": False}}
    async with orders_of(source, method) as orders, gateway_on([shop.crm(), orders], called=called) as gateway:
        answer = await gateway.ask(ORDERS, {"id": "c1"})
    (report,) = [one for one in answer["data"]["customer"]["sources"] if one["name"] == "orders"]
    assert answer["errors"][0]["extensions"]["code"] == "SOURCE_UNAVAILABLE"
    assert (report["attempts"], source.requests, source.connections) == (retries + 1, retries + 1, retries + 1)


async def test_a_connection_that_was_closed_for_being_idle_costs_no_error():
    """The source closes a connection when it is used again: the question is asked once more, on a new one."""
    source = Source(1, when_asked=True)
    async with orders_of(source) as orders, gateway_on([shop.crm(), orders]) as gateway:
        for customer in ("c1", "c2"):
            answer = await gateway.data(ORDERS, {"id": customer})
            assert answer["customer"]["orders"] == {"nodes": [{"id": "o1"}]}
    assert (source.connections, source.requests) == (2, 3)


async def test_a_connection_that_is_closed_between_calls_is_not_used():
    """What has been closed when the next call begins is seen, and nothing is asked twice."""
    source = Source(1, when_asked=False)
    async with orders_of(source) as orders, gateway_on([shop.crm(), orders]) as gateway:
        for customer in ("c1", "c2"):
            assert (await gateway.data(ORDERS, {"id": customer}))["customer"]["orders"] == {"nodes": [{"id": "o1"}]}
            await source.closed.wait()
            source.closed.clear()
    assert source.requests == 2


class SlowSource:
    """Answers when it is told to."""

    def __init__(self) -> None:
        self.connections = self.requests = 0
        self.asked = asyncio.Event()
        self.may_answer = asyncio.Event()
        self.answered = asyncio.Event()

    async def say(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        while True:
            await asked(reader)
            self.requests += 1
            self.asked.set()
            await self.may_answer.wait()
            writer.write(ANSWER)
            await writer.drain()
            self.answered.set()


async def fetched(connector: HttpConnector, key: str, remaining_s: float) -> Answer:
    (lookup,) = connector.lookups()
    return await lookup.fetch([key], Ask(fields=Fields.of("id"), remaining_s=remaining_s))


@pytest.mark.parametrize("is_cancelled", [False, True])
async def test_a_call_of_a_hurried_caller_does_not_cost_its_connection(is_cancelled: bool):
    """Its time is over, or it is cancelled, before the source answers: the next call goes over the same connection."""
    source = SlowSource()
    async with orders_of(source) as orders:
        await orders.open()
        hurried = asyncio.create_task(fetched(orders, "c1", 0.49 if is_cancelled else 0.05))
        await source.asked.wait()
        if is_cancelled:
            hurried.cancel()
        with pytest.raises((asyncio.CancelledError, SourceTimeoutError)):
            await hurried
        source.may_answer.set()
        await asyncio.gather(*orders._transport._hurried)
        assert await fetched(orders, "c2", 30)
        await orders.aclose()
    assert (source.connections, source.requests) == (1, 2)


async def test_few_calls_go_on_when_their_time_is_over():
    """Of 12 hurried ones at once ten; the others are broken off. Closing the connector ends all."""
    source = SlowSource()
    async with orders_of(source) as orders:
        await orders.open()
        calls = [asyncio.create_task(fetched(orders, f"c{n}", 0.05)) for n in range(MAX_HURRIED + 2)]
        while len(going_on := list(orders._transport._hurried)) < MAX_HURRIED:
            await asyncio.sleep(0)
        failures = await asyncio.gather(*calls, return_exceptions=True)
        assert [type(failure) for failure in failures] == [SourceTimeoutError] * len(calls)
        assert set(going_on) >= orders._transport._hurried
        await orders.aclose()
        await asyncio.wait(going_on)
    assert source.requests <= len(calls)


def test_aiohttp_has_what_our_transport_sets():
    """The switch that keeps aiohttp from asking by itself is private: another version may call it otherwise."""
    assert "_retry_connection" in inspect.getsource(aiohttp.ClientSession._request)
    assert [*inspect.signature(aiohttp.TCPConnector.connect).parameters] == ["self", "req", "traces", "timeout"]
