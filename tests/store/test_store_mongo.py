"""The client of MongoDB: bounded, quiet while MongoDB is away, back without a new client."""

import asyncio
import os
import re
import signal
import sys
from collections.abc import AsyncIterator, Awaitable
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from pymongo import IndexModel
from pymongo.errors import NetworkTimeout
from pymongo.lock import _async_cond_wait, _async_create_condition, _async_create_lock
from structlog.testing import capture_logs

from connectors.errors import ConfigurationError
from gateway.errors import StoreError
from gateway.settings import MongoSettings, parse_settings
from gateway.store.embedded_mongodb import EmbeddedMongo
from gateway.store.mongo import Database, Mongo
from tests.support.clocks import HeldTime, held_time, turns
from tests.support.fixtures_mongodb import HandClock, commands_to
from tests.support.serve_process import free_port

pytestmark = pytest.mark.mongodb

RETRY_AFTER = timedelta(seconds=1)
drivers = pytest.mark.parametrize("driver", ["pymongo", "motor"])


class Ping:
    """An operation that counts how often it is let through."""

    def __init__(self) -> None:
        self.calls = 0

    def __call__(self, database: Database) -> Awaitable[dict[str, Any]]:
        self.calls += 1
        return database.command("ping")


def hasty(uri: str, driver: Any) -> MongoSettings:
    return MongoSettings(uri=uri, driver=driver, timeout_ms=300, retry_after_ms=1_000)


async def until_it_answers(mongo: Mongo, clock: HandClock) -> None:
    async with asyncio.timeout(60):
        while True:
            clock.advance(2 * RETRY_AFTER)
            try:
                await mongo.run(Ping())
            except StoreError:
                await asyncio.sleep(0.02)
            else:
                return


async def test_operation_gives_its_result(mongo: Mongo):
    """What the operation returns is what `run` returns, and times come back aware and in UTC."""
    await mongo.run(lambda database: database.things.insert_one({"_id": 1, "n": 2}))
    assert await mongo.run(lambda database: database.things.find_one({"_id": 1})) == {"_id": 1, "n": 2}
    assert mongo.available


async def test_operation_that_is_given_up_leaves_no_lock():
    """It waits for a condition, and is given up again while that takes the driver's lock back: the lock is free in the end."""
    lock = _async_create_lock()
    condition, over = _async_create_condition(lock), asyncio.Event()

    async def wait() -> None:
        async with condition:
            await _async_cond_wait(condition, 60)

    async def hold() -> None:
        async with lock:
            await over.wait()

    tasks = [asyncio.create_task(wait()), asyncio.create_task(hold())]
    await turns()
    tasks[0].cancel()
    await turns()
    tasks[0].cancel()
    over.set()
    ended = await asyncio.gather(*tasks, return_exceptions=True)
    await turns()
    assert (list(map(type, ended)), lock.locked()) == ([asyncio.CancelledError, type(None)], False)


@drivers
async def test_start_without_mongodb(driver: str, hand_clock: HandClock):
    """Nobody listens: opening raises nothing, and an operation gets a `StoreError` that names no address."""
    port = free_port()
    mongo = Mongo(hasty(f"mongodb://127.0.0.1:{port}", driver), hand_clock)
    await mongo.open()
    assert not mongo.available
    with pytest.raises(StoreError) as refused:
        await mongo.run(Ping())
    assert str(refused.value) == "MongoDB is unavailable"
    hand_clock.advance(RETRY_AFTER)
    with pytest.raises(StoreError) as late:
        await mongo.run(Ping())
    assert str(late.value) == "MongoDB did not answer in time"
    await mongo.aclose()


@drivers
async def test_killed_server_costs_one_timeout_per_probe(driver: str, hand_clock: HandClock, tmp_path: Path):
    """After a kill one call waits, the next are refused unasked, one in twenty probes, and a restart is found again."""
    embedded = EmbeddedMongo(tmp_path, free_port())
    uri = await embedded.start()
    mongo = Mongo(hasty(uri, driver), hand_clock)
    await mongo.open()
    await until_it_answers(mongo, hand_clock)
    assert embedded.pid is not None
    os.kill(embedded.pid, signal.SIGKILL)
    await embedded.stop()

    started = asyncio.get_running_loop().time()
    with pytest.raises(StoreError):
        await mongo.run(Ping())
    assert asyncio.get_running_loop().time() - started < 2  # as long as a connection alone may take
    assert not mongo.available

    refused = Ping()
    results = await asyncio.gather(*(mongo.run(refused) for _ in range(20)), return_exceptions=True)
    assert [type(result) for result in results] == [StoreError] * 20
    assert refused.calls == 0

    hand_clock.advance(RETRY_AFTER)
    probe = Ping()
    results = await asyncio.gather(*(mongo.run(probe) for _ in range(20)), return_exceptions=True)
    assert [type(result) for result in results] == [StoreError] * 20
    assert probe.calls == 1

    async with EmbeddedMongo(tmp_path, port=int(uri.rpartition(":")[2])):
        await until_it_answers(mongo, hand_clock)
        assert mongo.available
        await mongo.aclose()


