"""How tags changed, in MongoDB: each change with its cause, in the update that writes the tag."""

import asyncio
from datetime import datetime, timedelta

import pytest

from gateway.identity.records import RecordId
from gateway.store.mongo import Mongo
from gateway.store.tags import TagCollection
from gateway.tags.computed_tag import ComputedTag, RuleUsed
from gateway.tags.tag_history import MAX_CHANGES, ChangeCause, TagChange
from tests.support.fixtures_mongodb import HandClock, commands_to
from tests.support.noon_clock import NOON, NoonClock

pytestmark = pytest.mark.mongodb


@pytest.fixture
def hand_clock() -> HandClock:
    return NoonClock(timedelta(days=1))


@pytest.fixture
def tags(mongo: Mongo, hand_clock: HandClock) -> TagCollection:
    return TagCollection(mongo, hand_clock)


def at(minute: int) -> datetime:
    return NOON + timedelta(minutes=minute)


def tag(
    minute: int, value: str | None, *, key: str = "a", rule: str = "f1", partial: bool = False, ttl: int = 60
) -> ComputedTag:
    return ComputedTag(
        key=key,
        value=value,
        fingerprint=rule,
        computed_at=at(minute),
        expires_at=at(minute + ttl),
        partial=partial,
        rule=RuleUsed(version=1, expression="", words=""),
        evidence=[],
    )


async def history(tags: TagCollection, customer: str = "c1", key: str = "a") -> list[tuple[int, str | None, str | None, str]]:
    """The changes, the oldest first, each with its minute."""
    changes = (await tags.read_history([(customer, key)]))[customer, key]
    return [(int((own.at - NOON).total_seconds() / 60), own.before, own.value, own.cause.lower()) for own in reversed(changes)]


async def test_a_change_is_noted_and_a_renewal_is_not(tags: TagCollection):
    """From nothing to the first value, to another one, to none and back: the renewals in between leave no trace."""
    for minute, value in enumerate(["A", "A", "B", "B", None, None, "A"]):
        await tags.write([("c1", tag(minute, value))])
    assert await history(tags) == [
        (0, None, "A", "first"),
        (2, "A", "B", "facts"),
        (4, "B", None, "facts"),
        (6, None, "A", "facts"),
    ]
    assert await tags.read_history([("c1", "b"), ("c2", "a")]) == {("c1", "b"): [], ("c2", "a"): []}
    assert await tags.read_history([]) == {}


async def test_changes_are_given_the_newest_first(tags: TagCollection):
    """As those who read them want them."""
    await tags.write([("c1", tag(0, "A"))])
    await tags.write([("c1", tag(1, "B"))])
    assert (await tags.read_history([("c1", "a")]))["c1", "a"] == [
        TagChange(at(1), "A", "B", ChangeCause.FACTS),
        TagChange(at(0), None, "A", ChangeCause.FIRST),
    ]


async def test_each_change_has_its_cause(tags: TagCollection):
    """A new rule, a new calibration under the same rule, evidence that lacks something, has it again, and is stale."""
    rule, calibrated, other = "123456789abc", "123456789abc-7", "cba987654321-7"
    for minute, (value, fingerprint, partial, ttl) in enumerate(
        [
            ("A", rule, False, 60),
            ("B", calibrated, False, 60),
            ("C", other, False, 60),
            ("D", other, True, 60),
            ("E", other, False, 60),
            ("F", other, True, 0),
        ]
    ):
        await tags.write([("c1", tag(minute, value, rule=fingerprint, partial=partial, ttl=ttl))])
    assert [cause for *_, cause in await history(tags)] == ["first", "calibration", "rule", "partial", "partial", "stale"]


async def test_a_new_rule_that_changes_nothing_is_no_cause_later(tags: TagCollection):
    """The value stayed under the new rule: what changes it afterwards are the facts."""
    await tags.write([("c1", tag(0, "A", rule="f1"))])
    await tags.write([("c1", tag(1, "A", rule="f2"))])
    await tags.write([("c1", tag(2, "B", rule="f2"))])
    assert [cause for *_, cause in await history(tags)] == ["first", "facts"]


async def test_the_last_fifty_changes_are_kept(tags: TagCollection):
    """Older ones go; the oldest that is left says from what it changed."""
    for minute in range(MAX_CHANGES + 2):
        await tags.write([("c1", tag(minute, f"v{minute}"))])
    found = await history(tags)
    assert (len(found), found[0]) == (MAX_CHANGES, (2, "v1", "v2", "facts"))


