"""Counts of segments over drawn histories: whatever happened in which order, they are those of the documents."""

import asyncio
import random
from collections import Counter
from datetime import timedelta
from typing import Any

import pytest

from gateway.changes.change_drain import ChangeDrain
from gateway.identity.records import RecordId
from gateway.segments.segment_recount import EVERY, SegmentRecount
from gateway.store.leases import Leases
from gateway.store.mongo import Mongo
from gateway.store.segment_counts import SegmentCounts
from gateway.store.segment_members import SegmentMembers, mark_of
from gateway.store.tags import TagCollection
from tests.store.test_store_segments import NoonClock, counted, tag

pytestmark = pytest.mark.mongodb

VALUES = ["true", "false", None]
RECORDS = ["crm:1", "crm:2", "shop:1", "shop:2", "desk:1"]
WRITES = [["segment:vip"], ["segment:vip", "segment:new"], ["segment:new", "other"], ["other"]]
STEPS = 80


class CountingWorker:
    """One of the workers of a fleet: it writes tags, gives changes, and counts anew."""

    def __init__(self, mongo: Mongo, clock: NoonClock, counts: SegmentCounts) -> None:
        leases = Leases(mongo, clock)
        self.clock, self.counts = clock, counts
        self.tags = TagCollection(mongo, clock)
        self.tags.leaving = {"segment:vip", "segment:new"}
        self.drain = ChangeDrain(self.tags.outbox, leases, clock, [counts])
        self.recount = SegmentRecount(counts, SegmentMembers(mongo), leases, clock, ["vip", "new"])

    async def write(self, drawn: random.Random, minute: int) -> None:
        """Store some tags of one who is now of these records: they are linked, or cut."""
        customer = "\n".join(sorted(drawn.sample(RECORDS, drawn.choice([1, 1, 1, 2, 2, 3]))))
        await self.tags.write([(customer, tag(minute, drawn.choice(VALUES), key)) for key in drawn.choice(WRITES)])

    async def die_in_between(self) -> None:
        """Count changes, and remove none."""
        page = await self.tags.outbox.read_page(self.clock.now(), 3)
        await self.counts.take_changes([change for customer in page.entries for change in page.changes(customer)])

    async def count_anew(self) -> None:
        self.clock.advance(EVERY)
        await self.recount.count_due()

    async def erase(self, drawn: random.Random) -> None:
        source, _, name = drawn.choice(RECORDS).partition(":")
        await self.tags.forget([RecordId(source, name)])


def totals(marks: Counter[str], key: str) -> tuple[int, int, int]:
    return marks[f"+{key}"], marks[f"+{key}"] + marks[f"-{key}"], marks[f"?{key}"]


def by_values(document: dict[str, Any]) -> list[str]:
    """The marks that the values of a document mean. A former customer has none."""
    own = {} if "former" in document else document.get("now", {})
    return [f"{mark_of(now['value'])}{key.removeprefix('segment:')}" for key, now in own.items() if key != "other"]


@pytest.mark.parametrize("seed", [1, 4, 9])
async def test_counts_are_those_of_the_documents(mongo: Mongo, seed: int, monkeypatch: pytest.MonkeyPatch):
    """Customers are linked, cut and erased; of two workers that give, count anew and die, both write."""
    drawn, clock = random.Random(seed), NoonClock()
    monkeypatch.setattr("gateway.segments.segment_recount.STEP", drawn.choice([1, 2, 5, 50]))
    counts = SegmentCounts(mongo, SegmentMembers(mongo), clock)
    workers = [CountingWorker(mongo, clock, counts) for _ in range(2)]
    for minute in range(STEPS):
        own, other = drawn.sample(workers, 2)
        match drawn.choices(range(6), [50, 10, 8, 7, 15, 10])[0]:
            case 0:
                await own.write(drawn, minute)
            case 1:
                await asyncio.gather(own.drain.run_pass(), other.drain.run_pass())
            case 2:
                await own.die_in_between()
            case 3:
                await own.erase(drawn)
            case 4:
                await asyncio.gather(own.count_anew(), other.drain.run_pass())
            case _:
                clock.advance(timedelta(seconds=drawn.choice([1, 30, 4_000])))
    for minute in range(STEPS, STEPS + 5):
        await workers[0].write(drawn, minute)
    await workers[0].die_in_between()
    clock.advance(EVERY)
    assert await workers[0].recount.count_due() == 2
    clock.advance(timedelta(minutes=1))
    while await workers[1].drain.run_pass():
        pass
    documents = await mongo.run(lambda database: database.tags.find({}).to_list(None))
    marks = Counter(mark for own in documents for mark in own.get("segments", ()))
    assert marks == Counter(mark for own in documents for mark in by_values(own))
    for key in ("vip", "new"):
        assert await counted(counts, key) == totals(marks, key)
