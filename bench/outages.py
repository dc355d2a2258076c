"""Ways in which the order source is, at a port that the gateway knows: well, refusing connections, or silent."""

import socket
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

from bench import data, sources
from bench.processes import Cores, free_ports

_BACKLOG = 4096
"""More connections than an outage makes: each call that hangs takes one, and keeps it for the deadline."""


def states(folder: Path, cores: Cores, port: int) -> dict[str, Callable[[], AbstractContextManager[Any]]]:
    """What makes the order source be so, by what it then is."""

    def well() -> AbstractContextManager[Any]:
        others = [kind for kind in data.KINDS if kind != "orders"]
        return sources.served(folder, cores, {**dict(zip(others, free_ports(len(others)), strict=True)), "orders": port})

    return {"healthy": well, "refusing": lambda: _refusing(port), "hanging": lambda: _hanging(port), "recovered": well}


@contextmanager
def _refusing(port: int) -> Iterator[socket.socket]:
    # Bound, so that no connection of ours gets this port and answers itself, and not listening.
    with socket.socket() as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        taken.bind(("127.0.0.1", port))
        yield taken


@contextmanager
def _hanging(port: int) -> Iterator[None]:
    """The kernel takes connections and what is sent over them; nobody reads it."""
    with _refusing(port) as taken:
        taken.listen(_BACKLOG)
        yield
