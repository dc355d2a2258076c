"""Lists in MongoDB: one of before or a new one, whole, whoever reads, uploads or is erased meanwhile."""

import asyncio
from datetime import timedelta

import pytest

from gateway.identity.records import RecordId
from gateway.store.mongo import Mongo
from gateway.store.segment_lists import KEEP_READ, SegmentLists
from tests.store.test_store_segments import NoonClock
from tests.support.fixtures_mongodb import HandClock

pytestmark = pytest.mark.mongodb


@pytest.fixture
def hand_clock() -> HandClock:
    return NoonClock()


@pytest.fixture
def lists(mongo: Mongo, hand_clock: HandClock) -> SegmentLists:
    found = SegmentLists(mongo, hand_clock)
    found.ensure_indexes()
    return found


async def test_a_list_is_replaced_whole(lists: SegmentLists, hand_clock: HandClock):
    """Until a version is in force the one before is; an upload that was overtaken changes nothing."""
    first = lists.new_version()
    await lists.add("fair", first, ["crm:1", "crm:2", "crm:2"])
    assert await lists.read(["fair"]) == {}
    assert await lists.put_in_force("fair", first)
    hand_clock.advance(timedelta(seconds=1))
    slow = lists.new_version()
    hand_clock.advance(timedelta(seconds=1))
    second = lists.new_version()
    await lists.add("fair", slow, ["crm:9"])
    await lists.add("fair", second, ["crm:2", "crm:3", "crm:4"])
    assert (await lists.read(["fair"]))["fair"].count == 2
    assert await lists.put_in_force("fair", second)
    assert not await lists.put_in_force("fair", slow)
    own = (await lists.read(["fair"]))["fair"]
    assert (own.version, own.count) == (second, 3)
    assert await lists.read_page("fair", second, "crm:2", 0, 9) == ["crm:3", "crm:4"]
    assert await lists.find({"fair": second}, ["crm:1", "crm:3"]) == {("fair", "crm:3")}


async def test_whoever_reads_a_list_goes_on(lists: SegmentLists, mongo: Mongo, hand_clock: HandClock):
    """Who has read which version is in force finds its entries for some minutes after another one is; then they go."""
    first = lists.new_version()
    await lists.add("fair", first, ["crm:1", "crm:2"])
    await lists.put_in_force("fair", first)
    read = (await lists.read(["fair"]))["fair"]
    hand_clock.advance(timedelta(seconds=1))
    second = lists.new_version()
    await lists.add("fair", second, ["crm:2"])
    await lists.put_in_force("fair", second)
    assert await lists.find({"fair": read.version}, ["crm:1", "crm:2"]) == {("fair", "crm:1"), ("fair", "crm:2")}
    assert await lists.read_page("fair", read.version, "crm:1", 0, 9) == ["crm:2"]
    entries = await mongo.run(lambda database: database.segment_entries.find({}).to_list(None))
    ends = {(own["_id"].split("\n")[1], own.get("deleteAt")) for own in entries}
    assert ends == {(first, hand_clock.now() + KEEP_READ), (second, None)}


async def test_who_is_erased_leaves_the_lists(lists: SegmentLists):
    """By any of his records, and the count says so."""
    version = lists.new_version()
    await lists.add("fair", version, ["crm:1", "crm:2"])
    await lists.put_in_force("fair", version)
    assert await lists.forget([RecordId("shop", "7"), RecordId("crm", "1")]) == 1
    assert (await lists.read(["fair"]))["fair"].count == 1
    assert await lists.find({"fair": version}, ["crm:1", "crm:2"]) == {("fair", "crm:2")}


async def test_two_uploads_at_once_leave_one_list(lists: SegmentLists, hand_clock: HandClock):
    """That of the later one."""
    versions = []
    for number in range(4):
        hand_clock.advance(timedelta(seconds=1))
        versions.append(lists.new_version())
        await lists.add("fair", versions[-1], [f"crm:{number}"])
    await asyncio.gather(*(lists.put_in_force("fair", version) for version in versions))
    own = (await lists.read(["fair"]))["fair"]
    assert (own.version, await lists.read_page("fair", own.version, "", 0, 9)) == (versions[-1], ["crm:3"])
