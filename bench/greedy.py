"""What a greedy caller costs the others: nearly as many records as a request may ask for, over and over, beside small ones."""

import time
from contextlib import ExitStack
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

import msgspec

from bench import data, gateway, sources
from bench.asking import post
from bench.callers import Answer, asking
from bench.data import customer_id
from bench.load import Figures, driven, warmed
from bench.processes import BenchError, chosen_cores, need_all
from bench.queries import GATEWAY_QUERIES, body, write_bodies

MAX_RATIO = 3.0
"""Of the 99th percentile of the small ones beside the greedy caller, over theirs without him."""
CUSTOMERS, ORDERS = 400, 100
_AT_ONCE = 100
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
            with asking(url, large, callers=1, any_status=True) as answers:
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


def _large(customers: int) -> list[bytes]:
    """Requests for different customers, so that nothing is given twice."""
    count = min(_AT_ONCE, customers)
    starts = range(0, customers, count)
    return [
        body("Greedy", _GREEDY, {"ids": [customer_id((start + place) % customers) for place in range(count)]})
        for start in starts
    ]
