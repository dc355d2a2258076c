"""Where a request ends and the next begins, what is refused, and in which order the answers come."""

import asyncio
import json

import pytest

from gateway.framing import MAX_HEADER_BYTES
from tests.support.endpoint import BODY, HEAD, Served, answers_in, chunked, on_both_loops, posted, served

pytestmark = pytest.mark.cases

SMUGGLED = posted(b'{"query": "{ smuggled: hello }"}')
GET = b"GET /graphql?query=%7Bhello%7D HTTP/1.1\r\nhost: here\r\n\r\n"
LAST = posted(more=b"connection: close\r\n")

UPGRADES = {
    "h2c": b"connection: Upgrade, HTTP2-Settings\r\nupgrade: h2c\r\nhttp2-settings: AAMAAABkAAQCAAAAAAIAAAAA\r\n",
    "websocket": b"connection: upgrade\r\nupgrade: websocket\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n",
    "unknown": b"upgrade: foo\r\nconnection: keep-alive, Upgrade\r\n",
    "twice": b"upgrade: foo\r\nconnection: upgrade\r\nupgrade: bar\r\n",
}


async def all_answers(it: Served, *parts: bytes) -> list[tuple[int, dict[str, str], bytes]]:
    """The answers to these bytes, sent one part after the other, until the server closes the connection."""
    caller = await it.connection()
    for part in parts:
        caller.send(part)
        await caller.writer.drain()
    return answers_in(await caller.reader.read())


async def statuses(it: Served, *parts: bytes) -> list[int]:
    return [status for status, _, _ in await all_answers(it, *parts)]


