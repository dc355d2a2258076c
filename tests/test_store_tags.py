"""Tags in MongoDB, on either driver."""

from datetime import UTC, datetime, timedelta

import pytest
from msgspec.structs import replace

from gateway.store.mongo import Database, Mongo, MongoSettings
from gateway.store.tags import TagCollection
from gateway.tags.model import ComputedTag, FactValue, RuleUsed
from tests.fixtures_mongodb import HandClock, commands_to

pytestmark = pytest.mark.mongodb

NOON = datetime(2026, 5, 4, 12, 0, 0, 123456, tzinfo=UTC)


@pytest.fixture
def tags(mongo: Mongo, hand_clock: HandClock) -> TagCollection:
    return TagCollection(mongo, hand_clock)


def tag(key: str = "tier", value: str | None = "GOLD", at: datetime = NOON) -> ComputedTag:
    return ComputedTag(
        key=key,
        value=value,
        fingerprint="f1",
        computed_at=at,
        expires_at=datetime.now(UTC) + timedelta(days=30),
        rule=RuleUsed(version=3, expression="spent > 10.5", words="spends more than 10.5 \u20ac"),
        evidence=[
            FactValue(
                name="spent", label="Spent", value=10.25, since=NOON, until=NOON, sources=["shop"], as_of=NOON, partial=True
            ),
            FactValue(name="calls", label="Calls", value=None, missing="SOURCE_TIMEOUT"),
        ],
        partial=True,
    )


async def test_round_trip_is_exact(tags: TagCollection):
    """A tag comes back as it was written, with microseconds, evidence and a value of None."""
    gold, none = tag(), tag("churn", None)
    await tags.write([("c1", gold), ("c1", none), ("c2", gold)])
    assert await tags.read(["c1", "c2"], ["tier", "churn"]) == {
        ("c1", "tier"): gold,
        ("c1", "churn"): none,
        ("c2", "tier"): gold,
    }
    assert await tags.read(["c1"], ["churn"]) == {("c1", "churn"): none}
    assert await tags.read(["c3"], ["tier"]) == {}


async def test_fifty_customers_by_eight_tags_are_one_command(tags: TagCollection, mongodb_settings: MongoSettings):
    """Writing 400 tags is one command, and so is reading them."""
    keys = [f"t{n}" for n in range(8)]
    customers = [f"c{n}" for n in range(50)]
    written = [(customer, tag(key)) for customer in customers for key in keys]
    await tags.read(["nobody"], ["nothing"])  # the first contact ensures the indexes
    with commands_to(mongodb_settings.database) as commands:
        await tags.write(written)
        found = await tags.read(customers, keys)
    assert commands == ["update", "find"]
    assert found == {(customer, one.key): one for customer, one in written}


async def test_nothing_asked_is_no_command(tags: TagCollection, mongodb_settings: MongoSettings):
    """Empty reads and writes do not touch MongoDB."""
    with commands_to(mongodb_settings.database) as commands:
        assert await tags.read([], ["tier"]) == {}
        assert await tags.read(["c1"], []) == {}
        await tags.write([])
    assert commands == []


async def test_earlier_tag_does_not_replace_a_later_one(tags: TagCollection):
    """Of two gateways that compute the same tag, the later computation stays, in whichever order they write."""
    later, earlier = tag(value="GOLD", at=NOON), tag(value="SILVER", at=NOON - timedelta(milliseconds=1))
    fresh = tag("churn", "LOW", NOON - timedelta(hours=1))
    await tags.write([("c1", later)])
    await tags.write([("c1", earlier), ("c1", fresh)])
    assert await tags.read(["c1"], ["tier", "churn"]) == {("c1", "tier"): later, ("c1", "churn"): fresh}
    latest = tag(value="BRONZE", at=NOON + timedelta(milliseconds=1))
    await tags.write([("c1", latest)])
    assert await tags.read(["c1"], ["tier"]) == {("c1", "tier"): latest}


async def test_stale_tags_stay_readable_until_renewed(tags: TagCollection, hand_clock: HandClock):
    """Marked tags expire at once but keep their values; a renewed one is fresh again; other customers are not touched."""
    await tags.write([("c1", tag()), ("c1", tag("churn")), ("c2", tag())])
    assert await tags.mark_stale(["c1", "unknown"]) == 2
    found = await tags.read(["c1", "c2"], ["tier", "churn"])
    marked_at = hand_clock.now().replace(microsecond=hand_clock.now().microsecond // 1000 * 1000)
    assert {at: one.expires_at for at, one in found.items() if at[0] == "c1"} == {
        ("c1", "tier"): marked_at,
        ("c1", "churn"): marked_at,
    }
    assert found["c1", "tier"].value == "GOLD"
    assert found["c2", "tier"].expires_at > marked_at
    renewed = tag(at=NOON + timedelta(days=1))
    await tags.write([("c1", renewed)])
    assert (await tags.read(["c1"], ["tier"]))["c1", "tier"] == renewed


async def test_mark_never_prolongs_a_tag(tags: TagCollection, hand_clock: HandClock):
    """A tag that had expired before the mark keeps its own expiry."""
    expired = replace(tag(), expires_at=hand_clock.now() - timedelta(hours=1))
    await tags.write([("c1", expired)])
    assert await tags.mark_stale(["c1"]) == 1
    assert await tags.read(["c1"], ["tier"]) == {("c1", "tier"): expired}


async def test_forget_deletes_a_customers_tags(tags: TagCollection):
    """Nothing of the customer is left, everything of the others is."""
    await tags.write([("c1", tag()), ("c1", tag("churn")), ("c2", tag())])
    assert await tags.forget(["c1", "unknown"]) == 2
    assert set(await tags.read(["c1", "c2"], ["tier", "churn"])) == {("c2", "tier")}
    assert await tags.forget(["c1"]) == 0


async def test_unreadable_document_counts_as_absent(tags: TagCollection, mongo: Mongo):
    """What another version wrote costs a computation, not the read."""
    await tags.write([("c1", tag()), ("c1", tag("churn")), ("c1", tag("rfm"))])

    async def spoil(database: Database) -> None:
        await database.tags.update_one({"key": "churn"}, {"$set": {"json": '{"key": "churn"}'}})
        await database.tags.update_one({"key": "rfm"}, {"$unset": {"json": ""}})

    await mongo.run(spoil)
    assert set(await tags.read(["c1"], ["tier", "churn", "rfm"])) == {("c1", "tier")}


async def test_documents_and_indexes(mongodb_settings: MongoSettings, hand_clock: HandClock):
    """A tag is deleted a week after its expiry by a TTL index, and a customer's tags are found by an index."""
    mongo = Mongo(mongodb_settings, hand_clock)
    tags = TagCollection(mongo, hand_clock)
    await mongo.open()
    gold = tag()
    await tags.write([("c1", gold)])
    indexes = await mongo.run(lambda database: database.tags.index_information())
    document = await mongo.run(lambda database: database.tags.find_one({"_id": "c1\u001ftier"}))
    await mongo.aclose()
    assert indexes["deleteAt_1"]["key"] == [("deleteAt", 1)]
    assert indexes["deleteAt_1"]["expireAfterSeconds"] == 0
    assert indexes["customer_1"]["key"] == [("customer", 1)]
    assert document is not None
    assert document["deleteAt"] - document["expiresAt"] == timedelta(days=7)
    assert {name: document[name] for name in ("customer", "key", "fingerprint", "computedAt")} == {
        "customer": "c1",
        "key": "tier",
        "fingerprint": "f1",
        "computedAt": NOON.replace(microsecond=123000),
    }
