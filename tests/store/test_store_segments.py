"""Segments in MongoDB: who is in them stands in the document of the tags, and counts are exact whatever comes twice."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import timedelta

import pytest

from gateway.changes.change_drain import DRAIN, HOLD, ChangeDrain
from gateway.changes.tag_change import TagChanged
from gateway.errors import StoreError
from gateway.identity.records import RecordId
from gateway.segments.segment_recount import EVERY, SegmentRecount
from gateway.store.leases import Leases
from gateway.store.mongo import Mongo
from gateway.store.segment_counts import SegmentCounts
from gateway.store.segment_members import SegmentMembers
from gateway.store.tags import TagCollection
from gateway.tags.computed_tag import ComputedTag, RuleUsed, TagReason
from tests.support.fixtures_mongodb import HandClock
from tests.support.noon_clock import NOON, NoonClock

pytestmark = pytest.mark.mongodb


@pytest.fixture
def hand_clock() -> HandClock:
    return NoonClock(timedelta(hours=1))


@pytest.fixture
def members(mongo: Mongo) -> SegmentMembers:
    found = SegmentMembers(mongo)
    found.ensure_indexes()
    return found


@pytest.fixture
def counts(mongo: Mongo, members: SegmentMembers, hand_clock: HandClock) -> SegmentCounts:
    return SegmentCounts(mongo, members, hand_clock)


@pytest.fixture
def tags(mongo: Mongo, hand_clock: HandClock, members: SegmentMembers) -> TagCollection:
    found = TagCollection(mongo, hand_clock)
    found.leaving = {"segment:vip", "segment:new"}
    return found


def tag(minute: int, value: str | None, key: str = "segment:vip") -> ComputedTag:
    return ComputedTag(
        key=key,
        value=value,
        reason=TagReason.UNKNOWN if value is None else TagReason.RULE,
        fingerprint="f1",
        computed_at=NOON + timedelta(minutes=minute),
        expires_at=NOON + timedelta(days=1),
        rule=RuleUsed(version=1, expression="", words=""),
        evidence=[],
    )


async def marks(mongo: Mongo, customer: str) -> list[str] | None:
    found = await mongo.run(lambda database: database.tags.find_one({"_id": customer}))
    return None if found is None or "segments" not in found else sorted(found["segments"])


async def counted(counts: SegmentCounts, key: str = "vip") -> tuple[int, int, int] | None:
    found = (await counts.read([key])).get(key)
    return None if found is None else (found.members, found.known, found.unknown)


async def test_members_are_written_with_the_tags(tags: TagCollection, members: SegmentMembers, mongo: Mongo):
    """Whatever is written in which order: the field says what the values of the tags say, and others leave it alone."""
    await tags.write([("c1", tag(0, "true")), ("c1", tag(0, None, "segment:new")), ("c1", tag(0, "A", "other"))])
    assert await marks(mongo, "c1") == ["+vip", "?new"]
    await tags.write([("c1", tag(1, "false"))])
    await tags.write([("c1", tag(0, "true"))])  # a late one
    await tags.write([("c1", tag(2, "B", "other"))])
    assert await marks(mongo, "c1") == ["-vip", "?new"]
    await tags.write([("c2", tag(0, "A", "other"))])
    assert await marks(mongo, "c2") is None
    await tags.write([("c2", tag(1, "true"))])
    assert await marks(mongo, "c2") == ["+vip"]
    assert await members.read_page("vip", "", 0, 9) == ["c2"]


async def test_members_come_in_pages(tags: TagCollection, members: SegmentMembers):
    """By id, after one of them, without the first ones behind it."""
    await tags.write([(f"c{number}", tag(0, "true" if number != 3 else "false")) for number in range(6)])
    assert await members.read_page("vip", "", 0, 2) == ["c0", "c1"]
    assert await members.read_page("vip", "c1", 0, 2) == ["c2", "c4"]
    assert await members.read_page("vip", "c1", 1, 9) == ["c4", "c5"]
    assert await members.count("vip") == {"+": 5, "-": 1, "?": 0}


async def test_those_who_are_one_by_now_are_not_counted_twice(tags: TagCollection, members: SegmentMembers):
    """When their records are found to be one customer, the parts are in no segment; when they are two again, he is in none.

    Linked anew, he is in it again, and of two sets with a record in common the one that was written last.
    """
    await tags.write([("crm:1", tag(0, "true")), ("shop:2", tag(0, "true"))])
    await tags.write([("crm:1\nshop:2", tag(1, "true"))])
    assert await members.read_page("vip", "", 0, 9) == ["crm:1\nshop:2"]
    await tags.write([("crm:1", tag(2, "true")), ("shop:2", tag(2, "true"))])
    assert await members.read_page("vip", "", 0, 9) == ["crm:1", "shop:2"]
    await tags.write([("crm:1\nshop:2", tag(3, "true"))])
    assert await members.read_page("vip", "", 0, 9) == ["crm:1\nshop:2"]
    await tags.write([("desk:3\nshop:2", tag(4, "true"))])
    assert await members.read_page("vip", "", 0, 9) == ["desk:3\nshop:2"]


async def test_who_is_one_again_is_in_his_segments(tags: TagCollection, mongo: Mongo):
    """Whichever of his tags is written first, as long as those of segments are stored."""
    await tags.write([("crm:1\nshop:2", tag(0, "true")), ("crm:1\nshop:2", tag(0, "A", "other"))])
    await tags.write([("crm:1", tag(1, "true")), ("shop:2", tag(1, "A", "other"))])
    assert await marks(mongo, "crm:1\nshop:2") is None
    await tags.write([("crm:1\nshop:2", tag(2, "A", "other"))])
    assert (await marks(mongo, "crm:1\nshop:2"), await marks(mongo, "crm:1")) == (["+vip"], None)


async def test_changes_are_counted_once(tags: TagCollection, counts: SegmentCounts, mongo: Mongo):
    """First values, changes of all kinds, and the same changes again, alone and among others."""
    await counts.replace("vip", await counts.count("vip"), None)
    given: list[TagChanged] = []
    for minute, values in enumerate([["true", "false", None], [None, "true", "false"], ["true", "true", "true"]]):
        await tags.write([(f"c{number}", tag(minute, value)) for number, value in enumerate(values)])
        page = await tags.outbox.read_page(tags._clock.now(), 9)
        changes = [change for customer in page.entries for change in page.changes(customer)]
        await counts.take_changes(changes)
        given += changes
        await counts.take_changes(given)
        told = [sum(value in own for value in values) for own in (["true"], ["true", "false"], [None])]
        assert await counted(counts) == tuple(told)
    assert await counted(counts) == (3, 3, 0)


async def test_a_recount_leaves_out_what_waits(tags: TagCollection, counts: SegmentCounts, mongo: Mongo, hand_clock: HandClock):
    """It sees the documents as they are; changes that have not left count when they do, also those of before it."""
    leases = Leases(mongo, hand_clock)
    recount = SegmentRecount(counts, SegmentMembers(mongo), leases, hand_clock, ["vip"])
    drain = ChangeDrain(tags.outbox, leases, hand_clock, [counts])
    await tags.write([("c1", tag(0, "true")), ("c2", tag(0, "false"))])
    assert await counted(counts) is None
    assert await recount.count_due() == 1
    assert await counted(counts) == (0, 0, 0)
    await drain.run_pass()
    assert await counted(counts) == (1, 2, 0)
    await tags.write([("c2", tag(1, "true"))])
    assert await recount.count_due() == 0
    hand_clock.advance(EVERY)
    assert await recount.count_due() == 1
    assert await counted(counts) == (1, 2, 0)
    await drain.run_pass()
    assert await counted(counts) == (2, 2, 0)
    await tags.forget([RecordId("crm", "c1")])
    hand_clock.advance(EVERY)
    assert await recount.count_due() == 1
    assert await counted(counts) == (1, 1, 0)


async def test_a_recount_is_right_while_members_change(
    tags: TagCollection, counts: SegmentCounts, mongo: Mongo, hand_clock: HandClock, monkeypatch: pytest.MonkeyPatch
):
    """Writers change who is in it all the time, and it is counted in small parts: with what left later the count is that."""
    monkeypatch.setattr("gateway.segments.segment_recount.STEP", 7)
    leases = Leases(mongo, hand_clock)
    recount = SegmentRecount(counts, SegmentMembers(mongo), leases, hand_clock, ["vip"])
    drain = ChangeDrain(tags.outbox, leases, hand_clock, [counts])
    values: Sequence[str | None] = ["true", "false", None]
    await tags.write([(f"c{number}", tag(0, "true")) for number in range(30)])

    async def write() -> None:
        for minute in range(1, 40):
            await tags.write([(f"c{(minute * 7) % 30}", tag(minute, values[minute % 3])), (f"d{minute}", tag(minute, "true"))])

    writing = asyncio.create_task(write())
    passes = 0
    while not writing.done():
        hand_clock.advance(EVERY)
        passes += await recount.count_due()
        await drain.run_pass()
    await writing
    await drain.run_pass()
    now = await counts.count("vip")
    assert passes > 0
    assert await counted(counts) == (now.members, now.known, now.unknown)


class TickingClock(NoonClock):
    """Half a second passes with each question that MongoDB answers: nobody is late because the machine is busy."""

    async def sleep(self, seconds: float) -> None:
        until = self.now() + timedelta(seconds=seconds)
        while self.now() < until:
            await asyncio.sleep(0.001)

    async def tick(self, mongo: Mongo) -> None:
        while True:
            await mongo.run(lambda database: database.segment_counts.find_one({"_id": "tick"}), in_background=True)
            self.advance(timedelta(seconds=0.5))


class SlowMembers(SegmentMembers):
    """Takes half a minute for each count."""

    def __init__(self, mongo: Mongo, clock: TickingClock) -> None:
        super().__init__(mongo)
        self.clock = clock

    async def count(self, key: str, after: str = "", until: str | None = None) -> Mapping[str, int]:
        found = await super().count(key, after, until)
        await self.clock.sleep(30)
        return found


async def test_a_recount_may_take_long(mongo: Mongo, monkeypatch: pytest.MonkeyPatch):
    """Its lease lasts, whatever another worker has to give meanwhile: that leaves afterwards, before the next segment."""
    monkeypatch.setattr("gateway.segments.segment_recount.STEP", 4)
    clock = TickingClock()
    tags, members = TagCollection(mongo, clock), SlowMembers(mongo, clock)
    tags.leaving = {"segment:vip", "segment:new"}
    counts = SegmentCounts(mongo, members, clock)
    recount = SegmentRecount(counts, members, Leases(mongo, clock), clock, ["vip", "new"])
    drain = ChangeDrain(tags.outbox, Leases(mongo, clock), clock, [counts])
    both = ("segment:vip", "segment:new")
    await tags.write([(f"c{number}", tag(0, "true", key)) for number in range(9) for key in both])
    await drain.run_pass()
    drain.start()
    ticking, writing = asyncio.create_task(clock.tick(mongo)), asyncio.create_task(write_slowly(tags, clock))
    try:
        done = await recount.count_due()
        assert done > 0
        while done < 2:  # while the other worker has the lease for a moment
            await clock.sleep(1)
            done += await recount.count_due()
        assert drain.counts.taken > 18
        await writing
        while (await tags.outbox.read_page(clock.now(), 1)).entries:
            await asyncio.sleep(0.01)
    finally:
        writing.cancel()
        await drain.aclose()
        ticking.cancel()
    for key in ("vip", "new"):
        now = await SegmentMembers(mongo).count(key)
        assert await counted(counts, key) == (now["+"], now["+"] + now["-"], now["?"])


async def write_slowly(tags: TagCollection, clock: TickingClock) -> None:
    """Change who is in segments each minute or so."""
    values: Sequence[str | None] = ["false", None, "true"]
    for number in range(6):
        await clock.sleep(40)
        keys = ("segment:vip", "segment:new")
        await tags.write([(f"c{number}", tag(number + 1, values[number % 3], key)) for key in keys])


async def test_what_was_counted_and_not_removed_counts_once(
    tags: TagCollection, counts: SegmentCounts, mongo: Mongo, hand_clock: HandClock
):
    """A worker dies after it counted changes: who counts anew before they come again does not take them off."""
    leases = Leases(mongo, hand_clock)
    recount = SegmentRecount(counts, SegmentMembers(mongo), leases, hand_clock, ["vip"])
    await recount.count_due()
    await tags.write([("c1", tag(0, "true")), ("c2", tag(0, "false"))])
    page = await tags.outbox.read_page(hand_clock.now(), 9)
    await counts.take_changes([change for customer in page.entries for change in page.changes(customer)])
    await tags.write([("c2", tag(1, "true"))])
    hand_clock.advance(EVERY)
    assert await recount.count_due() == 1
    assert await counted(counts) == (1, 2, 0)
    await ChangeDrain(tags.outbox, leases, hand_clock, [counts]).run_pass()
    assert await counted(counts) == (2, 2, 0)


async def test_a_segment_that_cannot_be_counted_keeps_no_others(
    tags: TagCollection, mongo: Mongo, hand_clock: HandClock, monkeypatch: pytest.MonkeyPatch
):
    """The failure is told when the others are counted."""

    class FailingMembers(SegmentMembers):
        async def count(self, key: str, after: str = "", until: str | None = None) -> Mapping[str, int]:
            if key == "vip":
                raise StoreError("late")
            return await super().count(key, after, until)

    members = FailingMembers(mongo)
    counts = SegmentCounts(mongo, members, hand_clock)
    recount = SegmentRecount(counts, members, Leases(mongo, hand_clock), hand_clock, ["vip", "new"])
    with pytest.raises(StoreError):
        await recount.count_due()
    assert [*await counts.read(["vip", "new"])] == ["new"]


async def test_nothing_is_counted_while_changes_leave(counts: SegmentCounts, mongo: Mongo, hand_clock: HandClock):
    """Another worker has the lease; and a count that was overtaken is not written."""
    other = Leases(mongo, hand_clock)
    assert await other.acquire([DRAIN], hold=HOLD)
    recount = SegmentRecount(counts, SegmentMembers(mongo), Leases(mongo, hand_clock), hand_clock, ["vip"])
    assert await recount.count_due() == 0
    turn = await counts.read_turn("vip")
    assert await counts.replace("vip", await counts.count("vip"), turn)
    turn = await counts.read_turn("vip")
    await counts.take_changes([first_change("c1")])
    assert not await counts.replace("vip", await counts.count("vip"), turn)
    assert await counted(counts) == (1, 1, 0)


def first_change(customer: str) -> TagChanged:
    return TagChanged.read(
        customer, {"key": "segment:vip", "from": None, "to": "true", "at": NOON, "cause": "FIRST", "rule": "f1"}
    )


async def test_a_worker_that_dies_in_between_changes_no_count(
    tags: TagCollection, counts: SegmentCounts, mongo: Mongo, hand_clock: HandClock
):
    """After each change was counted and before it was removed: the next worker gives it again."""

    class DyingOutbox:
        """Fails to remove what was taken, each second time."""

        def __init__(self) -> None:
            self.removals = 0

        def __getattr__(self, name: str):
            return getattr(tags.outbox, name)

        async def remove(self, taken) -> None:
            self.removals += 1
            if self.removals % 2:
                raise StoreError("gone")
            await tags.outbox.remove(taken)

    leases, outbox = Leases(mongo, hand_clock), DyingOutbox()
    await counts.replace("vip", await counts.count("vip"), None)
    drain = ChangeDrain(outbox, leases, hand_clock, [counts])  # type: ignore[arg-type]
    for minute in range(4):
        values: Sequence[str | None] = ["true", "false", None]
        await tags.write([(f"c{number}", tag(minute, values[(number + minute) % 3])) for number in range(30)])
        while True:
            try:
                await drain.run_pass()
                break
            except StoreError:
                continue
    assert outbox.removals >= 8
    assert await counted(counts) == (10, 20, 10)
    counted_anew = await counts.count("vip")
    assert (counted_anew.members, counted_anew.known, counted_anew.unknown) == (10, 20, 10)