@drivers
async def test_server_that_hangs_is_late(driver: str, hand_clock: HandClock):
    """A server that takes the question and says nothing costs the timeout, and answers again when it wakes."""
    embedded = EmbeddedMongo(port=free_port())
    async with embedded as uri:
        mongo = Mongo(hasty(uri, driver), hand_clock)
        await mongo.open()
        await until_it_answers(mongo, hand_clock)
        assert embedded.pid is not None
        os.kill(embedded.pid, signal.SIGSTOP)
        await asyncio.to_thread(os.waitid, os.P_PID, embedded.pid, os.WSTOPPED | os.WNOWAIT)  # it was sent; now it is there
        started = asyncio.get_running_loop().time()
        with pytest.raises(StoreError, match=r"^MongoDB did not answer in time$"):
            await mongo.run(Ping())
        assert asyncio.get_running_loop().time() - started < 2  # as long as a connection alone may take
        os.kill(embedded.pid, signal.SIGCONT)
        await until_it_answers(mongo, hand_clock)
        await mongo.aclose()


async def begun(mongo: Mongo, answered: "asyncio.Future[str]") -> "asyncio.Task[str]":
    """An operation under way, which MongoDB answers when the test says so."""

    async def operation(_: Database) -> str:
        return await answered

    task = asyncio.create_task(mongo.run(operation))
    await turns()
    return task


@pytest.fixture
def patient_mongo(mongodb_settings: MongoSettings, hand_clock: HandClock) -> Mongo:
    return Mongo(mongodb_settings.model_copy(update={"timeout_ms": 1_000}), hand_clock)


@pytest.fixture
async def held_mongo(patient_mongo: Mongo) -> AsyncIterator[tuple[Mongo, HeldTime]]:
    """A client that MongoDB has answered, and the time of the loop."""
    await patient_mongo.open()
    await patient_mongo.run(Ping())
    with held_time() as held:
        yield patient_mongo, held
    await patient_mongo.aclose()


async def test_a_held_loop_is_not_blamed_on_mongodb(held_mongo: tuple[Mongo, HeldTime]):
    """Held for ten times the timeout, again and again: what comes then is taken, and MongoDB is available."""
    mongo, held = held_mongo
    answered: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    task = await begun(mongo, answered)
    for _ in range(10):
        held.advance(10.0)
        await turns()
    assert not task.done()
    answered.set_result("here")
    assert await task == "here"
    assert mongo.available


async def test_a_free_loop_waits_no_longer_than_the_timeout(held_mongo: tuple[Mongo, HeldTime]):
    """MongoDB says nothing while the loop has nothing else to do: it is late, and left alone."""
    mongo, held = held_mongo
    answered: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    task = await begun(mongo, answered)
    await held.flow(0.9)
    assert not task.done()
    for _ in range(20):
        await held.flow(0.05)
    with pytest.raises(StoreError, match=r"^MongoDB did not answer in time$"):
        await task
    with pytest.raises(StoreError, match=r"^MongoDB is unavailable$"):
        await mongo.run(Ping())


async def test_an_operation_may_have_a_time_of_its_own(held_mongo: tuple[Mongo, HeldTime]):
    """Ten times longer than any other in the background, which is late meanwhile; requests go on."""
    mongo, held = held_mongo
    answers: list[asyncio.Future[str]] = [asyncio.get_running_loop().create_future() for _ in range(2)]

    async def wait_for(place: int, _: Database) -> str:
        return await answers[place]

    usual = asyncio.create_task(mongo.run(partial(wait_for, 0), in_background=True))
    long = asyncio.create_task(mongo.run(partial(wait_for, 1), in_background=True, timeout_s=60.0))
    await turns()
    for _ in range(40):
        await held.flow(1.0)
    with pytest.raises(StoreError, match=r"^MongoDB did not answer in time$"):
        await usual
    assert not long.done()
    answers[1].set_result("here")
    assert await long == "here"
    assert mongo.available


async def test_a_driver_that_gave_up_while_the_loop_was_held_closes_nothing(held_mongo: tuple[Mongo, HeldTime]):
    """Its clock is that on the wall. The caller goes without, the next one asks."""
    mongo, held = held_mongo
    answered: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    task = await begun(mongo, answered)
    held.advance(10.0)
    await turns()
    answered.set_exception(NetworkTimeout("timed out"))
    with pytest.raises(StoreError, match=r"^MongoDB could not be heard: the gateway is busy$"):
        await task
    assert mongo.available
    answered = asyncio.get_running_loop().create_future()
    answered.set_result("here")
    assert await (await begun(mongo, answered)) == "here"


