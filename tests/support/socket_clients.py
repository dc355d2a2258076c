"""A gateway whose endpoint opens WebSockets, clients of these, and what a client sends that keeps no rule."""

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed
from websockets.frames import Opcode

from connectors.contract import Connector
from gateway.app import GatewayApplication, create_app
from gateway.clock import Clock
from gateway.serving.server import AnnouncingServer, configure_server
from gateway.serving.sockets import listen
from gateway.subscriptions.socket_messages import SUBPROTOCOL
from gateway.subscriptions.socket_session import SocketSession
from gateway.telemetry.metrics import Metrics
from tests.support import shop
from tests.support.clocks import PATIENCE_S
from tests.support.gateway_server import settings_for

NAME = {"query": '{ customer(by: {id: "c1"}) { name } }'}
ANA = {"customer": {"name": "Ana Souza"}}
BEGIN = {"type": "connection_init"}
HANDSHAKE = {
    "Host": "gateway",
    "Upgrade": "websocket",
    "Connection": "Upgrade",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Protocol": SUBPROTOCOL,
}


class SocketGateway:
    """A gateway behind a real socket, in this process."""

    def __init__(self, app: GatewayApplication, server: AnnouncingServer, port: int, metrics: Metrics) -> None:
        self.app = app
        self.server = server
        self.port = port
        self.metrics = metrics
        self.url = f"ws://127.0.0.1:{port}/graphql"
        self.http_url = f"http://127.0.0.1:{port}"

    @property
    def sessions(self) -> Sequence[SocketSession]:
        """Those of the open sockets, the oldest first."""
        return [*self.app.sockets._sessions]

    @asynccontextmanager
    async def socket(self, **words: Any) -> AsyncIterator[ClientConnection]:
        """A socket whose client has said nothing."""
        given = {"subprotocols": [SUBPROTOCOL], "compression": None, "ping_interval": None, "max_size": None} | words
        async with connect(self.url, **given) as socket:
            yield socket

    @asynccontextmanager
    async def begun(self, payload: dict[str, Any] | None = None, **words: Any) -> AsyncIterator[ClientConnection]:
        """A socket whose client may ask."""
        async with self.socket(**words) as socket:
            await say(socket, {**BEGIN, "payload": payload})
            assert await heard(socket) == {"type": "connection_ack"}
            yield socket

    @asynccontextmanager
    async def bare(self) -> AsyncIterator["BareClient"]:
        """A connection whose client writes bytes."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        try:
            yield BareClient(reader, writer)
        finally:
            writer.transport.abort()

    def counts(self) -> Counter[str]:
        """How often requests were observed, by their codes."""
        counts: Counter[str] = Counter()
        for line in self.metrics.render().decode().splitlines():
            if line.startswith("gateway_requests_total{"):
                counts[line.split('code="')[1].split('"')[0]] += int(float(line.split()[-1]))
        return counts

    def codes(self) -> set[str]:
        """The codes of what was observed."""
        return {*self.counts()}


class BareClient:
    """A client that sends what it likes, and reads when it likes."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    def send(self, data: bytes) -> None:
        self.writer.write(data)

    def shake(self, path: str = "/graphql", **headers: str | None) -> None:
        """Send a handshake. A header that is None is left out."""
        self.send(handshake(path, **headers))

    async def head(self) -> tuple[int, bytes]:
        """The status of the answer, and all of its head."""
        async with asyncio.timeout(PATIENCE_S):
            head = await self.reader.readuntil(b"\r\n\r\n")
        return int(head.split()[1]), head

    async def open(self, **headers: str | None) -> None:
        """Open a socket."""
        self.shake(**headers)
        assert (await self.head())[0] == 101

    async def begin(self) -> None:
        """Open a socket and begin."""
        await self.open()
        self.say(BEGIN)
        assert await self.heard() == {"type": "connection_ack"}

    def say(self, message: Any) -> None:
        self.send(frame(json.dumps(message).encode()))

    async def frame(self) -> tuple[int, bytes]:
        """The opcode of the next frame, and what it holds."""
        async with asyncio.timeout(PATIENCE_S):
            first, length = await self.reader.readexactly(2)
            if length >= 126:
                length = int.from_bytes(await self.reader.readexactly(2 if length == 126 else 8))
            return first & 15, await self.reader.readexactly(length)

    async def heard(self) -> dict[str, Any]:
        """The next message."""
        opcode, data = await self.frame()
        assert opcode == Opcode.TEXT, data
        message: dict[str, Any] = json.loads(data)
        return message

    async def closing(self) -> int:
        """The code that the socket is closed with, whatever comes before."""
        while (read := await self.frame())[0] != Opcode.CLOSE:
            pass
        return int.from_bytes(read[1][:2])


