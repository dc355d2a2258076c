"""Tags in MongoDB, on either driver."""

from datetime import UTC, datetime, timedelta
from unittest.mock import ANY

import msgspec
import pytest
from msgspec.structs import replace

from gateway.identity.records import RecordId
from gateway.settings import MongoSettings
from gateway.store.mongo import Database, Mongo
from gateway.store.tags import TagCollection
from gateway.tags.computed_tag import FORM, ComputedTag, FactValue, RuleUsed, StoredTag
from gateway.tags.tag_store import KEEP
from tests.support.fixtures_mongodb import HandClock, commands_to

pytestmark = pytest.mark.mongodb

NOON = datetime(2026, 5, 4, 12, 0, 0, 123456, tzinfo=UTC)


@pytest.fixture
def tags(mongo: Mongo, hand_clock: HandClock) -> TagCollection:
    return TagCollection(mongo, hand_clock)


def tag(key: str = "tier", value: str | None = "GOLD", at: datetime = NOON, as_of: datetime = NOON) -> ComputedTag:
    return ComputedTag(
        key=key,
        value=value,
        fingerprint="f1",
        computed_at=at,
        expires_at=datetime.now(UTC) + timedelta(days=30),
        rule=RuleUsed(version=3, expression="spent > 10.5", words="spends more than 10.5 \u20ac"),
        evidence=[
            FactValue(
                name="spent", label="Spent", value=10.25, since=NOON, until=NOON, sources=["shop"], as_of=as_of, partial=True
            ),
            FactValue(name="calls", label="Calls", value=None, missing="SOURCE_TIMEOUT"),
        ],
        partial=True,
    )


async def read(tags: TagCollection, customers: list[str], keys: list[str]) -> dict[str, dict[str, ComputedTag]]:
    """What is kept, with the rules and the evidence."""
    return {
        customer: {key: msgspec.json.decode(msgspec.json.encode(one), type=ComputedTag) for key, one in own.items()}
        for customer, own in (await tags.read(customers, keys)).items()
    }


async def test_round_trip_is_exact(tags: TagCollection):
    """A tag comes back as it was written, with microseconds, evidence and a value of None."""
    gold, none = tag(), tag("churn", None)
    await tags.write([("c1", gold), ("c1", none), ("c2", gold)])
    assert await read(tags, ["c1", "c2"], ["tier", "churn"]) == {"c1": {"tier": gold, "churn": none}, "c2": {"tier": gold}}
    assert await read(tags, ["c1"], ["churn"]) == {"c1": {"churn": none}}
    assert await read(tags, ["c3"], ["tier"]) == {}


async def test_fifty_customers_by_eight_tags_are_few_commands(tags: TagCollection, mongodb_settings: MongoSettings):
    """Writing 400 tags is a command for every twenty customers, reading them is one."""
    keys = [f"t{n}" for n in range(8)]
    customers = [f"c{n}" for n in range(50)]
    tags_by_key = {key: tag(key) for key in keys}
    written = [(customer, tags_by_key[key]) for customer in customers for key in keys]
    await read(tags, ["nobody"], ["nothing"])  # the first contact ensures the indexes
    with commands_to(mongodb_settings.database) as commands:
        await tags.write(written)
        found = await read(tags, customers, keys)
    assert commands == [*["update"] * 3, "find"]
    assert found == {customer: {key: tags_by_key[key] for key in keys} for customer in customers}


async def test_nothing_asked_is_no_command(tags: TagCollection, mongodb_settings: MongoSettings):
    """Empty reads and writes do not touch MongoDB."""
    with commands_to(mongodb_settings.database) as commands:
        assert await read(tags, [], ["tier"]) == {}
        assert await read(tags, ["c1"], []) == {}
        await tags.write([])
    assert commands == []


async def test_earlier_tag_does_not_replace_a_later_one(tags: TagCollection):
    """Of two gateways that compute the same tag, the later computation stays, in whichever order they write."""
    later, earlier = tag(value="GOLD", at=NOON), tag(value="SILVER", at=NOON - timedelta(milliseconds=1))
    fresh = tag("churn", "LOW", NOON - timedelta(hours=1))
    await tags.write([("c1", later)])
    await tags.write([("c1", earlier), ("c1", fresh)])
    assert await read(tags, ["c1"], ["tier", "churn"]) == {"c1": {"tier": later, "churn": fresh}}
    latest = tag(value="BRONZE", at=NOON + timedelta(milliseconds=1))
    await tags.write([("c1", latest)])
    assert await read(tags, ["c1"], ["tier"]) == {"c1": {"tier": latest}}


