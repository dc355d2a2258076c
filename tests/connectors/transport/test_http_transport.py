"""What a call over HTTP promises on the wire: framing, limits, connections, deadlines, and what is sent."""

import asyncio
import gzip
import random
import socket
import ssl
import zlib
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from yarl import URL

from connectors.errors import (
    SourceError,
    SourceProtocolError,
    SourceTimeoutError,
    SourceUnavailableError,
)
from connectors.toolkit import http_pool
from connectors.toolkit.http_client import HttpClient
from tests.support.http_bytes import ByteServer, calling, framed, giving, keeping_silent, serving_bytes

CONTENT = b'[{"id": "a"}, {"id": "b"}]'
MAX = 100_000


async def get(
    client: HttpClient, base: ByteServer | str, path: str = "/x", *, seconds: float = 30, **more: Any
) -> bytes | None:
    until = asyncio.get_running_loop().time() + seconds
    url = URL((base if isinstance(base, str) else base.url) + path, encoded=True)
    return await client.call("GET", url, None, **{"one_key": False, "until": until, **more})


async def post(client: HttpClient, server: ByteServer, body: Any, **more: Any) -> bytes | None:
    until = asyncio.get_running_loop().time() + 30
    return await client.call("POST", URL(server.url + "/x"), body, **{"one_key": False, "until": until, **more})


async def outcome(answer: bytes, *, closes: bool = False, pieces: int | None = None, **more: Any) -> bytes | SourceError | None:
    """What a call gives for these bytes."""
    async with (
        serving_bytes(giving(answer, closes=closes, pieces=pieces)) as server,
        calling(server.url, max_response_bytes=MAX) as client,
    ):
        try:
            return await get(client, server, **more)
        except SourceError as error:
            return error


def chunked(content: bytes, *fields: str, size: int = 7, extension: bytes = b"", trailers: bytes = b"") -> bytes:
    head = "\r\n".join(["HTTP/1.1 200 OK", "Transfer-Encoding: chunked", *fields, "", ""]).encode()
    parts = [content[start : start + size] for start in range(0, len(content), size)]
    return head + b"".join(b"%x%b\r\n%b\r\n" % (len(part), extension, part) for part in parts) + b"0\r\n" + trailers + b"\r\n"


def deflated(content: bytes, bits: int) -> bytes:
    packer = zlib.compressobj(wbits=bits)
    return packer.compress(content) + packer.flush()


