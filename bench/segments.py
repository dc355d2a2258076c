"""What segments cost over many customers: counts kept beside a recount, how each query is planned, and an export's memory.

The documents are written as the gateway leaves them, by bulk inserts. MongoDB is SecantusDB here, unless an address is given.
"""

from __future__ import annotations

import asyncio
import resource
import time
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Any

import msgspec
import typer
from pymongo import AsyncMongoClient

from bench.output import out, problems_shown
from connectors.contract import KeyKind
from connectors.records import Customer
from connectors.testing import MemoryConnector
from gateway.app import create_services
from gateway.clock import Clock
from gateway.export.segment_export import export_segment
from gateway.segments.segment_recount import SegmentRecount
from gateway.settings import parse_settings
from gateway.store.embedded_mongodb import EmbeddedMongo
from gateway.store.segment_counts import EPOCH
from gateway.store.segment_members import page_query

DATABASE = "bench_segments"
BATCH = 2_000
KEY, TAG = "vip", "segment:vip"
MEMBERS = 4
"""Each so many-th customer is in the segment, each 50th cannot be told."""

PACK = """\
facts: {n: {label: Orders, record: order, measure: count}}
segments: {vip: {label: V, description: D., owner: o, words: W., condition: n >= 2, ttl: 6h}}
tags: {}
"""
_FILLER = msgspec.json.encode({"key": TAG, "value": "true", "evidence": ["x" * 400]}).decode()


class _Everybody(Mapping[str, Sequence[Customer]]):
    """All customers that anybody asks for, made when they are."""

    def __getitem__(self, key: str) -> Sequence[Customer]:
        return [Customer(id=key, name=f"Name of {key}", email=f"{key}@example.com")]

    def __iter__(self) -> Iterator[str]:
        return iter(())

    def __len__(self) -> int:
        return 0

    def __contains__(self, key: object) -> bool:
        return True


class _Crm(MemoryConnector):
    """A source of customers that remembers no calls."""

    async def _receive(self, call: Any) -> None:
        pass


def _documents(count: int, now: datetime) -> Iterator[dict[str, Any]]:
    for number in range(count):
        mark, value = ("?", None) if number % 50 == 7 else ("+", "true") if number % MEMBERS == 0 else ("-", "false")
        yield {
            "_id": f"c{number:08}",
            "segments": [f"{mark}{KEY}", f"{'+' if number % 2 else '-'}other"],
            "tags": {TAG: _FILLER},
            "at": {TAG: now},
            "now": {TAG: {"value": value, "rule": "f"}},
            "history": {TAG: [{"at": now, "from": None, "to": value, "cause": "FIRST"}]},
            "deleteAt": now + timedelta(days=30),
        }


async def measure_segments(documents: int, uri: str | None = None) -> AsyncIterator[str]:
    """Measure segments over so many documents of tags, in a database of its own, which is dropped. Gives lines as they come."""
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory()))
        address = uri or await stack.enter_async_context(EmbeddedMongo(folder))
        client: AsyncMongoClient[Any] = await stack.enter_async_context(AsyncMongoClient(address, tz_aware=True))
        await client.drop_database(DATABASE)
        (folder / "tags.yaml").write_text(PACK, encoding="utf-8")
        settings = parse_settings(
            {
                "sources": {"crm": {"kind": "memory"}},
                "mongodb": {"uri": address, "database": DATABASE, "timeout_ms": 60_000},
                "tags": {"file": str(folder / "tags.yaml")},
            }
        )
        crm = _Crm("crm", {(Customer, KeyKind.CUSTOMER_ID): _Everybody()}, measures=False, lists=False)
        services = create_services(settings, connectors=[crm])
        store = services.store
        assert store is not None
        await store.open()
        yield f"{documents:,} documents, written in {await _write(client, documents):.0f} s"
        recount = SegmentRecount(store.segment_counts, store.segment_members, store.leases, Clock(), [KEY])
        began = time.perf_counter()
        assert await recount.run_pass() == 1, "the segment was not counted"
        recount_ms = (time.perf_counter() - began) * 1e3
        began = time.perf_counter()
        count = (await store.segment_counts.read([KEY]))[KEY]
        counters_ms = (time.perf_counter() - began) * 1e3
        yield f"counts: {count.members:,} members of {count.known:,} known and {count.unknown:,} not"
        yield f"counts: read from counters in {counters_ms:.1f} ms; counted anew in {recount_ms:,.0f} ms"
        for name, plan in (await _explain(client)).items():
            yield f"{name}: {plan}"
        await store.aclose()
        exported, export_s, at_10, at_100 = await _export(settings, crm, count.members, folder / "out.csv")
        yield f"export: {exported:,} customers in {export_s:.0f} s, RSS {at_10:.0f} MB at 10 % and {at_100:.0f} MB at the end"
        await client.drop_database(DATABASE)


