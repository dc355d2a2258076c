"""Components of identity in MongoDB: what takes the place of what, and what is forgotten."""

from datetime import timedelta

import pytest

from connectors.contract import KeyKind
from gateway.identity.records import Key, RecordId
from gateway.identity.stored_components import DIGEST_LENGTH, KeyDigests, StoredComponent
from gateway.store.identity_components import COLLECTION, ComponentCollection
from gateway.store.mongo import Mongo
from tests.support.fixtures_mongodb import HandClock

pytestmark = pytest.mark.mongodb

KEEP = timedelta(hours=1)


def component(clock: HandClock, *records: str, keys: str = "", age_s: float = 0, **fields: frozenset[str]) -> StoredComponent:
    """Records as `a:1`; each character of `keys` stands for a digest, beside the ids of the records."""
    ids = tuple(RecordId(*record.split(":")) for record in records)
    own = frozenset([*records, *keys])
    return StoredComponent(records=ids, keys=own, walked_at=clock.now() - timedelta(seconds=age_s), **fields)


async def records_by(collection: ComponentCollection, *digests: str) -> dict[str, list[list[str]]]:
    found = await collection.read(digests)
    return {digest: [[record.node_id for record in own.records] for own in found[digest]] for digest in found}


async def test_components_are_read_by_any_of_their_keys(mongo: Mongo, hand_clock: HandClock):
    """All that was written comes back, but for the version, which is new."""
    collection = ComponentCollection(mongo, hand_clock)
    one = component(hand_clock, "a:1", "b:2", keys="xy", asked_again=frozenset("y"), shared=frozenset("s"))
    assert await collection.write([one, component(hand_clock, "a:3", keys="z")], KEEP) == []
    assert await records_by(collection, "x", "b:2", "z", "s", "none") == {
        "x": [["a:1", "b:2"]],
        "b:2": [["a:1", "b:2"]],
        "z": [["a:3"]],
    }
    (read,) = (await collection.read(["y"]))["y"]
    assert (read.records, read.keys, read.asked_again, read.shared) == (one.records, one.keys, one.asked_again, one.shared)
    assert len(read.version) == 32


async def test_a_component_takes_the_place_of_all_whose_records_it_has(mongo: Mongo, hand_clock: HandClock):
    """A merge leaves one document, a cut two; the one that has nothing in common stays."""
    collection = ComponentCollection(mongo, hand_clock)
    await collection.write([component(hand_clock, own) for own in ("a:1", "b:2", "c:3")], KEEP)
    hand_clock.advance(timedelta(seconds=1))
    assert await collection.write([component(hand_clock, "a:1", "b:2")], KEEP) == []
    assert await records_by(collection, "a:1", "b:2", "c:3") == {
        "a:1": [["a:1", "b:2"]],
        "b:2": [["a:1", "b:2"]],
        "c:3": [["c:3"]],
    }
    hand_clock.advance(timedelta(seconds=1))
    assert await collection.write([component(hand_clock, "b:2")], KEEP) == []
    assert await records_by(collection, "a:1", "b:2") == {"b:2": [["b:2"]]}


async def test_whoever_walked_earlier_loses(mongo: Mongo, hand_clock: HandClock):
    """He is told, so that he walks anew; with the same records there is nothing to find."""
    collection = ComponentCollection(mongo, hand_clock)
    await collection.write([component(hand_clock, "a:1", "b:2")], KEEP)
    earlier = component(hand_clock, "a:1", age_s=5)
    assert await collection.write([earlier, component(hand_clock, "c:3", age_s=5)], KEEP) == [earlier]
    assert await collection.write([component(hand_clock, "a:1", "b:2", keys="k", age_s=5)], KEEP) == []
    assert await records_by(collection, "a:1", "c:3", "k") == {"a:1": [["a:1", "b:2"]], "c:3": [["c:3"]]}


async def test_a_component_is_absent_after_its_time_and_before_its_walk(mongo: Mongo, hand_clock: HandClock):
    """Whatever MongoDB has not deleted yet, and what a wrong clock has written."""
    collection = ComponentCollection(mongo, hand_clock)
    await collection.write([component(hand_clock, "a:1"), component(hand_clock, "b:2", age_s=-600)], KEEP)
    assert await records_by(collection, "a:1", "b:2") == {"a:1": [["a:1"]]}
    hand_clock.advance(KEEP)
    assert await records_by(collection, "a:1", "b:2") == {"b:2": [["b:2"]]}
    assert await collection.write([component(hand_clock, "a:1", keys="k")], KEEP) == []
    assert await records_by(collection, "k") == {"k": [["a:1"]]}


async def test_components_are_dropped_by_key_and_forgotten_by_record(mongo: Mongo, hand_clock: HandClock):
    """Nothing of them is left."""
    collection = ComponentCollection(mongo, hand_clock)
    await collection.write([component(hand_clock, "a:1", "b:1", keys="x"), component(hand_clock, "a:2", keys="y")], KEEP)
    assert await collection.drop(["x", "none"]) == 1
    assert await collection.forget([RecordId("a", "2"), RecordId("a", "9")]) == 1
    assert await mongo.run(lambda database: database[COLLECTION].count_documents({})) == 0


def test_digests_differ_by_secret_settings_and_kind():
    """And have nothing of the key in them."""
    key = Key(KeyKind.EMAIL, "ana@example.com")
    ways = [KeyDigests(*words).of for words in (("secret", "{}"), ("other", "{}"), ("secret", "[]"))]
    digests = {way(key) for way in ways} | {ways[0](Key(KeyKind.PHONE, "ana@example.com"))}
    assert len(digests) == 4
    assert {len(digest) for digest in digests} == {DIGEST_LENGTH}
    assert ways[0](key) == KeyDigests("secret", "{}").of(key)
