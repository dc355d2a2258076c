"""`identity forget` erases all that MongoDB holds of a customer, and nothing of anybody else."""

import re
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from connectors import records as r
from connectors.contract import KeyKind
from connectors.errors import ConfigurationError, SourceUnavailableError
from connectors.testing import MemoryConnector
from gateway.actions.action_outcome import ActionOutcome, OutcomeKind
from gateway.actions.webhook_delivery import new_delivery
from gateway.app import create_services
from gateway.audit.entry import Person
from gateway.changes.tag_change import TagChanged
from gateway.clock import Clock
from gateway.identity.records import RecordId
from gateway.identity.shared_keys import KeySharers
from gateway.linkage.erasure import Erasure, forget_customers
from gateway.settings import MongoSettings
from gateway.store.store import Store
from gateway.tags.tag_history import ChangeCause
from tests.linkage.test_identity_commands import run
from tests.support.doubled_people import doubled_people
from tests.support.gateway_server import gateway_on, settings_for
from tests.support.known_people import ALL_KINDS, LI, calls_of, knowing, person, three
from tests.support.people_files import write_people, write_settings
from tests.support.serve_process import free_port
from tests.support.tag_shop import ShopClock, store_of, tag_of, until_kept

COLLECTIONS = (
    "tags",
    "identity_log",
    "identity_components",
    "identity_shared_keys",
    "leases",
    "quota_customers",
    "audit_people",
    "segment_entries",
    "deliveries",
    "outcomes",
)
ANA, OTHERS = ["crm:7", "desk:u1", "shop:42"], ["crm:8", "shop:77"]
COUNTS = {
    "quota_shares",
    "tag_usage",
    "tag_rules",
    "action_counts",
    "segment_counts",
    "segment_lists",
    "log_heads",
    "stale_keys",
}
"""Collections of numbers and rules, which are about nobody, and one that MongoDB empties within minutes."""

SETS = {"ana": "crm:7\ndesk:u1\nshop:42", "li": "crm:8\nshop:77"}
NAMES_ANA = re.compile(r"(?<![a-z0-9])(crm:7|shop:42|desk:u1)(?![0-9])")
LINK = 'mutation ($records: [ID!]!) { linkCustomers(records: $records, reason: "she called") { preview } }'
OPERATOR_KEY = "anna-key-0123456789-0123456789-0123"
IDENTITY = {"secret": "what keys are digested with", "max_turns": 4, "operators": {"anna": OPERATOR_KEY}}


def sources() -> list[MemoryConnector]:
    """Ana in three sources, and Li in two, whom a person has to link."""
    crm, web, desk = three()
    li = person("77", email="li@other.example")
    web = knowing("shop", [*web.records[r.Customer, KeyKind.CUSTOMER_ID]["42"], li], ALL_KINDS)
    return [crm, web, desk]


def settings_of(mongodb: MongoSettings) -> dict[str, Any]:
    return {"mongodb": mongodb.model_dump(), "identity": IDENTITY}


async def fill(connectors: Sequence[MemoryConnector], mongodb: MongoSettings) -> None:
    """Have everything stored of both customers that a gateway stores, also a lease that nobody has given up."""
    clock = ShopClock()
    async with gateway_on(connectors, with_clock=clock, **settings_of(mongodb)) as gateway, store_of(mongodb, clock) as store:
        for records in (["crm:7", "shop:42"], OTHERS):
            answer = await gateway.ask(LINK, {"records": records}, authorization=f"Bearer {OPERATOR_KEY}")
            assert "errors" not in answer, answer
        for customer, set_id in (("crm:7", SETS["ana"]), ("crm:8", SETS["li"])):
            await tag_of(gateway, customer=customer)
            await until_kept(store, clock.now(), set_id)
        await store.leases.acquire([*SETS.values()], hold=timedelta(seconds=30))
        sharers = [[RecordId("shop", "42"), RecordId("shop", "9")], [RecordId("shop", "77"), RecordId("shop", "9")]]
        await store.shared_keys.write([KeySharers(str(own[0]), own, clock.now()) for own in sharers], [])
        shares = store.quota_shares.keyed_by(IDENTITY["secret"])
        ends_at = clock.now() + timedelta(days=1)
        await shares.add_customers("console customers 1", [shares.mark("crm:7"), shares.mark("crm:8")], ends_at)
        for collection in (store.audit_people, store.segment_lists, store.deliveries, store.outcomes):
            collection.ensure_indexes()
        await store.segment_lists.add("invited", "v1", ["shop:42", "crm:8"])
        assert await store.segment_lists.put_in_force("invited", "v1")
        people = [Person(str(number), b"a nonce", id_, clock.now()) for number, id_ in enumerate(("shop:42", "crm:8"))]
        await store.audit_people.add(people, timedelta(days=400))
        for set_id in SETS.values():
            await store.deliveries.add([new_delivery(change_of(set_id, clock.now()), "welcome", "shop", clock.now())])
            await store.outcomes.add(outcome_of(set_id, clock.now()), clock.now())


