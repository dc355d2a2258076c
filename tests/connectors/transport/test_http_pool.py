"""Connections: kept, shared, limited, given up, and when a call is sent again."""

import asyncio
import select
import socket

import pytest

from connectors.errors import (
    SourceError,
    SourceTimeoutError,
    SourceUnavailableError,
)
from connectors.toolkit import http_pool
from tests.support.http_bytes import (
    CONTENT,
    ByteServer,
    calling,
    chunked,
    framed,
    get,
    giving,
    keeping_silent,
    post,
    serving_bytes,
)


async def test_a_connection_is_kept():
    """One for calls in turn, whatever status they have; content that is not read costs it unless it has come already."""
    answers = [
        framed(CONTENT),
        chunked(CONTENT),
        framed(b"", status="204 No Content"),
        framed(b"sorry", status="500 No"),
        framed(b"sorry", status="404 No"),
    ]
    async with serving_bytes(giving(*answers)) as server, calling(server.url) as client:
        for _ in range(6):
            try:
                await get(client, server)
            except SourceError:
                await asyncio.sleep(0)
        assert server.counts == [6]


@pytest.mark.parametrize(
    "answer",
    [
        framed(CONTENT, "Connection: close"),
        b"HTTP/1.0 200 OK\r\nContent-Length: 26\r\n\r\n" + CONTENT,
        framed(CONTENT) + framed(b"more"),
        framed(CONTENT) + b"more",
    ],
    ids=["close", "HTTP/1.0", "another answer", "more bytes"],
)
async def test_a_connection_is_not_kept_where_its_next_answer_is_in_doubt(answer: bytes):
    """The second call has a new one, and the answer that belongs to it."""
    async with serving_bytes(giving(answer, framed(b"[2]"))) as server, calling(server.url) as client:
        assert await get(client, server) == CONTENT
        assert await get(client, server) == b"[2]"
        assert server.counts == [1, 1]


async def test_what_comes_unasked_is_no_answer():
    """A kept connection on which something comes is given up."""

    async def answer(server: ByteServer, writer: asyncio.StreamWriter) -> bool:
        writer.write(framed(CONTENT))
        if server.counts == [1]:
            await writer.drain()
            await asyncio.sleep(0.05)
            writer.write(framed(b"[unasked]"))
        return True

    async with serving_bytes(answer) as server, calling(server.url) as client:
        assert await get(client, server) == CONTENT
        await server.wait_until(lambda server: server.open == 0)
        assert await get(client, server) == CONTENT
        assert server.counts == [1, 1]


async def test_no_more_connections_are_open_than_are_allowed():
    """Calls wait for one that is free, in turn; one that is cancelled waits no more."""
    release = asyncio.Event()

    async def answer(_server: ByteServer, writer: asyncio.StreamWriter) -> bool:
        await release.wait()
        writer.write(framed(CONTENT))
        return True

    async with serving_bytes(answer) as server, calling(server.url, connections=2) as client:
        calls = [asyncio.ensure_future(get(client, server, f"/{number}")) for number in range(6)]
        await server.wait_until(lambda server: sum(server.counts) == 2)
        calls[3].cancel()
        with pytest.raises(SourceTimeoutError):
            await get(client, server, seconds=0.05)
        release.set()
        answers = await asyncio.gather(*calls, return_exceptions=True)
    assert [isinstance(found, asyncio.CancelledError) or found for found in answers] == [CONTENT] * 3 + [True] + [CONTENT] * 2
    assert server.most_open == 2


async def test_a_call_that_ends_early_costs_its_connection():
    """Cancelled or late: the answer that is still to come is nobody's."""
    async with serving_bytes(keeping_silent) as server, calling(server.url, connections=1) as client:
        call = asyncio.ensure_future(get(client, server))
        await server.wait_until(lambda server: server.counts == [1])
        call.cancel()
        await asyncio.gather(call, return_exceptions=True)
        await server.wait_until(lambda server: server.open == 0)
        with pytest.raises(SourceTimeoutError):
            await get(client, server, seconds=0.1)
        await server.wait_until(lambda server: server.open == 0)
        assert server.counts == [1, 1]


async def closing_after_one(server: ByteServer, writer: asyncio.StreamWriter) -> bool:
    """Answers the first request of a connection, and closes on the second."""
    if server.counts[-1] > 1:
        return False
    writer.write(framed(CONTENT))
    return True


async def test_a_get_is_sent_again_where_a_kept_connection_had_ended():
    """Once, over a new connection."""
    async with serving_bytes(closing_after_one) as server, calling(server.url) as client:
        assert [await get(client, server) for _ in range(3)] == [CONTENT] * 3
        assert server.counts == [2, 2, 1]


async def test_a_post_is_never_sent_again():
    """It may change something, as far as anybody knows here."""
    async with serving_bytes(closing_after_one) as server, calling(server.url) as client:
        assert await post(client, server, {}) == CONTENT
        with pytest.raises(SourceUnavailableError):
            await post(client, server, {})
        assert server.counts == [2]


