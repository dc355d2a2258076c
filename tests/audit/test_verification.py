"""Somebody who may do everything in the database changes the audit, and is found."""

import math
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace
from structlog.testing import capture_logs

from gateway.audit.link import AuditLink, ChainHead
from gateway.audit.sealer import Sealer
from gateway.audit.spool import Spool
from gateway.audit.trail import AuditTrail
from gateway.store.mongo import Database
from gateway.store.store import Store
from tests.support.audit_trails import KEYS, audit_settings, record, trail_on, verify
from tests.support.fixtures_mongodb import HandClock

pytestmark = pytest.mark.mongodb

LINKS = 62
"""So many links has a chain of `filled`: more than a read is of."""

Attack = Callable[[Database, str], Awaitable[Any]]


async def filled(store: Store, spool: Path, clock: HandClock, trail: AuditTrail | None = None) -> tuple[str, list[ChainHead]]:
    """Write a chain, each request a link. Gives it with the heads that the log has: of the first link and of the last."""
    trail = trail or trail_on(store, spool, clock)
    with capture_logs() as logs:
        for number in range(LINKS - 2):
            record(trail, f"r{number}", clock, f"crm:{number}")
            trail.flush()
        await trail.aclose()
    heads = [ChainHead(own["chain"], own["seq"], own["mac"]) for own in logs if own["event"] == "audit_head"]
    assert [head.seq for head in heads] == [0, LINKS - 1]
    return heads[0].chain, heads


async def edit_a_caller(database: Database, chain: str) -> None:
    await database.audit_links.update_one({"_id": f"{chain} 5"}, {"$set": {"entries.0.caller": "somebody"}})


async def edit_a_time(database: Database, chain: str) -> None:
    link = await database.audit_links.find_one({"_id": f"{chain} 5"})
    assert link is not None
    await database.audit_links.update_one({"_id": link["_id"]}, {"$set": {"at": link["at"] + timedelta(milliseconds=1)}})


async def remove_an_entry(database: Database, chain: str) -> None:
    await database.audit_links.update_one({"_id": f"{chain} 5"}, {"$set": {"entries": []}})


async def add_a_field(database: Database, chain: str) -> None:
    await database.audit_links.update_one({"_id": f"{chain} 5"}, {"$set": {"entries.0.note": "x"}})


async def make_text_of_a_number(database: Database, chain: str) -> None:
    await database.audit_links.update_one({"_id": f"{chain} 5"}, {"$set": {"seq": "5"}})


async def cut_out_one(database: Database, chain: str) -> None:
    await database.audit_links.delete_one({"_id": f"{chain} 5"})


async def cut_off_the_beginning(database: Database, chain: str) -> None:
    await database.audit_links.delete_many({"chain": chain, "seq": {"$lt": 55}})


async def cut_off_the_end(database: Database, chain: str) -> None:
    await database.audit_links.delete_many({"chain": chain, "seq": {"$gte": 55}})


async def cut_off_the_last(database: Database, chain: str) -> None:
    await database.audit_links.delete_one({"chain": chain, "seq": LINKS - 1})


async def empty_the_collection(database: Database, chain: str) -> None:
    await database.audit_links.delete_many({})


async def insert_a_copy(database: Database, chain: str) -> None:
    link = await database.audit_links.find_one({"_id": f"{chain} 5"})
    await database.audit_links.insert_one({**(link or {}), "_id": f"{chain} five"})


async def insert_another_checkpoint(database: Database, chain: str) -> None:
    link = await database.audit_links.find_one({"_id": f"{chain} 5"})
    await database.audit_links.insert_one({**(link or {}), "_id": f"{chain} checkpoint 2", "kind": "checkpoint"})


async def insert_many_of_one_number(database: Database, chain: str) -> None:
    link = await database.audit_links.find_one({"_id": f"{chain} 49"})
    await database.audit_links.insert_many([{**(link or {}), "_id": f"{chain} 49 {number}"} for number in range(70)])


async def insert_behind_the_end(database: Database, chain: str) -> None:
    link = await database.audit_links.find_one({"_id": f"{chain} 5"})
    await database.audit_links.insert_one({**(link or {}), "_id": f"{chain} {LINKS}", "seq": LINKS})


async def insert_a_chain(database: Database, chain: str) -> None:
    link = await database.audit_links.find_one({"_id": f"{chain} 0"})
    await database.audit_links.insert_one({**(link or {}), "_id": f"{'0' * 32} 0", "chain": "0" * 32})


