"""uvicorn, as the gateway uses it: how it is configured, and how it ends."""

import asyncio
import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Protocol, runtime_checkable

import uvicorn
from starlette.applications import Starlette

from gateway.clock import Clock
from gateway.uvicorn_protocol import EndpointProtocol

GRACE_S = 10
"""How long answers under way may take after the end was asked for."""

DRAIN_S = 1.0
"""How long callers may go on using connections after the end was asked for. Each answer asks them to close."""

_DRAIN_POLL_S = 0.02
_CLOSE = (b"connection", b"close")


def configure_server(create: Callable[[], Starlette]) -> uvicorn.Config:
    """Configure uvicorn. `create` builds the application when the server starts."""
    return uvicorn.Config(
        create,
        factory=True,
        http=EndpointProtocol,
        ws="none",  # which `socket_upgrade` opens
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        timeout_graceful_shutdown=GRACE_S,
    )


@runtime_checkable
class EndingApplication(Protocol):
    """An application that answers streams."""

    async def end_streams(self) -> None:
        """End them behind what is under way."""
        ...


class AnnouncingServer(uvicorn.Server):
    """Calls `ready` when requests are answered. A second signal ends it at once."""

    def __init__(self, config: uvicorn.Config, ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._ready = ready

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:  # noqa: ARG002
        """End, without raising the signal again afterwards: what was opened around the server is closed after it."""
        self.force_exit = self.should_exit
        self.should_exit = True

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._ready()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """End, and have streams end that would go on for as long as they are read. Answers have what they leave of the time."""
        begun = Clock.monotonic()
        if isinstance(app := self.config.loaded_app, EndingApplication):
            await app.end_streams()
        self.config.timeout_graceful_shutdown = max(1, GRACE_S - int(Clock.monotonic() - begun))
        await super().shutdown(sockets)


class WorkerServer(AnnouncingServer):
    """The server of a worker. Its listener is shared with other workers.

    Only SIGTERM ends it: what a terminal sends to all processes is for the master.
    """

    def __init__(
        self, config: uvicorn.Config, listener: socket.socket, ready: Callable[[], None], end: Callable[[], None]
    ) -> None:
        super().__init__(config, ready)
        self._listener = listener
        self._end = end

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        signal.signal(signal.SIGTERM, lambda *_: self._end())
        yield

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        for server in self.servers:
            server.close()
        await self._accept_queued()
        await self._drain()
        await super().shutdown(sockets)

    async def _accept_queued(self) -> None:
        """Accept the connections that wait in the system's queue, which would be reset. Then stop listening."""
        loop = asyncio.get_running_loop()
        queued = []
        while True:
            try:
                queued.append(self._listener.accept()[0])
            except OSError:
                break
        self._listener.close()
        for connection in queued:
            connection.setblocking(False)
            await loop.connect_accepted_socket(self._create_protocol, connection)

    def _create_protocol(self) -> asyncio.Protocol:
        return EndpointProtocol(config=self.config, server_state=self.server_state, app_state=self.lifespan.state)

    async def _drain(self) -> None:
        """Let callers leave by themselves: a connection that we close may have a request on its way."""
        state = self.server_state
        state.default_headers = [*state.default_headers, _CLOSE]
        ends = Clock.monotonic() + DRAIN_S
        while state.connections and Clock.monotonic() < ends:  # noqa: ASYNC110  uvicorn tells of no end
            await asyncio.sleep(_DRAIN_POLL_S)
