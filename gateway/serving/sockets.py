"""Sockets that take connections. They are opened before anything is announced.

They never block. That is a property of the open socket, which all processes share: one that set it blocking for a moment, as
`socket.dup` does with a socket that blocks, would have the others wait in `accept` for somebody to connect.
"""

import os
import socket

from connectors.errors import ConfigurationError

ADMIN_HOST = "127.0.0.1"
DEFAULT_ADMIN_PORT = 9000

MAX_BACKLOG = 2048
"""Connections that wait in the system until a worker accepts them."""

ACCEPTS_PER_ROUND = 16
"""Connections that a worker accepts in a round of its loop, which takes one from each socket that it listens on.

Else those who connect wait unseen in the queue of the system, for as many rounds as others are before them.
"""


def listen(host: str, port: int, option: str = "--port") -> socket.socket:
    """Open a socket that takes connections; port 0 takes a free one.

    Raises `ConfigurationError` when the address cannot be had. `option` is the one of the command line that names it.
    """
    try:
        listener = socket.create_server((host, port), backlog=MAX_BACKLOG)
    except OSError as error:
        reason = str(error) if error.errno is None else os.strerror(error.errno)
        raise ConfigurationError([f"{option}: {host}:{port} cannot be used ({reason}); choose another port"]) from None
    listener.setblocking(False)
    return listener


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
    inherited.setblocking(False)
    return inherited


def duplicate_listener(listener: socket.socket) -> list[socket.socket]:
    """Duplicate the socket on the same address and queue, `ACCEPTS_PER_ROUND` times."""
    return [listener.dup() for _ in range(ACCEPTS_PER_ROUND)]


def refuse_new(listener: socket.socket) -> None:
    """Let no more connections into the queue. Those who connect try again after a second, and are refused by then.

    Linux takes a new length for the queue of a socket that listens; there the workers can empty the queue before they end.
    To be used for a socket of ours alone: in that of a parent those who connect wait for the next gateway.
    """
    listener.listen(0)
    listener.close()
