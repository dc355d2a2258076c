"""Serving an application: one process or several workers.

On SIGTERM or SIGINT answers under way are finished, then connections to sources are closed.
"""

import socket
from collections.abc import Callable
from types import FrameType

import uvicorn
from starlette.applications import Starlette
from uvicorn.supervisors import Multiprocess

from connectors.errors import ConfigurationError
from gateway.uvicorn_protocol import EndpointProtocol

GRACE_S = 10
"""How long answers under way may take after the end was asked for."""


ACCEPTS_PER_ROUND = 16
"""Connections that a worker accepts in a round of its loop, which takes one from each socket that it listens on.

Else those who connect wait unseen in the queue of the system, for as many rounds as others are before them.
"""


def configured(create: Callable[[], Starlette], *, workers: int = 1) -> uvicorn.Config:
    """Configure uvicorn. `create` builds the application in the process that serves it."""
    return uvicorn.Config(
        create,
        factory=True,
        http=EndpointProtocol,
        ws="none",
        workers=workers,
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        timeout_graceful_shutdown=GRACE_S,
    )


def listening(host: str, port: int) -> socket.socket:
    """Open a socket that takes connections; port 0 takes a free one.

    Raises `ConfigurationError` when the address cannot be had.
    """
    try:
        return socket.create_server((host, port), backlog=2048)
    except OSError as error:
        raise ConfigurationError([f"--port: {host}:{port} cannot be used ({error.strerror}); choose another port"]) from None


def inherit_socket(descriptor: int) -> socket.socket:
    """Take over a listening socket that the parent process opened, as systemd does with the number 3.

    Raises `ConfigurationError` when the descriptor is no listening stream socket.
    """
    try:
        inherited = socket.socket(fileno=descriptor)
        listens = inherited.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN)
    except OSError:
        listens = 0
    if not listens:
        raise ConfigurationError([f"--fd: {descriptor} is no listening socket; give the unit a socket, or leave it out"])
    return inherited


def multiplied(taken: socket.socket) -> list[socket.socket]:
    """Duplicate the socket on the same address and queue. Together they make `ACCEPTS_PER_ROUND`."""
    return [taken, *(taken.dup() for _ in range(ACCEPTS_PER_ROUND - 1))]


class AnnouncingServer(uvicorn.Server):
    """Calls `ready` when requests are answered."""

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


def serve(create: Callable[[], Starlette], *, host: str, port: int, workers: int, descriptor: int | None = None) -> None:
    """Serve until a signal, on an inherited socket where `descriptor` names one. With several workers `create` is pickled."""
    config = configured(create, workers=workers)
    sockets = multiplied(listening(host, port) if descriptor is None else inherit_socket(descriptor))
    if workers == 1:
        uvicorn.Server(config).run(sockets=sockets)
    else:
        Multiprocess(config, sockets=sockets).run()