async def insert_what_is_no_name_of_a_file(database: Database, chain: str) -> None:
    names = ["../../etc", "a\0", f"{chain}\n", ""]
    await database.audit_links.insert_many([{"_id": name, "chain": name, "seq": 0} for name in names])


async def insert_what_is_of_no_chain(database: Database, chain: str) -> None:
    await database.audit_links.insert_one({"_id": "x", "chain": 7})


async def swap_two(database: Database, chain: str) -> None:
    five, six = [await database.audit_links.find_one({"_id": f"{chain} {seq}"}, {"_id": 0}) for seq in (5, 6)]
    await database.audit_links.replace_one({"_id": f"{chain} 5"}, six or {})
    await database.audit_links.replace_one({"_id": f"{chain} 6"}, five or {})


async def pretend_retention(database: Database, chain: str) -> None:
    """Cut the beginning, and put a link of the chain in the place of the checkpoint."""
    link = await database.audit_links.find_one({"_id": f"{chain} 55"})
    await cut_off_the_beginning(database, chain)
    await database.audit_links.insert_one({**(link or {}), "_id": f"{chain} checkpoint", "kind": "checkpoint"})


async def name_another_customer(database: Database, chain: str) -> None:
    await database.audit_people.update_one({"customer": "crm:5"}, {"$set": {"customer": "crm:6"}})


async def move_a_part_of_the_id(database: Database, chain: str) -> None:
    """Put the beginning of the id at the end of the nonce: the hash of both is as it was."""
    person = await database.audit_people.find_one({"customer": "crm:5"}) or {}
    change = {"nonce": person["nonce"] + b"crm:", "customer": "5"}
    await database.audit_people.update_one({"_id": person["_id"]}, {"$set": change})


async def insert_the_largest_number(database: Database, chain: str) -> None:
    link = await database.audit_links.find_one({"_id": f"{chain} 5"})
    await database.audit_links.insert_one({**(link or {}), "_id": f"{chain} last", "seq": math.inf})


async def rewrite_with_another_key(database: Database, chain: str) -> None:
    await rewrite(database, chain, b"guessed")


async def rewrite_with_the_key(database: Database, chain: str) -> None:
    await rewrite(database, chain, KEYS.chain)


async def rewrite(database: Database, chain: str, key: bytes) -> None:
    """Leave out link 5, and seal what follows anew."""
    documents = await database.audit_links.find({"chain": chain}, {"_id": 0}, sort=[("seq", 1)]).to_list(None)
    await database.audit_links.delete_many({"chain": chain})
    previous = ""
    for seq, document in enumerate(documents[:5] + documents[6:]):
        link = msgspec.convert({**document, "seq": seq, "previous": previous, "mac": ""}, AuditLink)
        link, _ = link.seal(key)
        previous = link.mac
        await database.audit_links.insert_one({**msgspec.to_builtins(link, builtin_types=(datetime,)), "_id": f"{chain} {seq}"})


WITHOUT_HEADS = [
    (edit_a_caller, [("edited", 5)]),
    (edit_a_time, [("edited", 5)]),
    (remove_an_entry, [("edited", 5)]),
    (add_a_field, [("unreadable", None), ("missing", 5)]),
    (make_text_of_a_number, [("unreadable", None), ("missing", 5)]),
    (cut_out_one, [("missing", 5)]),
    (cut_off_the_beginning, [("missing", 0)]),
    (insert_a_copy, [("inserted", 5)]),
    (insert_another_checkpoint, [("inserted", 5)]),
    (insert_many_of_one_number, [("inserted", 49)] * 70),
    (insert_behind_the_end, [("inserted", LINKS), ("edited", LINKS)]),
    (insert_a_chain, [("edited", 0)]),
    (insert_what_is_no_name_of_a_file, [("inserted", None)]),
    (insert_what_is_of_no_chain, [("inserted", None)]),
    (swap_two, [("inserted", 5), ("inserted", 6), ("missing", 5)]),
    (pretend_retention, [("edited", None), ("missing", 0)]),
    (name_another_customer, [("edited", None)]),
    (move_a_part_of_the_id, [("edited", None)]),
    (insert_the_largest_number, [("unreadable", None)]),
    (rewrite_with_another_key, [("edited", seq) for seq in range(LINKS - 1)]),
]
WITH_HEADS = [
    (cut_off_the_end, [("missing", 55)]),
    (cut_off_the_last, [("missing", LINKS - 1)]),
    (empty_the_collection, [("missing", 0)]),
    (rewrite_with_the_key, [("missing", LINKS - 1)]),
]
"""What looks like a crash, or like another truth, to who has not the log."""


