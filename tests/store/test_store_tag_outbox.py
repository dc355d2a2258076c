"""Changes of tags that have not left, in MongoDB: written by the update that writes the tag, removed when they were taken."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest

from gateway.changes.change_drain import BACKOFF, HOLD, ChangeDrain
from gateway.changes.tag_change import TagChanged
from gateway.errors import StoreError
from gateway.identity.records import RecordId
from gateway.store.leases import Leases
from gateway.store.mongo import Mongo
from gateway.store.tag_outbox import MAX_ENTRIES, MERGE_PATIENCE
from gateway.store.tags import TagCollection
from gateway.tags.computed_tag import ComputedTag, RuleUsed
from gateway.tags.tag_history import ChangeCause
from tests.support.fixtures_mongodb import HandClock
from tests.support.noon_clock import NOON, NoonClock

pytestmark = pytest.mark.mongodb


@pytest.fixture
def hand_clock() -> HandClock:
    return NoonClock(timedelta(days=1))


@pytest.fixture
def tags(mongo: Mongo, hand_clock: HandClock) -> TagCollection:
    found = TagCollection(mongo, hand_clock)
    found.leaving = {"a", "segment:vip"}
    return found


class Listener:
    """Somebody who takes changes, unless he fails."""

    def __init__(self) -> None:
        self.taken: list[TagChanged] = []
        self.failing: list[Exception] = []
        self.refused = ""

    async def take_changes(self, changes: Sequence[TagChanged]) -> None:
        if self.failing:
            raise self.failing.pop()
        if any(change.customer == self.refused for change in changes):
            raise ValueError("this one cannot be taken")
        self.taken += changes

    def seen(self) -> list[tuple[str, str, str | None, str | None, str]]:
        return [(own.customer, own.key, own.before, own.value, own.cause.lower()) for own in self.taken]


@pytest.fixture
def listener() -> Listener:
    return Listener()


@pytest.fixture
def drain(tags: TagCollection, mongo: Mongo, hand_clock: HandClock, listener: Listener) -> ChangeDrain:
    return ChangeDrain(tags.outbox, Leases(mongo, hand_clock), hand_clock, [listener])


def tag(minute: int, value: str | None, *, key: str = "a", rule: str = "f1", partial: bool = False) -> ComputedTag:
    at = NOON + timedelta(minutes=minute)
    return ComputedTag(
        key=key,
        value=value,
        fingerprint=rule,
        computed_at=at,
        expires_at=at + timedelta(hours=1),
        partial=partial,
        rule=RuleUsed(version=1, expression="", words=""),
        evidence=[],
    )


async def document(mongo: Mongo, customer: str = "c1") -> dict[str, Any]:
    found = await mongo.run(lambda database: database.tags.find_one({"_id": customer}))
    assert found is not None
    return found


async def test_changes_leave_once_with_their_cause(tags: TagCollection, drain: ChangeDrain, listener: Listener, mongo: Mongo):
    """First values, also none, and each other value leave; a renewal does not, nor a tag that nobody asked for."""
    await tags.write([("c1", tag(0, "A")), ("c1", tag(0, None, key="segment:vip")), ("c1", tag(0, "A", key="b"))])
    for minute, value in enumerate(["A", "B", None]):
        await tags.write([("c1", tag(1 + minute, value)), ("c1", tag(1 + minute, f"v{minute}", key="b"))])
    await tags.write([("c1", tag(5, "C", rule="f2")), ("c1", tag(5, "true", key="segment:vip", partial=True))])
    stored = await document(mongo)
    assert {"outbox", "changesOut"} < stored.keys()
    assert await drain.run_pass() is False
    assert listener.seen() == [
        ("c1", "a", None, "A", "first"),
        ("c1", "segment:vip", None, None, "first"),
        ("c1", "a", "A", "B", "facts"),
        ("c1", "a", "B", None, "facts"),
        ("c1", "a", None, "C", "rule"),
        ("c1", "segment:vip", None, "true", "partial"),
    ]
    assert listener.taken[2].at == NOON + timedelta(minutes=2)
    assert not {"outbox", "changesOut"} & (await document(mongo)).keys()
    assert await drain.run_pass() is False
    assert (len(listener.taken), drain.counts.taken, drain.counts.lag_s) == (6, 6, 0.0)


async def test_nothing_is_written_that_nobody_asked_for(tags: TagCollection, mongo: Mongo):
    """Without actions and segments documents are as they were."""
    tags.leaving = frozenset()
    await tags.write([("c1", tag(0, "A"))])
    await tags.write([("c1", tag(1, "B"))])
    assert not {"outbox", "changesOut"} & (await document(mongo)).keys()


async def test_a_late_write_leaves_no_change(tags: TagCollection, drain: ChangeDrain, listener: Listener):
    """What was computed before is not stored, so it has changed nothing."""
    await tags.write([("c1", tag(5, "B"))])
    await tags.write([("c1", tag(1, "A"))])
    await drain.run_pass()
    assert listener.seen() == [("c1", "a", None, "B", "first")]


async def test_the_same_write_again_is_the_same_change(tags: TagCollection, drain: ChangeDrain, listener: Listener):
    """A write whose answer was lost is tried again: there is one change. Another change has another id."""
    await tags.write([("c1", tag(0, "A"))])
    for _ in range(2):
        await tags.write([("c1", tag(1, "B"))])
    await tags.write([("c2", tag(0, "A"))])
    await drain.run_pass()
    assert len(listener.taken) == len({own.id for own in listener.taken}) == 3
    assert all(len(own.id) == 32 for own in listener.taken)


async def test_a_consumer_that_fails_is_given_the_same_ids_again(
    tags: TagCollection, drain: ChangeDrain, listener: Listener, mongo: Mongo, hand_clock: HandClock
):
    """MongoDB failed after the first consumer had taken them: both have them again, and then they are gone."""
    second = Listener()
    second.failing = [StoreError("away")]
    both = ChangeDrain(tags.outbox, Leases(mongo, hand_clock), hand_clock, [listener, second])
    await tags.write([("c1", tag(0, "A")), ("c2", tag(0, "B"))])
    with pytest.raises(StoreError):
        await both.run_pass()
    ids = [own.id for own in listener.taken]
    await both.run_pass()
    assert [own.id for own in listener.taken] == ids * 2
    assert [own.id for own in second.taken] == ids


async def test_a_change_that_cannot_be_taken_holds_no_other(
    tags: TagCollection, drain: ChangeDrain, listener: Listener, hand_clock: HandClock
):
    """It comes again after a minute; the others leave at once."""
    await tags.write([(f"c{number}", tag(0, "A")) for number in range(4)])
    listener.refused = "c2"
    await drain.run_pass()
    assert sorted(own.customer for own in listener.taken) == ["c0", "c1", "c3"]
    assert drain.counts.postponed == 1
    listener.refused = ""
    await drain.run_pass()
    assert len(listener.taken) == 3
    hand_clock.advance(BACKOFF)
    await drain.run_pass()
    assert [own.customer for own in listener.taken][3:] == ["c2"]


async def test_a_change_that_comes_meanwhile_stays(tags: TagCollection, mongo: Mongo, hand_clock: HandClock):
    """Only what was given is removed."""
    await tags.write([("c1", tag(0, "A"))])
    page = await tags.outbox.read_page(hand_clock.now(), 10)
    await tags.write([("c1", tag(1, "B"))])
    await tags.outbox.remove(page.entries)
    await tags.outbox.remove(page.entries)
    assert [own["to"] for own in (await document(mongo))["outbox"]] == ["B"]


async def test_one_worker_at_a_time_gives_changes(
    tags: TagCollection, drain: ChangeDrain, listener: Listener, mongo: Mongo, hand_clock: HandClock
):
    """Another one goes on when the first one has died with its lease."""
    other = Leases(mongo, hand_clock)
    assert await other.acquire(["drain of changes"], hold=HOLD)
    await tags.write([("c1", tag(0, "A"))])
    assert (await drain.run_pass(), listener.taken) == (False, [])
    hand_clock.advance(HOLD + timedelta(seconds=1))
    await drain.run_pass()
    assert len(listener.taken) == 1


async def test_those_who_were_several_before_leave_as_a_merge(
    tags: TagCollection, drain: ChangeDrain, listener: Listener, mongo: Mongo, hand_clock: HandClock
):
    """The cause is that of the history. One whose parts nobody knows waits for a moment, and is a first one."""
    await tags.write([("crm:1", tag(0, "A"))])
    await tags.write([("crm:1\nshop:2", tag(1, "B")), ("crm:3\nshop:4", tag(1, "C"))])
    await drain.run_pass()
    assert listener.seen() == [("crm:1", "a", None, "A", "first"), ("crm:1\nshop:2", "a", "A", "B", "merge")]
    hand_clock.advance(MERGE_PATIENCE)
    await drain.run_pass()
    assert listener.seen()[2:] == [("crm:3\nshop:4", "a", None, "C", "first")]


async def test_those_who_were_several_wait_from_when_they_are_written(
    tags: TagCollection, drain: ChangeDrain, listener: Listener, hand_clock: HandClock
):
    """Other writes came first: the time in which a merge is noted begins after them."""
    async with tags._writing:
        writing = asyncio.create_task(tags.write([("crm:1\nshop:2", tag(0, "A"))]))
        await asyncio.sleep(0)
        hand_clock.advance(MERGE_PATIENCE)
    await writing
    await drain.run_pass()
    assert listener.taken == []
    hand_clock.advance(MERGE_PATIENCE)
    await drain.run_pass()
    assert len(listener.taken) == 1


async def test_those_who_are_one_again_change_by_a_merge(tags: TagCollection):
    """Linked, cut, and linked again: each tag that was of before differs by that. What changes afterwards is of facts."""
    tags.leaving = {"a", "b"}
    await tags.write([("crm:1\nshop:2", tag(0, "A")), ("crm:1\nshop:2", tag(0, "A", key="b"))])
    await tags.write([("crm:1", tag(1, "A")), ("shop:2", tag(1, "A"))])
    await tags.write([("crm:1", tag(2, "B"))])
    for minute, key, value in ((3, "a", "B"), (4, "b", "B"), (5, "a", "C"), (6, "b", "C")):
        await tags.write([("crm:1\nshop:2", tag(minute, value, key=key))])
    await tags.write([("crm:1", tag(7, "C"))])
    history = await tags.read_history([("crm:1\nshop:2", "a"), ("crm:1\nshop:2", "b"), ("crm:1", "a")])
    assert {(customer, key): [own.cause.lower() for own in found] for (customer, key), found in history.items()} == {
        ("crm:1\nshop:2", "a"): ["facts", "merge", "first"],
        ("crm:1\nshop:2", "b"): ["facts", "merge", "first"],
        ("crm:1", "a"): ["merge", "facts", "first"],
    }


async def test_changes_of_an_erased_customer_are_gone(tags: TagCollection, drain: ChangeDrain, listener: Listener):
    """They stand in his document."""
    await tags.write([("crm:1", tag(0, "A")), ("c2", tag(0, "A"))])
    await tags.forget([RecordId("crm", "1")])
    await drain.run_pass()
    assert [own.customer for own in listener.taken] == ["c2"]


async def test_an_outbox_has_an_end(tags: TagCollection, mongo: Mongo):
    """Where nobody takes changes the oldest go."""
    await tags.write([("c1", tag(0, "A"))])
    entry = {"key": "a", "from": None, "to": "A", "at": NOON, "cause": ChangeCause.FACTS.value, "rule": "f1"}
    many = {"$set": {"outbox": [entry] * MAX_ENTRIES}}
    await mongo.run(lambda database: database.tags.update_one({"_id": "c1"}, many), kind="write")
    await tags.write([("c1", tag(1, "B"))])
    outbox = (await document(mongo))["outbox"]
    assert (len(outbox), outbox[-1]["to"]) == (MAX_ENTRIES, "B")