HALF = len(CONTENT) // 2
READABLE = {
    "a length": (framed(CONTENT), False),
    "chunks": (chunked(CONTENT), False),
    "chunks with extensions and trailers": (chunked(CONTENT, extension=b";a=1", trailers=b"X-Sum: 1\r\n"), False),
    "until the end": (b"HTTP/1.1 200 OK\r\n\r\n" + CONTENT, True),
    "until the end, said": (b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + CONTENT, True),
    "HTTP/1.0": (b"HTTP/1.0 200 OK\r\n\r\n" + CONTENT, True),
    "HTTP/1.0 with a length": (f"HTTP/1.0 200 OK\r\nContent-Length: {len(CONTENT)}\r\n\r\n".encode() + CONTENT, False),
    "no reason": (f"HTTP/1.1 200\r\nContent-Length: {len(CONTENT)}\r\n\r\n".encode() + CONTENT, False),
    "bare line feeds": (f"HTTP/1.1 200 OK\nContent-Length: {len(CONTENT)}\n\n".encode() + CONTENT, False),
    "odd headers": (framed(CONTENT, "X-A: a\x01b", "X-B:", "X-C: \xe9"), False),
    "gzip": (framed(gzip.compress(CONTENT), "Content-Encoding: gzip"), False),
    "gzip in capitals": (framed(gzip.compress(CONTENT), "content-encoding: GZip"), False),
    "gzip of two members": (
        framed(gzip.compress(CONTENT[:HALF]) + gzip.compress(CONTENT[HALF:]), "Content-Encoding: gzip"),
        False,
    ),
    "gzip in chunks": (chunked(gzip.compress(CONTENT), "Content-Encoding: gzip"), False),
    "gzip until the end": (b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n" + gzip.compress(CONTENT), True),
    "deflate": (framed(deflated(CONTENT, 15), "Content-Encoding: deflate"), False),
    "deflate without its header": (framed(deflated(CONTENT, -15), "Content-Encoding: deflate"), False),
    "identity": (framed(CONTENT, "Content-Encoding: identity"), False),
    "a byte order mark": (framed(b"\xef\xbb\xbf" + CONTENT), False),
    "an interim response": (b"HTTP/1.1 100 Continue\r\n\r\n" + framed(CONTENT), False),
    "hints": (b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 102 P\r\n\r\n" + framed(CONTENT), False),
}


@pytest.mark.parametrize("pieces", [None, 1], ids=["at once", "byte by byte"])
@pytest.mark.parametrize("name", READABLE)
async def test_every_form_of_an_answer_is_read(name: str, pieces: int | None):
    """However it is framed, packed and cut on its way."""
    answer, closes = READABLE[name]
    assert await outcome(answer, closes=closes, pieces=pieces) == CONTENT


@pytest.mark.parametrize("pieces", [None, 1], ids=["at once", "byte by byte"])
@pytest.mark.parametrize(
    ("answer", "closes", "error"),
    [
        (b"", True, SourceUnavailableError),
        (b"HTTP/1.1 20", True, SourceUnavailableError),
        (framed(CONTENT)[:-1], True, SourceUnavailableError),
        (chunked(CONTENT)[:-5], True, SourceUnavailableError),
        (chunked(CONTENT)[:-20], True, SourceUnavailableError),
        (b"220 smtp.example ESMTP\r\n", False, SourceProtocolError),
        (b"\x15\x03\x01\x00\x02\x02\x46", False, SourceProtocolError),
        (b"HTTP/1.1 200 OK\r\nno colon\r\n\r\n", False, SourceProtocolError),
        (b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n", False, SourceProtocolError),
        (b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n", False, SourceProtocolError),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n[]", False, SourceProtocolError),
        (chunked(CONTENT, "Content-Length: 2"), False, SourceProtocolError),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\n", False, SourceProtocolError),
        (b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n\r\n", False, SourceProtocolError),
        (framed(CONTENT, status="099 Odd"), False, SourceProtocolError),
        (framed(CONTENT, "Location: http://127.0.0.1:1/", status="302 Found"), False, SourceProtocolError),
        (framed(CONTENT, status="304 Not Modified"), False, SourceProtocolError),
    ],
)
async def test_what_is_no_answer_is_an_error(answer: bytes, closes: bool, error: type[SourceError], pieces: int | None):
    """A connection that ends is unavailability, what is not HTTP a protocol error."""
    assert type(await outcome(answer, closes=closes, pieces=pieces)) is error


async def test_broken_chunks_are_a_failure_at_once():
    """No waiting for what cannot come."""
    found = await outcome(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n[]\r\nzz\r\n")
    assert isinstance(found, SourceProtocolError | SourceUnavailableError)


@pytest.mark.parametrize("coding", ["gzip", "deflate"])
async def test_content_that_cannot_be_decompressed_is_a_failure(coding: str):
    """It is never handed on."""
    found = await outcome(framed(b"\x1f\x8bnonsense and more of it", f"Content-Encoding: {coding}"))
    assert isinstance(found, SourceProtocolError | SourceUnavailableError)


@pytest.mark.parametrize("extra", [0, 1])
@pytest.mark.parametrize("form", ["length", "chunks", "gzip", "deflate", "end"])
async def test_the_limit_of_content_is_exact(form: str, extra: int):
    """Counted after decompression. So many bytes pass, one more does not."""
    content = b" " * (MAX + extra)
    answer = {
        "length": framed(content),
        "chunks": chunked(content, size=9000),
        "gzip": framed(gzip.compress(content), "Content-Encoding: gzip"),
        "deflate": framed(deflated(content, 15), "Content-Encoding: deflate"),
        "end": b"HTTP/1.1 200 OK\r\n\r\n" + content,
    }[form]
    found = await outcome(answer, closes=form == "end")
    if extra:
        assert isinstance(found, SourceProtocolError)
        assert str(found).endswith("(larger than max_response_bytes)")
        assert found.halvings
    else:
        assert found == content


async def endless(head: bytes, piece: bytes) -> SourceError:
    """How an answer fails that has no end; the server must have lost its connection by then."""

    async def answer(_server: ByteServer, writer: asyncio.StreamWriter) -> bool:
        writer.write(head)
        while not writer.is_closing():
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(0)
        return False

    async with serving_bytes(answer) as server, calling(server.url, max_response_bytes=MAX) as client:
        with pytest.raises(SourceError) as raised:
            await get(client, server)
        await server.wait_until(lambda server: server.open == 0)
    return raised.value


@pytest.mark.parametrize(
    ("head", "piece"),
    [
        (b"HTTP/1.1 200 " + b"O" * 9000, b"K" * 9000),
        (b"HTTP/1.1 200 OK\r\nX: ", b"x" * 9000),
        (b"HTTP/1.1 200 OK\r\n", b"X-%b: 1\r\n" % (b"x" * 900)),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n", b"X: %b\r\n" % (b"x" * 9000)),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n[]\r\n0\r\nX: ", b"x" * 9000),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"1000\r\n" + b" " * 4096 + b"\r\n"),
    ],
    ids=["reason", "header", "headers", "trailers", "trailer", "content"],
)
async def test_an_answer_without_an_end_is_cut_off(head: bytes, piece: bytes):
    """Nothing in it may grow for ever."""
    assert isinstance(await endless(head, piece), SourceProtocolError)


async def test_interim_responses_without_an_end_are_cut_off():
    assert isinstance(await endless(b"", b"HTTP/1.1 102 Processing\r\nX: %b\r\n\r\n" % (b"x" * 900)), SourceProtocolError)


async def test_a_bomb_of_gzip_is_cut_off():
    """A hundred megabytes in a tenth of one, and members that hold nothing."""
    packer = zlib.compressobj(wbits=31)
    bomb = b"".join(packer.compress(b" " * 1_000_000) for _ in range(100)) + packer.flush()
    assert isinstance(await outcome(framed(bomb, "Content-Encoding: gzip")), SourceProtocolError)
    hollow = framed(gzip.compress(b"") * 5_000, "Content-Encoding: gzip")
    assert isinstance(await outcome(hollow), SourceProtocolError | bytes)


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


async def test_any_answer_reaches():
    """Of HEAD, whose length is of content that does not come."""
    for status in ("200 OK", "404 Not Found", "500 No", "301 Moved"):
        answer = f"HTTP/1.1 {status}\r\nContent-Length: 1000\r\n\r\n".encode()
        async with serving_bytes(giving(answer)) as server, calling(server.url) as client:
            await client.reach(URL(server.url), 30)
            await client.reach(URL(server.url), 30)
            assert all(request.startswith(b"HEAD / HTTP/1.1\r\n") for requests in server.requests for request in requests)
    async with serving_bytes(keeping_silent) as server, calling(server.url) as client:
        with pytest.raises(SourceTimeoutError):
            await client.reach(URL(server.url), 0.05)


async def test_an_error_is_known_before_its_content():
    """What a status means needs no content where nobody reads it."""

    async def answer(_server: ByteServer, writer: asyncio.StreamWriter) -> bool:
        writer.write(b"HTTP/1.1 503 No\r\nContent-Length: 1000\r\n\r\n")
        await asyncio.Event().wait()
        return False

    async with serving_bytes(answer) as server, calling(server.url) as client:
        with pytest.raises(SourceUnavailableError):
            await get(client, server)
        await server.wait_until(lambda server: server.open == 0)


async def test_a_refusal_is_read_to_its_limit():
    """64 KB, behind which nothing of it is used; absence is known by its status."""
    said: list[Any] = []
    small, large = framed(b'{"a": 1}', status="400 No"), framed(b'"' + b"x" * 70_000 + b'"', status="400 No")
    packed = framed(gzip.compress(b'{"b": 1}'), "Content-Encoding: gzip", status="500 No")
    async with (
        serving_bytes(giving(small, large, packed)) as server,
        calling(server.url, lambda refused: said.append((refused.headers["CONTENT-LENGTH"], refused.said))) as client,
    ):
        for _ in range(3):
            with pytest.raises(SourceError):
                await get(client, server)
        assert said == [("8", {"a": 1}), ("70002", None), (str(len(gzip.compress(b'{"b": 1}'))), {"b": 1})]
    async with (
        serving_bytes(giving(b"HTTP/1.1 404 No\r\nContent-Length: 9\r\n\r\n")) as server,
        calling(server.url, said.append) as client,  # type: ignore[arg-type]
    ):
        assert await get(client, server, one_key=True) is None


async def test_an_answer_may_come_before_the_request_is_read():
    """A large body that is refused unread."""

    ended: list[asyncio.Future[None]] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        end = asyncio.get_running_loop().create_future()
        ended.append(end)
        with suppress(ConnectionError):
            await reader.readuntil(b"\r\n\r\n")
            writer.write(framed(b"", status="413 Too Large"))
            await writer.drain()
            await end_of_call.wait()
            while await reader.read(100_000):
                pass
        writer.close()
        end.set_result(None)

    end_of_call = asyncio.Event()
    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    async with server, calling(url) as client:
        for _ in range(2):
            with pytest.raises(SourceProtocolError, match="413"):
                await client.call("POST", URL(url), b"x" * 20_000_000, one_key=False, until=None)
        end_of_call.set()
        await asyncio.gather(*ended)
    assert len(ended) == 2


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


async def test_what_is_sent():
    """The head of a request, line by line."""
    async with serving_bytes(giving(framed(CONTENT))) as server, calling(server.url) as client:
        await get(client, server, "/a%20b?c=%2F&d=e+f")
        await post(client, server, {"q": "ä"})
        await post(client, server, b"a=b", headers={"content-type": "text/form", "accept": "*/*", "Authorization": "Bearer t"})
    host = server.url.removeprefix("http://")
    got, posted, formed = (request.decode().split("\r\n") for requests in server.requests for request in requests)
    shared = {f"Host: {host}", "Accept-Encoding: gzip, deflate"}
    assert got[0] == "GET /a%20b?c=%2F&d=e+f HTTP/1.1"
    assert shared | {"Accept: application/json"} <= set(got)
    assert not [line for line in got if line.lower().startswith(("content-", "transfer-", "cookie", "expect"))]
    assert posted[0] == "POST /x HTTP/1.1"
    assert shared | {"Content-Type: application/json", "Content-Length: 10", '{"q":"ä"}'} <= set(posted)
    assert formed[-1] == "a=b"
    names = [line.partition(":")[0].lower() for line in formed[1:-2]]
    assert len(names) == len(set(names))
    assert {"accept: */*", "content-type: text/form", "authorization: bearer t"} <= {line.lower() for line in formed}


@pytest.mark.parametrize("path", ["/a\r\nX-Injected: 1", "/a HTTP/1.1\r\nX: ", "/a\n"])
async def test_an_address_cannot_add_lines(path: str):
    """Nothing of it is sent."""
    async with serving_bytes(giving(framed(CONTENT))) as server, calling(server.url) as client:
        with suppress(SourceError):
            await get(client, server, path)
        assert not [request for requests in server.requests for request in requests if b"\nX" in request]


async def test_a_header_cannot_add_lines():
    async with serving_bytes(giving(framed(CONTENT))) as server, calling(server.url) as client:
        for headers in ({"X": "a\r\nX-Injected: 1"}, {"X\r\nY": "a"}, {"X": "a\0"}):
            with pytest.raises((SourceError, ValueError)):
                await get(client, server, headers=headers)
        assert sum(server.counts) == 0


@pytest.mark.parametrize("seed", range(3))
async def test_damaged_answers_cost_their_call(seed: int):
    """Bytes changed, left out, doubled and cut: content or one of our errors in time, and the next call is well."""
    dice = random.Random(seed)
    whole = [answer for answer, _ in READABLE.values()]
    damaged = [_damaged(dice, dice.choice(whole)) for _ in range(60)]
    async with (
        serving_bytes(giving(*damaged, framed(CONTENT), closes=True)) as server,
        calling(server.url, max_response_bytes=MAX) as client,
    ):
        for _ in damaged:
            with suppress(SourceError):
                assert isinstance(await get(client, server), bytes | None)
            await server.wait_until(lambda server: server.open == 0)
        assert await get(client, server) == CONTENT


def _damaged(dice: random.Random, answer: bytes) -> bytes:
    damaged = bytearray(answer)
    for _ in range(dice.randint(1, 4)):
        place = dice.randrange(len(damaged) or 1)
        match dice.randrange(4):
            case 0:
                damaged[place : place + 1] = bytes([dice.randrange(256)])
            case 1:
                del damaged[place : place + dice.randint(1, 9)]
            case 2:
                damaged[place:place] = damaged[place : place + dice.randint(1, 30)]
            case 3:
                del damaged[max(place, 15) :]
    return bytes(damaged)


class Names:
    """Answers what `source.test` resolves to."""

    def __init__(self, *hosts: str, port: int) -> None:
        self.found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (host, port)) for host in hosts]
        self.asked = 0
        self._ask = asyncio.get_running_loop().getaddrinfo

    async def getaddrinfo(self, host: Any, *args: Any, **kwargs: Any) -> Any:
        if host != "source.test":
            return await self._ask(host, *args, **kwargs)
        self.asked += 1
        await asyncio.sleep(0.01)
        return self.found


async def test_an_address_that_refuses_is_not_the_only_one(monkeypatch: pytest.MonkeyPatch):
    """The next one is tried, and the name is looked up once for all who wait."""
    async with serving_bytes(giving(framed(CONTENT))) as server:
        names = Names("127.0.0.9", "127.0.0.1", port=URL(server.url).port or 0)
        monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", names.getaddrinfo)
        base = f"http://source.test:{URL(server.url).port}"
        async with calling(base) as client:
            assert await asyncio.gather(*(get(client, base) for _ in range(4))) == [CONTENT] * 4
    assert names.asked == 1


@pytest.mark.parametrize(
    ("host", "error"),
    [("nowhere.invalid", SourceUnavailableError), ("a" * 70 + ".test", SourceError)],
)
async def test_a_name_without_an_address_is_an_error(host: str, error: type[SourceError]):
    base = f"http://{host}"
    async with calling(base) as client:
        with pytest.raises(error):
            await get(client, base)


@pytest.fixture
def authority(tmp_path: Path) -> tuple[Path, ssl.SSLContext]:
    """A certificate authority in a file, and a server that it vouches for at 127.0.0.1 alone."""
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "source")])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path / "authority.pem"
    text = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ) + certificate.public_bytes(serialization.Encoding.PEM)
    path.write_bytes(text)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    return path, context


