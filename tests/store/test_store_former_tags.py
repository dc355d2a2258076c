"""Documents of former customers: of records that are linked to others by now, or cut from them."""

import asyncio
from datetime import timedelta
from typing import Any

import msgspec
import pytest

from gateway.store.mongo import Mongo
from gateway.store.tag_pages import read_tag_pages, sample_sets
from gateway.store.tag_usage import TagUsageCollection
from gateway.store.tags import TagCollection
from gateway.tags.computed_tag import ComputedTag
from gateway.tags.tag_store import KEEP
from tests.store.test_store_tag_history import NOON, NoonClock, history
from tests.store.test_store_tag_history import tag as plain_tag
from tests.support.fixtures_mongodb import HandClock

pytestmark = pytest.mark.mongodb

A, B, C = "crm:7", "shop:42", "desk:1"
AB, BC, ABC = f"{A}\n{B}", f"{B}\n{C}", f"{A}\n{B}\n{C}"


@pytest.fixture
def hand_clock() -> HandClock:
    return NoonClock()


@pytest.fixture
def tags(mongo: Mongo, hand_clock: HandClock) -> TagCollection:
    return TagCollection(mongo, hand_clock)


def tag(minute: int, value: str = "A") -> ComputedTag:
    """A tag that time changes in a year."""
    return msgspec.structs.replace(plain_tag(minute, value), changes_at=NOON + timedelta(days=365))


async def counted(mongo: Mongo) -> int:
    return sum([len(page) async for page in read_tag_pages(mongo)])


async def stored(mongo: Mongo) -> dict[str, dict[str, Any]]:
    found = await mongo.run(lambda database: database.tags.find({}).to_list(None))
    return {document["_id"]: document for document in found}


async def former(mongo: Mongo) -> set[str]:
    return {name for name, document in (await stored(mongo)).items() if "former" in document}


async def test_a_linked_customer_is_counted_once(tags: TagCollection, mongo: Mongo, hand_clock: HandClock):
    """His former documents are in no count and no sample, time changes them no more, and they go after a week."""
    await tags.write([(A, tag(0)), (B, tag(0)), ("crm:8", tag(0))])
    assert await counted(mongo) == 3
    await tags.write([(AB, tag(1))])
    assert await counted(mongo) == 2
    assert set(await sample_sets(mongo, 10)) == {AB, "crm:8"}
    assert set(await TagUsageCollection(mongo).sample(10)) == {AB, "crm:8"}
    documents = await stored(mongo)
    assert [documents[name]["deleteAt"] for name in (A, B)] == [hand_clock.now() + KEEP] * 2
    assert documents[AB]["deleteAt"] == NOON + timedelta(days=365) + KEEP
    due = await tags.read_due(NOON + timedelta(days=366), 10)
    assert {own.customer for own in due} == {AB, "crm:8"}


async def test_a_larger_set_takes_over_the_smaller_ones(tags: TagCollection, mongo: Mongo):
    """Also those of several records of it."""
    await tags.write([(AB, tag(0)), (C, tag(0))])
    await tags.write([(ABC, tag(1))])
    assert await former(mongo) == {AB, C}
    assert "changesAt" not in (await stored(mongo))[AB]


@pytest.mark.parametrize("had_parts", [True, False])
async def test_a_cut_customer_is_counted_as_two(tags: TagCollection, mongo: Mongo, had_parts: bool):
    """Whether the parts had documents of before or not; and as one when he is linked again, as the last write says."""
    if had_parts:
        await tags.write([(A, tag(0)), (B, tag(0))])
    await tags.write([(AB, tag(1))])
    await tags.write([(A, tag(2)), (B, tag(2))])
    assert await former(mongo) == {AB}
    assert await counted(mongo) == 2
    await tags.write([(AB, tag(3))])
    assert await former(mongo) == {A, B}
    await tags.write([(AB, tag(4))])
    await tags.write([(BC, tag(5))])
    assert await former(mongo) == {A, B, AB}


async def test_a_mark_before_the_first_tag_hides_no_former_document(tags: TagCollection, mongo: Mongo):
    """Its document is there already when the tags come."""
    await tags.write([(A, tag(0, "X"))])
    await tags.mark_stale([AB])
    await tags.write([(AB, tag(1))])
    assert await former(mongo) == {A}
    assert await history(tags, AB) == [(1, "X", "A", "merge")]


async def test_never_both_are_former(mongo: Mongo, hand_clock: HandClock):
    """Two workers that see the customer otherwise write at once: the later one stays."""
    one, other = TagCollection(mongo, hand_clock), TagCollection(mongo, hand_clock)
    for number in range(20):
        record = f"crm:{number}"
        both = f"{record}\nshop:{number}"
        await asyncio.gather(one.write([(record, tag(1))]), other.write([(both, tag(1))]))
        assert await former(mongo) & {record, both} == {record}