def outcome_of(set_id: str, at: datetime) -> ActionOutcome:
    """What became of a customer."""
    return ActionOutcome(rule="welcome", records=set_id.split("\n"), kind=OutcomeKind.CONVERTED, at=at, caller="console")


def change_of(set_id: str, at: datetime) -> TagChanged:
    """A change of a customer's tag."""
    cause = ChangeCause.FACTS
    return TagChanged(customer=set_id, key="activity", before="NEW", value="ACTIVE", at=at, cause=cause, rule="f1")


async def documents(store: Store) -> dict[str, list[dict[str, Any]]]:
    """Every document of the database, by collection."""

    async def read(database: Any) -> dict[str, list[dict[str, Any]]]:
        names = sorted({*await database.list_collection_names()} - COUNTS)
        return {name: await database[name].find().to_list(None) for name in names}

    return await store.mongo.run(read)


def names_ana(store: Store, document: object) -> bool:
    """Tell whether a document is about her: it has an id of hers, or the mark of one."""
    marks = [store.quota_shares.keyed_by(IDENTITY["secret"]).mark(own).hex() for own in ANA]
    return bool(NAMES_ANA.search(str(document))) or any(mark in str(document) for mark in marks)


@asynccontextmanager
async def filled(mongodb: MongoSettings) -> AsyncIterator[tuple[list[MemoryConnector], Store]]:
    connectors = sources()
    await fill(connectors, mongodb)
    async with store_of(mongodb) as store:
        yield connectors, store


async def forget(
    connectors: Sequence[MemoryConnector], mongodb: MongoSettings, *ids: str, records_only: bool = False
) -> Erasure:
    for connector in connectors:
        connector.calls.clear()
    services = create_services(settings_for(connectors, **settings_of(mongodb)), connectors=connectors)
    return await forget_customers(services, ids, records_only=records_only)


@pytest.mark.mongodb
async def test_every_collection_is_in_the_registry_and_has_an_end(mongodb_settings: MongoSettings):
    """MongoDB deletes what is in it by itself. The log has no time: a cut that expired would join two people.

    An uploaded list stays until another one replaces it; then what was in it has an end.
    """
    async with filled(mongodb_settings) as (_, store):
        assert {name for name, own in (await documents(store)).items() if own} == {own.name for own in store.collections}

        async def ends(database: Any) -> set[str]:
            return {
                name
                for name in {*await database.list_collection_names()} - COUNTS
                for index in (await database[name].index_information()).values()
                if "expireAfterSeconds" in index
            }

        lasting = {own.name for own in store.collections if own.retention is None}
        assert lasting == {"identity_log", "segment_entries"}
        assert await store.mongo.run(ends) == {own.name for own in store.collections} - {"identity_log"}


@pytest.mark.mongodb
@pytest.mark.parametrize("named", [["crm:7"], ["desk:u1"], ["shop:42", "crm:7"]])
async def test_no_document_names_the_customer_any_more(mongodb_settings: MongoSettings, named: list[str]):
    """By any id of hers. Of the other customer each document stays; a second time there is nothing to erase."""
    async with filled(mongodb_settings) as (connectors, store):
        before = await documents(store)
        done = await forget(connectors, mongodb_settings, *named)
        after = await documents(store)
        again = await forget(connectors, mongodb_settings, *named)
    counts = dict.fromkeys(COLLECTIONS, 1)
    assert done == Erasure(records=ANA, erased=counts)
    assert again == Erasure(records=ANA, erased=dict.fromkeys(counts, 0))
    assert len(NAMES_ANA.findall(str(before))) >= 7
    assert not names_ana(store, after)
    others = {name: [own for own in all_ if not names_ana(store, own)] for name, all_ in before.items()}
    assert {name: len(own) for name, own in others.items()} == dict.fromkeys(counts, 1)
    assert {name: [own for own in all_ if own in others[name]] for name, all_ in after.items()} == others


@pytest.mark.mongodb
async def test_a_source_that_is_down_is_named(mongodb_settings: MongoSettings):
    """What the others know is erased. When it answers again, so is the rest."""
    async with filled(mongodb_settings) as (connectors, store):
        connectors[2].failure = SourceUnavailableError()
        done = await forget(connectors, mongodb_settings, "crm:7")
        assert (done.records, done.sources, done.reasons) == (["crm:7", "shop:42"], ["desk"], ["SOURCE_UNAVAILABLE"])
        assert done.erased == dict.fromkeys(COLLECTIONS, 1)
        connectors[2].failure = None
        assert (await forget(connectors, mongodb_settings, "crm:7")).records == ANA
        assert not names_ana(store, await documents(store))


