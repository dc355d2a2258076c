"""Answers are compressed for who accepts that, where it is worth it, on both ways to the endpoint."""

import asyncio
import gzip
import json

import pytest

from gateway.http import compression
from gateway.http.compression import MAX_AT_ONCE, MIN_BYTES, THREAD_BYTES, Compressor, accepts_gzip
from gateway.http.negotiation import JSON
from gateway.http.response import HttpResponse
from tests.support.endpoint import BODY, Served, chunked, posted, served


@pytest.mark.parametrize(
    ("header", "accepted"),
    [
        (b"gzip", True),
        (b"GZIP", True),
        (b"gzip, deflate, br, zstd", True),
        (b"deflate, gzip;q=1.0, *;q=0.5", True),
        (b"x-gzip", True),
        (b"*", True),
        (b"br;q=1.0, gzip;q=0.8", True),
        (b"gzip ; q=0.001", True),
        (b"gzip;q=0", False),
        (b"gzip;q=0.000, *", False),
        (b"gzip; Q=0", False),
        (b"*;q=0", False),
        (b"identity, gzip;q=0.5", False),
        (b"identity;q=0.5, gzip;q=0.5", True),
        (b"identity", False),
        (b"br", False),
        (b"", False),
        (b"gzipped", False),
        (b"gzip;q=2", False),
        (b"gzip;q=x", False),
        (b"gzip;q=1;q=0", False),
        (b"gzip;level=9", False),
        (b"gzip" + b",a" * 4_000, False),
        (b"\xff", False),
    ],
)
def test_what_is_accepted_is_said_by_qualities(header: bytes, accepted: bool):
    """By the coding's own quality, else by that of *; what cannot be read accepts nothing. It is remembered."""
    assert (accepts_gzip(header), accepts_gzip(header)) == (accepted, accepted)


def test_what_is_remembered_of_headers_is_bounded():
    """However many differ."""
    for number in range(2 * compression.MAX_KNOWN_CODINGS):
        accepts_gzip(b"gzip, x%d" % number)
    assert len(compression._known_codings) <= compression.MAX_KNOWN_CODINGS


GZIP = b"accept-encoding: gzip\r\n"


async def answer_of(it: Served, request: bytes) -> tuple[dict[str, str], bytes]:
    caller = await it.connection()
    caller.send(request)
    status, headers, body = await caller.answer()
    assert status == 200
    return headers, body


@pytest.mark.parametrize("size", [MIN_BYTES, THREAD_BYTES + 1, 1 << 20])
@pytest.mark.parametrize("way", ["short", "by ASGI"])
async def test_an_answer_is_compressed_for_who_accepts_it(way: str, size: int):
    """With its length and coding, on both ways; plain for all others."""
    async with served() as it:
        it.view.compressor = Compressor()
        it.data = {"hello": "you, " * (size // 5)}
        whole = json.dumps({"data": it.data}, separators=(",", ":")).encode()
        headers, body = await answer_of(it, make(way, GZIP))
        assert (headers["content-encoding"], gzip.decompress(body)) == ("gzip", whole)
        assert len(body) < len(whole) / 20
        assert "Accept-Encoding" in headers["vary"]
        none = b"accept-encoding: gzip;q=0\r\n"
        for other in (b"", none, b"accept-encoding: br\r\n", GZIP + none):
            headers, body = await answer_of(it, make(way, other))
            assert ("content-encoding" in headers, body) == (False, whole), other
            assert "Accept-Encoding" in headers["vary"]
        assert it.on_short_way == (5 if way == "short" else 0)


def make(way: str, more: bytes) -> bytes:
    return posted(more=more) if way == "short" else chunked(BODY, more=more)


async def test_small_answers_go_as_they_are_and_so_do_all_where_it_is_off():
    """Below the least size, and without a compressor at any size."""
    async with served() as it:
        for compressor, size in ((Compressor(), MIN_BYTES - 100), (None, 1 << 20)):
            it.view.compressor = compressor
            it.data = {"hello": "y" * size}
            headers, body = await answer_of(it, posted(more=GZIP))
            assert ("content-encoding" in headers, json.loads(body)) == (False, {"data": it.data})


def large_answer() -> HttpResponse:
    return HttpResponse(200, b"you, " * (THREAD_BYTES // 4), JSON, "1")


async def test_more_large_answers_than_there_are_threads_go_as_they_are():
    """Those are not waited for, and afterwards there is room again."""
    compressor, answers = Compressor(), [large_answer() for _ in range(MAX_AT_ONCE + 3)]
    await asyncio.gather(*(compressor.compress(answer, b"gzip") for answer in answers))
    assert ["content-encoding" in answer.more_headers for answer in answers] == [True] * MAX_AT_ONCE + [False] * 3
    assert [len(answer.body) for answer in answers[MAX_AT_ONCE:]] == [len(large_answer().body)] * 3
    again = large_answer()
    await compressor.compress(again, b"gzip")
    assert (gzip.decompress(again.body), compressor.under_way) == (large_answer().body, 0)


async def test_who_leaves_makes_no_room_before_his_answer_is_done():
    """Callers who hang up one after the other do not fill the threads' queue."""
    compressor = Compressor()
    for _ in range(MAX_AT_ONCE):
        task = asyncio.create_task(compressor.compress(large_answer(), b"gzip"))
        await asyncio.sleep(0)
        task.cancel()
    assert compressor.under_way == MAX_AT_ONCE
    late = large_answer()
    await compressor.compress(late, b"gzip")
    assert "content-encoding" not in late.more_headers
    while compressor.under_way:
        await asyncio.sleep(0.001)
