"""Every way in which an `http` source fails becomes one of our errors, without a word of the source's."""

import asyncio

import pytest
from aiohttp import web

from connectors.contract import Ask
from connectors.errors import (
    SourceAuthError,
    SourceError,
    SourceProtocolError,
    SourceRejectedError,
    SourceThrottledError,
    SourceTimeoutError,
    SourceUnavailableError,
)
from connectors.http import HttpSettings
from connectors.record_fields import Fields
from tests.support.http_source import opened, serving
from tests.support.serve_process import free_port

ONE = {"path": "/t/{key}"}
MANY = {"path": "/t?e={keys}", "key": "e"}
SECRET = "upstream says so"


def settings(base_url, lookup, **more):
    return HttpSettings(base_url=base_url, records={"ticket": {"keys": {"email": lookup}}}, **more)


async def ask_keys(connector, keys, **ask):
    (lookup,) = connector.lookups()
    return await lookup.fetch(keys, Ask(fields=Fields.from_paths("id"), **ask))


async def failure(handler, lookup, *, remaining_s=None, **more):
    """The error of a call for one key, raised or as that key's value."""
    async with serving(handler) as base_url, opened(settings(base_url, lookup, **more)) as connector:
        try:
            (error,) = (await ask_keys(connector, ["a@x.de"], remaining_s=remaining_s)).values()
        except SourceError as raised:
            error = raised
    assert SECRET not in str(error)
    return error


def status(code, **headers):
    async def handler(request):
        return web.Response(status=code, text=SECRET, headers=headers)

    return handler


@pytest.mark.parametrize(
    ("code", "for_one", "for_many"),
    [
        (400, SourceRejectedError, SourceProtocolError),
        (401, SourceAuthError, SourceAuthError),
        (403, SourceAuthError, SourceAuthError),
        (405, SourceProtocolError, SourceProtocolError),
        (422, SourceRejectedError, SourceProtocolError),
        (429, SourceThrottledError, SourceThrottledError),
        (500, SourceUnavailableError, SourceUnavailableError),
        (503, SourceUnavailableError, SourceUnavailableError),
        (200, SourceProtocolError, SourceProtocolError),
    ],
)
async def test_a_status_becomes_an_error(code, for_one, for_many):
    """By who must act, for a call about one key and about many."""
    assert type(await failure(status(code), ONE)) is for_one
    assert type(await failure(status(code), MANY)) is for_many


async def test_not_found_is_absence_for_one_key_and_a_fault_for_a_batch():
    """404 says that this key is not there, or that this path is not."""
    async with serving(status(404)) as base_url, opened(settings(base_url, ONE)) as connector:
        assert await ask_keys(connector, ["a@x.de"]) == {}
    assert type(await failure(status(404), MANY)) is SourceProtocolError


@pytest.mark.parametrize(
    ("retry_after", "seconds"),
    [
        ({"Retry-After": "7"}, 7.0),
        ({"Retry-After": "2.5"}, 2.5),
        ({"Retry-After": "1e9"}, None),
        ({"Retry-After": "Wed, 01 May 2024 10:00:30 GMT", "Date": "Wed, 01 May 2024 10:00:00 GMT"}, 30.0),
        ({"Retry-After": "Wed, 01 May 2024 09:00:00 GMT", "Date": "Wed, 01 May 2024 10:00:00 GMT"}, 0.0),
        ({"Retry-After": "soon"}, None),
        ({"Retry-After": "-1"}, None),
        ({}, None),
    ],
)
async def test_a_throttled_call_says_when_to_come_back(retry_after, seconds):
    """Seconds, or a date by the source's own clock, or nothing."""
    error = await failure(status(429, **retry_after), ONE)
    assert isinstance(error, SourceThrottledError)
    assert error.retry_after_s == seconds


@pytest.mark.parametrize(
    "body", [b"", b"<html>", b'{"a":', b"\xff", b"[" * 100_000, b'"\\ud800"', b"5", b"null", b'{"rows": []}', b"1" * 5000]
)
async def test_an_answer_that_is_not_what_was_agreed_is_a_protocol_error(body):
    """No JSON, JSON too deep, and JSON of another shape."""

    async def handler(request):
        return web.Response(body=body)

    assert type(await failure(handler, MANY)) is SourceProtocolError


@pytest.mark.parametrize("compressed", [False, True])
async def test_reading_stops_at_the_limit(compressed):
    """An answer without an end is cut off, also when it is small on the wire."""
    ended = asyncio.Event()

    async def handler(request):
        response = web.StreamResponse()
        if compressed:
            response.enable_compression(web.ContentCoding.gzip)
        await response.prepare(request)
        try:
            while True:
                await response.write(b" " * 100_000)
        finally:
            ended.set()

    error = await failure(handler, MANY, max_response_bytes=1_000_000)
    assert type(error) is SourceProtocolError
    assert str(error).endswith("(larger than max_response_bytes)")
    await ended.wait()


async def test_the_remaining_time_bounds_a_call():
    """Before the answer, during the answer, and when nothing is left."""
    release = asyncio.Event()

    async def silent(request):
        await release.wait()
        return web.json_response([])

    async def slow(request):
        response = web.StreamResponse()
        await response.prepare(request)
        await response.write(b"[")
        await release.wait()
        return response

    assert type(await failure(silent, ONE, remaining_s=0.05)) is SourceTimeoutError
    assert type(await failure(slow, MANY, remaining_s=0.05)) is SourceTimeoutError
    assert type(await failure(status(500), MANY, remaining_s=0)) is SourceTimeoutError


