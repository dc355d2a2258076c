"""A generator of load in a process of its own: requests come when they come, whatever becomes of those before.

`python -m bench.open_loop` reads a `Load` from its input as JSON, and writes a `Report` to its output.
"""

from __future__ import annotations

import asyncio
import os
import random
import resource
import sys
import time
from collections import deque
from collections.abc import Callable, Iterator
from itertools import count, cycle
from typing import cast

import msgspec
import uvloop

from bench.queries import GATEWAY_QUERIES, body, rotating_variables

TAGGED = "c00000"
"""The customer whose tag is asked for."""
MAX_CONNECTIONS = 48
"""Of one key. What would need more is not sent, and counted."""
MAX_SLOW = 500
"""Bodies that are on their way at a time, of all keys."""

_HEADER_BYTES = 60_000
_PAGES = 2_000
_GRACE_S = 3.0
_SLOW_S = 1.0
"""Between the bytes of a slow body."""

_DEAR = """query Dear($ids: [ID!]!) { customers(ids: $ids) { id name email
    orders(first: 90) { nodes { id status placedAt total { amount currency } items { sku name quantity } } } } }"""
_ALIAS = """%s: customer(by: {id: "%s"}) { id name email phone orders(first: 2) { nodes {
    id status total { amount currency } placedAt items { sku name quantity unitPrice { amount } } } } }"""

_TAG = 'query Tag($id: ID!) { customer(by: {id: $id}) { tag(key: "activity") { value freshness } } }'

PAGE, DEAR, DOCUMENTS, HEADERS, SLOW, TAG = "page", "dear", "documents", "headers", "slow", "tag"
TIMED = {PAGE, TAG}
"""Whose times are measured."""
_TAG_BODY = body("Tag", _TAG, {"id": TAGGED})


class Load(msgspec.Struct):
    """What is sent: of each kind so many requests in a second, by any of its keys. With `at_once` each waits for an answer."""

    port: int
    seconds: float
    keys: dict[str, list[str]]
    rates: dict[str, float]
    seed: int
    at_once: int = 0


class Report(msgspec.Struct):
    """The answers by kind and status, `failed` ones by what they are, the times of complete ones, and the generator's CPU.

    `sent_at` is when each of these was sent, by the clock of the machine.
    """

    statuses: dict[str, dict[int, int]]
    failed: dict[str, int]
    took_ms: list[float]
    sent_at: list[float]
    unsent: int
    late_ms: float
    cpu: float


def _head(key: str, size_bytes: int, more: str = "") -> bytes:
    lines = f"authorization: Bearer {key}\r\ncontent-type: application/json\r\ncontent-length: {size_bytes}\r\n{more}"
    return f"POST /graphql HTTP/1.1\r\nhost: 127.0.0.1\r\n{lines}\r\n".encode()


class _Connection(asyncio.Protocol):
    """One connection with at most one request under way."""

    def __init__(self, generator: _Generator, pool: deque[_Connection], opened: dict[str, int], key: str) -> None:
        self._generator, self._pool, self._opened, self._key = generator, pool, opened, key
        self._transport: asyncio.Transport | None = None
        self._request = b""
        self._kind = ""
        self._sent_at = 0.0
        self._parts: list[bytes] = []
        self._size = self._whole = 0
        self._status = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        if self._request:
            self._transport.write(self._request)

    def send(self, kind: str, request: bytes) -> None:
        self._kind, self._request, self._sent_at = kind, request, time.perf_counter()
        self._parts, self._size, self._whole = [], 0, 0
        if self._transport is not None:
            self._transport.write(request)

    def data_received(self, data: bytes) -> None:
        self._parts.append(data)
        self._size += len(data)
        if not self._whole:
            head, end, _ = b"".join(self._parts).partition(b"\r\n\r\n")
            if not end:
                return
            self._status = int(head[9:12])
            length = head.lower().partition(b"content-length: ")[2].partition(b"\r")[0]
            self._whole = len(head) + 4 + int(length)
        if self._size >= self._whole:
            took_ms, self._request = (time.perf_counter() - self._sent_at) * 1000, b""
            self._pool.append(self)
            self._generator.note(self._kind, self._status, b"".join(self._parts), took_ms)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002
        self._opened[self._key] -= 1
        if self in self._pool:
            self._pool.remove(self)
        if self._request:
            self._generator.note(self._kind, 0, b"", 0.0)


