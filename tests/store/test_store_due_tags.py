"""Tags that time alone changes, in MongoDB: which are due, and when they are again."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from gateway.settings import MongoSettings
from gateway.store.mongo import Mongo
from gateway.store.tags import TagCollection
from gateway.tags.computed_tag import ComputedTag, RuleUsed
from gateway.tags.tag_store import KEEP, DueTags
from tests.support.fixtures_mongodb import HandClock, commands_to
from tests.support.noon_clock import NOON, NoonClock

pytestmark = pytest.mark.mongodb

HOUR = timedelta(hours=1)


@pytest.fixture
def hand_clock() -> HandClock:
    return NoonClock()


@pytest.fixture
def tags(mongo: Mongo, hand_clock: HandClock) -> TagCollection:
    return TagCollection(mongo, hand_clock)


def tag(key: str, changes_at: datetime | None, *, value: str = "A", at: datetime = NOON) -> ComputedTag:
    return ComputedTag(
        key=key,
        value=value,
        fingerprint="f1",
        computed_at=at,
        expires_at=at + HOUR,
        changes_at=changes_at,
        rule=RuleUsed(version=1, expression="", words=""),
        evidence=[],
    )


async def document(mongo: Mongo, customer: str = "c1") -> dict[str, Any]:
    found = await mongo.run(lambda database: database.tags.find_one({"_id": customer}))
    assert found is not None
    return found


async def test_a_document_has_the_first_change_of_its_tags(tags: TagCollection, mongo: Mongo):
    """The least of its tags, whichever were written when; where none changes by time it is not there at all."""
    await tags.write([("c1", tag("a", NOON + 3 * HOUR)), ("c1", tag("b", NOON + 5 * HOUR)), ("c1", tag("c", None))])
    assert (await document(mongo))["changesAt"] == NOON + 3 * HOUR
    await tags.write([("c1", tag("b", NOON + 2 * HOUR, at=NOON + HOUR))])
    assert (await document(mongo))["changesAt"] == NOON + 2 * HOUR
    await tags.write([("c1", tag("b", None, at=NOON + 2 * HOUR))])
    assert (await document(mongo))["changesAt"] == NOON + 3 * HOUR
    await tags.write([("c1", tag("a", None, at=NOON + 2 * HOUR))])
    found = await document(mongo)
    assert (found["changes"], "changesAt" in found) == ({}, False)


async def test_a_later_tag_keeps_its_change(tags: TagCollection, mongo: Mongo):
    """Of one that comes late nothing is stored, but what came with it is: in one further command, for that customer alone."""
    await tags.write([("c1", tag("a", NOON + 9 * HOUR, at=NOON + timedelta(seconds=1)))])
    with commands_to(mongo._settings.database) as commands:
        late = [tag("a", NOON + HOUR, value="OLD"), tag("b", NOON + 8 * HOUR)]
        await tags.write([(customer, own) for customer in ("c1", "c2") for own in late])
    assert commands == ["update", "update"]
    assert (await document(mongo))["changesAt"] == NOON + 8 * HOUR
    assert (await document(mongo, "c2"))["changesAt"] == NOON + HOUR
    found = (await tags.read(["c1"], ["a", "b"]))["c1"]
    assert {key: (own.value, own.changes_at) for key, own in found.items()} == {
        "a": ("A", NOON + 9 * HOUR),
        "b": ("A", NOON + 8 * HOUR),
    }


async def test_a_document_stays_until_its_tags_change(tags: TagCollection, mongo: Mongo):
    """Though nobody asks for it: it is deleted a week after the later one of expiry and change."""
    await tags.write([("c1", tag("a", NOON + timedelta(days=80)))])
    await tags.write([("c2", tag("a", None))])
    assert (await document(mongo))["deleteAt"] == NOON + timedelta(days=80) + KEEP
    assert (await document(mongo, "c2"))["deleteAt"] == NOON + HOUR + KEEP


async def test_due_customers_are_read_in_order(tags: TagCollection):
    """Each with the tags that are due; so many, those who wait longest first."""
    for number in range(4):
        await tags.write([(f"c{number}", tag("a", NOON - number * HOUR)), (f"c{number}", tag("b", NOON + HOUR))])
    await tags.write([("c9", tag("a", NOON + timedelta(seconds=1)))])
    assert await tags.read_due(NOON, 3) == [
        DueTags("c3", ("a",), NOON - 3 * HOUR),
        DueTags("c2", ("a",), NOON - 2 * HOUR),
        DueTags("c1", ("a",), NOON - HOUR),
    ]
    assert (await tags.read_due(NOON + HOUR, 1))[0].keys == ("a", "b")
    assert await tags.read_due(NOON - 4 * HOUR, 3) == []


async def test_what_was_tried_in_vain_is_due_later(tags: TagCollection):
    """How often is counted until a tag is written; who was renewed meanwhile is left alone."""
    await tags.write([("c1", tag("a", NOON)), ("c2", tag("a", NOON + HOUR))])
    await tags.postpone({"c1": NOON + timedelta(minutes=1), "c2": NOON, "nobody": NOON}, NOON)
    assert await tags.read_due(NOON, 9) == []
    again = NOON + timedelta(minutes=1)
    assert await tags.read_due(again, 9) == [DueTags("c1", ("a",), NOON, 1)]
    await tags.postpone({"c1": again}, again)
    assert await tags.read_due(again, 9) == [DueTags("c1", ("a",), NOON, 2)]
    await tags.write([("c1", tag("b", None, at=again))])
    assert await tags.read_due(again, 9) == [DueTags("c1", ("a",), NOON, 0)]


async def test_what_is_due_no_more_stays_as_it_is(tags: TagCollection):
    """The tag may be read; another tag of the customer, or one that was renewed meanwhile, keeps its moment."""
    await tags.write([("c1", tag("a", NOON)), ("c1", tag("b", NOON + HOUR)), ("c2", tag("a", NOON + HOUR))])
    await tags.unschedule([("c1", "a"), ("c2", "a"), ("nobody", "a")], NOON)
    assert [(own.customer, own.keys) for own in await tags.read_due(NOON + HOUR, 9)] == [("c1", ("b",)), ("c2", ("a",))]
    assert set((await tags.read(["c1"], ["a", "b"]))["c1"]) == {"a", "b"}
    assert await tags.read(["nobody"], ["a"]) == {}


async def test_due_customers_are_found_by_an_index(tags: TagCollection, mongo: Mongo):
    """Who is not due costs nothing: the index is read up to now."""
    await tags.write([("c1", tag("a", NOON)), ("c2", tag("a", None))])
    command = {"find": "tags", "filter": {"changesAt": {"$lte": NOON}}, "sort": {"changesAt": 1}, "limit": 50}
    plan = await mongo.run(lambda database: database.command("explain", command))
    assert "changesAt_1" in str(plan["queryPlanner"]["winningPlan"])
    indexes = await mongo.run(lambda database: database.tags.index_information())
    assert indexes["changesAt_1"]["sparse"] is True


async def test_nothing_to_write_is_no_command(tags: TagCollection, mongodb_settings: MongoSettings):
    """Nobody to postpone, and no tag that is due no more."""
    await tags.read(["nobody"], ["a"])
    with commands_to(mongodb_settings.database) as commands:
        await tags.postpone({}, NOON)
        await tags.unschedule([], NOON)
    assert commands == []


async def test_an_equal_moment_is_not_later(tags: TagCollection):
    """A tag that was computed in the same moment is replaced, as one of before is."""
    await tags.write([("c1", tag("a", NOON + HOUR))])
    await tags.write([("c1", replace(tag("a", None), value="B"))])
    found = (await tags.read(["c1"], ["a"]))["c1"]["a"]
    assert (found.value, found.changes_at) == ("B", None)
