"""Requests that are refused before an operation is known are counted, by few codes."""

import asyncio

import pytest

from gateway import framing
from gateway.descriptors import Descriptors
from gateway.telemetry.metrics import Metrics
from tests.support import shop
from tests.support.gateway_server import served, settings_for
from tests.support.prometheus_text import values_of

QUERY = b'{"query": "{ __typename }"}'
JSON = b"content-type: application/json"


def request(body: bytes = QUERY, *lines: bytes, start: bytes = b"POST /graphql HTTP/1.1", length: int | None = None) -> bytes:
    """A request of the endpoint; the caller closes the connection after the answer."""
    size = b"content-length: %d" % (len(body) if length is None else length)
    return b"\r\n".join([start, b"host: gateway", b"connection: close", size, *(lines or (JSON,)), b"", body])


async def status_of(url: str, content: bytes) -> int:
    """The status that a server answers these bytes with, on a connection of their own."""
    host, port = url.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    try:
        writer.write(content)
        await writer.drain()
        status = int((await reader.readuntil(b"\r\n")).split()[1])
        await reader.read()
        return status
    finally:
        writer.close()


REFUSED = {
    "no JSON": (request(b"{"), 400),
    "no query": (request(b"{}"), 400),
    "too large": (request(b"", length=2 << 20), 413),
    "wrong type of content": (request(QUERY, b"content-type: text/plain"), 415),
    "compressed": (request(QUERY, JSON, b"content-encoding: gzip"), 415),
    "wrong method": (request(QUERY, start=b"PUT /graphql HTTP/1.1"), 405),
    "no HTTP": (b"HELLO\r\n\r\n", 400),
    "no host": (b"GET /graphql HTTP/1.1\r\n\r\n", 400),
    "a tunnel": (request(b"", start=b"CONNECT there:80 HTTP/1.1"), 405),
    "a large header": (request(QUERY, b"x: " + b"x" * framing.MAX_HEADER_BYTES), 431),
    "an unknown coding": (b"POST /graphql HTTP/1.1\r\nhost: here\r\ntransfer-encoding: gzip, chunked\r\n\r\n", 501),
}


@pytest.mark.parametrize("name", REFUSED)
async def test_a_refused_request_is_counted(name: str) -> None:
    """Once, without the name of an operation."""
    content, expected = REFUSED[name]
    metrics = Metrics()
    source = shop.crm()
    async with served(settings_for([source]), connectors=[source], metrics=metrics) as gateway:
        assert await status_of(str(gateway.client.base_url), content) == expected
    assert values_of(metrics.render(), "gateway_requests_total") == {("other", "BAD_REQUEST", "none"): 1}
    assert values_of(metrics.render(), "gateway_request_duration_seconds_count") == {("none",): 1}


async def test_good_requests_are_counted_beside_them() -> None:
    """Those before a refused one on its connection, too."""
    metrics = Metrics()
    source = shop.crm()
    good = request().replace(b"connection: close\r\n", b"")
    async with served(settings_for([source]), connectors=[source], metrics=metrics) as gateway:
        url = str(gateway.client.base_url)
        assert await status_of(url, good + b"HELLO\r\n\r\n") == 200
        assert await status_of(url, request()) == 200
    assert values_of(metrics.render(), "gateway_requests_total") == {
        ("other", "BAD_REQUEST", "none"): 1,
        ("other", "OK", "anonymous"): 2,
    }


async def test_too_many_connections_are_counted_as_overload(monkeypatch: pytest.MonkeyPatch) -> None:
    """The alert for overload is to hear of them."""
    metrics = Metrics()
    source = shop.crm()
    monkeypatch.setattr(framing.FramingProtocol, "descriptors", Descriptors(limit=1))
    async with served(settings_for([source]), connectors=[source], metrics=metrics) as gateway:
        assert await status_of(str(gateway.client.base_url), request()) == 503
    assert values_of(metrics.render(), "gateway_requests_total") == {("other", "OVERLOADED", "none"): 1}


CHUNKED = b"POST /graphql HTTP/1.1\r\nhost: here\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n1\r\n"


@pytest.mark.parametrize(("content", "code"), [(request(b"", length=5), "BAD_REQUEST"), (CHUNKED, "ABANDONED")])
async def test_a_slow_request_is_counted_once(monkeypatch: pytest.MonkeyPatch, content: bytes, code: str) -> None:
    """One whose body does not come, whether the endpoint has begun to read it or not."""
    metrics = Metrics()
    source = shop.crm()
    monkeypatch.setattr(framing.FramingProtocol, "request_s", 0.05)
    async with served(settings_for([source]), connectors=[source], metrics=metrics) as gateway:
        assert await status_of(str(gateway.client.base_url), content) == 408
    assert values_of(metrics.render(), "gateway_requests_total") == {("other", code, "none"): 1}