@pytest.mark.mongodb
async def test_records_that_are_gone_are_erased_by_their_ids(mongodb_settings: MongoSettings):
    """No source is asked, nor has there to be one: the desk is not configured any more."""
    async with filled(mongodb_settings) as (connectors, store):
        crm = knowing("crm", [LI], ALL_KINDS)
        done = await forget([crm, connectors[1]], mongodb_settings, "crm:7", "desk:u1", "shop:42", records_only=True)
        assert done == Erasure(records=ANA, erased=dict.fromkeys(COLLECTIONS, 1))
        assert calls_of(crm, connectors[1]) == [[], []]
        assert not names_ana(store, await documents(store))
        gone = await forget([crm, connectors[1]], mongodb_settings, "crm:7")
    assert (gone.records, gone.unknown) == (["crm:7"], ["crm:7"])


@pytest.mark.mongodb
async def test_one_source_of_customers_has_one_record_of_each(mongodb_settings: MongoSettings):
    """Its tags are stored by its own ids. Who has the same address is somebody else."""
    crm = knowing("crm", [person("7", email="ana@example.com"), person("8", email="ana@example.com")], ALL_KINDS)
    async with store_of(mongodb_settings, Clock()) as store:
        await store.tags.mark_stale(["7", "8", "77"])
        assert await forget([crm], mongodb_settings, "7") == Erasure(
            records=["crm:7"],
            erased={
                "tags": 1,
                "identity_log": 0,
                "identity_components": 0,
                "identity_shared_keys": 0,
                "leases": 0,
                "quota_customers": 0,
                "audit_people": 0,
                "segment_entries": 0,
                "deliveries": 0,
                "outcomes": 0,
            },
        )
        assert sorted(own["_id"] for own in (await documents(store))["tags"]) == ["77", "8"]


@pytest.mark.mongodb
@pytest.mark.parametrize("id_", ["", " ", "web:", "orders:1"])
async def test_what_names_no_record_is_refused(mongodb_settings: MongoSettings, id_: str):
    orders = MemoryConnector("orders", {(r.Order, KeyKind.CUSTOMER_ID): {}})
    web = knowing("web", [LI], ALL_KINDS)
    with pytest.raises(ConfigurationError, match="an id has the form SOURCE:ID"):
        await forget([knowing("crm", [LI], ALL_KINDS), web, orders], mongodb_settings, id_)


@pytest.mark.mongodb
def test_the_command_prints_what_was_removed(tmp_path: Path, mongodb_uri: str, mongodb_database: str):
    """A line for each collection. It ends with 2 where a source could not be asked, and does what it can."""
    pairs = [*doubled_people(3)]
    write_people(tmp_path / "crm.csv", [own.crm for own in pairs])
    write_people(tmp_path / "shop.csv", [own.shop for own in pairs])
    mongodb = f'[mongodb]\nuri = "{mongodb_uri}"\ndatabase = "{mongodb_database}"\ntimeout_ms = 20000\n'
    config = str(write_settings(tmp_path, mongodb))
    (tmp_path / "pairs").write_text("crm:c00000\tshop:s00000\n", encoding="utf-8")
    assert run("propose", "--config", config, "--accept", str(tmp_path / "pairs")).returncode == 0
    done = run("forget", "shop:s00000", "--config", config)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines() == [
        "records: crm:c00000, shop:s00000", "tags: 0", "identity_log: 1", "identity_components: 0", "identity_shared_keys: 0",
        "leases: 0", "quota_customers: 0", "audit_people: 0", "segment_entries: 0", "deliveries: 0",
        "outcomes: 0",
    ]  # fmt: skip
    gone = run("forget", "crm:c9", "--config", config)
    assert (gone.returncode, gone.stdout.splitlines()[0]) == (0, "records: crm:c9")
    assert gone.stderr.startswith("warning: no source has crm:c9")
    (tmp_path / "shop.csv").unlink()
    down = run("forget", "crm:c00000", "--config", config)
    assert (down.returncode, down.stdout.splitlines()[0]) == (2, "records: crm:c00000")
    assert down.stderr == "shop: could not be asked; run this again when it answers\n"
    only = run("forget", "crm:c00000", "--config", config, "--records-only")
    assert (only.returncode, only.stdout, only.stderr) == (0, down.stdout, "")


def test_forgetting_needs_a_store(tmp_path: Path):
    """Without one nothing is stored, and while it is away nothing can be erased: both are said."""
    for name in ("crm", "shop"):
        write_people(tmp_path / f"{name}.csv", [])
    without = run("forget", "crm:1", "--config", str(write_settings(tmp_path)))
    assert (without.returncode, without.stdout) == (2, "")
    assert without.stderr == "mongodb: customers are stored there; add its table to the settings\n"
    mongodb = f'[mongodb]\nuri = "mongodb://127.0.0.1:{free_port()}"\ntimeout_ms = 300\n'
    away = run("forget", "crm:1", "--config", str(write_settings(tmp_path, mongodb)))
    assert (away.returncode, away.stdout) == (2, "")
    assert "Traceback" not in away.stderr
