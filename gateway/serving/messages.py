"""What master and workers tell each other, over a pair of sockets.

A message is its length in four bytes and MessagePack.
"""

from __future__ import annotations

import asyncio
import socket
from typing import Any

import msgspec

_LENGTH_BYTES = 4


class Prepare(msgspec.Struct, tag=True):
    """To a worker: build the services of a configuration, which is pickled, beside those that serve."""

    configuration: bytes


class Switch(msgspec.Struct, tag=True):
    """To a worker: serve what was prepared."""


class Discard(msgspec.Struct, tag=True):
    """To a worker: forget what was prepared."""


class Scrape(msgspec.Struct, tag=True):
    """To a worker: send your metrics."""


class Ready(msgspec.Struct, tag=True):
    """From a worker: it takes requests, on the settings of this revision."""

    revision: int


class PrepareResult(msgspec.Struct, tag=True):
    """From a worker: the services of this revision are built, unless there are problems."""

    revision: int
    problems: list[str]


class Switched(msgspec.Struct, tag=True):
    """From a worker: it serves the settings of this revision."""

    revision: int


class Heartbeat(msgspec.Struct, tag=True):
    """From a worker: its loop turns. `lag_s` is how late this turn came, `sources` the health of each source.

    `notes` say what stands between the gateway and its sources, such as a recording.
    """

    lag_s: float
    requests: int
    sources: dict[str, str]
    store_available: bool | None
    notes: dict[str, Any]
    metrics: bytes


class Scraped(msgspec.Struct, tag=True):
    """From a worker: the metrics of now."""

    metrics: bytes


ToWorker = Prepare | Switch | Discard | Scrape
ToMaster = Ready | PrepareResult | Switched | Heartbeat | Scraped
Message = ToWorker | ToMaster

_encoder = msgspec.msgpack.Encoder()
_decoder: msgspec.msgpack.Decoder[Message] = msgspec.msgpack.Decoder(Message)


class Pipe:
    """One end of the pair."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    @classmethod
    async def open(cls, end: socket.socket) -> Pipe:
        """Open it in the running loop."""
        return cls(*await asyncio.open_unix_connection(sock=end))

    def send(self, message: Message) -> None:
        """Send a message. Nothing happens where the other end is closed."""
        content = _encoder.encode(message)
        self._writer.write(len(content).to_bytes(_LENGTH_BYTES) + content)

    async def receive(self) -> Message | None:
        """Wait for the next message. None when the other process has ended."""
        try:
            length = int.from_bytes(await self._reader.readexactly(_LENGTH_BYTES))
            return _decoder.decode(await self._reader.readexactly(length))
        except (asyncio.IncompleteReadError, ConnectionError):
            return None

    def close(self) -> None:
        self._writer.close()
