"""Requests that are wrong in ways nobody wrote down: good ones before them are answered, nothing in them is run, nobody hangs.

`FRAMING_REQUESTS` says how many connections are tried, `FRAMING_SEED` which.
"""

import asyncio
import os
from random import Random

import pytest

from gateway.uvicorn_protocol import EndpointProtocol
from tests.support.endpoint import BODY, HEAD, Served, answers_in, chunked, on_both_loops, posted, served

pytestmark = pytest.mark.cases

CONNECTIONS = int(os.environ.get("FRAMING_REQUESTS", "200"))
SEED = int(os.environ.get("FRAMING_SEED", "1"))
AT_ONCE = 100
SMUGGLED = b'{"query":"{ smuggled: hello }"}'
INSIDE = posted(SMUGGLED)
UPGRADE = b"connection: upgrade\r\nupgrade: h2c\r\n"


class Hasty(EndpointProtocol):
    header_s = 2
    request_s = 2


def good(random: Random, request_id: bytes) -> bytes:
    """A request that is answered with 200, with a document of its own."""
    more = b"x-request-id: %b\r\n%b" % (request_id, random.choice([b"", b"", UPGRADE, b"x: %b\r\n" % noise(random, 40)]))
    kinds = [
        posted(more=more),
        chunked(*(BODY[place : place + 9] for place in range(0, len(BODY), 9)), more=more, trailers=b"host: a\r\n"),
        b"GET /graphql?query=%%7Bhello%%7D HTTP/1.1\r\nhost: here\r\n%b\r\n" % more,
        posted(more=more).replace(b" /graphql", b" http://here/graphql"),
    ]
    return random.choice(kinds)


def noise(random: Random, most: int) -> bytes:
    """Letters and signs that may stand in the value of a header."""
    return bytes(random.choice(b"abcXYZ019-_=;,/ \t\xe4") for _ in range(random.randint(1, most))).strip() or b"a"


def bad(random: Random) -> bytes:
    """A request that no server may take, with another one where a careless one would find it."""
    name = random.choice([b"x y", b"x\0", b"", b" x", b"x\x7f", b"(x)", b"x\r", b"x\xe4"])
    value = random.choice([b"a\0b", b"a\rb", b"a\nb", b"a\x01", b"a\r\n b"])
    length = random.choice([b"-1", b"+3", b"0x5", b"1e1", b"", b"1,1", b"1 1", b"9" * 30, b"3;a", noise(random, 3) + b"z"])
    coding = random.choice([b"xchunked", b"chunkedx", b"chunked, x", b"chunked;a", b"gzip, x", b"identity", b""])
    size = random.choice([b"g", b"-1", b"0x1", b"", b" 1", b"1 1", b"f" * 20, b"+1", b"1\n"])
    both = [b"content-length: %d" % len(INSIDE), b"transfer-encoding: chunked"]
    random.shuffle(both)
    kinds = [
        posted(more=b"%b: a\r\n" % name),
        posted(more=b"x: %b\r\n" % value),
        HEAD + b"content-length: %b\r\n\r\n%b" % (length, INSIDE),
        HEAD + b"transfer-encoding: %b\r\n\r\n0\r\n\r\n%b" % (coding, INSIDE),
        HEAD + b"transfer-encoding: chunked\r\n\r\n%b\r\na\r\n0\r\n\r\n%b" % (size, INSIDE),
        HEAD + b"\r\n".join(both) + b"\r\n\r\n0\r\n\r\n" + INSIDE,
        HEAD + b"content-length: 0\r\ncontent-length: %d\r\n\r\n%b" % (len(INSIDE), INSIDE),
        posted().replace(b"host: here\r\n", random.choice([b"", b"host: a\r\nhost: b\r\n", b"host: a b\r\n", b"host: @\r\n"])),
        posted().replace(b"HTTP/1.1", random.choice([b"HTTP/1.2", b"HTTP/3.0", b"HTTP/1", b"http/1.1", b"HTTP/1.1 "])),
        posted().replace(b"POST", random.choice([b"POSTS", b"P OST", b"\0POST", b"post", b"P\xd6ST"])),
        posted().replace(b"\r\n", random.choice([b"\n", b"\r", b"\r\r\n", b"\n\r"]), 1),
        chunked(BODY).replace(b"HTTP/1.1", b"HTTP/1.0"),
        bytes(random.randrange(128, 256) for _ in range(random.randint(1, 50))),
    ]
    return random.choice(kinds)


def changed(random: Random, request: bytes) -> bytes:
    """The request with some bytes of another value, left out or put in."""
    text = bytearray(request)
    for _ in range(random.randint(1, 4)):
        place = random.randrange(len(text))
        text[place : place + random.randint(0, 2)] = bytes(random.randrange(256) for _ in range(random.randint(0, 2)))
    return bytes(text)


def pieces(random: Random, sent: bytes) -> list[bytes]:
    places = sorted(random.randrange(len(sent)) for _ in range(random.choice([0, 0, 1, 2, 5])))
    return [sent[start:end] for start, end in zip([0, *places], [*places, len(sent)], strict=True)]


async def told(it: Served, random: Random, sent: bytes) -> list[tuple[int, str | None]]:
    """The status and id of each answer to these bytes, when the connection has ended."""
    caller = await it.connection()
    reading = asyncio.create_task(caller.reader.read())
    for piece in pieces(random, sent):
        caller.send(piece)
        await asyncio.sleep(0)
    return [(status, headers.get("x-request-id")) for status, headers, _ in answers_in(await asyncio.wait_for(reading, 30))]


async def try_one(it: Served, seed: int, *, surely_bad: bool) -> None:
    random = Random(seed)
    ids = [b"%d-%d" % (seed, number) for number in range(random.choice([0, 0, 1, 2, 3]))]
    before = b"".join(good(random, request_id) for request_id in ids)
    last = bad(random) if surely_bad else changed(random, good(random, b"last"))
    sent = before + last + posted(SMUGGLED)
    try:
        answers = await told(it, random, sent)
    except ConnectionResetError:
        assert not surely_bad  # it may have become one that asks to close, behind which the caller went on
        return
    assert answers[: len(ids)] == [(200, request_id.decode()) for request_id in ids], (seed, sent)
    rest = [status for status, _ in answers[len(ids) :]]
    if surely_bad:
        assert len(rest) == 1, (seed, rest, last)
        assert rest[0] in (400, 408, 501, 505), (seed, rest, last)
    else:
        assert len(rest) >= 1, (seed, last)
        assert {status for status in rest if status >= 500} <= {501, 505}, (seed, rest, last)


@pytest.mark.timeout(600)
@pytest.mark.parametrize("surely_bad", [True, False], ids=["bad", "changed"])
@on_both_loops
async def test_whatever_comes_is_answered_in_order_and_nothing_in_it_is_run(surely_bad: bool):
    """Each good request has its answer, a bad one has one refusal and ends the connection; no 5xx but for what is not known."""
    async with served(Hasty) as it:
        it.server.config.timeout_keep_alive = 0.3  # type: ignore[assignment]
        for start in range(SEED, SEED + CONNECTIONS, AT_ONCE):
            seeds = range(start, min(start + AT_ONCE, SEED + CONNECTIONS))
            await asyncio.gather(*(try_one(it, seed, surely_bad=surely_bad) for seed in seeds))
            if surely_bad:
                assert {text.replace(" ", "") for text in it.asked} <= {"{hello}"}