async def test_refusal_of_one_operation_is_not_an_outage(mongo: Mongo):
    """A server that says no is there: the error shows nothing of its message, and the next operation goes through."""
    await mongo.run(lambda database: database.things.insert_one({"_id": "ada@example.com"}))
    with pytest.raises(StoreError) as refused:
        await mongo.run(lambda database: database.things.insert_one({"_id": "ada@example.com"}))
    assert str(refused.value) == "MongoDB refused the operation"
    assert refused.value.__suppress_context__
    assert mongo.available
    assert await mongo.run(lambda database: database.things.count_documents({})) == 1


async def test_document_that_cannot_be_encoded_is_a_store_error(mongo: Mongo):
    """What the driver itself rejects is a `StoreError` as well, and no outage."""
    with pytest.raises(StoreError, match=r"^MongoDB refused the operation$"):
        await mongo.run(lambda database: database.things.insert_one({"_id": object()}))
    assert mongo.available


@drivers
async def test_indexes_come_once_after_a_late_start(driver: str, hand_clock: HandClock):
    """MongoDB comes up after the gateway: the first contact ensures the indexes, later ones do not again."""
    port = free_port()
    mongo = Mongo(hasty(f"mongodb://127.0.0.1:{port}", driver), hand_clock)
    mongo.index("things", [IndexModel("n")])
    with commands_to("profile_gateway") as commands:
        await mongo.open()
        assert commands == []
        async with EmbeddedMongo(port=port):
            await until_it_answers(mongo, hand_clock)
            assert "n_1" in await mongo.run(lambda database: database.things.index_information())
            await mongo.run(Ping())
            assert commands.count("createIndexes") == 1
            await mongo.aclose()


async def test_refused_index_is_reported_once_and_stops_nothing(mongodb_settings: MongoSettings, hand_clock: HandClock):
    """An index that stands there with other options stays as it is; the operator reads of it, requests go on."""
    with capture_logs() as logs:
        for seconds in (60, 0):
            mongo = Mongo(mongodb_settings, hand_clock)
            mongo.index("things", [IndexModel("deleteAt", expireAfterSeconds=seconds)])
            await mongo.open()
            await mongo.run(Ping())
            await mongo.run(Ping())
            await mongo.aclose()
    assert [(line["event"], line["collection"]) for line in logs] == [("mongodb_index_refused", "things")]


async def test_outage_and_return_are_logged_once_each(hand_clock: HandClock, mongodb_settings: MongoSettings):
    """Ten failed operations make one line."""
    port = free_port()
    mongo = Mongo(hasty(f"mongodb://127.0.0.1:{port}", mongodb_settings.driver), hand_clock)
    with capture_logs() as logs:
        await mongo.open()
        for _ in range(2):
            hand_clock.advance(RETRY_AFTER)
            with pytest.raises(StoreError):
                await mongo.run(Ping())
        async with EmbeddedMongo(port=port):
            await until_it_answers(mongo, hand_clock)
            await mongo.aclose()
    assert [line["event"] for line in logs] == ["mongodb_unavailable", "mongodb_available"]


async def test_closed_store_refuses(mongo: Mongo):
    """Work that is late at shutdown gets a `StoreError`, as for any other outage."""
    await mongo.aclose()
    assert not mongo.available
    with pytest.raises(StoreError, match=r"^the connection to MongoDB is not open$"):
        await mongo.run(Ping())


def test_missing_motor_is_a_problem_of_the_settings(monkeypatch: pytest.MonkeyPatch):
    """Without Motor the operator reads which extra to install, or what to use instead, before anything starts."""
    monkeypatch.setitem(sys.modules, "motor", None)
    problem = "mongodb.driver: Motor needs an extra; install customer-profile-gateway[motor], or use pymongo"
    with pytest.raises(ConfigurationError, match=re.escape(problem)):
        parse_settings({"sources": {}, "mongodb": {"uri": "mongodb://127.0.0.1", "driver": "motor"}})


@pytest.mark.parametrize("uri", ["redis://:hunter2@db", "mongodb://user:hunter2:x@db", "mongodb://:hunter2@db:99999999"])
def test_unreadable_address_is_a_problem_of_the_settings(uri: str, hand_clock: HandClock):
    """The setting is named; what stands in it, maybe a password, is not."""
    with pytest.raises(
        ConfigurationError,
        match=r"^mongodb\.uri: is no MongoDB connection string with known options; write one such as mongodb://user:",
    ) as error:
        Mongo(MongoSettings(uri=uri), hand_clock)
    assert "hunter2" not in str(error.value)


def test_password_is_not_in_the_repr():
    """Settings that end up in a log show no address."""
    assert "hunter2" not in repr(MongoSettings(uri="mongodb://user:hunter2@db"))
