"""Connect to MongoDB by PyMongo or Motor, also during outages.

The store is a cache with memory: a request is answered without it. So an operation is bounded, a dead MongoDB costs one
timeout per `retry_after_ms` instead of one per request, and every failure is a `StoreError` that names no address and no key.
"""

import asyncio
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, nullcontext, suppress
from typing import Any, TypeVar

import pymongo
import pymongo.lock
import structlog
from bson.errors import BSONError
from pymongo import AsyncMongoClient, IndexModel
from pymongo.asynchronous.database import AsyncDatabase
from pymongo.errors import BulkWriteError, ConnectionFailure, OperationFailure, PyMongoError, ServerSelectionTimeoutError
from pymongo.uri_parser import parse_uri

from connectors.errors import ConfigurationError
from gateway.clock import Clock
from gateway.errors import StoreError
from gateway.settings import MongoSettings
from gateway.store.store_statistics import OperationKind, StoreStatistics

Document = dict[str, Any]
Database = AsyncDatabase[Document]
"""What an operation works on. Motor's class has the same calls, except that `aggregate` and `watch` are awaited differently."""

T = TypeVar("T")

_DRIVER_ERRORS = (PyMongoError, BSONError, OSError)
_DUPLICATE_KEY = 11000
_INDEX_TIMEOUT_S = 30.0
_CONNECT_TIMEOUT_MS = 2_000
_SHORTEST_HEARTBEAT_MS = 500
_TICKS = 25
"""In how many parts an operation's time is counted. A full loop gives it at least so many rounds."""
_DRIVER_PATIENCE = 8
"""How many times longer the driver waits, whose clock goes on while the loop is held."""
_BACKGROUND_PATIENCE = 4
"""How many times longer an operation may take that no caller waits for."""
_LATE = "MongoDB did not answer in time"
_NOT_OPEN = "the connection to MongoDB is not open"

log = structlog.get_logger()


