"""The identity log in MongoDB, on either driver, and the registry of what is stored of customers."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from msgspec.structs import replace

from gateway.audit.entry import Person
from gateway.identity.decisions import LogAction, LogEntry, LogRule, pair_of
from gateway.identity.records import RecordId
from gateway.identity.shared_keys import KeySharers
from gateway.identity.stored_components import StoredComponent
from gateway.settings import MongoSettings
from gateway.store.identity_log import MAX_ENTRIES, IdentityLog
from gateway.store.mongo import Mongo
from gateway.store.store import Store
from tests.support.fixtures_mongodb import HandClock, commands_to

pytestmark = pytest.mark.mongodb

NOON = datetime(2026, 5, 4, 12, 0, 0, 123000, tzinfo=UTC)
ANA, SHOP, DESK, OTHER = (RecordId(*pair) for pair in (("crm", "7"), ("shop", "42"), ("desk", "u:1"), ("pay", "p")))


def entry(one: RecordId, other: RecordId, action: LogAction = LogAction.LINK, **words: object) -> LogEntry:
    values = {"time": NOON, "rule": LogRule.OPERATOR, "who": "anna", "reason": "she called", **words}
    return LogEntry(action=action, records=pair_of(one, other), **values)


async def read(log: IdentityLog, *records: RecordId, until: datetime | None = None) -> list[LogEntry]:
    """The entries as they were appended, and that their positions are in order."""
    entries = await log.about(records, until)
    positions = [own.position for own in entries]
    assert positions == sorted(set(positions))
    return [replace(own, position=(0, 0)) for own in entries]


@pytest.fixture
def identity_log(mongo: Mongo) -> IdentityLog:
    return IdentityLog(mongo)


async def test_entries_come_back_in_the_order_of_the_log(identity_log: IdentityLog):
    """Those about other records do not. An anchor finds the entries that name it."""
    first, cut = entry(ANA, SHOP, anchor=ANA), entry(SHOP, DESK, LogAction.CUT, anchor=ANA)
    proposed = entry(DESK, OTHER, rule=LogRule.PROPOSAL, who="threshold")
    await identity_log.append([first])
    await identity_log.append([cut, proposed])
    await identity_log.append([])
    assert await read(identity_log, SHOP) == [first, cut]
    assert await read(identity_log, ANA) == [first, cut]
    assert await read(identity_log, OTHER, DESK) == [cut, proposed]
    assert await identity_log.about([RecordId("shop", "4")]) == await identity_log.about([]) == []


async def test_reading_is_one_command_up_to_a_time(identity_log: IdentityLog, mongodb_database: str):
    """What was appended later is not read."""
    early, late = entry(ANA, SHOP), entry(ANA, SHOP, LogAction.CUT, time=NOON + timedelta(hours=1))
    await identity_log.append([early])
    await identity_log.append([late])
    with commands_to(mongodb_database) as commands:
        assert await read(identity_log, ANA, SHOP, until=NOON) == [early]
    assert commands == ["find"]
    assert await read(identity_log, ANA, until=NOON + timedelta(hours=1)) == [early, late]


async def test_those_who_append_at_once_get_one_order(mongo: Mongo, identity_log: IdentityLog):
    """No entry is lost, and two who read see the same order."""
    other_log = IdentityLog(mongo)
    entries = [entry(ANA, SHOP, reason=str(number)) for number in range(20)]
    await asyncio.gather(*([identity_log, other_log][number % 2].append([own]) for number, own in enumerate(entries)))
    order = await read(identity_log, ANA)
    assert sorted(order, key=lambda own: int(own.reason)) == entries
    assert await read(other_log, SHOP) == order


async def test_those_who_erase_at_once_bring_nothing_back(mongo: Mongo, identity_log: IdentityLog):
    """Twenty people of one document, whose log is read and written by each. Of the others the entries stay."""
    pairs = [(RecordId("crm", str(number)), RecordId("shop", str(number))) for number in range(30)]
    entries = [entry(*pair, anchor=pair[0]) for pair in pairs]
    await identity_log.append(entries)
    assert await asyncio.gather(*(IdentityLog(mongo).forget(pair) for pair in pairs[:20])) == [1] * 20
    assert await read(identity_log, *(id_ for pair in pairs for id_ in pair)) == entries[20:]


async def test_too_many_entries_are_refused(identity_log: IdentityLog):
    with pytest.raises(ValueError, match="2001 entries are more than 2000"):
        await identity_log.append([entry(ANA, SHOP)] * (MAX_ENTRIES + 1))


def component(clock: HandClock, *records: RecordId) -> StoredComponent:
    return StoredComponent(records=records, keys=frozenset(own.node_id for own in records), walked_at=clock.now())


async def test_the_registry_erases_all_that_is_stored_of_a_record(mongodb_settings: MongoSettings, hand_clock: HandClock):
    """Entries about others stay, also those of the same write; of tags and leases every member set with the record goes."""
    store = Store(mongodb_settings, hand_clock)
    await store.open()
    try:
        kept = entry(SHOP, DESK)
        await store.identity_log.append([entry(ANA, SHOP, anchor=ANA), kept])
        await store.identity_log.append([entry(ANA, DESK)])
        await store.components.write([component(hand_clock, ANA, DESK), component(hand_clock, SHOP)], timedelta(hours=1))
        shared = [KeySharers("x", [ANA, OTHER], hand_clock.now()), KeySharers("y", [SHOP], hand_clock.now())]
        await store.shared_keys.write(shared, [])
        sets = ["crm:7\nshop:42", "crm:7", "crm:77", "shop:42", "7"]
        await store.tags.mark_stale(sets)
        await store.leases.acquire(sets, hold=timedelta(seconds=30))
        shares = store.quota_shares.keyed_by("a secret")
        marks = [shares.mark(own) for own in ("crm:7", "shop:42")]
        await shares.add_customers("console customers 1", marks, hand_clock.now())
        people = [Person(str(number), b"", id_, hand_clock.now()) for number, id_ in enumerate(("crm:7", "crm:77"))]
        await store.audit_people.add(people, timedelta(days=1))
        assert {collection.name for collection in store.collections} == set(await store.forget([]))
        counts = {"tags": 3, "identity_log": 2, "identity_components": 1, "identity_shared_keys": 1}
        counts |= {"leases": 3, "quota_customers": 1, "audit_people": 1, "segment_entries": 0, "deliveries": 0, "outcomes": 0}
        assert await store.forget([ANA]) == counts
        assert await store.shared_keys.read(["x", "y"]) == {"y"}
        assert [*await store.components.read(["crm:7", "shop:42"])] == ["shop:42"]
        assert await read(store.identity_log, ANA, SHOP, DESK) == [kept]
        assert await store.tags.mark_stale(sets) == 2
        assert await store.leases.acquire(sets, hold=timedelta(seconds=30)) == {"crm:7\nshop:42", "crm:7", "7"}
    finally:
        await store.aclose()


def test_everything_stored_has_a_retention(mongodb_settings: MongoSettings, hand_clock: HandClock):
    """Tags, components and shared keys end by themselves; what people decided or uploaded holds until it is erased."""
    collections = Store(mongodb_settings, hand_clock).collections
    assert {own.name: own.retention for own in collections} == {
        "tags": timedelta(days=373),
        "identity_log": None,
        "identity_components": timedelta(days=30),
        "identity_shared_keys": timedelta(days=30),
        "leases": timedelta(hours=2),
        "quota_customers": timedelta(days=1, minutes=2),
        "audit_people": timedelta(days=3650),
        "segment_entries": None,
        "deliveries": timedelta(days=400),
        "outcomes": timedelta(days=400),
    }


async def test_many_records_are_erased_in_parts(mongodb_settings: MongoSettings, hand_clock: HandClock, mongodb_database: str):
    """MongoDB takes patterns up to a length. Member sets are read as a whole, so that has more time than other operations."""
    store = Store(mongodb_settings, hand_clock)
    await store.open()
    try:
        await store.tags.mark_stale(["crm:7\nshop:999", "crm:1000"])
        with commands_to(mongodb_database) as commands:
            assert await store.tags.forget([RecordId("shop", str(number)) for number in range(1_000)]) == 1
        assert commands == ["delete"] * 50
    finally:
        await store.aclose()