async def _write(client: AsyncMongoClient[Any], count: int) -> float:
    began, some = time.perf_counter(), list[dict[str, Any]]()
    for document in _documents(count, datetime.now(UTC)):
        some.append(document)
        if len(some) == BATCH:
            await client[DATABASE].tags.insert_many(some, ordered=False)
            some = []
    if some:
        await client[DATABASE].tags.insert_many(some, ordered=False)
    return time.perf_counter() - began


async def _explain(client: AsyncMongoClient[Any]) -> dict[str, str]:
    """Ask for the plan of each query of segments."""
    queries: dict[str, dict[str, Any]] = {
        "page of members": {
            "find": "tags", "filter": page_query(KEY, "c00000100"), "sort": {"_id": 1}, "projection": {"_id": 1}, "limit": 101,
        },
        "count of a mark": {"find": "tags", "filter": {"segments": f"-{KEY}", "_id": {"$gt": "", "$lte": "c00010000"}}},
        "changes that wait": {"find": "tags", "filter": {"changesOut": {"$gt": EPOCH}}},
        "bounds": {"find": "tags", "filter": {"_id": {"$gt": "c00000100"}}, "sort": {"_id": 1}, "projection": {"_id": 1}},
    }  # fmt: skip
    return {
        name: _plan(await client[DATABASE].command({"explain": own, "verbosity": "queryPlanner"}))
        for name, own in queries.items()
    }


def _plan(told: Mapping[str, Any]) -> str:
    """Write the stages of a plan with their indexes. Nothing is run for it."""
    stages, stage = [], told.get("queryPlanner", {}).get("winningPlan")
    while isinstance(stage, dict):
        stages.append(" ".join(str(stage[name]) for name in ("stage", "indexName") if name in stage))
        stage = stage.get("inputStage") or stage.get("queryPlan")
    return " < ".join(filter(None, stages)) or "the server tells no plan"


async def _export(settings: Any, crm: MemoryConnector, members: int, file: Path) -> tuple[int, float, float, float]:
    """Export all members as CSV, and look at the memory on the way."""
    from gateway.export.segment_export import CsvWriter

    at, seen = 0.0, 0
    began = time.perf_counter()
    with file.open("w", encoding="utf-8", newline="") as csv:
        writer = CsvWriter(csv, ["id", "name", "email"])

        def write(node: Mapping[str, Any]) -> None:
            nonlocal at, seen
            writer.write(node)
            seen += 1
            if seen == max(1, members // 10):
                at = _rss_mb()

        services = create_services(settings, connectors=[crm])
        report = await export_segment(services, KEY, "", ["id", "name", "email"], write)
    assert report.is_whole, report.errors
    return report.customers, time.perf_counter() - began, at, _rss_mb()


def _rss_mb() -> float:
    """Read how much memory this process has now."""
    pages = int(Path("/proc/self/statm").read_text("ascii").split()[1])
    return pages * resource.getpagesize() / 1e6


def print_costs(
    documents: Annotated[int, typer.Option(min=100, help="How many customers have tags.")] = 200_000,
    mongodb: Annotated[str | None, typer.Option(help="The address of a MongoDB; without it SecantusDB is started.")] = None,
) -> None:
    """Count segments by counters and anew, show how queries are planned, and export one while looking at the memory."""

    async def run() -> None:
        async for line in measure_segments(documents, mongodb):
            out.print(line, highlight=False, soft_wrap=True)

    with problems_shown():
        asyncio.run(run())
