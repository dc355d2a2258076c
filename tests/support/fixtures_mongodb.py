"""One MongoDB wire protocol for each test worker: GATEWAY_TEST_MONGODB_URI, or a SecantusDB child."""

import os
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
import pytest_asyncio
from pymongo import MongoClient, monitoring

from gateway.clock import Clock
from gateway.settings import MongoSettings
from gateway.store.embedded_mongodb import EmbeddedMongo
from gateway.store.mongo import Mongo
from tests.support.mongo_shop import MongoShop, mongo_shop_at
from tests.support.serve_process import free_port


class HandClock(Clock):
    """A clock that only moves when it is told to. It starts at the time of day, for MongoDB deletes by that."""

    def __init__(self) -> None:
        super().__init__()
        self._now = datetime.now(UTC)
        self._monotonic = 1_000.0

    def now(self) -> datetime:
        return self._now

    def timestamp(self) -> float:
        return self._now.timestamp()

    def monotonic(self) -> float:
        return self._monotonic

    def advance(self, by: timedelta) -> None:
        self._now += by
        self._monotonic += by.total_seconds()


_LEFT_OUT = ("tag_usage", "tag_rules", "stale_keys", "customer_changes", "log_heads")


class _Commands(monitoring.CommandListener):
    """Names of the commands of the databases that a test watches, once they are done: who waits for one finds what it wrote.

    Counts of who asks for tags are left out: a worker writes them when it ends, whatever else it did. So is what workers follow
    all the time.
    """

    def __init__(self) -> None:
        self.watched: dict[str, list[str]] = {}
        self._sent: dict[int, list[str]] = {}

    def started(self, event: monitoring.CommandStartedEvent) -> None:
        if event.database_name in self.watched and event.command.get(event.command_name) not in _LEFT_OUT:
            self._sent[event.request_id] = self.watched[event.database_name]

    def succeeded(self, event: monitoring.CommandSucceededEvent) -> None:
        self._note(event)

    def failed(self, event: monitoring.CommandFailedEvent) -> None:
        self._note(event)

    def _note(self, event: monitoring.CommandSucceededEvent | monitoring.CommandFailedEvent) -> None:
        names = self._sent.pop(event.request_id, None)
        if names is not None:
            names.append(event.command_name)


_commands = _Commands()
monitoring.register(_commands)


@contextmanager
def commands_to(database: str) -> Iterator[list[str]]:
    """The names of the commands that any client of this process has done in the database meanwhile."""
    _commands.watched[database] = names = []
    yield names
    del _commands.watched[database]


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def mongodb_uri() -> AsyncIterator[str]:
    given = os.environ.get("GATEWAY_TEST_MONGODB_URI")
    if given:
        yield given
        return
    async with EmbeddedMongo(port=free_port()) as uri:
        yield uri


@pytest.fixture
def mongodb_database(mongodb_uri: str) -> Iterator[str]:
    """The name of a database that no other test uses; dropped afterwards."""
    name = f"test_{uuid4().hex[:16]}"
    yield name
    with MongoClient(mongodb_uri, timeoutMS=20_000) as client:
        client.drop_database(name)


@pytest.fixture(params=["pymongo", "motor"])
def mongodb_settings(request: pytest.FixtureRequest, mongodb_uri: str, mongodb_database: str) -> MongoSettings:
    """A database of one's own, on either driver, without haste."""
    return MongoSettings(uri=mongodb_uri, database=mongodb_database, driver=request.param, timeout_ms=20_000)


@pytest.fixture
def hand_clock() -> HandClock:
    return HandClock()


@pytest_asyncio.fixture
async def mongo(mongodb_settings: MongoSettings, hand_clock: HandClock) -> AsyncIterator[Mongo]:
    """An open store, on either driver, with a clock that is moved by hand."""
    store = Mongo(mongodb_settings, hand_clock)
    await store.open()
    yield store
    await store.aclose()


@pytest_asyncio.fixture
async def mongo_shop(mongodb_uri: str, mongodb_database: str) -> AsyncIterator[MongoShop]:
    """An empty database as a source, with a connector that is open."""
    async with mongo_shop_at(mongodb_uri, mongodb_database) as shop:
        yield shop