class _Generator:
    def __init__(self, load: Load) -> None:
        self._load = load
        self._random = random.Random(load.seed)
        self._pools: dict[str, deque[_Connection]] = {}
        self._opened: dict[str, int] = {}
        self._bodies = cycle(
            [body("Q1", GATEWAY_QUERIES["Q1"], own) for own, _ in zip(rotating_variables("Q1"), range(_PAGES), strict=False)]
        )
        self._numbers = count()
        self._tasks: set[asyncio.Task[None]] = set()
        self._ended = False
        self._late: list[float] = []
        self._make: dict[str, Callable[[str], bytes]] = {
            PAGE: self._page,
            DEAR: self._dear,
            DOCUMENTS: self._document,
            HEADERS: self._header,
            TAG: self._tag,
        }
        self.report = Report({}, {}, [], [], 0, 0.0, 0.0)

    async def run(self) -> None:
        """Send for so long, and wait a little for the answers."""
        began, loop = time.perf_counter(), asyncio.get_running_loop()
        if self._load.at_once:
            (kind,) = self._load.rates
            for _ in range(self._load.at_once):
                self._send(kind)
            await asyncio.sleep(self._load.seconds)
        else:
            for number, planned in enumerate(self._arrivals(began)):
                kind, at = planned
                wait = at - time.perf_counter()
                if wait > 0:
                    await asyncio.sleep(wait)
                elif not number % 64:
                    await asyncio.sleep(0)
                self._late.append(time.perf_counter() - at)
                if kind == SLOW:
                    self._send_slowly()
                else:
                    self._send(kind)
        self._ended = True
        if not self._load.at_once:
            end = loop.time() + _GRACE_S
            while loop.time() < end and self._are_under_way():  # noqa: ASYNC110  answers come one by one
                await asyncio.sleep(0.05)
        for task in self._tasks:
            task.cancel()
        used = resource.getrusage(resource.RUSAGE_SELF)
        self.report.cpu = (used.ru_utime + used.ru_stime) / (time.perf_counter() - began)
        self._late.sort()
        self.report.late_ms = self._late[int(len(self._late) * 0.99)] * 1000 if self._late else 0.0

    def _are_under_way(self) -> bool:
        return sum(self._opened.values()) > sum(map(len, self._pools.values()))

    def _arrivals(self, began: float) -> Iterator[tuple[str, float]]:
        """Draw when which kind comes: a Poisson process of each."""
        kinds, rates = list(self._load.rates), list(self._load.rates.values())
        at = 0.0
        while True:
            at += self._random.expovariate(sum(rates))
            if at > self._load.seconds:
                return
            yield self._random.choices(kinds, rates)[0], began + at

    def note(self, kind: str, status: int, answer: bytes, took_ms: float) -> None:
        """Note an answer; 0 is none."""
        by_status = self.report.statuses.setdefault(kind, {})
        by_status[status] = by_status.get(status, 0) + 1
        if kind in TIMED:
            if status == 200 and b'"errors":' not in answer:
                self.report.took_ms.append(took_ms)
                self.report.sent_at.append(time.time() - took_ms / 1000)
            else:
                code = answer.partition(b'"code":"')[2].partition(b'"')[0].decode() or str(status)
                self.report.failed[code] = self.report.failed.get(code, 0) + 1
        if self._load.at_once and not self._ended:
            self._send(kind)

    def _send(self, kind: str) -> None:
        key = self._random.choice(self._load.keys[kind])
        request = self._make[kind](key)
        pool = self._pools.setdefault(key, deque())
        if pool:
            pool.pop().send(kind, request)
            return
        if self._opened.get(key, 0) >= MAX_CONNECTIONS:
            self.report.unsent += 1
            return
        self._opened[key] = self._opened.get(key, 0) + 1
        connection = _Connection(self, pool, self._opened, key)
        connection.send(kind, request)
        self._begin(self._connect(connection, key, kind))

    async def _connect(self, connection: _Connection, key: str, kind: str) -> None:
        try:
            await asyncio.get_running_loop().create_connection(lambda: connection, "127.0.0.1", self._load.port)
        except OSError:
            self._opened[key] -= 1
            self.note(kind, 0, b"", 0.0)

    def _begin(self, work: object) -> None:
        task = asyncio.ensure_future(work)  # type: ignore[call-overload]
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _send_slowly(self) -> None:
        if len(self._tasks) >= MAX_SLOW:
            self.report.unsent += 1
        else:
            self._begin(self._drip(self._random.choice(self._load.keys[SLOW])))

    async def _drip(self, key: str) -> None:
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", self._load.port)
            writer.write(_head(key, 1000))
            for _ in range(1000):
                writer.write(b" ")
                await asyncio.sleep(_SLOW_S)
            self.note(SLOW, int((await reader.readline())[9:12] or 0), b"", 0.0)
            writer.close()
        except OSError:
            self.note(SLOW, 0, b"", 0.0)

    def _page(self, key: str) -> bytes:
        content = next(self._bodies)
        return _head(key, len(content)) + content

    def _tag(self, key: str) -> bytes:
        """The tag of one customer, whom all ask for."""
        return _head(key, len(_TAG_BODY)) + _TAG_BODY

    def _header(self, key: str) -> bytes:
        content = next(self._bodies)
        return _head(key, len(content), f"x-large: {'x' * _HEADER_BYTES}\r\n") + content

    def _dear(self, key: str) -> bytes:
        start = next(self._numbers) * 100 % 10_000
        content = body("Dear", _DEAR, {"ids": [f"c{number:05d}" for number in range(start, start + 100)]})
        return _head(key, len(content)) + content

    def _document(self, key: str) -> bytes:
        """A document that nobody sent before, nearly as large as one may be."""
        number = self._random.getrandbits(60)
        aliases = " ".join(_ALIAS % (f"a{number}_{place}", f"c{place:05d}") for place in range(20))
        content = msgspec.json.encode({"query": f"{{ {' '.join(aliases.split())} }}"})
        return _head(key, len(content)) + content


def main() -> None:
    """Read a load, send it, and report."""
    load = msgspec.json.decode(sys.stdin.buffer.read(), type=Load)
    generator = _Generator(load)
    uvloop.run(generator.run())
    with open(sys.stdout.fileno(), "wb", closefd=False) as output:
        os.set_blocking(output.fileno(), True)  # which the loop has changed
        output.write(msgspec.json.encode(generator.report))


if __name__ == "__main__":
    main()
