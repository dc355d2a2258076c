"""Shared keys in MongoDB, on either driver: what takes the place of what."""

from datetime import timedelta

import pytest

from gateway.identity.records import RecordId
from gateway.identity.shared_keys import KeySharers, UnsharedKeys
from gateway.store.mongo import Mongo
from gateway.store.shared_keys import KEEP, SharedKeyCollection
from tests.support.fixtures_mongodb import HandClock, commands_to

pytestmark = pytest.mark.mongodb

ONE, OTHER = RecordId("desk", "u1"), RecordId("desk", "u2")


async def test_the_latest_look_at_a_key_counts(mongo: Mongo, hand_clock: HandClock, mongodb_database: str):
    """Whichever is written first: a key that was unshared before it was shared stays, and the other way round it goes."""
    keys, now = SharedKeyCollection(mongo, hand_clock), hand_clock.now()
    before, after = now - timedelta(seconds=1), now + timedelta(seconds=1)
    await keys.write([KeySharers(name, [ONE, OTHER], now) for name in "xyz"], [])
    await keys.write([KeySharers("z", [ONE], before)], [UnsharedKeys("x", before), UnsharedKeys("y", after)])
    with commands_to(mongodb_database) as commands:
        assert await keys.read("xyzn") == {"x", "z"}
    assert commands == ["find"]
    hand_clock.advance(KEEP)
    assert await keys.read("xyz") == set()


async def test_nothing_noted_is_nothing_written(mongo: Mongo, hand_clock: HandClock, mongodb_database: str):
    with commands_to(mongodb_database) as commands:
        await SharedKeyCollection(mongo, hand_clock).write([], [])
    assert commands == []