async def test_tls_is_verified(authority: tuple[Path, ssl.SSLContext], monkeypatch: pytest.MonkeyPatch):
    """By the authorities of the system, or of `SSL_CERT_FILE`, and by the name."""
    path, context = authority
    async with serving_bytes(giving(framed(CONTENT)), tls=context) as server:
        async with calling(server.url) as client:
            with pytest.raises(SourceUnavailableError, match="no connection"):
                await get(client, server)
        monkeypatch.setenv("SSL_CERT_FILE", str(path))
        async with calling(server.url) as client:
            assert [await get(client, server) for _ in range(3)] == [CONTENT] * 3
            assert sum(server.counts) == 3
            assert len([count for count in server.counts if count]) == 1
        elsewhere = server.url.replace("127.0.0.1", "localhost")
        async with calling(elsewhere) as client:
            with pytest.raises(SourceUnavailableError, match="no connection"):
                await get(client, elsewhere)


async def test_tls_carries_every_form_of_an_answer(authority: tuple[Path, ssl.SSLContext], monkeypatch: pytest.MonkeyPatch):
    path, context = authority
    monkeypatch.setenv("SSL_CERT_FILE", str(path))
    for answer, closes in READABLE.values():
        async with serving_bytes(giving(answer, closes=closes), tls=context) as server, calling(server.url) as client:
            assert await get(client, server) == CONTENT
    async with serving_bytes(keeping_silent, tls=context) as server, calling(server.url) as client:
        with pytest.raises(SourceTimeoutError):
            await get(client, server, seconds=0.3)
        await server.wait_until(lambda server: server.open == 0)


