"""Requests of a worker share reads of the log, and none joins a read that has left."""

import asyncio
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

import pytest

from gateway.errors import StoreError
from gateway.identity.decisions import LogAction, LogEntry, LogRule
from gateway.identity.records import RecordId
from gateway.stitching.shared_log import MAX_READS, SharedLog

NOON = datetime(2026, 6, 30, 12, tzinfo=UTC)
ANA, SHOP, DESK = (RecordId(*pair) for pair in (("crm", "7"), ("shop", "42"), ("desk", "u1")))


def cut(one: RecordId, other: RecordId) -> LogEntry:
    return LogEntry(time=NOON, action=LogAction.CUT, records=(one, other), rule=LogRule.OPERATOR, who="anna", reason="two")


class SlowLog:
    """A log whose reads give what is there when they begin, and end when they are told to."""

    def __init__(self) -> None:
        self.entries: list[LogEntry] = []
        self.reads: list[set[RecordId]] = []
        self.may_end = asyncio.Event()
        self.is_away = False

    async def append(self, entries: Sequence[LogEntry]) -> None:
        self.entries += entries

    async def about(self, records: Iterable[RecordId], until: datetime | None = None) -> list[LogEntry]:
        asked, there = set(records), [*self.entries]
        self.reads.append(asked)
        await self.may_end.wait()
        if self.is_away:
            raise StoreError("away")
        return [entry for entry in there if not asked.isdisjoint(entry.records)]


class Held:
    """What is known of a log: all that was read, in the order of reading."""

    read_at: datetime | None = None

    def __init__(self) -> None:
        self.entries: list[LogEntry] = []

    async def start(self) -> None: ...

    async def refresh(self) -> None: ...

    def add(self, entries: Iterable[LogEntry]) -> None:
        self.entries += entries

    def about(self, records: Iterable[RecordId]) -> list[LogEntry]:
        return [entry for entry in self.entries if not {*records}.isdisjoint(entry.records)]


async def settle() -> None:
    """Let everything go on that can."""
    for _ in range(10):
        await asyncio.sleep(0)


async def test_who_comes_after_a_decision_sees_it():
    """Though reads are under way that left before it; those that wait leave together."""
    slow = SlowLog()
    log = SharedLog(slow, Held())
    early = [asyncio.create_task(log.about([ANA, SHOP]))]
    await settle()
    early.append(asyncio.create_task(log.about([ANA])))
    await settle()
    await log.append([cut(ANA, SHOP)])
    late = [asyncio.create_task(log.about(records)) for records in ([ANA, SHOP], [DESK], [SHOP])]
    await settle()
    assert len(slow.reads) == MAX_READS
    slow.may_end.set()
    assert await asyncio.gather(*early) == [[], []]
    assert await asyncio.gather(*late) == [[cut(ANA, SHOP)], [], [cut(ANA, SHOP)]]
    assert slow.reads == [{ANA, SHOP}, {ANA}, {ANA, SHOP, DESK}]


async def test_who_goes_away_leaves_the_read_to_the_others():
    slow = SlowLog()
    log = SharedLog(slow, Held())
    await log.append([cut(ANA, SHOP)])
    gone, other = (asyncio.create_task(log.about([ANA])) for _ in range(2))
    await settle()
    gone.cancel()
    slow.may_end.set()
    assert await other == [cut(ANA, SHOP)]
    assert log.known.about([SHOP]) == [cut(ANA, SHOP)]


@pytest.mark.parametrize("is_closed", [False, True])
async def test_all_are_told_that_nothing_could_be_read(is_closed: bool):
    """When MongoDB is away, and when the worker ends."""
    slow = SlowLog()
    log = SharedLog(slow, Held())
    reads = []
    for _ in range(MAX_READS + 2):
        reads.append(asyncio.create_task(log.about([ANA])))
        await settle()
    if is_closed:
        await log.aclose()
    slow.is_away = True
    slow.may_end.set()
    answers = await asyncio.gather(*reads, return_exceptions=True)
    assert [type(answer) for answer in answers] == [StoreError] * (MAX_READS + 2)
