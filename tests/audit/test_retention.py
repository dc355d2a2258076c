"""What is older than the retention is cut at a checkpoint, and what is left can be verified."""

from datetime import timedelta
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from gateway.audit.link import ChainHead
from gateway.audit.retention import Retention
from gateway.store.store import Store
from tests.support.audit_trails import KEYS, record, trail_on, verify
from tests.support.fixtures_mongodb import HandClock

pytestmark = pytest.mark.mongodb

KEPT = timedelta(days=30)


def retention_of(store: Store, clock: HandClock) -> Retention:
    return Retention(store.audit_links, KEYS.chain, KEPT, clock)


async def write_days(store: Store, spool: Path, clock: HandClock, days: int) -> str:
    """Write a chain with a request a day. AuditLink 0 begins it, the odd ones show that its process lives."""
    trail = trail_on(store, spool, clock)
    for day in range(days):
        record(trail, f"r{day}", clock, f"crm:{day}")
        trail.flush()
        clock.advance(timedelta(days=1))
    await trail.aclose()
    [chain] = await store.audit_links.list_chains()
    return chain


async def seqs_of(store: Store, chain: str) -> list[int]:
    return [own.link.seq async for own in store.audit_links.read(chain) if own.link is not None]


async def test_old_links_are_cut_at_a_checkpoint(store: Store, spool: Path, hand_clock: HandClock):
    """The chain goes on from there, and so does the next cut. Twice is as once."""
    chain = await write_days(store, spool, hand_clock, 40)
    whole = await seqs_of(store, chain)
    retention = retention_of(store, hand_clock)
    cut = await retention.cut_all()
    left = await seqs_of(store, chain)
    assert (len(whole) - len(left), left) == (cut, whole[cut:])
    found = await verify(store, spool, hand_clock)
    assert ([own.first for own in found.chains], found.findings) == ([left[0]], [])
    assert await retention.cut_all() == 0
    hand_clock.advance(timedelta(days=5))
    assert await retention.cut_all() > 0
    assert (await verify(store, spool, hand_clock)).findings == []


async def test_of_an_old_chain_the_checkpoint_is_left(store: Store, spool: Path, hand_clock: HandClock):
    """It is no crash. Heads of links that were cut are not missed, as they are older, too."""
    with capture_logs() as logs:
        await write_days(store, spool, hand_clock, 2)
    heads = [ChainHead(own["chain"], own["seq"], own["mac"]) for own in logs]
    hand_clock.advance(KEPT + timedelta(days=1))
    assert await retention_of(store, hand_clock).cut_all() > 2
    found = await verify(store, spool, hand_clock, heads)
    assert ([own.state for own in found.chains], found.findings) == (["cut"], [])


async def test_what_was_changed_is_not_cut(store: Store, spool: Path, hand_clock: HandClock):
    """It would be gone for ever. The log says so."""
    chain = await write_days(store, spool, hand_clock, 40)
    whole = await seqs_of(store, chain)
    await store.mongo.run(lambda database: database.audit_links.delete_one({"_id": f"{chain} 3"}))
    with capture_logs() as logs:
        assert await retention_of(store, hand_clock).cut_all() == 0
    assert logs == [{"event": "audit_not_cut", "chain": chain, "changes": ["missing"], "log_level": "error"}]
    assert len(await seqs_of(store, chain)) == len(whole) - 1


async def test_who_removes_the_checkpoint_is_found(store: Store, spool: Path, hand_clock: HandClock):
    """So is who brings an older one back."""
    chain = await write_days(store, spool, hand_clock, 40)
    retention = retention_of(store, hand_clock)
    await retention.cut_all()
    which = {"_id": f"{chain} checkpoint"}
    older = await store.mongo.run(lambda database: database.audit_links.find_one(which))
    hand_clock.advance(timedelta(days=5))
    await retention.cut_all()
    first = (await seqs_of(store, chain))[0]
    await store.mongo.run(lambda database: database.audit_links.replace_one(which, older or {}))
    found = await verify(store, spool, hand_clock)
    assert [(own.change.value, own.seq) for own in found.findings] == [("missing", (older or {})["seq"])]
    await store.mongo.run(lambda database: database.audit_links.delete_one(which))
    found = await verify(store, spool, hand_clock)
    assert [(own.change.value, own.reason) for own in found.findings] == [("missing", f"links 0 to {first - 1} are not there")]


async def test_chains_are_cut_once_an_hour(store: Store, spool: Path, hand_clock: HandClock):
    retention = retention_of(store, hand_clock)
    await retention.cut_if_due()
    chain = await write_days(store, spool, hand_clock, 1)
    hand_clock.advance(KEPT + timedelta(days=1))
    await retention.cut_if_due()
    assert await seqs_of(store, chain) == []
    other = await write_days_of_another(store, spool, hand_clock)
    await retention.cut_if_due()
    assert await seqs_of(store, other) != []


async def write_days_of_another(store: Store, spool: Path, clock: HandClock) -> str:
    """Write a chain that is old at once, for its clock was wrong."""
    before = HandClock()
    before.advance(-KEPT - timedelta(days=400))
    known = await store.audit_links.list_chains()
    trail = trail_on(store, spool, before)
    record(trail, "r", before)
    await trail.aclose()
    [other] = [chain for chain in await store.audit_links.list_chains() if chain not in known]
    return other


async def test_a_clock_that_is_set_back_is_no_gap(store: Store, spool: Path, hand_clock: HandClock):
    """Links behind a newer one have older times. They are cut when it is."""
    trail = trail_on(store, spool, hand_clock)
    for days in (0, 5, -3, 1):
        hand_clock.advance(timedelta(days=days))
        record(trail, f"r{days}", hand_clock, "crm:7")
        trail.flush()
    await trail.aclose()
    retention = retention_of(store, hand_clock)
    with capture_logs() as logs:
        cuts = []
        for days in (0, 28, 1, 2):
            hand_clock.advance(timedelta(days=days))
            cuts.append(await retention.cut_all())
            assert (await verify(store, spool, hand_clock)).findings == []
    assert ([own for own in logs if own["event"] == "audit_not_cut"], cuts) == ([], [0, 2, 0, 0])
    hand_clock.advance(timedelta(days=2))
    assert await retention.cut_all() == 4
