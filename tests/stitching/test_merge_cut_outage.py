"""Merges, cuts, outages and killed workers: ids and tags stay what a recomputation from nothing gives.

`IDENTITY_STEPS` says how many steps are made.
"""

import asyncio
import os
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

import pytest
from pymongo.uri_parser import parse_uri

from gateway.clock import Clock
from gateway.identity.decisions import Decisions, LogEntry, decisions_of
from gateway.identity.records import IdentityLimits, RecordId
from gateway.identity.resolution import links_between, resolve
from gateway.settings import MongoSettings
from gateway.store.store import Store
from tests.support.identity_worker import (
    LIMITS,
    SOURCES,
    TAG_FILE,
    Gate,
    IdentityWorker,
    identity_records,
    orders_of,
    people,
    workers,
)

STEPS = int(os.environ.get("IDENTITY_STEPS", "40"))
pytestmark = [pytest.mark.mongodb, pytest.mark.cases, pytest.mark.timeout(max(300, 5 * STEPS))]
IDS = sorted(people())
RECORDS = identity_records()
ASK = """query ($ids: [ID!]!) { customers(ids: $ids) {
    id identity { complete reason records } tag(key: "size") { value freshness partial } } }"""
ALL = {"ids": [id_.node_id for id_ in IDS]}
LINK, CUT = (
    f"mutation ($records: [ID!]!, $reason: String!) {{ {name}(records: $records, reason: $reason) {{ preview }} }}"
    for name in ("linkCustomers", "unlinkCustomers")
)


class Expected(NamedTuple):
    """What a customer is: its id, its records in order of priority, and its tag."""

    id: str
    records: tuple[RecordId, ...]

    @property
    def value(self) -> str:
        return value_of(self.records)


def value_of(records: Sequence[RecordId]) -> str:
    return str(sum(map(orders_of, records)))


def recomputed(decisions: Decisions) -> dict[RecordId, Expected]:
    """Whom each record is of, from all records and all that was decided."""
    limits = IdentityLimits(records_per_source=LIMITS["records_per_source"])
    links = links_between(RECORDS, decided=decisions.links)
    expected: dict[RecordId, Expected] = {}
    for component in resolve(RECORDS, links, limits, cuts=decisions.cuts):
        ranked = tuple(sorted(component.records, key=lambda id_: (SOURCES.index(id_.source), id_)))
        anchor = next((id_ for id_ in decisions.anchors if id_ in ranked), ranked[0])
        expected |= dict.fromkeys(ranked, Expected(anchor.node_id, ranked))
    return expected


async def customers(worker: IdentityWorker, down: str | None = None) -> list[dict[str, Any]]:
    answer = await worker.ask(ASK, ALL, down)
    found: list[dict[str, Any]] = answer["data"]["customers"]
    return found


async def complete_customers(worker: IdentityWorker) -> list[dict[str, Any]]:
    """Ask until MongoDB is known to be there again."""
    async with asyncio.timeout(60):
        while True:
            found = await customers(worker)
            if all(customer["identity"]["complete"] for customer in found):
                return found
            await asyncio.sleep(0.02)


def check_equal(found: list[dict[str, Any]], expected: dict[RecordId, Expected]) -> None:
    """All is known, so every customer is as recomputed, and its tag that of all its records."""
    for id_, customer in zip(IDS, found, strict=True):
        own = expected[id_]
        assert customer["id"] == own.id
        assert customer["identity"]["records"] == [record.node_id for record in own.records]
        assert customer["tag"] == {"value": own.value, "freshness": "FRESH", "partial": False}


def check_honest(found: list[dict[str, Any]], expected: dict[RecordId, Expected]) -> None:
    """While something is away: whole, or said to be a part, and its tag with it."""
    for id_, customer in zip(IDS, found, strict=True):
        if customer["identity"]["complete"]:
            assert customer["tag"] == {"value": expected[id_].value, "freshness": "FRESH", "partial": False}
        else:
            assert customer["tag"]["partial"], customer


async def entries_of(store: Store) -> list[LogEntry]:
    return await store.identity_log.about(IDS)