async def test_stale_tags_stay_readable_until_renewed(tags: TagCollection, hand_clock: HandClock):
    """Marked tags expire at once but keep their values; a renewed one is fresh again; other customers are not touched."""
    await tags.write([("c1", tag()), ("c1", tag("churn")), ("c2", tag())])
    assert await tags.mark_stale(["c1", "unknown"]) == 1
    found = await read(tags, ["c1", "c2"], ["tier", "churn"])
    marked_at = hand_clock.now().replace(microsecond=hand_clock.now().microsecond // 1000 * 1000)
    assert {key: one.expires_at for key, one in found["c1"].items()} == {"tier": marked_at, "churn": marked_at}
    assert found["c1"]["tier"].value == "GOLD"
    assert found["c2"]["tier"].expires_at > marked_at
    renewed = tag(at=NOON + timedelta(days=1), as_of=hand_clock.now() + timedelta(milliseconds=1))
    await tags.write([("c1", renewed)], {"c1": 1})
    assert (await read(tags, ["c1"], ["tier"]))["c1"]["tier"] == renewed
    assert (await read(tags, ["c1"], ["churn"]))["c1"]["churn"].expires_at == marked_at
    await tags.mark_stale(["c1"])
    assert (await read(tags, ["c1"], ["tier"]))["c1"]["tier"].expires_at == marked_at


async def test_a_tag_of_facts_from_before_the_mark_is_stale(tags: TagCollection, hand_clock: HandClock):
    """Whoever writes it had kept what the sources said before; a tag without facts counts by the mark that was read before."""
    await tags.write([("c1", tag())])
    await tags.mark_stale(["c1"])
    marked_at = hand_clock.now().replace(microsecond=hand_clock.now().microsecond // 1000 * 1000)
    before, after = hand_clock.now() - timedelta(milliseconds=2), hand_clock.now() + timedelta(milliseconds=2)
    late = tag(value="SILVER", at=after, as_of=before)
    none = replace(tag("churn", at=after), evidence=[])
    await tags.write([("c1", late), ("c1", none)], {"c1": 1})
    await tags.write([("c1", replace(none, key="rfm", computed_at=before))], {"c1": 0})
    found = (await read(tags, ["c1"], ["tier", "churn", "rfm"]))["c1"]
    assert found == {
        "tier": replace(late, expires_at=marked_at),
        "churn": none,
        "rfm": replace(none, key="rfm", computed_at=before, expires_at=marked_at),
    }


async def test_a_mark_is_there_before_the_tag(tags: TagCollection, hand_clock: HandClock):
    """A tag that was being computed while its customer changed is stale from the first; the next one is not."""
    assert await tags.mark_stale([]) == 0
    assert await tags.mark_stale(["c1"]) == 0
    assert await read(tags, ["c1"], ["tier"]) == {"c1": {}}
    await tags.write([("c1", tag(at=hand_clock.now(), as_of=hand_clock.now()))])
    assert (await read(tags, ["c1"], ["tier"]))["c1"]["tier"].expires_at <= hand_clock.now()
    hand_clock.advance(timedelta(milliseconds=1))
    new = tag(at=hand_clock.now(), as_of=hand_clock.now())
    await tags.write([("c1", new)], {"c1": 1})
    assert await read(tags, ["c1"], ["tier"]) == {"c1": {"tier": new}}


async def test_mark_never_prolongs_a_tag(tags: TagCollection, hand_clock: HandClock):
    """A tag that had expired before the mark keeps its own expiry."""
    expired = replace(tag(), expires_at=hand_clock.now() - timedelta(hours=1))
    await tags.write([("c1", expired)])
    assert await tags.mark_stale(["c1"]) == 1
    assert await read(tags, ["c1"], ["tier"]) == {"c1": {"tier": expired}}


async def test_forget_deletes_a_customers_tags(tags: TagCollection):
    """Nothing of the customer is left, everything of the others is."""
    await tags.write([("c1", tag()), ("c1", tag("churn")), ("c2", tag())])
    assert await tags.forget([RecordId("crm", "c1"), RecordId("crm", "unknown")]) == 1
    assert await read(tags, ["c1", "c2"], ["tier", "churn"]) == {"c2": {"tier": ANY}}
    assert await tags.forget([RecordId("crm", "c1")]) == 0


async def test_what_expired_long_ago_counts_as_absent(tags: TagCollection, hand_clock: HandClock):
    """A week after its expiry a tag is not served any more, also when another one keeps the document."""
    old = replace(tag(), expires_at=hand_clock.now() + timedelta(seconds=1) - KEEP)
    await tags.write([("c1", old), ("c1", tag("churn"))])
    assert set((await read(tags, ["c1"], ["tier", "churn"]))["c1"]) == {"tier", "churn"}
    hand_clock.advance(timedelta(seconds=1))
    assert set((await read(tags, ["c1"], ["tier", "churn"]))["c1"]) == {"churn"}


async def test_unreadable_tag_counts_as_absent(tags: TagCollection, mongo: Mongo):
    """What another version wrote costs a computation, not the read."""
    await tags.write([("c1", tag()), ("c1", tag("churn")), ("c1", tag("rfm")), ("c2", tag())])

    async def spoil(database: Database) -> None:
        await database.tags.update_one({"_id": "c1"}, {"$set": {"tags.churn": '{"key": "churn"}', "tags.rfm": 1}})
        await database.tags.update_one({"_id": "c2"}, {"$unset": {"tags": ""}})

    await mongo.run(spoil)
    assert await read(tags, ["c1", "c2"], ["tier", "churn", "rfm"]) == {"c1": {"tier": ANY}, "c2": {}}


async def test_rule_and_evidence_are_read_when_they_are_looked_at(tags: TagCollection):
    """They are those that were written."""
    gold = tag()
    await tags.write([("c1", gold)])
    kept = (await tags.read(["c1"], ["tier"]))["c1"]["tier"]
    assert isinstance(kept, StoredTag)
    assert (kept.rule, kept.evidence) == (gold.rule, gold.evidence)


async def test_a_tag_of_another_form_is_read_when_all_of_it_can_be(tags: TagCollection, mongo: Mongo):
    """One of before there were forms, one of a form to come that is as today's, and one whose evidence is unlike today's."""
    gold = msgspec.to_builtins(tag())
    before = {name: value for name, value in gold.items() if name != "form"}
    alike, unlike = {**gold, "form": FORM + 1}, {**gold, "form": FORM + 1, "evidence": ["spent"]}
    texts = {
        key: msgspec.json.encode(one).decode() for key, one in {"before": before, "alike": alike, "unlike": unlike}.items()
    }
    await mongo.run(lambda database: database.tags.insert_one({"_id": "c1", "tags": texts}))
    found = (await tags.read(["c1"], [*texts]))["c1"]
    assert {key: (one.value, one.evidence) for key, one in found.items()} == dict.fromkeys(
        ["before", "alike"], ("GOLD", tag().evidence)
    )


async def test_documents_and_indexes(mongodb_settings: MongoSettings, hand_clock: HandClock):
    """A customer's tags are one document, deleted by a TTL index a week after the last of them expired."""
    mongo = Mongo(mongodb_settings, hand_clock)
    tags = TagCollection(mongo, hand_clock)
    await mongo.open()
    first = tag()
    last = replace(tag("churn"), expires_at=first.expires_at + timedelta(days=1))
    await tags.write([("c1", last)])
    await tags.write([("c1", first)])
    indexes = await mongo.run(lambda database: database.tags.index_information())
    document = await mongo.run(lambda database: database.tags.find_one({"_id": "c1"}))
    await mongo.aclose()
    assert indexes["deleteAt_1"]["key"] == [("deleteAt", 1)]
    assert indexes["deleteAt_1"]["expireAfterSeconds"] == 0
    assert document is not None
    expiry = last.expires_at.replace(microsecond=last.expires_at.microsecond // 1000 * 1000)
    assert document["deleteAt"] == expiry + timedelta(days=7)
    values = {key: msgspec.json.decode(text)["value"] for key, text in document["tags"].items()}
    assert values == {"churn": "GOLD", "tier": "GOLD"}
    assert document["at"] == dict.fromkeys(["churn", "tier"], NOON.replace(microsecond=123000))