class Mongo:
    """Owns the client. Operations go through `run`; collections say with `index` what they need.

    Raises `ConfigurationError` for an address that cannot be read.
    """

    def __init__(self, settings: MongoSettings, clock: Clock) -> None:
        _check_uri(settings.uri)
        self._settings = settings
        self._clock = clock
        self._timeout_s = settings.timeout_ms / 1_000
        self._retry_after_s = settings.retry_after_ms / 1_000
        self._database: Database | None = None
        self._close: Callable[[], Awaitable[None]] | None = None
        self.statistics = StoreStatistics()
        self._available = False
        self._retry_at: float | None = None
        self._wanted_indexes: dict[str, list[IndexModel]] = {}
        self._indexing: asyncio.Task[Exception | None] | None = None

    @property
    def available(self) -> bool:
        """Tell whether the last contact was good. False before the first."""
        return self._available

    @property
    def timeout_s(self) -> float:
        """How long an operation may take."""
        return self._timeout_s

    def index(self, collection: str, indexes: Sequence[IndexModel]) -> None:
        """Have indexes ensured, once, before the first operation that reaches MongoDB."""
        self._wanted_indexes.setdefault(collection, []).extend(indexes)

    async def open(self) -> None:
        """Create the client and try to reach MongoDB. It takes at most the timeout; that MongoDB is down is no error.

        Raises `ConfigurationError` for an address that cannot be read.
        """
        connect = _connect_motor if self._settings.driver == "motor" else _connect_pymongo
        try:
            self._database, self._close = connect(self._settings)
        except (PyMongoError, ValueError, TypeError):
            raise _unreadable_uri() from None
        with suppress(StoreError):
            await self.run(lambda database: database.command("ping"), kind="ping")

    async def aclose(self) -> None:
        """Close the client; later operations raise `StoreError`."""
        if self._indexing is not None:
            self._indexing.cancel()
            await asyncio.wait({self._indexing})
        close, self._close, self._database, self._available = self._close, None, None, False
        if close is not None:
            await close()

    async def run(
        self,
        operation: Callable[[Database], Awaitable[T]],
        *,
        kind: OperationKind = "read",
        in_background: bool = False,
        timeout_s: float | None = None,
    ) -> T:
        """Run an operation within `timeout_ms`, and count it. The time for which the loop was held does not count.

        One `in_background`, which no caller waits for, has more time, or that of `timeout_s`, and says nothing about the others
        when it is late.
        Raises `StoreError` when MongoDB is late, cannot be reached or refuses; at once while it is known to be away.
        """
        database = self._database
        if database is None:
            raise StoreError(_NOT_OPEN)
        try:
            self._admit()
        except StoreError:
            self.statistics.add(kind, "skipped", 0.0)
            raise
        started = self._clock.monotonic()
        try:
            result = await self._run(database, operation, timeout_s, in_background=in_background)
        except StoreError:
            self.statistics.add(kind, "failed", self._clock.monotonic() - started)
            raise
        self.statistics.add(kind, "ok", self._clock.monotonic() - started)
        return result

    async def _run(
        self, database: Database, operation: Callable[[Database], Awaitable[T]], timeout_s: float | None, *, in_background: bool
    ) -> T:
        patience = Patience(timeout_s or self._timeout_s * (_BACKGROUND_PATIENCE if in_background else 1))
        cancellations = _count_cancellations()
        try:
            async with patience.bounded():
                await self._ensure_indexes(database)
                with nullcontext() if timeout_s is None else pymongo.timeout(timeout_s):
                    result = await operation(database)
        except _DRIVER_ERRORS as error:
            if _count_cancellations() > cancellations:
                raise asyncio.CancelledError from None  # which has ended in the driver as an error of its own
            if _is_late(error) and not isinstance(error, ServerSelectionTimeoutError) and patience.is_mostly_left:
                raise StoreError("MongoDB could not be heard: the gateway is busy") from None
            if _is_late(error) and in_background and self._available:
                raise StoreError(_LATE) from None
            raise self._failed(error) from None  # a driver's message has addresses and keys in it
        self._succeeded()
        if _count_cancellations() > cancellations:
            raise asyncio.CancelledError  # which the driver took for a lost connection, and asked again
        return result

    def _admit(self) -> None:
        if self._retry_at is None:
            return
        now = self._clock.monotonic()
        if now < self._retry_at:
            raise StoreError("MongoDB is unavailable")
        # This caller probes; until it knows, the others are still refused.
        self._retry_at = now + self._timeout_s + self._retry_after_s

    def _failed(self, error: Exception) -> StoreError:
        lost = _is_lost(error)
        # A refusal of one operation says nothing about the others, unless MongoDB has not accepted any yet.
        if lost or not self._available:
            if self._available or self._retry_at is None:
                log.warning("mongodb_unavailable", reason=type(error).__name__, code=getattr(error, "code", None))
            self._available = False
            self._retry_at = self._clock.monotonic() + self._retry_after_s
        if not lost:
            return StoreError("MongoDB refused the operation")
        return StoreError(_LATE if _is_late(error) else "MongoDB cannot be reached")

    def _succeeded(self) -> None:
        if self._retry_at is not None:
            log.info("mongodb_available")
        self._available = True
        self._retry_at = None

    async def _ensure_indexes(self, database: Database) -> None:
        """Before anything is written: SecantusDB hangs when an index and a first write create a collection side by side."""
        if not self._wanted_indexes:
            return
        if self._indexing is None or self._indexing.done():
            self._indexing = asyncio.create_task(self._create_indexes(database))
        indexing = self._indexing
        # Building may take longer than the operation that asks first has time, so it goes on without it.
        await asyncio.wait({indexing})
        if indexing.cancelled():
            raise StoreError(_NOT_OPEN)
        error = indexing.result()
        if error is not None:
            raise error

    async def _create_indexes(self, database: Database) -> Exception | None:
        try:
            await database.command("ping")  # only a server that is there is given the time to build
            with pymongo.timeout(_INDEX_TIMEOUT_S):
                for collection, indexes in list(self._wanted_indexes.items()):
                    try:
                        await database[collection].create_indexes(indexes)
                    except OperationFailure as error:
                        if error.timeout:
                            raise
                        log.warning("mongodb_index_refused", collection=collection, code=error.code)
                    del self._wanted_indexes[collection]
        except _DRIVER_ERRORS as error:
            return error
        return None