@pytest.mark.parametrize(("attack", "findings"), WITHOUT_HEADS)
async def test_a_change_is_found(
    store: Store, spool: Path, hand_clock: HandClock, attack: Attack, findings: list[tuple[str, int | None]]
):
    """By the chain alone, and told once. The other chain is as it was."""
    await filled(store, spool, hand_clock)
    chain, _ = await filled(store, spool, hand_clock)
    await store.mongo.run(lambda database: attack(database, chain))
    found = await verify(store, spool, hand_clock)
    assert [(own.change.value, own.seq) for own in found.findings] == findings


@pytest.mark.parametrize(("attack", "findings"), WITH_HEADS)
async def test_a_change_is_found_by_the_heads_in_the_log(
    store: Store, spool: Path, hand_clock: HandClock, attack: Attack, findings: list[tuple[str, int | None]]
):
    chain, heads = await filled(store, spool, hand_clock)
    assert (await verify(store, spool, hand_clock, heads)).findings == []
    await store.mongo.run(lambda database: attack(database, chain))
    assert (await verify(store, spool, hand_clock)).findings == []
    found = await verify(store, spool, hand_clock, heads)
    assert [(own.change.value, own.seq) for own in found.findings] == findings


async def test_a_chain_that_was_rewritten_up_to_a_head_is_found(store: Store, spool: Path, hand_clock: HandClock):
    """Who has the key makes a chain that is sound, with a link of that number. The log has seen another one."""
    chain, heads = await filled(store, spool, hand_clock)
    await store.mongo.run(lambda database: rewrite_with_the_key(database, chain))
    seen = ChainHead(chain, LINKS - 2, heads[-1].mac)
    found = await verify(store, spool, hand_clock, [heads[0], seen])
    assert [(own.change.value, own.seq) for own in found.findings] == [("rewritten", LINKS - 2)]


async def test_a_link_that_was_sealed_behind_another_is_found(store: Store, spool: Path, hand_clock: HandClock):
    """Who has the key seals one link anew, and leaves those behind it."""
    chain, _ = await filled(store, spool, hand_clock)
    [stored] = [own.link async for own in store.audit_links.read(chain) if own.link is not None and own.link.seq == 5]
    edited = {"lost": 1}
    sealed, _ = replace(stored, **edited, mac="").seal(KEYS.chain)
    change = {"$set": edited | {"mac": sealed.mac}}
    await store.mongo.run(lambda database: database.audit_links.update_one({"_id": f"{chain} 5"}, change))
    found = await verify(store, spool, hand_clock)
    assert [(own.change.value, own.seq) for own in found.findings] == [("rewritten", 6)]


async def test_another_key_verifies_nothing(store: Store, spool: Path, hand_clock: HandClock):
    settings = audit_settings(spool, key="another secret that is as long as that")
    trail = AuditTrail(settings, store.audit_links, store.audit_people, hand_clock)
    await filled(store, spool, hand_clock, trail)
    found = await verify(store, spool, hand_clock)
    assert [own.change.value for own in found.findings] == ["edited"] * LINKS


def test_keys_for_different_uses_differ():
    keys = KEYS
    assert len({keys.chain, keys.user, keys.attempt}) == 3


async def test_a_chain_is_verified_while_it_grows(store: Store, spool: Path, hand_clock: HandClock):
    """A part is in MongoDB, a part in a sealed segment, and a part is only written."""
    trail = trail_on(store, spool, hand_clock)
    for number in range(3):
        record(trail, f"r{number}", hand_clock, "crm:7")
        trail.flush()
        if number < 2:
            hand_clock.advance(timedelta(seconds=1))
            trail.flush()
        if number == 0:
            await trail.deliver()
        if number == 1:
            Sealer(Spool(spool), KEYS.chain, hand_clock).seal_all()
    found = await verify(store, spool, hand_clock)
    assert (found.findings, found.commitments, found.erased) == ([], 2, 0)
    assert [(own.state, own.last, own.entries, own.unsealed) for own in found.chains] == [("running", 2, 2, 1)]
    hand_clock.advance(timedelta(hours=1))
    assert [own.state for own in (await verify(store, spool, hand_clock)).chains] == ["running"]
    await trail.aclose()