async def check_stored(store: Store, sets: set[tuple[RecordId, ...]]) -> int:
    """Every stored tag is that of all records of its set. Gives how many there are."""
    names = {"\n".join(sorted(id_.node_id for id_ in own)): own for own in sets}
    stored = await store.tags.read([*names], ["size"])
    for name, tags in stored.items():
        assert tags["size"].value == value_of(names[name])
        assert not tags["size"].partial
    documents = await store.mongo.run(lambda database: database.tags.find({}, {"_id": 1}).to_list(None))
    assert {document["_id"] for document in documents} <= names.keys(), "a tag of a set that nobody was"
    return len(stored)


def choose(random: Random, expected: dict[RecordId, Expected]) -> tuple[str, list[RecordId]]:
    """A merge of two records, or a cut of some of a customer's."""
    if random.random() < 0.5:
        records = random.choice(sorted({own.records for own in expected.values()}))
        if len(records) > 1:
            return CUT, random.sample(records, random.randint(1, len(records) - 1))
    return LINK, random.sample(IDS, 2)


@pytest.mark.parametrize("secret", [None, "what keys are digested with"], ids=["cold", "warm"])
async def test_merges_cuts_and_outages_leave_what_a_recomputation_gives(
    mongodb_uri: str,
    mongodb_database: str,
    tmp_path: Path,
    secret: str | None,
    record_property: Callable[[str, object], None],
):
    """After each step ids and tags are compared; no stored tag was ever of a part of a customer."""
    tags = tmp_path / "tags.yaml"
    tags.write_text(TAG_FILE, encoding="utf-8")
    random, done = Random(STEPS), Counter[str]()
    gate = Gate(parse_uri(mongodb_uri)["nodelist"][0][1])
    store = Store(MongoSettings(uri=mongodb_uri, database=mongodb_database, timeout_ms=20_000), Clock())
    await store.open()
    sets: set[tuple[RecordId, ...]] = set()
    try:
        async with gate.listening() as port, workers(2, port, mongodb_database, tags, secret) as fleet:
            for step in range(STEPS):
                expected = recomputed(decisions_of(await entries_of(store)))
                sets |= {own.records for own in expected.values()}
                kind = random.choices(["change", "source", "mongodb", "kill"], [75, 12, 8, 5])[0]
                done[kind] += 1
                await make_step(kind, step, random, fleet, gate, store, expected)
                expected = recomputed(decisions_of(await entries_of(store)))
                sets |= {own.records for own in expected.values()}
                check_equal(await complete_customers(random.choice(fleet)), expected)
                await check_stored(store, sets)
            for worker in fleet:
                check_equal(await complete_customers(worker), expected)
            stored = await check_stored(store, sets)
            known = await store.mongo.run(lambda database: database.identity_components.count_documents({}))
    finally:
        await store.aclose()
    record_property("figures", {**done, "member sets": len(sets), "with stored tags": stored, "components": known})
    assert done["change"] > STEPS / 2
    assert stored > STEPS / 4
    assert (known > 0) == (secret is not None)


async def make_step(
    kind: str,
    step: int,
    random: Random,
    fleet: Sequence[IdentityWorker],
    gate: Gate,
    store: Store,
    expected: dict[RecordId, Expected],
) -> None:
    """Change something, or have something fail for a while; what is acknowledged is in the log."""
    worker = random.choice(fleet)
    mutation, records = choose(random, expected)
    variables = {"records": [id_.node_id for id_ in records], "reason": f"step {step}"}
    if kind == "change":
        answer = await worker.ask(mutation, variables)
        assert "errors" not in answer, answer
        assert any(entry.reason == f"step {step}" for entry in await entries_of(store))
    elif kind == "source":
        check_honest(await customers(worker, down=random.choice(SOURCES)), expected)
    elif kind == "mongodb":
        await complete_customers(worker)  # so that it has read all that was decided
        gate.shut()
        try:
            found = await customers(worker)
            check_honest(found, expected)
            for id_, customer in zip(IDS, found, strict=True):
                assert (customer["id"], tuple(customer["identity"]["records"])) == (
                    expected[id_].id,
                    tuple(record.node_id for record in expected[id_].records),
                )
            refused = await worker.ask(mutation, variables)
            assert refused["errors"][0]["extensions"]["code"] == "STORE_UNAVAILABLE"
        finally:
            gate.open()
        for own in fleet:  # each may have noticed, for it follows the log
            await complete_customers(own)
    else:
        await worker.send(mutation, variables)
        await asyncio.sleep(random.random() * 0.02)
        await worker.kill()
        await worker.start()