def handshake(path: str = "/graphql", **headers: str | None) -> bytes:
    """A request that opens a socket. A header that is None is left out."""
    given = HANDSHAKE | {name.replace("_", "-"): value for name, value in headers.items()}
    lines = [f"{name}: {value}" for name, value in given.items() if value is not None]
    return "\r\n".join([f"GET {path} HTTP/1.1", *lines, "", ""]).encode()


def frame(data: bytes, opcode: Opcode = Opcode.TEXT, *, fin: bool = True) -> bytes:
    """A frame of a client, whose mask changes nothing."""
    size = len(data)
    length = bytes([128 | size]) if size < 126 else b"\xfe" + size.to_bytes(2) if size < 1 << 16 else b"\xff" + size.to_bytes(8)
    return bytes([128 * fin | opcode]) + length + bytes(4) + data


@asynccontextmanager
async def socket_gateway(
    connectors: Sequence[Connector[Any]] | None = None, *, clock: Clock | None = None, port: int = 0, **words: Any
) -> AsyncIterator[SocketGateway]:
    """A gateway behind a real socket, on a free port; `words` are settings."""
    connectors = [shop.crm()] if connectors is None else connectors
    metrics, apps = Metrics(), []

    def create() -> GatewayApplication:
        apps.append(create_app(settings_for(connectors, **words), connectors=connectors, clock=clock, metrics=metrics))
        return apps[0]

    taken, started = listen("127.0.0.1", port), asyncio.Event()
    server = AnnouncingServer(configure_server(partial(create)), started.set)
    serving = asyncio.create_task(server.serve([taken]))
    try:
        await asyncio.wait({serving, asyncio.create_task(started.wait())}, return_when=asyncio.FIRST_COMPLETED)
        assert not serving.done(), "the server ended at its start"
        yield SocketGateway(apps[0], server, taken.getsockname()[1], metrics)
    finally:
        server.should_exit = True
        await serving


async def until(is_so: Callable[[], bool]) -> None:
    """Wait until something is so."""
    async with asyncio.timeout(PATIENCE_S):
        while not is_so():
            await asyncio.sleep(0)


async def say(socket: ClientConnection, message: Any) -> None:
    await socket.send(message if isinstance(message, str | bytes) else json.dumps(message))


async def ask(socket: ClientConnection, id_: str = "1", payload: Any = NAME) -> None:
    """Ask something over a socket."""
    await say(socket, {"id": id_, "type": "subscribe", "payload": payload})


async def heard(socket: ClientConnection) -> dict[str, Any]:
    """The next message."""
    async with asyncio.timeout(PATIENCE_S):
        message: dict[str, Any] = json.loads(await socket.recv())
    return message


async def closing(socket: ClientConnection) -> tuple[int, str]:
    """The code that the socket is closed with, and the reason."""
    async with asyncio.timeout(PATIENCE_S):
        with pytest.raises(ConnectionClosed) as closed:
            await socket.recv()
    assert closed.value.rcvd is not None
    return closed.value.rcvd.code, closed.value.rcvd.reason
