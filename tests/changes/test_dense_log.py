"""Test a log in MongoDB whose entries have dense numbers."""

import asyncio
from datetime import timedelta

import pytest
from pymongo import MongoClient

from gateway.changes.customer_change import LogPosition, PositionTooOldError
from gateway.store import dense_log
from gateway.store.dense_log import DenseLog
from gateway.store.mongo import Mongo
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
