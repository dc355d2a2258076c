"""The calls that a source sees are those that the gateway counts."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from connectors.http import HttpConnector, HttpSettings
from tests.support import shop
from tests.support.gateway_server import gateway_on

pytestmark = pytest.mark.cases
QUERY = '{ customer(by: {id: "c1"}) { orders { nodes { id } } sources { name attempts errorCode } } }'


@asynccontextmanager
async def listening(answers_per_connection: int) -> AsyncIterator[tuple[str, list[int]]]:
    """A source that answers so many requests of a connection, and closes it unsaid; with the requests of each."""
    requests: list[int] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        place = len(requests)
        requests.append(0)
        try:
            while await reader.readuntil(b"\r\n\r\n"):
                requests[place] += 1
                if requests[place] > answers_per_connection:
                    break
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n[]")
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", requests


def orders(base: str) -> HttpConnector:
    keys = {"customer_id": {"path": "/o?ids={keys}", "key": "customer"}}
    return HttpConnector("orders", HttpSettings.model_validate({"base_url": base, "records": {"order": {"keys": keys}}}))


@pytest.mark.parametrize("retries", [0, 2])
async def test_a_source_that_closes_at_once_sees_as_many_calls_as_are_counted(retries):
    """One more for each retry of ours, and none of the HTTP client's."""
    async with listening(0) as (base, requests):
        called = {"retries": retries, "breaker": {"enabled": False}}
        async with gateway_on([shop.crm(), orders(base)], called=called, deadline_ms=60_000) as gateway:
            answer = await gateway.ask(QUERY)
    (report,) = [one for one in answer["data"]["customer"]["sources"] if one["name"] == "orders"]
    assert report == {"name": "orders", "attempts": retries + 1, "errorCode": "SOURCE_UNAVAILABLE"}
    assert requests == [1] * (retries + 1)


async def test_a_kept_connection_that_the_source_has_closed_costs_nothing():
    """The call goes out again on a new one, since the source has not answered it; nobody sees an error."""
    async with listening(1) as (base, requests), gateway_on([shop.crm(), orders(base)], deadline_ms=60_000) as gateway:
        answers = [await gateway.ask(QUERY) for _ in range(3)]
    assert [answer["data"]["customer"]["orders"] for answer in answers] == [{"nodes": []}] * 3
    assert requests in ([2, 2, 1], [1, 1, 1])