async def test_a_redirect_is_not_followed():
    """Credentials stay at the address that was configured."""
    seen = []

    async def handler(request):
        seen.append(request.path)
        return web.Response(status=302, headers={"Location": "/elsewhere"})

    assert type(await failure(handler, MANY)) is SourceProtocolError
    assert seen == ["/t"]


async def test_a_broken_connection_is_unavailability():
    """Nobody listens, the connection ends before the answer, or inside it."""

    async def no_answer(request):
        request.transport.abort()
        return web.Response()

    async def half_an_answer(request):
        response = web.StreamResponse(headers={"Content-Length": "100"})
        await response.prepare(request)
        await response.write(b"[")
        request.transport.abort()
        return response

    assert type(await failure(no_answer, MANY)) is SourceUnavailableError
    assert type(await failure(half_an_answer, MANY)) is SourceUnavailableError
    async with opened(settings(unused_address(), MANY)) as connector:
        with pytest.raises(SourceUnavailableError):
            await ask_keys(connector, ["a@x.de"])


async def test_what_does_not_speak_http_is_a_protocol_error():
    """Another service on that port."""

    async def speak(reader, writer):
        await reader.readline()
        writer.write(b"220 smtp.example ESMTP\r\n\r\n")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(speak, "127.0.0.1", 0)
    async with server, opened(settings(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", MANY)) as connector:
        with pytest.raises(SourceProtocolError):
            await ask_keys(connector, ["a@x.de"])


async def test_a_failing_key_costs_only_itself():
    """Calls for several keys run side by side; those that fail give errors for their keys."""
    waiting, together = set(), asyncio.Event()

    async def handler(request):
        key = request.match_info["tail"].removeprefix("t/")
        waiting.add(key)
        if len(waiting) == 4:
            together.set()
        await together.wait()
        if key == "hang":
            await asyncio.Event().wait()
        return web.json_response({"id": 1}, status={"down": 500, "bad": 422}.get(key, 200))

    async with serving(handler) as base_url, opened(settings(base_url, ONE | {"max_batch": 9})) as connector:
        answer = await ask_keys(connector, ["good", "down", "bad", "hang"], remaining_s=3)  # enough for the three others
    assert {key: type(found).__name__ for key, found in answer.items()} == {
        "good": "Page",
        "down": "SourceUnavailableError",
        "bad": "SourceRejectedError",
        "hang": "SourceTimeoutError",
    }


async def test_a_source_that_fails_for_all_keys_raises():
    """What is wrong is the source, not a key."""
    async with serving(status(503)) as base_url, opened(settings(base_url, ONE | {"max_batch": 9})) as connector:
        with pytest.raises(SourceUnavailableError):
            await ask_keys(connector, ["a", "b"])


async def test_neither_cookies_nor_proxies_of_the_environment_are_used(monkeypatch):
    """A call depends on the configuration alone."""
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    cookies = []

    async def handler(request):
        cookies.append(dict(request.cookies))
        response = web.json_response([])
        response.set_cookie("session", "1")
        return response

    async with serving(handler) as base_url, opened(settings(base_url, MANY)) as connector:
        assert [await ask_keys(connector, ["a"]) for _ in range(2)] == [{}, {}]
    assert cookies == [{}, {}]


@pytest.mark.parametrize(
    ("code", "problem"),
    [
        (404, None),
        (401, "the source does not accept the gateway's credentials; correct the token in headers"),
        (500, "the source is unavailable; try the path by hand"),
    ],
)
async def test_check_asks_each_lookup_for_nobody(code: int, problem: str | None):
    """That nobody is found is well; a refused token and a failing path are told with the lookup that meets them."""
    async with serving(status(code)) as base_url, opened(settings(base_url, ONE)) as connector:
        problems = await connector.check()
    assert [one.partition(": ")[2] for one in problems] == ([] if problem is None else [problem])
    assert all(one.startswith("sources.support.records.") for one in problems)


async def test_check_says_when_an_answer_is_of_another_shape():
    """A list that is not where the settings say is a problem of the lookup."""

    async def handler(request):
        return web.json_response("none")

    async with serving(handler) as base_url, opened(settings(base_url, MANY)) as connector:
        (problem,) = await connector.check()
    assert problem.endswith("compare path, list, key and records with what the source answers")


async def test_check_says_when_the_source_cannot_be_reached():
    """One problem for the address, not one for each lookup."""
    async with opened(settings(unused_address(), ONE)) as connector:
        assert await connector.check() == [
            "sources.support.base_url: the source is unavailable (no connection); check the address and the network"
        ]


async def test_closing_twice_is_harmless():
    """And a closed connector says so."""
    async with opened(settings("http://127.0.0.1:1", ONE)) as connector:
        await connector.aclose()
        await connector.aclose()
        with pytest.raises(SourceUnavailableError, match="the connector is closed"):
            await ask_keys(connector, ["a@x.de"])


def unused_address():
    return f"http://127.0.0.1:{free_port()}"
