"""Servers on loopback that misbehave as a test asks: raw HTTP, and a proxy that spoils what a real server says."""

import asyncio
import socket
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress

SECRET = "upstream-secret-7f3a"
"""Stands in whatever a faulty source says, and must not come out of the gateway."""
BEAT_S = 1.0
"""How long a dripping server rests between two bytes."""
LARGE = 100_000_000
"""Bytes of an answer that is too large."""

Say = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
"""What a server does with one connection."""


@asynccontextmanager
async def listening(say: Say) -> AsyncIterator[int]:
    """A server on a free port; its connections end with the block."""
    speaking: set[asyncio.Task[None]] = set()

    async def speak(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        speaking.add(task)
        try:
            with suppress(ConnectionError, asyncio.IncompleteReadError):
                await say(reader, writer)
        except asyncio.CancelledError:
            return  # the streams would log it
        finally:
            speaking.discard(task)
            writer.close()

    server = await asyncio.start_server(speak, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        ending = list(speaking)
        for task in ending:
            task.cancel()
        await asyncio.gather(*ending, return_exceptions=True)


async def silence(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
    """Reads what comes and never says a word."""
    while await reader.read(65_536):
        pass


def reset(writer: asyncio.StreamWriter) -> None:
    """Break the connection off, without a goodbye."""
    writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


async def drip(writer: asyncio.StreamWriter, content: bytes) -> None:
    """Say it one byte a second."""
    for place in range(len(content)):
        writer.write(content[place : place + 1])
        await writer.drain()
        await asyncio.sleep(BEAT_S)


def head(status: int, length: int, **headers: str) -> bytes:
    """The head of an HTTP answer; `_` in a header's name stands for `-`."""
    own = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items())
    return f"HTTP/1.1 {status} {SECRET}\r\nX-Note: {SECRET}\r\nContent-Length: {length}\r\n{own}\r\n".encode()


async def asked(reader: asyncio.StreamReader) -> None:
    """Read one request, with its body."""
    text = (await reader.readuntil(b"\r\n\r\n")).lower()
    _, found, length = text.partition(b"content-length:")
    if found:
        await reader.readexactly(int(length.split(b"\r\n")[0]))


def answering(status: int, body: bytes, **headers: str) -> Say:
    """An HTTP server that has one answer for all."""

    async def say(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            await asked(reader)
            writer.write(head(status, len(body), **headers) + body)
            await writer.drain()

    return say


def breaking_off(body: bytes) -> Say:
    """An HTTP server that resets the connection in the middle of its answer."""

    async def say(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await asked(reader)
        writer.write(head(200, 2 * len(body)) + body)
        await writer.drain()
        reset(writer)

    return say


def dripping(body: bytes) -> Say:
    """An HTTP server that says its answer one byte a second."""

    async def say(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await asked(reader)
        writer.write(head(200, len(body)))
        await drip(writer, body)

    return say


async def flooding(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """An HTTP server whose answer has `LARGE` bytes: one text of JSON."""
    await asked(reader)
    writer.write(head(200, LARGE) + b'"')
    piece = b"x" * 1_000_000
    for _ in range(LARGE // len(piece)):
        writer.write(piece)
        await writer.drain()


Connect = Callable[[], Awaitable[tuple[asyncio.StreamReader, asyncio.StreamWriter]]]
Spoil = Callable[[asyncio.StreamWriter, bytes], Awaitable[None]]
"""What becomes of the rest of an answer, from `SECRET` on."""


async def break_off(writer: asyncio.StreamWriter, _rest: bytes) -> None:
    reset(writer)


async def let_through(writer: asyncio.StreamWriter, rest: bytes) -> None:
    writer.write(rest)
    await writer.drain()


def spoiling(connect: Connect, spoil: Spoil) -> Say:
    """A proxy in front of a real server that spoils an answer where it says `SECRET`."""

    async def say(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        from_server, to_server = await connect()
        questions = asyncio.create_task(_passed(reader, to_server))
        try:
            while content := await from_server.read(65_536):
                clean, found, rest = content.partition(SECRET.encode())
                writer.write(clean)
                await writer.drain()
                if found:
                    await spoil(writer, found + rest)
        finally:
            questions.cancel()
            to_server.close()

    return say


async def _passed(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(ConnectionError):
        while content := await reader.read(65_536):
            writer.write(content)
            await writer.drain()
        writer.close()
