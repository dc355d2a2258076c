"""Test a log in MongoDB whose entries have dense numbers."""

import asyncio
from datetime import timedelta

import pytest
from pymongo import MongoClient

from connectors.contract import Change, KeyKind
from gateway.changes.customer_change import LogPosition, PositionTooOldError
from gateway.errors import StoreError
from gateway.store import dense_log
from gateway.store.dense_log import DenseLog
from gateway.store.mongo import Mongo
from gateway.store.stale_keys import StaleKeys
from tests.support.fixtures_mongodb import HandClock

pytestmark = pytest.mark.mongodb

DAY = timedelta(days=1)


@pytest.fixture
def entries(mongo: Mongo) -> DenseLog:
    return DenseLog(mongo, "stale_keys", DAY)


async def numbered(entries: DenseLog, position: int, limit: int = 10) -> list[tuple[int, object]]:
    """What is read behind a position of the log as it is now."""
    since = LogPosition((await entries.read_end()).log, position)
    return [(number, entry["n"]) for number, entry in await entries.read_after(since, limit)]


async def test_entries_are_read_in_the_order_of_their_numbers(entries: DenseLog, hand_clock: HandClock):
    """A document of several is read from its middle on."""
    now = hand_clock.now()
    assert (await entries.read_end()).position == 0
    assert await entries.append([{"n": "a"}, {"n": "b"}, {"n": "c"}], now) == 1
    assert await entries.append([{"n": "d"}], now) == 4
    assert await numbered(entries, 0) == [(1, "a"), (2, "b"), (3, "c"), (4, "d")]
    assert await numbered(entries, 1, 1) == [(2, "b"), (3, "c")]
    assert await numbered(entries, 4) == []
    assert (await entries.read_end()).position == 4


async def test_writers_at_once_leave_no_hole(entries: DenseLog, hand_clock: HandClock):
    """Each of them gets numbers of its own, and all are there."""
    writing = [entries.append([{"n": writer}] * 3, hand_clock.now()) for writer in range(8)]
    firsts = await asyncio.gather(*writing)
    assert sorted(firsts) == list(range(1, 25, 3))
    assert [number for number, _ in await numbered(entries, 0, 50)] == list(range(1, 25))


async def test_a_log_goes_on_behind_what_was_deleted(
    entries: DenseLog, hand_clock: HandClock, mongodb_uri: str, mongodb_database: str
):
    """Whoever is behind is told so, and its name says whether it is the same log."""
    await entries.append([{"n": "a"}, {"n": "b"}], hand_clock.now())
    before = await entries.read_end()
    with MongoClient(mongodb_uri) as client:
        client[mongodb_database].stale_keys.delete_many({})
    assert await numbered(entries, 2) == []
    assert await entries.append([{"n": "c"}], hand_clock.now()) == 3
    assert await numbered(entries, 2) == [(3, "c")]
    assert (await entries.read_end()).log == before.log
    for gone in (0, 1):
        with pytest.raises(PositionTooOldError):
            await numbered(entries, gone)


async def test_numbers_of_a_lost_log_are_not_those_of_another(
    entries: DenseLog, hand_clock: HandClock, mongodb_uri: str, mongodb_database: str
):
    """Whether or not the new one has as many entries."""
    await entries.append([{"n": "a"}], hand_clock.now())
    before = await entries.read_end()
    with MongoClient(mongodb_uri) as client:
        client.drop_database(mongodb_database)
    for number in (0, 1, 2):
        with pytest.raises(PositionTooOldError):
            await entries.read_after(before, 10)
        after = await entries.read_end()
        assert after.position == number
        assert after.log != before.log
        await entries.append([{"n": "b"}], hand_clock.now())


async def test_too_many_at_once_are_refused(entries: DenseLog, hand_clock: HandClock):
    with pytest.raises(ValueError, match="more than 1000"):
        await entries.append([{"n": "a"}] * (dense_log.MAX_BATCH + 1), hand_clock.now())


async def test_what_is_appended_while_somebody_looks_is_no_gap(entries: DenseLog, hand_clock: HandClock, monkeypatch):
    """It comes between the two reads of a look: after nothing was found, and before the end is."""
    await entries.append([{"n": "a"}], hand_clock.now())
    since = await entries.read_end()
    read_end = entries._end

    async def end_after_another(database):
        monkeypatch.setattr(entries, "_end", read_end)
        await entries.append([{"n": "b"}], hand_clock.now())
        return await read_end(database)

    monkeypatch.setattr(entries, "_end", end_after_another)
    assert [(number, entry["n"]) for number, entry in await entries.read_after(since, 10)] == [(2, "b")]


async def test_many_webhooks_at_once_are_written_one_behind_the_other(mongo: Mongo, hand_clock: HandClock, monkeypatch):
    """A worker does not race itself for numbers: what comes meanwhile is in the next document."""
    stale = StaleKeys(mongo, hand_clock)
    written: list[int] = []
    append = stale.log.append

    async def noted(some, *words):
        written.append(len(some))
        return await append(some, *words)

    monkeypatch.setattr(stale.log, "append", noted)
    changes = [Change(by=KeyKind.CUSTOMER_ID, key=f"c{n}", record=None) for n in range(120)]
    await asyncio.gather(*(stale.append("crm", [change], [], []) for change in changes))
    assert sum(written) == 120
    assert len(written) <= 3
    assert (await stale.log.read_end()).position == 120


async def test_what_cannot_be_written_is_told_to_all_who_wait(mongo: Mongo, hand_clock: HandClock, monkeypatch):
    stale = StaleKeys(mongo, hand_clock)

    async def fail(*_):
        raise StoreError

    monkeypatch.setattr(stale.log, "append", fail)
    change = Change(by=KeyKind.CUSTOMER_ID, key="c1", record=None)
    told = await asyncio.gather(*(stale.append("crm", [change], [], []) for _ in range(3)), return_exceptions=True)
    assert [type(own) for own in told] == [StoreError] * 3
    monkeypatch.undo()
    await stale.append("crm", [change], [], [])
    assert (await stale.log.read_end()).position == 1