@pytest.mark.parametrize("upgrade", UPGRADES.values(), ids=UPGRADES)
@pytest.mark.parametrize("pieces", [1, 2, 7])
@on_both_loops
async def test_an_upgrade_is_ignored(upgrade: bytes, pieces: int):
    """Its body is its body, however it arrives; the answer is the normal one, and the request behind it is the next."""
    request = posted(SMUGGLED, more=upgrade).replace(b"content-type: application/json", b"content-type: text/plain", 1)
    sent = posted(more=upgrade) + request + LAST
    async with served() as it:
        size = -(-len(sent) // pieces)
        answers = await all_answers(it, *(sent[place : place + size] for place in range(0, len(sent), size)))
        assert [status for status, _, _ in answers] == [200, 415, 200]
        assert it.asked == ["{ hello }"] * 2


@on_both_loops
async def test_a_body_that_comes_after_the_head_of_an_upgrade_is_no_request():
    """The head alone is not answered; what follows is read as its body, up to its length."""
    async with served() as it:
        caller = await it.connection()
        caller.send(HEAD + UPGRADES["h2c"] + b"content-length: %d\r\n\r\n" % len(GET))
        while not it.server.server_state.connections or it.protocol.cycle is None:
            await asyncio.sleep(0)
        caller.send(GET, LAST)
        assert await caller.statuses() == [400, 200]
        assert it.asked == ["{ hello }"]


@pytest.mark.parametrize("upgrade", UPGRADES.values(), ids=UPGRADES)
async def test_an_upgrade_of_a_chunked_request_is_ignored(upgrade: bytes):
    """So is one of a request without a body."""
    async with served() as it:
        sent = chunked(BODY[:5], BODY[5:], more=upgrade) + GET.replace(b"\r\n\r\n", b"\r\n" + upgrade + b"\r\n") + LAST
        assert await statuses(it, sent) == [200, 200, 200]


@on_both_loops
async def test_many_upgrades_at_once_are_ignored():
    """Each of them is answered, however many come in one segment."""
    upgrade = GET.replace(b"\r\n\r\n", b"\r\n" + UPGRADES["unknown"] + b"\r\n")
    async with served() as it:
        assert await statuses(it, upgrade * 600 + LAST) == [200] * 601


async def test_a_tunnel_is_refused():
    """What follows CONNECT is no request, and the connection is closed."""
    async with served() as it:
        assert await statuses(it, b"CONNECT here:80 HTTP/1.1\r\nhost: here:80\r\n\r\n" + SMUGGLED) == [405]
        assert it.asked == []


BAD = {
    "garbage": (b"GARBAGE\r\n\r\n", 400),
    "both lengths": (HEAD + b"content-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n", 400),
    "both, turned": (HEAD + b"transfer-encoding: chunked\r\ncontent-length: 5\r\n\r\n0\r\n\r\n", 400),
    "two lengths": (posted(more=b"content-length: 1\r\n"), 400),
    "equal lengths": (posted(more=b"content-length: %d\r\n" % len(BODY)), 400),
    "a list of lengths": (HEAD + b"content-length: 1, 1\r\n\r\na", 400),
    "length with a sign": (HEAD + b"content-length: +1\r\n\r\na", 400),
    "length without digits": (HEAD + b"content-length:\r\n\r\n", 400),
    "endless length": (HEAD + b"content-length: 18446744073709551616\r\n\r\n", 400),
    "chunked is not last": (HEAD + b"transfer-encoding: chunked, gzip\r\n\r\n0\r\n\r\n", 400),
    "not chunked": (HEAD + b"transfer-encoding: gzip\r\n\r\n0\r\n\r\n", 400),
    "chunked over 1.0": (chunked(BODY).replace(b"HTTP/1.1", b"HTTP/1.0"), 400),
    "unknown coding": (HEAD + b"transfer-encoding: gzip, chunked\r\n\r\n0\r\n\r\n", 501),
    "chunk of no size": (HEAD + b"transfer-encoding: chunked\r\n\r\nxyz\r\n", 400),
    "chunk too long": (HEAD + b"transfer-encoding: chunked\r\n\r\n1\r\nab\r\n0\r\n\r\n", 400),
    "no host": (posted().replace(b"host: here\r\n", b""), 400),
    "two hosts": (posted(more=b"host: there\r\n"), 400),
    "equal hosts": (posted(more=b"Host: here\r\n"), 400),
    "two hosts of a get": (GET.replace(b"\r\n\r\n", b"\r\nhost: here\r\n\r\n"), 400),
    "host that is none": (posted().replace(b"host: here", b"host: a b"), 400),
    "host with a path": (posted().replace(b"host: here", b"host: here/there"), 400),
    "space before a colon": (posted().replace(b"host:", b"host :"), 400),
    "folded": (posted().replace(b"host: here", b"host: here\r\n there"), 400),
    "nul": (posted(more=b"x: a\0b\r\n"), 400),
    "bare cr": (posted(more=b"x: a\rb\r\n"), 400),
    "bare lf": (posted().replace(b"\r\n", b"\n"), 400),
    "http/2": (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400),
    "another version": (posted().replace(b"HTTP/1.1", b"HTTP/2.0"), 505),
    "no version": (b"GET /graphql\r\n\r\n", 505),
    "no method": (posted().replace(b"POST", b"post"), 400),
    "no path": (posted().replace(b"/graphql", b"graphql"), 400),
}


@pytest.mark.parametrize("before", [b"", b"P", b"G", b"PC", b"CPG"])
@on_both_loops
async def test_what_is_no_request_is_refused_after_those_before_it(before: bytes):
    """Each good one gets its answer, then comes the refusal with a code, and nothing behind it is read."""
    good = b"".join({"P": posted(), "G": GET, "C": chunked(BODY)}[letter] for letter in before.decode())
    async with served() as it:
        for name, (bad, status) in BAD.items():
            it.asked.clear()
            answers = await all_answers(it, good + bad + SMUGGLED)
            assert [found for found, _, _ in answers] == [200] * len(before) + [status], name
            assert answers[-1][1]["connection"] == "close"
            assert [error["extensions"]["code"] for error in json.loads(answers[-1][2])["errors"]] == ["BAD_REQUEST"]
            assert it.asked == ["{hello}" if letter == "G" else "{ hello }" for letter in before.decode()]


@on_both_loops
async def test_a_refusal_waits_for_the_answer_before_it():
    """Also where that takes longer than the refused request needs to arrive."""
    async with served() as it:
        it.may_answer.clear()
        caller = await it.connection()
        caller.send(posted())
        await it.began.acquire()
        caller.send(b"GARBAGE\r\n\r\n")
        while not it.protocol.pipeline:
            await asyncio.sleep(0)
        it.may_answer.set()
        assert await caller.statuses() == [200, 400]


async def test_nothing_is_read_behind_a_request_that_asks_to_close():
    """Neither a good request nor a bad one gets an answer there."""
    for behind in (SMUGGLED, b"GARBAGE\r\n\r\n", GET):
        async with served() as it:
            assert await statuses(it, LAST + behind) == [200]
            assert it.asked == ["{ hello }"]


@pytest.mark.parametrize("way", ["chunked", "other", "upgrade"])
async def test_trailers_are_no_headers(way: str):
    """They neither replace headers of their request, nor reach the next."""
    trailers = b"x-request-id: trailer\r\nx-deadline-ms: 1\r\ncontent-type: text/plain\r\nhost: there\r\nupgrade: a\r\n"
    more = UPGRADES["h2c"] if way == "upgrade" else b""
    sent = chunked(BODY, more=b"x-request-id: own\r\n" + more, trailers=trailers)
    if way == "other":
        sent = sent.replace(b"/graphql", b"/told")
    async with served() as it:
        answers = await all_answers(it, sent + LAST)
        assert [status for status, _, _ in answers] == [200, 200]
        assert "trailer" not in {headers.get("x-request-id") for _, headers, _ in answers}
        assert [head.headers.get(b"x-deadline-ms") for head in it.heads] == [None] * (1 if way == "other" else 2)


@pytest.mark.parametrize("target", [b"http://here/graphql", b"http://here:80/graphql?a=b"])
async def test_a_target_may_be_absolute(target: bytes):
    """RFC 9112 3.2.2: a server must accept it."""
    async with served() as it:
        assert await statuses(it, LAST.replace(b"/graphql", target)) == [200]
        assert await statuses(it, LAST.replace(b"/graphql", b"http://here")) == [404]


def _of_size(size: int, name: bytes = b"x") -> bytes:
    """A request whose target, names and values are of this size in all."""
    own = len(b"/graphql" + b"hosthere" + b"content-typeapplication/json" + b"content-length22" + b"connectionclose")
    return LAST.replace(b"\r\n\r\n", b"\r\n%b: %b\r\n\r\n" % (name, b"a" * (size - own - len(name))), 1)


@pytest.mark.parametrize("make", [lambda it: it, lambda it: it.replace(b"POST /graphql", b"PUT /graphql?")])
@pytest.mark.parametrize("pieces", [1, 3])
@on_both_loops
async def test_headers_are_bounded_in_sum(make, pieces: int):
    """64 KiB of target, names and values are taken, one byte more is 431; by either way, in however many pieces."""
    async with served() as it:
        for size, expected in ((MAX_HEADER_BYTES - 1, {200, 405}), (MAX_HEADER_BYTES + 1, {431})):
            sent = make(_of_size(size))
            length = -(-len(sent) // pieces)
            found = await statuses(it, *(sent[place : place + length] for place in range(0, len(sent), length)))
            assert set(found) <= expected
            assert len(found) == 1


STARTS = [b"POST /", HEAD + b"x", HEAD + b"x: ", HEAD, chunked(BODY)[:-2] + b"x: "]


@pytest.mark.parametrize(
    ("start", "filling"), [(b"\r\n", b"\r\n"), *((start, filling) for start in STARTS for filling in (b"a", b"a: b\r\n"))]
)
@on_both_loops
async def test_a_header_without_an_end_is_refused(start: bytes, filling: bytes):
    """Before it has cost much memory: no more than some 64 KiB of it are taken. So it is with trailers."""
    async with served() as it:
        caller = await it.connection()
        caller.send(start)
        piece = (filling * MAX_HEADER_BYTES)[: MAX_HEADER_BYTES // len(filling) * len(filling)]
        reading = asyncio.create_task(caller.until_closed())
        sent = 0
        while not reading.done() and sent < 100:
            caller.send(piece)
            await asyncio.wait({reading}, timeout=0.01)
            sent += 1
        (answer,) = answers_in(await reading)
        assert answer[0] in (400, 431)
        assert sent < 100


async def test_a_chunked_body_may_come_byte_by_byte():
    """One in chunks of a byte, with extensions and a trailer, is read as it is."""
    parts = [BODY[place : place + 1] for place in range(len(BODY))]
    sent = chunked(*parts, more=b"connection: close\r\n", trailers=b"a: b\r\n").replace(b"\n1\r\n", b"\n1;a=b\r\n")
    async with served() as it:
        assert await statuses(it, *(sent[place : place + 1] for place in range(len(sent)))) == [200]


async def test_a_body_that_is_refused_is_read_to_its_end():
    """The answer 413 comes once, and the next request of the connection has its own."""
    async with served() as it:
        assert await statuses(it, posted(b" " * 1_000_000), LAST) == [413, 200]
        assert await statuses(it, chunked(*[b" " * 50_000] * 20), LAST) == [413, 200]


async def test_a_body_that_breaks_off_after_its_refusal_is_not_refused_twice():
    """When it has been answered, what is wrong in the rest of it ends the connection only."""
    async with served() as it:
        caller = await it.connection()
        caller.send(chunked(b" " * 50_000)[:-5])
        assert (await caller.answer())[0] == 413
        caller.send(b"nonsense\r\n")
        assert await caller.is_closed()