async def test_a_source_without_tls_is_no_source_with_it():
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError):
            await reader.read(1000)
            writer.write(framed(b"", status="400 No"))
            await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    url = f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    async with server, calling(url) as client:
        with pytest.raises(SourceUnavailableError, match="no connection"):
            await get(client, url)


async def test_a_handshake_does_not_outlast_its_call():
    """A source that accepts, and says nothing."""
    ended = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError):
            while await reader.read(1000):
                pass
        writer.close()
        ended.set()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    url = f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    async with server, calling(url) as client:
        with pytest.raises(SourceTimeoutError):
            await get(client, url, seconds=0.2)
        await ended.wait()


async def test_an_address_of_ipv6_is_called():
    """It stands in brackets where the request names it."""
    heads: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heads.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(framed(CONTENT, "Connection: close"))
        writer.close()

    try:
        server = await asyncio.start_server(serve, "::1", 0)
    except OSError:
        pytest.skip("this machine has no IPv6")
    url = f"http://[::1]:{server.sockets[0].getsockname()[1]}"
    async with server, calling(url) as client:
        assert await get(client, url) == CONTENT
    assert f"Host: {url.removeprefix('http://')}\r\n".encode() in heads[0]


async def test_idle_connections_are_closed_in_time(monkeypatch: pytest.MonkeyPatch):
    """Descriptors are not kept for calls that do not come; those in use stay."""
    monkeypatch.setattr(http_pool, "IDLE_S", 0.2)
    async with serving_bytes(giving(framed(CONTENT))) as server, calling(server.url) as client:
        assert await asyncio.gather(*(get(client, server) for _ in range(5))) == [CONTENT] * 5
        await server.wait_until(lambda server: server.open == 0)
        assert await get(client, server) == CONTENT


async def test_calls_stay_at_the_origin_of_their_source():
    """Whatever address a call has; a spelling of the same origin is no other."""
    async with serving_bytes(giving(framed(CONTENT))) as server, calling(server.url) as client:
        for other in (
            "http://127.0.0.1:1",
            server.url.replace("http:", "https:"),
            server.url.replace("127.0.0.1", "localhost"),
        ):
            with pytest.raises(SourceProtocolError):
                await get(client, other)
        assert server.counts == []
    async with calling("http://127.0.0.1") as client:
        with pytest.raises(SourceUnavailableError):
            await get(client, "HTTP://127.0.0.1:80")
