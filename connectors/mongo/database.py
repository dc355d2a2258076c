"""The database: a client that only reads, and the errors that leave it are ours."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from typing import Any, TypeAlias, TypeVar

import bson
import pymongo
from bson.codec_options import DatetimeConversion
from pymongo import AsyncMongoClient
from pymongo.asynchronous.database import AsyncDatabase
from pymongo.errors import OperationFailure, ServerSelectionTimeoutError

from connectors.errors import (
    SourceAuthError,
    SourceError,
    SourceProtocolError,
    SourceTimeoutError,
    SourceUnavailableError,
    without_frames,
)
from connectors.mongo.failures import FOREIGN, source_error
from connectors.mongo.server_health import ServerHealth
from connectors.mongo.settings import MongoSourceSettings

Document = Mapping[str, Any]
T = TypeVar("T")
_Database: TypeAlias = AsyncDatabase[dict[str, Any]]

SELECTION_S = 1.0
"""How long a call waits for a server to be found, in seconds; half of its own time where that is longer."""
CONNECT_MS = 5_000
"""How long a server may take to accept a connection, in milliseconds."""
CHECK_MS = 1_000
"""How long after a look at a server the driver looks again: a server that is back is found so soon, in milliseconds."""
MAX_S = 60.0
"""How long a call may take that does not say how much time is left, in seconds."""
AT_ONCE = 10_000
"""How many documents come with the first answer of a call. As many as fit into 16 MB do; the driver's own 101 are too few."""
MAX_BYTES = 16 * 1024 * 1024
"""How large an answer may be. No message of a server holds more documents, so only an answer in several is measured."""
GRACE_S = 1.0
"""How long calls have to end when the connector is closed, in seconds."""
NOT_FOR_VIEWS = 166
_selection_s: ContextVar[float] = ContextVar("selection_s", default=SELECTION_S)


