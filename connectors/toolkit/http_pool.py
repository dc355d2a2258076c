"""The connections to one origin: opened when they are needed, kept for a while, at most so many at once."""

import asyncio
import socket
import ssl
from collections import deque
from typing import Any

from aiohappyeyeballs import start_connection

from connectors.contract import PoolUsage
from connectors.errors import SourceProtocolError, SourceUnavailableError, without_frames
from connectors.toolkit.http_connection import ContentLimit, HttpConnection, SourceResponse

IDLE_S = 15.0
"""How long a connection is kept that nobody uses."""
RESOLVED_S = 10.0
"""How long the addresses of a name are used."""
NEXT_ADDRESS_S = 0.25
"""After so long without an answer, the next address is tried beside it (RFC 8305)."""


class HttpPool:
    """The connections to one host and port. `tls` is None for plain HTTP."""

    def __init__(self, host: str, port: int, max_connections: int, tls: ssl.SSLContext | None) -> None:
        self._host, self._port, self._tls = host, port, tls
        self._loop = asyncio.get_running_loop()
        self._slots = asyncio.Semaphore(max_connections)
        self._max_connections = max_connections
        self._idle: deque[HttpConnection] = deque()
        self._used: set[HttpConnection] = set()
        self._opening: set[asyncio.Task[HttpConnection]] = set()
        self._sweep_timer: asyncio.TimerHandle | None = None
        self._addresses: asyncio.Future[list[Any]] | None = None
        self._addresses_end = 0.0
        self._is_closed = False

    async def exchange(self, request: bytes, limit_content: ContentLimit, *, again: bool) -> SourceResponse:
        """Send a request over the first connection that is free; the response.

        `again`: where the source had closed a kept connection, and so not seen the request, send it once more over a new one.
        """
        async with self._slots:
            connection = self._pick_idle()
            if connection is not None:
                try:
                    return await self._exchange(connection, request, limit_content)
                except SourceUnavailableError:
                    if not again or connection.has_answered:
                        raise
                self._close_idle()  # it was the one used last
            return await self._exchange(await self._connect(), request, limit_content)

    @property
    def usage(self) -> PoolUsage:
        """Count the connections now."""
        return PoolUsage(len(self._used) + len(self._opening), len(self._idle), self._max_connections)

    def close(self) -> None:
        """Close all connections. Calls under way fail."""
        self._is_closed = True
        self._close_idle()
        for connection in self._used:
            connection.abort()
        for opening in self._opening:
            opening.cancel()

    async def _exchange(self, connection: HttpConnection, request: bytes, limit_content: ContentLimit) -> SourceResponse:
        self._used.add(connection)
        try:
            response = await connection.send(request, limit_content)
        except BaseException:
            connection.abort()
            raise
        finally:
            self._used.discard(connection)
        if not connection.is_free:
            connection.abort()
        elif self._is_closed:
            connection.close()
        else:
            self._keep(connection)
        return response

    def _pick_idle(self) -> HttpConnection | None:
        """Take the connection that was used last: the others may end."""
        while self._idle:
            connection = self._idle.pop()
            if connection.is_free and connection.is_silent:
                return connection
            connection.abort()
        return None

    def _keep(self, connection: HttpConnection) -> None:
        connection.idle_since = self._loop.time()
        self._idle.append(connection)
        if self._sweep_timer is None:
            self._sweep_timer = self._loop.call_later(IDLE_S, self._sweep)

    def _sweep(self) -> None:
        self._sweep_timer = None
        now = self._loop.time()
        while self._idle and (self._idle[0].idle_since + IDLE_S <= now or not self._idle[0].is_free):
            self._idle.popleft().close()
        if self._idle:
            self._sweep_timer = self._loop.call_at(self._idle[0].idle_since + IDLE_S, self._sweep)

    def _close_idle(self) -> None:
        while self._idle:
            self._idle.pop().abort()
        if self._sweep_timer is not None:
            self._sweep_timer.cancel()
            self._sweep_timer = None

    async def _connect(self) -> HttpConnection:
        """Open a connection. That ends when the pool closes, as all calls do."""
        if self._is_closed:
            raise SourceUnavailableError("the connector is closed")
        opening = self._loop.create_task(self._open())
        self._opening.add(opening)
        opening.add_done_callback(self._opening.discard)
        try:
            return await opening
        except asyncio.CancelledError:
            caller = asyncio.current_task()
            if caller is None or caller.cancelling():
                raise
            raise SourceUnavailableError("the connector is closed") from None

    async def _open(self) -> HttpConnection:
        name = None if self._tls is None else self._host.rstrip(".")
        try:
            opened = await start_connection(await self._resolve(), happy_eyeballs_delay=NEXT_ADDRESS_S)
            _, connection = await self._loop.create_connection(HttpConnection, sock=opened, ssl=self._tls, server_hostname=name)
        except UnicodeError as error:
            raise SourceProtocolError("the address cannot be used") from without_frames(error)
        except (OSError, RuntimeError) as error:  # uvloop has both
            raise SourceUnavailableError("no connection") from without_frames(error)
        return connection

    async def _resolve(self) -> list[Any]:
        """Look the name up off the event loop, once for all who wait. Connections begin with its addresses in turn."""
        found = self._addresses
        if found is None or (found.done() and (self._loop.time() >= self._addresses_end or found.exception() is not None)):
            self._addresses = found = self._loop.create_task(self._look_up())
            found.add_done_callback(lambda ended: ended.cancelled() or ended.exception())  # also where nobody waits any more
        addresses = await asyncio.shield(found)
        addresses.append(addresses.pop(0))
        return addresses[-1:] + addresses[:-1]

    async def _look_up(self) -> list[Any]:
        found = await self._loop.getaddrinfo(self._host, self._port, type=socket.SOCK_STREAM)
        self._addresses_end = self._loop.time() + RESOLVED_S
        return list(found)
