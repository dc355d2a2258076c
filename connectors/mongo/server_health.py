"""Note the driver's checks, so that no call awaits dead servers."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

from pymongo import AsyncMongoClient
from pymongo.errors import OperationFailure, ServerSelectionTimeoutError
from pymongo.monitoring import (
    ServerHeartbeatFailedEvent,
    ServerHeartbeatListener,
    ServerHeartbeatStartedEvent,
    ServerHeartbeatSucceededEvent,
)


class ServerHealth(ServerHeartbeatListener):
    """Listens to one client."""

    def __init__(self) -> None:
        self._away: set[Any] = set()
        self._changed = asyncio.Event()

    def started(self, event: ServerHeartbeatStartedEvent) -> None: ...

    def succeeded(self, event: ServerHeartbeatSucceededEvent) -> None:
        self._away.discard(event.connection_id)

    def failed(self, event: ServerHeartbeatFailedEvent) -> None:
        self._away.add(event.connection_id)
        self._changed.set()

    async def or_all_away(self, client: AsyncMongoClient[Any], looking: Coroutine[Any, Any, Any]) -> None:
        """Wait for a server.

        Raises `ServerSelectionTimeoutError` as soon as each server has failed the last look at it, or has refused us since.
        """
        task = asyncio.create_task(looking)
        task.add_done_callback(_see_error)  # a look that is given up may end later, when the client is closed
        try:
            while not task.done():
                if self._are_all_away(client):
                    raise ServerSelectionTimeoutError
                self._changed.clear()
                changed = asyncio.create_task(self._changed.wait())
                await asyncio.wait({task, changed}, return_when=asyncio.FIRST_COMPLETED)
                changed.cancel()
            await task
        finally:
            task.cancel()

    def _are_all_away(self, client: AsyncMongoClient[Any]) -> bool:
        servers = client.topology_description.server_descriptions()
        return bool(servers) and all(
            address in self._away or isinstance(server.error, OperationFailure) for address, server in servers.items()
        )


def _see_error(look: asyncio.Task[Any]) -> None:
    """Look at an error that nobody waits for: else it is logged, with the server's words."""
    if not look.cancelled():
        look.exception()