class Patience:
    """How long to wait for MongoDB. Time for which the loop is held is not its fault.

    It is counted in ticks: one that comes late counts as one, and what has arrived meanwhile is read before the next.
    """

    def __init__(self, seconds: float) -> None:
        self._tick_s = seconds / _TICKS
        self._left = _TICKS

    @property
    def is_mostly_left(self) -> bool:
        """Tell whether more than half has not been used."""
        return self._left > _TICKS / 2

    @asynccontextmanager
    async def bounded(self) -> AsyncIterator[None]:
        """Raises `TimeoutError` when it is used up."""
        async with asyncio.timeout(None) as timeout:
            self._count_on(timeout)
            try:
                yield
            finally:
                self._timer.cancel()

    def _count_on(self, timeout: asyncio.Timeout) -> None:
        self._timer = asyncio.get_running_loop().call_later(self._tick_s, self._count, timeout)

    def _count(self, timeout: asyncio.Timeout) -> None:
        self._left -= 1
        if self._left:
            self._count_on(timeout)
        else:
            timeout.reschedule(asyncio.get_running_loop().time())


def already_there(error: BulkWriteError) -> list[int]:
    """List the bulk's writes that an existing document prevented. They had the same `_id`.

    Raises the error itself when anything else went wrong.
    """
    write_errors: list[Document] = error.details["writeErrors"]
    if error.details["writeConcernErrors"] or any(item["code"] != _DUPLICATE_KEY for item in write_errors):
        raise error
    return [item["index"] for item in write_errors]


def _count_cancellations() -> int:
    """Count the requests to cancel this task that nobody has answered."""
    task = asyncio.current_task()
    return 0 if task is None else task.cancelling()


def _is_lost(error: Exception) -> bool:
    """Tell whether no server answers, in contrast to a refusal."""
    return _is_late(error) or isinstance(error, ConnectionFailure | OSError)


def _is_late(error: Exception) -> bool:
    return isinstance(error, TimeoutError) or (isinstance(error, PyMongoError) and error.timeout)


def _options(settings: MongoSettings) -> dict[str, Any]:
    return dict(
        appname="profile-gateway",
        tz_aware=True,
        # The driver measures by the clock on the wall, so it bounds what `Patience` ends, and does not end it.
        timeoutMS=_DRIVER_PATIENCE * settings.timeout_ms,
        # timeoutMS bounds operations. These bound what is none: ending sessions at close, and the driver's own watch over
        # the server, which may take longer to connect than an operation may.
        serverSelectionTimeoutMS=settings.timeout_ms,
        socketTimeoutMS=max(settings.timeout_ms, _CONNECT_TIMEOUT_MS),
        connectTimeoutMS=max(settings.timeout_ms, _CONNECT_TIMEOUT_MS),
        # By the next probe the driver has looked whether the server is back.
        heartbeatFrequencyMS=max(settings.retry_after_ms, _SHORTEST_HEARTBEAT_MS),
    )


async def _wait_for(awaitable: Awaitable[T], timeout_s: float | None) -> T:
    """Wait as `asyncio.wait_for` does from Python 3.12 on: in the task that asks."""
    async with asyncio.timeout(timeout_s):
        return await awaitable


if sys.version_info < (3, 12):
    # PyMongo waits for its conditions by `wait_for`, which has a task for it in Python 3.11. When an operation is given up
    # while that task takes the lock again, the lock is nobody's and stays locked: no operation of the client would ever end.
    pymongo.lock.wait_for = _wait_for  # type: ignore[assignment, attr-defined]


def _connect_pymongo(settings: MongoSettings) -> tuple[Database, Callable[[], Awaitable[None]]]:
    client: AsyncMongoClient[Document] = AsyncMongoClient(settings.uri, **_options(settings))
    return client[settings.database], client.close


def _connect_motor(settings: MongoSettings) -> tuple[Database, Callable[[], Awaitable[None]]]:
    from motor.motor_asyncio import AsyncIOMotorClient  # an extra, which the settings ask for

    client: Any = AsyncIOMotorClient(settings.uri, **_options(settings))

    async def close() -> None:
        # Motor's close waits for the network on the thread that calls it.
        await asyncio.to_thread(client.close)

    return client[settings.database], close


def _check_uri(uri: str) -> None:
    try:
        # An address by DNS is looked up when it is used, not when settings are read.
        if not uri.startswith("mongodb+srv://"):
            parse_uri(uri, validate=True, warn=False)
    except (PyMongoError, ValueError, TypeError):
        raise _unreadable_uri() from None


def _unreadable_uri() -> ConfigurationError:
    return ConfigurationError(
        [
            "mongodb.uri: is no MongoDB connection string with known options; write one such as mongodb://user:password@host:27017/?authSource=admin"
        ]
    )
