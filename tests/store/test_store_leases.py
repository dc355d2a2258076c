"""Leases in MongoDB: one winner for each name, whoever asks."""

import asyncio
import multiprocessing
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime, timedelta
from multiprocessing.synchronize import Barrier

import pytest

from gateway.clock import Clock
from gateway.settings import MongoSettings
from gateway.store.leases import Leases
from gateway.store.mongo import Mongo
from tests.support.fixtures_mongodb import HandClock

pytestmark = pytest.mark.mongodb

HOLD = timedelta(seconds=10)
PROCESSES = 4


async def test_lease_is_held_until_it_is_released(mongo: Mongo, hand_clock: HandClock):
    """A held name is won by nobody, not even by its owner; a released one by the next who asks."""
    mine, theirs = Leases(mongo, hand_clock), Leases(mongo, hand_clock)
    assert await mine.acquire(["a", "b", "a"], hold=HOLD) == {"a", "b"}
    assert await mine.acquire(["a"], hold=HOLD) == set()
    assert await theirs.acquire(["a", "c"], hold=HOLD) == {"c"}
    await mine.release(["a", "unknown"])
    assert await theirs.acquire(["a", "b"], hold=HOLD) == {"a"}
    assert await mine.acquire([], hold=HOLD) == set()


async def test_only_the_owner_releases(mongo: Mongo, hand_clock: HandClock):
    """Releasing what another owner holds does nothing, also after it was taken over."""
    mine, theirs = Leases(mongo, hand_clock), Leases(mongo, hand_clock)
    await mine.acquire(["a"], hold=HOLD)
    await theirs.release(["a"])
    assert await theirs.acquire(["a"], hold=HOLD) == set()
    hand_clock.advance(HOLD + timedelta(milliseconds=2))
    assert await theirs.acquire(["a"], hold=HOLD) == {"a"}
    await mine.release(["a"])
    assert await mine.acquire(["a"], hold=HOLD) == set()


async def test_expired_lease_is_taken_over(mongo: Mongo, hand_clock: HandClock):
    """To the end of the time a lease holds; after it one call gets the new, the expired, and not what is still held."""
    mine, theirs = Leases(mongo, hand_clock), Leases(mongo, hand_clock)
    await mine.acquire(["short"], hold=HOLD)
    await mine.acquire(["long"], hold=3 * HOLD)
    hand_clock.advance(HOLD - timedelta(milliseconds=2))
    assert await theirs.acquire(["short", "long"], hold=HOLD) == set()
    hand_clock.advance(timedelta(milliseconds=4))
    assert await theirs.acquire(["short", "long", "new"], hold=HOLD) == {"short", "new"}
    assert await mine.acquire(["short"], hold=HOLD) == set()


async def test_the_owner_renews(mongo: Mongo, hand_clock: HandClock):
    """From now, and what it holds alone: nothing that it never had, or that another one took over."""
    mine, theirs = Leases(mongo, hand_clock), Leases(mongo, hand_clock)
    await mine.acquire(["a", "b"], hold=HOLD)
    hand_clock.advance(HOLD - timedelta(seconds=1))
    assert await mine.renew(["a", "c"], hold=HOLD) == {"a"}
    hand_clock.advance(timedelta(seconds=2))
    assert await theirs.acquire(["a", "b", "c"], hold=HOLD) == {"b", "c"}
    assert await mine.renew(["a", "b", "c"], hold=HOLD) == {"a"}


async def test_same_owner_does_not_win_what_its_other_task_took_over(mongo: Mongo, hand_clock: HandClock):
    """Two tasks of one gateway, at the same time: what one has taken over, the other does not count as its own."""
    leases = Leases(mongo, hand_clock)
    await leases.acquire(["a", "b"], hold=HOLD)
    hand_clock.advance(2 * HOLD)
    assert await leases.acquire(["a"], hold=HOLD) == {"a"}
    assert await leases.acquire(["a", "b"], hold=HOLD) == {"b"}


@pytest.mark.parametrize("expired", [False, True])
async def test_one_winner_among_fifty_tasks(mongo: Mongo, hand_clock: HandClock, expired: bool):
    """Fifty tasks of two owners ask at once, for new names and for expired ones: each name is won once."""
    names = ["a", "b", "c"]
    owners = [Leases(mongo, hand_clock), Leases(mongo, hand_clock)]
    if expired:
        await owners[0].acquire(names, hold=HOLD)
        hand_clock.advance(2 * HOLD)
    wins = await asyncio.gather(*(owners[n % 2].acquire(names, hold=HOLD) for n in range(50)))
    assert sorted(name for won in wins for name in won) == names


_start: Barrier


def _meet_at(barrier: Barrier) -> None:
    global _start  # the only way into a process of a pool
    _start = barrier


def _race(settings: MongoSettings, names: list[str]) -> list[str]:
    async def race() -> list[str]:
        mongo = Mongo(settings, Clock())
        await mongo.open()
        _start.wait(60)
        won = [name for name in names if await Leases(mongo, Clock()).acquire([name], hold=timedelta(hours=1))]
        won += await Leases(mongo, Clock()).acquire([f"bulk {name}" for name in names], hold=timedelta(hours=1))
        await mongo.aclose()
        return won

    return asyncio.run(race())


async def test_one_winner_among_four_processes(mongo: Mongo, mongodb_settings: MongoSettings, hand_clock: HandClock):
    """Four processes race for new and for expired names, one by one and in bulk: each name is won once."""
    names = [f"{age} {n}" for n in range(10) for age in ("new", "expired")]
    expired = [f"{prefix}expired {n}" for n in range(10) for prefix in ("", "bulk ")]
    hand_clock.advance(timedelta(minutes=-10))
    await Leases(mongo, hand_clock).acquire(expired, hold=timedelta(minutes=5))
    context = multiprocessing.get_context("spawn")
    loop = asyncio.get_running_loop()
    with ProcessPoolExecutor(PROCESSES, context, _meet_at, (context.Barrier(PROCESSES),)) as pool:
        wins = await asyncio.gather(*(loop.run_in_executor(pool, _race, mongodb_settings, names) for _ in range(PROCESSES)))
    assert sorted(name for won in wins for name in won) == sorted([*names, *(f"bulk {name}" for name in names)])


async def test_document_and_index(mongodb_settings: MongoSettings, hand_clock: HandClock):
    """A lease that nobody takes over is deleted by a TTL index, an hour after it ended."""
    mongo = Mongo(mongodb_settings, hand_clock)
    leases = Leases(mongo, hand_clock)
    await mongo.open()
    await leases.acquire(["a"], hold=HOLD)
    indexes = await mongo.run(lambda database: database.leases.index_information())
    document = await mongo.run(lambda database: database.leases.find_one({"_id": "a"}))
    await mongo.aclose()
    assert indexes["deleteAt_1"]["expireAfterSeconds"] == 0
    assert document is not None
    assert document["until"] == to_milliseconds(hand_clock.now() + HOLD)
    assert document["deleteAt"] - document["until"] == timedelta(hours=1)


def to_milliseconds(time: datetime) -> datetime:
    return datetime.fromtimestamp(int(time.timestamp() * 1000) / 1000, UTC)
