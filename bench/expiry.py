"""What it costs that a tag expires which everybody asks for: two workers, one customer, requests that come when they come.

The tag expires for all workers in the same moment, by a mark in MongoDB as a change at its source leaves it. Nobody has renewed
it ahead of that, so each worker finds it stale with the next request. MongoDB is SecantusDB here, beside the generator.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from contextlib import ExitStack
from itertools import pairwise
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

import msgspec

from bench import data, gateway, sources
from bench.asking import post
from bench.fairness import start_load, wait_load
from bench.open_loop import TAG, TAGGED, Load
from bench.processes import BenchError, chosen_cores, need_all
from bench.queries import body
from bench.sources import Sources
from bench.tagged import serve_mongodb
from gateway.clock import Clock
from gateway.settings import MongoSettings
from gateway.store.store import Store

WORKERS = 2
EVERY_S = 3.0
"""How often the tag expires. Longer than a worker gives it again by default."""
AT_EXPIRY_S = 0.5
"""Who asks so soon after the workers have seen it expire asks at expiry."""
SEEN_S = 1.0
"""By when they have where tags are given again for two seconds: in the second half they are read again."""
PIECE_S, MIN_PIECE = 0.5, 20
"""Of which the percentiles are, and how many requests it has at least. Told is the median of all pieces."""
MAX_RATIO = 1.5
"""Of the 99th percentile at expiry, over that of all other requests."""

KEYS = [f"k{number}" for number in range(8)]
"""Nobody looks at them. Each has connections of its own."""

_WARM_S = 2.0
_QUERY = 'query Tag($id: ID!) { customer(by: {id: $id}) { tag(key: "activity") { value freshness } } }'


class Expiry(msgspec.Struct, frozen=True):
    """One way to read tags: how often each expiry was computed, and the times of those who asked then and else."""

    way: str
    computed: list[int]
    requests: int
    failed: dict[str, int]
    unsent: int
    at_expiry: int
    p50_at_expiry_ms: float
    p99_at_expiry_ms: float
    p50_else_ms: float
    p99_else_ms: float
    late_ms: float

    @property
    def ratio(self) -> float:
        """The 99th percentile at expiry over that of the others."""
        return self.p99_at_expiry_ms / self.p99_else_ms

    def describe(self) -> str:
        """Write the figures as a line."""
        return (
            f"{self.way}: {self.requests:,} requests, {self.at_expiry:,} of them at one of {len(self.computed)} expiries; "
            f"p50 {self.p50_at_expiry_ms:.1f} ms then, {self.p50_else_ms:.1f} ms else; "
            f"p99 {self.p99_at_expiry_ms:.1f} ms then, {self.p99_else_ms:.1f} ms else; "
            f"sent late by {self.late_ms:.1f} ms (p99), {self.unsent} not sent"
        )

    def verdicts(self) -> list[tuple[str, bool]]:
        """What must hold, and whether it does."""
        times = sum(self.computed)
        return [
            (f"{self.way}: computed {times} times for {len(self.computed)} expiries, once for each", {*self.computed} == {1}),
            (f"{self.way}: p99 at expiry {self.ratio:.2f} times that of others, at most {MAX_RATIO}", self.ratio <= MAX_RATIO),
            (f"{self.way}: {sum(self.failed.values())} requests failed {self.failed or ''}, none", not self.failed),
        ]


def measured(*, seconds: int, rate: float) -> list[Expiry]:
    """Raises `BenchError` when something is missing, or the tag is not stored."""
    need_all(["gcc"])
    cores, found = chosen_cores(), []
    for way, each_time in (("as usual", False), ("read for each request", True)):
        with ExitStack() as stack:
            folder = Path(stack.enter_context(TemporaryDirectory(prefix="bench-")))
            served = stack.enter_context(sources.served(data.prepared(), cores))
            uri = stack.enter_context(serve_mongodb(cores))
            settings = gateway.write_settings(folder / "gateway.toml", served, mongodb=uri, reads_each_time=each_time)
            port, _ = stack.enter_context(gateway.started(settings, cores, workers=WORKERS))
            if b'"value"' not in post(f"http://127.0.0.1:{port}/graphql", body("Tag", _QUERY, {"id": TAGGED})):
                raise BenchError("the tag is not given")
            load = Load(port, seconds + _WARM_S, {TAG: KEYS}, {TAG: rate}, 1)
            child = start_load(load, cores)
            expired, computed = asyncio.run(_expire(uri, served, seconds))
            report = wait_load(child)
            after_s = AT_EXPIRY_S + (0 if each_time else SEEN_S)
            then, other = split_times(report.sent_at, report.took_ms, expired, after_s)
            if not any(len(piece) >= MIN_PIECE for piece in then) or not other:
                raise BenchError(f"no request was answered: {report.failed}")
            found.append(
                Expiry(
                    way=way,
                    computed=computed,
                    requests=sum(report.statuses[TAG].values()),
                    failed=report.failed,
                    unsent=report.unsent,
                    at_expiry=sum(map(len, then)),
                    p50_at_expiry_ms=_percentile(then, 0.5),
                    p99_at_expiry_ms=_percentile(then, 0.99),
                    p50_else_ms=_percentile(other, 0.5),
                    p99_else_ms=_percentile(other, 0.99),
                    late_ms=report.late_ms,
                )
            )
    return found


async def _expire(uri: str, served: Sources, seconds: int) -> tuple[list[float], list[int]]:
    """Have the tag expire over and over. Gives when, and how often it was computed for each time."""
    store = Store(MongoSettings(uri=uri, timeout_ms=20_000), Clock())
    await store.open()
    try:
        await asyncio.sleep(_WARM_S)
        if not (await store.tags.read([TAGGED], ["activity"])).get(TAGGED):
            raise BenchError("the tag is not stored")
        expired, calls = [], [_asked(served)]
        for _ in range(int(seconds / EVERY_S)):
            expired.append(time.time())
            await store.tags.mark_stale([TAGGED])
            await asyncio.sleep(EVERY_S)
            calls.append(_asked(served))
    finally:
        await store.aclose()
    return expired, [after - before for before, after in pairwise(calls)]


def _asked(served: Sources) -> int:
    """How often orders were asked for, which only a computation of the tag does."""
    return served.calls()["orders"]


def split_times(
    sent_at: Sequence[float], took_ms: Sequence[float], expired: Sequence[float], after_s: float
) -> tuple[list[list[float]], list[list[float]]]:
    """Split times into pieces of half a second: those soon after the tag had expired, and the others."""
    then: dict[int, list[float]] = {}
    other: dict[int, list[float]] = {}
    for at, took in zip(sent_at, took_ms, strict=True):
        is_then = any(moment <= at < moment + after_s for moment in expired)
        (then if is_then else other).setdefault(int(at / PIECE_S), []).append(took)
    return [*then.values()], [*other.values()]


def _percentile(pieces: Sequence[Sequence[float]], share: float) -> float:
    """Give the usual percentile of a piece. What else happens on the machine is in few of them."""
    return median(sorted(piece)[int(len(piece) * share)] for piece in pieces if len(piece) >= MIN_PIECE)
