"""What documents cost that never come again: memory while they come, beside other load, and when nobody asks any more.

First nothing but such documents, every fourth of which is refused. Then a mixed load, while the order source comes and goes.
"""

import asyncio
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack
from itertools import count, cycle
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import aiohttp
import msgspec

from bench import data, gateway, sources
from bench.callers import asking, session
from bench.data import customer_id
from bench.outages import states
from bench.processes import BenchError, Process, chosen_cores, free_ports, need_all
from bench.queries import GATEWAY_QUERIES, body, rotating_variables
from bench.sources import Sources

MAX_GROWTH = 0.1
"""Of memory, once it has what it needs, as a share."""
MAX_SECOND_HALF_MB = 10.0
"""So much more memory in the second half of the documents is no growth."""
DEADLINE_MS = 1000
_STEP = 10_000
_PARTS = 10
_CALLERS = 6
_SAMPLED_S = 30.0
_IDLE_S = 30.0
_PHASES = {"healthy": 20.0, "refusing": 10.0, "recovered": 20.0, "hanging": 5.0}
"""What the order source is in turn, and for how many seconds."""

_VALID = """query D%(n)d { d%(n)d: customer(by: {id: "%(id)s"}) { id name
    orders(first: 5) { nodes { id status total { amount } } } } }"""
_REFUSED = (
    "query R%(n)d { r%(n)d: customer(by: {id: %(n)d}) { nothing%(n)d } }",
    "query R%(n)d { r%(n)d: customer(by: ",
    "query R%(n)d { r%(n)d: customers(ids: [" + '"c1" ' * 100 + "]) { orders(first: 100) { nodes { id items { sku } } } "
    "a%(n)d: orders(first: 100) { nodes { id } } b: orders(first: 99) { nodes { id } } } }",
)
"""One that does not fit the schema, one that is none, one that asks for too much."""


class Sample(msgspec.Struct, frozen=True):
    """Resident memory after so many documents, or seconds."""

    at: float
    resident_mb: float


