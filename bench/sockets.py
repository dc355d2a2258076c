"""What an open WebSocket takes of a worker's memory: `python -m bench.sockets`.

A child process serves a gateway; clients of this one open sockets, begin, and say nothing more.
"""

import asyncio
import os
import subprocess
import sys
from functools import partial
from pathlib import Path

from websockets.asyncio.client import ClientConnection, connect

from bench.loop_turns import Crm
from bench.output import out
from gateway.app import create_app
from gateway.serving.server import AnnouncingServer, configure_server
from gateway.serving.sockets import listen
from gateway.settings import parse_settings
from gateway.subscriptions.socket_messages import SUBPROTOCOL

SOCKETS = 1_000
WARM = 50
"""So many are open before it is measured, that what comes with the first ones is there."""


async def serve_port() -> None:
    """Serve a gateway on a free port, and print that."""
    taken = listen("127.0.0.1", 0)
    ready = partial(sys.stdout.write, f"{taken.getsockname()[1]}\n")
    settings = parse_settings({"sources": {"crm": {"kind": "memory"}}})

    def announce() -> None:
        ready()
        sys.stdout.flush()

    await AnnouncingServer(configure_server(partial(create_app, settings, connectors=[Crm()])), announce).serve([taken])


def read_resident(pid: int) -> int:
    """Read how many bytes of memory a process has."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


async def open_socket(port: int) -> ClientConnection:
    """Open a socket and begin."""
    socket = await connect(
        f"ws://127.0.0.1:{port}/graphql",
        subprotocols=[SUBPROTOCOL],  # type: ignore[list-item]
        compression=None,
        ping_interval=None,
    )
    await socket.send('{"type": "connection_init"}')
    await socket.recv()
    return socket


async def measure_sockets(pid: int, port: int) -> float:
    """Measure the bytes that each socket takes."""
    opened = [await open_socket(port) for _ in range(WARM)]
    before = read_resident(pid)
    opened += [await open_socket(port) for _ in range(SOCKETS)]
    taken = (read_resident(pid) - before) / SOCKETS
    for socket in opened:
        socket.transport.abort()
    return taken


def main() -> None:
    """Measure, and print the figure."""
    if sys.argv[1:] == ["serve"]:
        asyncio.run(serve_port())
        return
    with subprocess.Popen([sys.executable, "-m", "bench.sockets", "serve"], stdout=subprocess.PIPE, text=True) as child:
        try:
            assert child.stdout is not None
            port = int(child.stdout.readline())
            out.print(f"{SOCKETS:,} sockets: {asyncio.run(measure_sockets(child.pid, port)) / 1024:.1f} KiB each")
        finally:
            child.terminate()


if __name__ == "__main__":
    main()
