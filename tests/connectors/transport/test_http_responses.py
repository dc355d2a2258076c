"""What comes over HTTP: how it is framed, how much of it is read, and what is no answer."""

import asyncio
import gzip
import random
import zlib
from contextlib import suppress
from typing import Any

import pytest

from connectors.errors import (
    SourceError,
    SourceProtocolError,
    SourceUnavailableError,
)
from connectors.toolkit.http_client import decoded
from tests.support.http_bytes import (
    CONTENT,
    MAX,
    READABLE,
    ByteServer,
    calling,
    chunked,
    deflated,
    framed,
    get,
    giving,
    serving_bytes,
)


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


@pytest.mark.parametrize("coding", ["br", "zstd", "gzip, gzip", "deflate,GZIP"])
async def test_a_coding_that_nobody_asked_for_is_named(coding: str):
    """Without it the content would just be no JSON."""
    found = await outcome(framed(b"\x0b\x02\x80", f"Content-Encoding: {coding}"))
    assert isinstance(found, SourceProtocolError)
    assert "Content-Encoding" in str(found)


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


@pytest.mark.parametrize("coding", ["gzip", "deflate"])
async def test_content_that_decodes_to_nothing_is_cut_off(coding: str):
    """Padding behind the end of what is compressed, without an end of its own."""
    whole = gzip.compress(b"[]") if coding == "gzip" else deflated(b"[]", 15)

    async def answer(_server: ByteServer, writer: asyncio.StreamWriter) -> bool:
        writer.write(f"HTTP/1.1 200 OK\r\nContent-Encoding: {coding}\r\n\r\n".encode() + whole)
        while True:
            writer.write(b"\0" * 10_000)
            await writer.drain()

    async with serving_bytes(answer) as server, calling(server.url) as client:
        with pytest.raises(SourceProtocolError):
            await get(client, server)


async def test_a_cut_answer_in_two_codings_is_a_failure():
    """The last of them says how it ends."""
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: identity\r\nTransfer-Encoding: chunked\r\n\r\n"
    async with serving_bytes(giving(head + b"2\r\n{}\r\n", closes=True)) as server, calling(server.url) as client:
        with pytest.raises(SourceUnavailableError):
            await get(client, server)


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


@pytest.mark.parametrize("part", [b"{}", b"[]"])
def test_parts_that_are_many_and_tiny_are_refused(part: bytes):
    """Reading them would hold all other requests. Many that have something in them are read, and so are a few tiny ones."""
    many = b"[" + b",".join([part] * 250_001) + b"]"
    with pytest.raises(SourceProtocolError, match="more than 250,000 objects and lists of less than 32 bytes"):
        decoded(many)
    assert len(decoded(b"[" + b",".join([part] * 249_999) + b"]")) == 249_999
    assert len(decoded(b"[" + b",".join([b'{"name": "as long as others are"}'] * 250_001) + b"]")) == 250_001