async def test_a_late_write_changes_no_history(tags: TagCollection):
    """What was computed before is not stored, so it has changed nothing; what came with it is noted."""
    await tags.write([("c1", tag(5, "A"))])
    await tags.write([("c1", tag(4, "B")), ("c1", tag(4, "X", key="b"))])
    assert await history(tags) == [(5, None, "A", "first")]
    assert await history(tags, key="b") == [(4, None, "X", "first")]


async def test_a_renewal_without_a_change_is_one_command(tags: TagCollection, mongo: Mongo):
    """One of twenty that changed costs one more, which is of that one alone."""
    customers = [f"c{number}" for number in range(20)]
    await tags.write([(customer, tag(0, "A")) for customer in customers])
    with commands_to(mongo._settings.database) as commands:
        await tags.write([(customer, tag(1, "A")) for customer in customers])
        assert commands == ["update"]
        await tags.write([(customer, tag(2, "B" if customer == "c7" else "A")) for customer in customers])
    assert commands == ["update"] * 3
    assert [len(await history(tags, customer)) for customer in ("c6", "c7", "c8")] == [1, 2, 1]


async def test_values_that_look_like_queries_are_texts(tags: TagCollection):
    """A value may begin with a dollar, as categories and sources do."""
    for minute, value in enumerate(["$now", "$$REMOVE", "$now"]):
        await tags.write([("c1", tag(minute, value))])
    assert [(before, value) for _, before, value, _ in await history(tags)] == [
        (None, "$now"),
        ("$now", "$$REMOVE"),
        ("$$REMOVE", "$now"),
    ]


async def test_two_workers_note_a_change_once(tags: TagCollection, mongo: Mongo, hand_clock: HandClock):
    """Both have computed it at once, and write side by side, over and over: every second value is a change, once."""
    other = TagCollection(mongo, hand_clock)
    for minute in range(20):
        value = "AB"[minute % 2]
        await asyncio.gather(*(each.write([("c1", tag(minute, value))]) for each in (tags, other)))
    found = await history(tags)
    assert [(minute, value) for minute, _, value, _ in found] == [(minute, "AB"[minute % 2]) for minute in range(20)]


async def test_a_merge_says_what_the_parts_were(tags: TagCollection):
    """The tags of two records that are one customer now: from the value that was computed last, because of the merge."""
    await tags.write([("crm:7", tag(0, "A")), ("crm:7", tag(0, "X", key="b"))])
    await tags.write([("shop:42", tag(1, "B"))])
    await tags.write([("crm:7\nshop:42", tag(2, "C")), ("crm:7\nshop:42", tag(2, "X", key="c"))])
    await tags.write([("crm:8\nshop:43", tag(2, "C"))])
    assert await history(tags, "crm:7\nshop:42") == [(2, "B", "C", "merge")]
    assert await history(tags, "crm:7\nshop:42", "c") == [(2, None, "X", "first")]
    assert await history(tags, "crm:8\nshop:43") == [(2, None, "C", "first")]
    await tags.write([("crm:7\ndesk:1\nshop:42", tag(3, "D"))])
    assert await history(tags, "crm:7\ndesk:1\nshop:42") == [(3, "C", "D", "merge")]


async def test_a_value_that_the_parts_had_is_no_change(tags: TagCollection, mongo: Mongo):
    """The history of the merged customer begins with the first other one."""
    await tags.write([("crm:7", tag(0, "A")), ("shop:42", tag(0, "A"))])
    await tags.write([("crm:7\nshop:42", tag(1, "A"))])
    assert await history(tags, "crm:7\nshop:42") == []
    await tags.write([("crm:7\nshop:42", tag(2, "B"))])
    assert await history(tags, "crm:7\nshop:42") == [(2, "A", "B", "facts")]
    await tags.write([("crm:8", tag(0, "A"))])
    await tags.write([("crm:8\nshop:1", tag(1, "B"))])
    assert await history(tags, "crm:8\nshop:1") == [(1, "A", "B", "merge")]


async def test_history_goes_with_the_customer(tags: TagCollection):
    """An erasure leaves none of it."""
    await tags.write([("c1", tag(0, "A"))])
    assert await tags.forget([RecordId("crm", "c1")]) == 1
    assert await history(tags) == []


async def test_a_tag_of_before_begins_its_history(tags: TagCollection, mongo: Mongo):
    """It was stored when there was no history: the next write is its first entry."""
    await tags.write([("c1", tag(0, "A"))])
    await mongo.run(lambda database: database.tags.update_one({"_id": "c1"}, {"$unset": {"now": "", "history": ""}}))
    await tags.write([("c1", tag(1, "A"))])
    assert await history(tags) == [(1, None, "A", "first")]