async def test_a_call_that_was_answered_in_part_is_not_sent_again():
    answers = giving(framed(CONTENT), framed(CONTENT)[:-3])

    async def answer(server: ByteServer, writer: asyncio.StreamWriter) -> bool:
        await answers(server, writer)
        return server.counts == [1]

    async with serving_bytes(answer) as server, calling(server.url) as client:
        assert await get(client, server) == CONTENT
        with pytest.raises(SourceUnavailableError):
            await get(client, server)
        assert server.counts == [2]


async def test_a_call_on_a_new_connection_is_sent_once():
    async with serving_bytes(giving(b"", closes=True)) as server, calling(server.url) as client:
        with pytest.raises(SourceUnavailableError):
            await get(client, server)
        assert server.counts == [1]


async def test_idle_connections_that_the_source_closes_are_given_up():
    """Also many at once; no call of the next round fails, POST neither."""
    together = asyncio.Barrier(4)

    async def answer(server: ByteServer, writer: asyncio.StreamWriter) -> bool:
        await together.wait()
        writer.write(framed(CONTENT))
        return False

    async with serving_bytes(answer) as server, calling(server.url) as client:
        for _ in range(2):
            assert await asyncio.gather(*(post(client, server, {}) for _ in range(4))) == [CONTENT] * 4
            await server.wait_until(lambda server: server.open == 0)
            await asyncio.sleep(0.05)
        assert server.counts == [1] * 8


async def test_calls_under_way_fail_when_the_client_closes():
    """Those that wait for a connection, too."""
    async with serving_bytes(keeping_silent) as server, calling(server.url, connections=1) as client:
        calls = [asyncio.ensure_future(get(client, server)) for _ in range(3)]
        await server.wait_until(lambda server: server.counts == [1])
        await client.aclose()
        async with asyncio.timeout(20):
            answers = await asyncio.gather(*calls, return_exceptions=True)
            await server.wait_until(lambda server: server.open == 0)
    assert [type(found) for found in answers] == [SourceUnavailableError] * 3
    assert server.counts == [1]


async def test_a_part_of_an_answer_is_none_when_the_client_closes():
    """Not even of one that lasts until the source closes: it did not."""

    async def answer(_server: ByteServer, writer: asyncio.StreamWriter) -> bool:
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n[1")
        await asyncio.Event().wait()
        return False

    async with serving_bytes(answer) as server, calling(server.url) as client:
        call = asyncio.ensure_future(get(client, server))
        await server.wait_until(lambda server: server.counts == [1])
        await asyncio.sleep(0.05)
        await client.aclose()
        with pytest.raises(SourceUnavailableError):
            await call


async def test_calls_that_connect_fail_when_the_client_closes():
    """Such as in a handshake that the source does not answer."""
    accepted, ended = asyncio.Event(), asyncio.Event()

    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        accepted.set()
        await reader.read()
        writer.close()
        ended.set()

    async with await asyncio.start_server(accept, "127.0.0.1", 0) as server:
        address = f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        async with calling(address) as client:
            call = asyncio.ensure_future(get(client, address))
            await accepted.wait()
            await client.aclose()
            async with asyncio.timeout(20):
                with pytest.raises(SourceUnavailableError):
                    await call
                await ended.wait()


async def test_what_came_while_the_loop_was_busy_is_no_answer():
    """A kept connection is looked at before it is used."""

    async def answer(server: ByteServer, writer: asyncio.StreamWriter) -> bool:
        writer.write(framed(CONTENT))
        return True

    async with serving_bytes(answer) as server, calling(server.url) as client:
        raw, others = socket.socketpair(), []
        for one in raw:
            others.append(one)
            one.setblocking(False)
        assert await get(client, server) == CONTENT
        (connection,) = client._open._idle  # type: ignore[union-attr]
        connection._readable.register(raw[0].fileno(), select.POLLIN)
        raw[1].send(b"HTTP/1.1 200 OK\r\n")
        assert await get(client, server) == CONTENT
        assert server.counts == [1, 1]
        for one in others:
            one.close()


async def test_idle_connections_hold_no_content():
    """They may be a hundred of sixteen megabytes each."""
    async with serving_bytes(giving(framed(CONTENT))) as server, calling(server.url) as client:
        assert await get(client, server) == CONTENT
        (connection,) = client._open._idle  # type: ignore[union-attr]
        assert connection._content == b""


async def test_idle_connections_are_closed_in_time(monkeypatch: pytest.MonkeyPatch):
    """Descriptors are not kept for calls that do not come; those in use stay."""
    monkeypatch.setattr(http_pool, "IDLE_S", 0.2)
    async with serving_bytes(giving(framed(CONTENT))) as server, calling(server.url) as client:
        assert await asyncio.gather(*(get(client, server) for _ in range(5))) == [CONTENT] * 5
        await server.wait_until(lambda server: server.open == 0)
        assert await get(client, server) == CONTENT
