"""A worker to be killed: a gateway in a process of its own, which is asked by lines on its input and answers by lines.

Its people are in four memory sources and its MongoDB behind a gate, which the test shuts.
"""

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from random import Random
from typing import Any

import structlog

from connectors import records as r
from connectors.contract import KeyKind
from connectors.errors import SourceUnavailableError
from connectors.testing import MemoryConnector
from gateway.identity.records import IdentityRecord, Key, RecordId, stated_id
from tests.support import shop
from tests.support.gateway_server import gateway_on
from tests.support.known_people import knowing, person
from tests.support.paths import ROOT

SOURCES = ("crm", "shop", "desk", "pay")
PER_SOURCE = 5
KINDS = (KeyKind.CUSTOMER_ID, KeyKind.EMAIL, KeyKind.PHONE)
OPERATOR_KEY = "anna-key-0123456789-0123456789-0123"
LIMITS = {"records_per_source": 2, "max_turns": 10}
TAG_FILE = """
facts:
  orders: {label: Orders, record: order, measure: count}
tags:
  size:
    label: Size
    description: How many orders there are.
    owner: team
    category: VALUE
    ttl: 30d
    version: 1
    words: The number of orders.
    expression: string(orders)
"""


def people() -> dict[RecordId, r.Customer]:
    """Twenty records; of one source no two have a key in common."""
    random = Random(14)
    records: dict[RecordId, r.Customer] = {}
    for source in SOURCES:
        emails, phones = (random.sample(range(9), PER_SOURCE) for _ in range(2))
        for number in range(PER_SOURCE):
            phone = f"+44163296010{phones[number]}" if random.random() < 0.3 else None
            email = f"p{emails[number]}@example.com" if random.random() < 0.6 else None
            records[RecordId(source, f"{source[0]}{number}")] = person(f"{source[0]}{number}", email=email, phone=phone)
    return records


def orders_of(record: RecordId) -> int:
    """How many orders a record has."""
    return 1 + int(record.id[1:]) % 3


def identity_records() -> list[IdentityRecord]:
    """The same people, as the resolution sees them."""
    return [
        IdentityRecord(
            id=id_,
            keys=frozenset(
                [stated_id(id_)]
                + ([Key(KeyKind.EMAIL, record.email)] if record.email else [])
                + ([Key(KeyKind.PHONE, record.phone)] if record.phone else [])
            ),
        )
        for id_, record in people().items()
    ]


def sources() -> list[MemoryConnector]:
    known = people()
    orders = {
        id_: [r.Order(id=f"{id_.id}-{number}", placed_at=shop.at(1)) for number in range(orders_of(id_))] for id_ in known
    }
    return [
        knowing(
            name,
            [record for id_, record in known.items() if id_.source == name],
            KINDS,
            also={(r.Order, KeyKind.CUSTOMER_ID): {id_.id: own for id_, own in orders.items() if id_.source == name}},
        )
        for name in SOURCES
    ]


async def serve(port: int, database: str, tags: Path, secret: str | None = None) -> None:
    """Answer lines until the input ends. With a secret it keeps what it finds of customers."""
    connectors = sources()
    mongodb = {
        "uri": f"mongodb://127.0.0.1:{port}/?directConnection=true",
        "database": database,
        "timeout_ms": 1_000,
        "retry_after_ms": 50,
    }
    words = {
        "mongodb": mongodb,
        "identity": {**LIMITS, "operators": {"anna": OPERATOR_KEY}, "secret": secret},
        "tags": {"file": str(tags), "cache_s": 0},
        "clock": {"pinned": "2026-06-30T12:00:00Z"},
    }
    async with gateway_on(connectors, **words) as gateway:
        while line := await asyncio.to_thread(sys.stdin.readline):
            asked = json.loads(line)
            for connector in connectors:
                connector.failure = SourceUnavailableError() if connector.name == asked["down"] else None
            answer = await gateway.ask(asked["query"], asked["variables"], authorization=f"Bearer {OPERATOR_KEY}")
            sys.stdout.write(json.dumps(answer) + "\n")
            sys.stdout.flush()


class IdentityWorker:
    """The process, as the test sees it. It ends with its input, so with the test."""

    def __init__(self, port: int, database: str, tags: Path, secret: str | None = None) -> None:
        self._words = [str(port), database, str(tags), *([] if secret is None else [secret])]
        self._process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        self._process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "tests.support.identity_worker", *self._words,
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL,
            cwd=ROOT, limit=1 << 24,
        )  # fmt: skip

    async def send(self, query: str, variables: Any, down: str | None = None) -> None:
        assert self._process is not None
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps({"query": query, "variables": variables, "down": down}).encode() + b"\n")
        await self._process.stdin.drain()

    async def ask(self, query: str, variables: Any, down: str | None = None) -> dict[str, Any]:
        """The answer; within a minute."""
        assert self._process is not None
        assert self._process.stdout is not None
        await self.send(query, variables, down)
        answer: dict[str, Any] = json.loads(await asyncio.wait_for(self._process.stdout.readline(), 60))
        return answer

    async def kill(self) -> None:
        """End it at once, whatever it does."""
        process, self._process = self._process, None
        if process is not None:
            with suppress(ProcessLookupError):
                process.kill()
            await process.wait()


@asynccontextmanager
async def workers(
    number: int, port: int, database: str, tags: Path, secret: str | None = None
) -> AsyncIterator[Sequence[IdentityWorker]]:
    """So many workers on one database."""
    fleet = [IdentityWorker(port, database, tags, secret) for _ in range(number)]
    try:
        for worker in fleet:
            await worker.start()
        yield fleet
    finally:
        for worker in fleet:
            await worker.kill()


class Gate:
    """A way to a server that can be shut: it drops all connections, and takes no new ones."""

    def __init__(self, target_port: int) -> None:
        self._target = target_port
        self._writers: set[asyncio.StreamWriter] = set()
        self.is_open = True

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[int]:
        """The port of the gate."""
        server = await asyncio.start_server(self._pass, "127.0.0.1", 0)
        try:
            yield server.sockets[0].getsockname()[1]
        finally:
            self.shut()
            server.close()

    def shut(self) -> None:
        self.is_open = False
        for writer in self._writers:
            writer.transport.abort()

    def open(self) -> None:
        self.is_open = True

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if not self.is_open:
            writer.transport.abort()
            return
        there, back = await asyncio.open_connection("127.0.0.1", self._target)
        self._writers |= {writer, back}
        await asyncio.gather(_copy(reader, back), _copy(there, writer))
        self._writers -= {writer, back}


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while data := await reader.read(1 << 16):
            writer.write(data)
            await writer.drain()
    writer.close()


if __name__ == "__main__":
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    asyncio.run(serve(int(sys.argv[1]), sys.argv[2], Path(sys.argv[3]), *sys.argv[4:]))