class MongoDatabase:
    """A client of the servers. Every method raises `SourceError` only."""

    def __init__(self, settings: MongoSourceSettings) -> None:
        self._settings = settings
        self._client: AsyncMongoClient[dict[str, Any]] | None = None
        self._checks = ServerHealth()
        self._running: set[asyncio.Future[Any]] = set()

    def open(self) -> None:
        """Begin to find a server in the background for the first call."""
        if self._client is None:
            self._checks = ServerHealth()
            self._client = AsyncMongoClient(self._settings.url, event_listeners=[self._checks], **_options(self._settings))
            self._track(asyncio.create_task(self._look(self._client)))

    async def aclose(self) -> None:
        """Close the connections and make no more."""
        client, self._client = self._client, None
        if self._running:
            _, late = await asyncio.wait(self._running, timeout=GRACE_S)
            for call in late:
                call.cancel()
        if client is not None:
            await client.close()

    @contextmanager
    def within(self, remaining_s: float | None) -> Iterator[None]:
        """End calls inside after so many seconds, at the server too."""
        if remaining_s is not None and remaining_s <= 0:
            raise SourceTimeoutError
        token = _selection_s.set(max(SELECTION_S, (remaining_s or 0) / 2))
        try:
            with pymongo.timeout(MAX_S if remaining_s is None else remaining_s):
                yield
        finally:
            _selection_s.reset(token)

    async def aggregate(self, collection: str, pipeline: Sequence[Document]) -> list[dict[str, Any]]:
        """Run a pipeline, and read its documents. Raises `SourceProtocolError` when they go on beyond `MAX_BYTES`."""

        async def call(database: _Database) -> list[dict[str, Any]]:
            cursor = await database[collection].aggregate(list(pipeline), allowDiskUse=True, batchSize=AT_ONCE)
            if not cursor.cursor_id:
                return await cursor.to_list()
            documents: list[dict[str, Any]] = []
            size = 0
            async with cursor:
                async for document in cursor:
                    size += len(bson.encode(document))
                    if size > MAX_BYTES:
                        raise SourceProtocolError("more than 16 MB")
                    documents.append(document)
            return documents

        return await self._run(call)

    async def count(self, collection: str, matching: Document) -> int:
        """Count the documents that match."""
        return await self._run(lambda database: database[collection].count_documents(matching))

    async def estimated_count(self, collection: str) -> int:
        """Estimate the documents of a collection by its statistics."""
        return await self._run(lambda database: database[collection].estimated_document_count())

    async def newest(self, collection: str, most: int, matching: Document | None = None) -> list[dict[str, Any]]:
        """Read the last documents by `_id`, whole. Those that match, or any."""
        return await self._run(lambda database: database[collection].find(matching).sort("_id", -1).limit(most).to_list())

    async def collections(self) -> list[str]:
        """Name the collections that may be read."""
        return await self._run(lambda database: database.list_collection_names(authorizedCollections=True))

    async def indexed_paths(self, collection: str) -> set[str] | None:
        """List the paths that indexes begin with; None for a view."""

        async def call(database: _Database) -> set[str] | None:
            try:
                return {next(iter(index["key"])) async for index in await database[collection].list_indexes()}
            except OperationFailure as error:
                if error.code == NOT_FOR_VIEWS:
                    return None
                raise

        return await self._run(call)

    async def indexes(self, collection: str) -> list[tuple[tuple[str, ...], bool]] | None:
        """List the paths of each index in its order, and whether it is unique for all documents; None for a view."""

        async def call(database: _Database) -> list[tuple[tuple[str, ...], bool]] | None:
            try:
                return [_index(index) async for index in await database[collection].list_indexes()]
            except OperationFailure as error:
                if error.code == NOT_FOR_VIEWS:
                    return None
                raise

        return await self._run(call)

    async def text_paths(self, collection: str) -> set[str]:
        """List the paths of the index of words that a collection has; `$**` is for all. A view has none."""

        async def call(database: _Database) -> set[str]:
            try:
                return {path async for index in await database[collection].list_indexes() for path in index.get("weights", ())}
            except OperationFailure as error:
                if error.code == NOT_FOR_VIEWS:
                    return set()
                raise

        return await self._run(call)

    async def unreachable(self) -> str | None:
        """Say why nothing can be read, and the fix. None if something can."""
        try:
            await self.collections()
        except SourceAuthError:
            return "the database does not accept the user and password, or grants no right to read; correct them"
        except SourceError:
            return "cannot connect; is the database up, and are hosts, port and options right?"
        return None

    async def _run(self, call: Callable[[_Database], Coroutine[Any, Any, T]]) -> T:
        """Run a call, and map its errors.

        A caller that is cancelled leaves it to end in its time: the driver forgets a socket that is being connected, and throws
        away a connection that is waiting for its answer.
        """
        if self._client is None:
            raise SourceUnavailableError("the connector is closed")
        client = self._client
        running = asyncio.create_task(self._when_found(client, call(client[self._settings.database])))
        self._track(running)
        try:
            return await asyncio.shield(running)
        except ServerSelectionTimeoutError as error:
            raise source_error(_refusal(client) or error) from without_frames(error)
        except FOREIGN as error:
            raise source_error(error) from without_frames(error)

    async def _look(self, client: AsyncMongoClient[Any]) -> None:
        with suppress(*FOREIGN), pymongo.timeout(SELECTION_S):
            await self._checks.or_all_away(client, client.admin.command("ping"))

    async def _when_found(self, client: AsyncMongoClient[Any], call: Coroutine[Any, Any, T]) -> T:
        """Run the call once there is a server: the driver would spend all of the call's time on looking for one."""
        try:
            if not _has_server(client):
                with pymongo.timeout(_selection_s.get()):
                    await self._checks.or_all_away(client, client.admin.command("ping"))
        except BaseException as error:
            # A server that is there and slow has the rest of the call's time.
            if not isinstance(error, FOREIGN) or not _has_server(client):
                call.close()
                raise
        return await call

    def _track(self, running: asyncio.Task[Any]) -> None:
        self._running.add(running)
        running.add_done_callback(self._ended)

    def _ended(self, running: asyncio.Task[Any]) -> None:
        self._running.discard(running)
        if not running.cancelled():
            # Whoever asked may be gone, and an error that nobody has looked at is logged, with the server's words.
            running.exception()


def _index(found: Document) -> tuple[tuple[str, ...], bool]:
    """Read an index. One of some documents only, or of those alone that have the path, says nothing of the others."""
    is_whole = "partialFilterExpression" not in found and not found.get("sparse")
    paths = tuple(found["key"])
    return paths, is_whole and (bool(found.get("unique")) or paths == ("_id",))


def _has_server(client: AsyncMongoClient[Any]) -> bool:
    return client.topology_description.has_readable_server(client.read_preference)


def _refusal(client: AsyncMongoClient[Any]) -> OperationFailure | None:
    """Map the refusal of a server that answered: after it, the driver has no server for a while."""
    servers = client.topology_description.server_descriptions().values()
    return next((server.error for server in servers if isinstance(server.error, OperationFailure)), None)


def _options(settings: MongoSourceSettings) -> dict[str, Any]:
    return dict(
        appname="profile-gateway",
        tz_aware=True,
        uuidRepresentation="standard",
        # One date beyond the calendar or one broken text would otherwise cost all documents of its batch.
        datetime_conversion=DatetimeConversion.DATETIME_AUTO.name,
        unicode_decode_error_handler="replace",
        maxPoolSize=settings.pool_size,
        serverSelectionTimeoutMS=int(SELECTION_S * 1000),
        connectTimeoutMS=CONNECT_MS,
        heartbeatFrequencyMS=CHECK_MS,
        # Calls are made again by the gateway, within its budget; with a timeout the driver would do so until that is over.
        retryReads=False,
    )
