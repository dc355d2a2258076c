"""What a greedy caller costs the others: nearly as many records as a request may ask for, over and over, beside small ones."""

import os
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager
from http.client import HTTPConnection
from itertools import cycle
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from threading import Event
from urllib.parse import SplitResult, urlsplit

import msgspec

from bench import data, gateway, sources
from bench.asking import post
from bench.callers import Answer
from bench.data import customer_id
from bench.load import Figures, driven, warmed
from bench.processes import BenchError, chosen_cores, need_all
from bench.queries import GATEWAY_QUERIES, body, write_bodies

MAX_RATIO = 3.0
"""Of the 99th percentile of the small ones beside the greedy caller, over theirs without him."""
CUSTOMERS, ORDERS = 400, 100
_AT_ONCE = 100
_TIMEOUT_S = 30
_GREEDY = """query Greedy($ids: [ID!]!) {
    a: customers(ids: $ids) { id name orders(first: 98) { nodes { id status items { sku name quantity } } } }
    b: customers(ids: $ids) { id name orders(first: 99) { nodes { id status items { sku name quantity } } } } }"""


class Greed(msgspec.Struct, frozen=True):
    """The small ones in each round, without and beside the greedy caller, and what he got."""

    query: str
    callers: int
    records: int
    alone: list[Figures]
    beside: list[Figures]
    greedy_answers: int
    greedy_complete: int
    greedy_ms: float
    greedy_bytes: int

    @property
    def ratios(self) -> list[float]:
        return [one.p99_ms / other.p99_ms for one, other in zip(self.beside, self.alone, strict=True)]

    def verdicts(self) -> list[tuple[str, bool]]:
        """What must hold, and whether it does."""
        ratio = median(self.ratios)
        return [
            (f"p99 of the small ones: {ratio:.1f} times theirs without him, below {MAX_RATIO:.0f}", ratio < MAX_RATIO),
            (
                f"his answers: {self.greedy_complete} of {self.greedy_answers} complete",
                0 < self.greedy_complete == self.greedy_answers,
            ),
        ]


def measured(
    *, rounds: int, seconds: int, callers: int, query: str = "Q1", customers: int = CUSTOMERS, orders: int = ORDERS
) -> Greed:
    """Raises `BenchError` when something is missing, or a request of the small ones fails."""
    need_all(["gcc", "wrk"])
    folder, cores = data.prepared(customers=customers, orders=orders), chosen_cores()
    with ExitStack() as stack:
        own = Path(stack.enter_context(TemporaryDirectory(prefix="bench-")))
        found = stack.enter_context(sources.served(folder, cores))
        port = stack.enter_context(gateway.served(gateway.write_settings(own / "gateway.toml", found), cores))
        url = f"http://127.0.0.1:{port}/graphql"
        lines = write_bodies(own / "small.txt", query, GATEWAY_QUERIES[query], customers)
        large = _large(customers)
        whole = post(url, large[0])
        warmed(url, lines, callers=callers, seconds=1, cores=cores)
        alone, beside, greedy = [], [], list[Answer]()
        for _ in range(rounds):
            alone.append(driven(url, lines, callers=callers, seconds=seconds, cores=cores))
            with _asking(url, large, cores.load) as answers:
                beside.append(driven(url, lines, callers=callers, seconds=seconds, cores=cores))
            greedy += answers
            time.sleep(0.5)
    if not greedy:
        raise BenchError("the greedy caller has no answer")
    return Greed(
        query,
        callers,
        2 * min(_AT_ONCE, customers) + min(_AT_ONCE, customers) * (98 + 99),
        alone,
        beside,
        greedy_answers=len(greedy),
        greedy_complete=sum(one.complete for one in greedy),
        greedy_ms=median(one.took_ms for one in greedy),
        greedy_bytes=len(whole),
    )


@contextmanager
def _asking(url: str, bodies: Sequence[bytes], core: int | None) -> Iterator[list[Answer]]:
    """One caller asks, again once he is answered, until the block ends; the answers so far.

    He stays off the gateway's core and does little with what he gets: it is not he who is to be in the others' way.
    """
    answers: list[Answer] = []
    ended = Event()
    with ThreadPoolExecutor(1) as threads:
        asked = threads.submit(_ask, urlsplit(url), cycle(bodies), core, ended, answers)
        try:
            yield answers
        finally:
            ended.set()
    asked.result()


def _ask(url: SplitResult, bodies: Iterator[bytes], core: int | None, ended: Event, answers: list[Answer]) -> None:
    if core is not None:
        os.sched_setaffinity(0, {core})  # of this thread alone
    with closing(HTTPConnection(url.netloc, timeout=_TIMEOUT_S)) as connection:
        while not ended.is_set():
            started = time.monotonic()
            connection.request("POST", url.path, next(bodies), {"Content-Type": "application/json"})
            response = connection.getresponse()
            content = response.read()
            complete = response.status == 200 and b'"errors":' not in content
            answers.append(Answer(time.time(), (time.monotonic() - started) * 1000, complete))


def _large(customers: int) -> list[bytes]:
    """Requests for different customers, so that nothing is given twice."""
    count = min(_AT_ONCE, customers)
    starts = range(0, customers, count)
    return [
        body("Greedy", _GREEDY, {"ids": [customer_id((start + place) % customers) for place in range(count)]})
        for start in starts
    ]
