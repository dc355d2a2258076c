"""A copy of the identity log in memory: what it follows, what it forgets, and how much it holds."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest
import pytest_asyncio
import structlog

from gateway.errors import StoreError
from gateway.identity.decisions import LogAction, LogEntry, LogRule, pair_of
from gateway.identity.records import RecordId
from gateway.store.identity_log import IdentityLog
from gateway.store.log_replica import MAX_DOCUMENTS, REFRESH_S, WHOLE_S, EntryIndex, LogReplica
from gateway.store.mongo import Mongo
from tests.support.fixtures_mongodb import HandClock, commands_to

pytestmark = pytest.mark.mongodb

NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)
ANA, SHOP, DESK = (RecordId(*pair) for pair in (("crm", "7"), ("shop", "42"), ("desk", "u:1")))


class WaitingClock(HandClock):
    """A clock by which somebody who sleeps wakes when the test says so."""

    def __init__(self) -> None:
        super().__init__()
        self.slept: list[float] = []
        self.wake = asyncio.Semaphore(0)
        self.sleeps = asyncio.Semaphore(0)

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.sleeps.release()
        await self.wake.acquire()


def entry(one: RecordId, other: RecordId, action: LogAction = LogAction.CUT, **words: object) -> LogEntry:
    values = {"time": NOON, "rule": LogRule.OPERATOR, "who": "anna", "reason": "she called", **words}
    return LogEntry(action=action, records=pair_of(one, other), **values)


def told(replica: LogReplica, *records: RecordId) -> list[tuple[LogAction, tuple[str, ...], RecordId | None, str]]:
    return [
        (own.action, tuple(id_.node_id for id_ in own.records), own.anchor, own.who + own.reason)
        for own in replica.about(records)
    ]


@pytest_asyncio.fixture
async def clock() -> WaitingClock:
    return WaitingClock()


@pytest_asyncio.fixture
async def replica(mongo: Mongo, clock: WaitingClock) -> AsyncIterator[LogReplica]:
    replica = LogReplica(IdentityLog(mongo), clock)
    yield replica
    await replica.aclose()


async def test_a_replica_follows_the_log(mongo: Mongo, mongodb_database: str, replica: LogReplica, clock: WaitingClock):
    """It begins with the whole, over several reads, and reads what was appended every ten seconds, with one command."""
    identity_log = IdentityLog(mongo)
    for number in range(MAX_DOCUMENTS):
        await identity_log.append([entry(DESK, RecordId("pay", str(number)), LogAction.LINK)])
    await identity_log.append([entry(ANA, SHOP, anchor=DESK), entry(ANA, SHOP, LogAction.WITHDRAW)])
    assert (replica.read_at, replica.about([ANA])) == (None, [])
    await replica.start()
    await replica.start()
    both = [(LogAction.CUT, ("crm:7", "shop:42"), DESK, ""), (LogAction.WITHDRAW, ("crm:7", "shop:42"), None, "")]
    assert (replica.read_at, told(replica, ANA)) == (clock.now(), both)
    assert len(replica.about([DESK])) == MAX_DOCUMENTS + 1
    assert [own.position for own in replica.about([ANA, SHOP, DESK])] == sorted(
        [*((number, 0) for number in range(1, MAX_DOCUMENTS + 2)), (MAX_DOCUMENTS + 1, 1)]
    )
    await clock.sleeps.acquire()
    await identity_log.append([entry(ANA, SHOP)])
    assert told(replica, SHOP) == both
    clock.advance(timedelta(seconds=REFRESH_S))
    with commands_to(mongodb_database) as commands:
        clock.wake.release()
        await clock.sleeps.acquire()
    assert commands == ["find"]
    assert told(replica, SHOP) == [*both, (LogAction.CUT, ("crm:7", "shop:42"), None, "")]
    assert (replica.read_at, clock.slept) == (clock.now(), [REFRESH_S] * 2)


async def test_what_is_erased_is_forgotten_within_an_hour(mongo: Mongo, replica: LogReplica, clock: WaitingClock):
    """By reading the whole anew; what was appended since is there as well."""
    identity_log = IdentityLog(mongo)
    await identity_log.append([entry(ANA, SHOP)])
    await replica.refresh()
    await identity_log.forget([ANA])
    await identity_log.append([entry(SHOP, DESK)])
    clock.advance(timedelta(seconds=WHOLE_S - 1))
    await replica.refresh()
    assert len(replica.about([SHOP])) == 2
    clock.advance(timedelta(seconds=1))
    await replica.refresh()
    assert told(replica, ANA, SHOP) == [(LogAction.CUT, ("desk:u:1", "shop:42"), None, "")]


async def test_what_is_known_stays_while_mongodb_is_away(mongo: Mongo, replica: LogReplica, clock: WaitingClock):
    """It is known as of when the log was read last."""
    await IdentityLog(mongo).append([entry(ANA, SHOP)])
    await replica.refresh()
    read_at = clock.now()
    clock.advance(timedelta(seconds=WHOLE_S))
    await mongo.aclose()
    with pytest.raises(StoreError):
        await replica.refresh()
    assert (replica.read_at, len(replica.about([ANA]))) == (read_at, 1)


async def test_an_entry_that_cannot_be_read_does_not_end_it(mongo: Mongo, replica: LogReplica, clock: WaitingClock):
    """As one of a later version. It is said each time; when it can be read, or is gone, the log is followed again."""
    identity_log = IdentityLog(mongo)
    await identity_log.append([entry(ANA, SHOP)])

    async def write(action: str) -> None:
        await mongo.run(lambda database: database.identity_log.update_one({}, {"$set": {"entries.0.action": action}}))

    await write("SPLIT")
    with structlog.testing.capture_logs() as events:
        await replica.start()
        await clock.sleeps.acquire()
    assert events == [{"event": "identity_failed", "error": "ValueError", "log_level": "error"}]
    assert (replica.read_at, replica.about([ANA])) == (None, [])
    await write("CUT")
    clock.wake.release()
    await clock.sleeps.acquire()
    assert (replica.read_at, told(replica, ANA)) == (clock.now(), [(LogAction.CUT, ("crm:7", "shop:42"), None, "")])


async def test_links_do_not_take_the_place_of_cuts(mongo: Mongo, clock: WaitingClock):
    """There is room for as many of either. What is left out is logged by number."""
    identity_log = IdentityLog(mongo)
    replica = LogReplica(identity_log, clock, limit=2)
    await identity_log.append([entry(ANA, RecordId("pay", str(number)), LogAction.LINK) for number in range(4)])
    await identity_log.append([entry(ANA, SHOP), entry(ANA, DESK)])
    with structlog.testing.capture_logs() as events:
        await replica.refresh()
    assert [own.position for own in replica.about([ANA])] == [(1, 0), (1, 1), (2, 0), (2, 1)]
    assert events == [{"event": "decisions_left_out", "entries": 2, "log_level": "warning"}]


def test_an_entry_counts_once():
    """However often it is read, and by whichever of its records it is asked for."""
    index, own = EntryIndex(), entry(ANA, SHOP, anchor=ANA, position=(3, 1))
    index.add([own, own])
    index.add([own])
    assert index.about([ANA, SHOP]) == index.about([ANA]) == [own]
    assert index.about([DESK]) == []