class Remembered(msgspec.Struct, frozen=True):
    """Memory of the gateway: by documents, then by seconds of mixed load, then after some time without any."""

    documents: int
    before_mb: float
    by_documents: list[Sample]
    per_second: float
    by_seconds: list[Sample]
    requests: int
    idle_mb: float

    @property
    def kb_a_document(self) -> float:
        """Of the second half of them, when all that is remembered has been filled."""
        half, last = self.by_documents[len(self.by_documents) // 2 - 1], self.by_documents[-1]
        return (last.resident_mb - half.resident_mb) * 1024 / (last.at - half.at)

    def verdicts(self) -> list[tuple[str, bool]]:
        """What must hold, and whether it does."""
        half, last = self.by_documents[len(self.by_documents) // 2 - 1], self.by_documents[-1]
        grown_mb = last.resident_mb - half.resident_mb
        grown = f"{grown_mb:+.0f} MB in the second half of {self.documents:,}, {self.kb_a_document:.1f} kB each"
        said = [(f"documents: {grown}, at most {MAX_SECOND_HALF_MB:.0f} MB", grown_mb <= MAX_SECOND_HALF_MB)]
        if self.by_seconds:
            first = next((one for one in self.by_seconds if one.at >= 60), self.by_seconds[0])
            most_mb = max(one.resident_mb for one in self.by_seconds if one.at >= first.at)
            said += [
                _flat("mixed load", most_mb, first.resident_mb, "at most, after its first minute"),
                _flat("idle", self.idle_mb, first.resident_mb, "afterwards"),
            ]
        return said


def _flat(what: str, found_mb: float, first_mb: float, when: str) -> tuple[str, bool]:
    said = f"{what}: {found_mb:.0f} MB {when} ({found_mb / first_mb - 1:+.1%}), at most {MAX_GROWTH:+.0%}"
    return said, found_mb <= first_mb * (1 + MAX_GROWTH)


def measured(
    *, documents: int, minutes: float, customers: int = data.CUSTOMERS, sampled_s: float = _SAMPLED_S, idle_s: float = _IDLE_S
) -> Remembered:
    """Raises `BenchError` when something is missing, or a request has no answer."""
    need_all(["gcc"])
    folder, cores = data.prepared(customers=customers), chosen_cores()
    with ExitStack() as stack:
        own = Path(stack.enter_context(TemporaryDirectory(prefix="bench-")))
        found = stack.enter_context(sources.served(folder, cores))
        (port,) = free_ports(1)
        known = Sources({**found.ports, "orders": port})
        settings = gateway.write_settings(own / "gateway.toml", known, deadline_ms=DEADLINE_MS)
        served, process = stack.enter_context(gateway.started(settings, cores))
        url, bodies = f"http://127.0.0.1:{served}/graphql", unique_documents(customers)
        make, before_mb = states(folder, cores, port), process.resident_mb()
        with make["healthy"]():
            started = time.monotonic()
            by_documents = _sent(url, bodies, documents, process)
            took_s = time.monotonic() - started
        by_seconds, requests = list[Sample](), 0
        if minutes:
            with asking(url, _mixed(bodies, customers), callers=_CALLERS, any_status=True) as answers:
                by_seconds = _watched(process, make, minutes * 60, sampled_s)
                requests = len(answers)
            time.sleep(idle_s)
        return Remembered(documents, before_mb, by_documents, documents / took_s, by_seconds, requests, process.resident_mb())


def unique_documents(customers: int) -> Iterator[bytes]:
    """Documents that never come again, without end; every fourth is refused."""
    refused = cycle(_REFUSED)
    for number in count():
        text = next(refused) if number % 4 == 3 else _VALID
        yield msgspec.json.encode({"query": text % {"n": number, "id": customer_id(number % customers)}})


def _sent(url: str, bodies: Iterator[bytes], documents: int, process: Process) -> list[Sample]:
    """Send so many; memory on the way."""
    step = _STEP if documents >= 2 * _STEP else max(1, documents // _PARTS)
    samples: list[Sample] = []
    sent = answered = 0

    async def call(opened: aiohttp.ClientSession) -> None:
        nonlocal sent, answered
        while sent < documents:
            sent += 1
            async with opened.post(url, data=next(bodies)) as response:
                await response.read()
            answered += 1
            if answered % step == 0:
                samples.append(Sample(answered, process.resident_mb()))

    async def run() -> None:
        async with session(_CALLERS) as opened:
            await asyncio.gather(*(call(opened) for _ in range(_CALLERS)))

    try:
        asyncio.run(run())
    except (aiohttp.ClientError, TimeoutError) as error:
        raise BenchError(f"a document has no answer: {type(error).__name__}") from error
    return samples


def _mixed(bodies: Iterator[bytes], customers: int) -> Iterator[bytes]:
    """The three queries with variables, and between them documents that never come again."""
    known = [
        cycle([body(query, GATEWAY_QUERIES[query], variables) for variables in rotating_variables(query, customers)])
        for query in ("Q1", "Q2", "Q3")
    ]
    for turn in cycle([*known, bodies]):
        yield next(turn)


def _watched(
    process: Process, make: dict[str, Callable[[], AbstractContextManager[Any]]], seconds: float, sampled_s: float
) -> list[Sample]:
    """Have the order source come and go for so long; memory on the way."""
    samples: list[Sample] = []
    started = time.monotonic()
    for phase in cycle(_PHASES):
        ends = min(started + seconds, time.monotonic() + _PHASES[phase])
        with make[phase]():
            while (left_s := ends - time.monotonic()) > 0:
                next_s = (len(samples) + 1) * sampled_s - (time.monotonic() - started)
                time.sleep(max(0.0, min(left_s, next_s)))
                if time.monotonic() - started >= (len(samples) + 1) * sampled_s:
                    samples.append(Sample(round(time.monotonic() - started), process.resident_mb()))
        if time.monotonic() - started >= seconds:
            return samples
    raise AssertionError("the phases come without end")
