"""A server that answers with given bytes, whatever they are, and remembers what it was asked."""

import asyncio
import re
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from connectors.toolkit.http_client import HttpClient, Refusal, WebSettings

Answers = Callable[["ByteServer", asyncio.StreamWriter], Awaitable[bool]]
"""Answers one request; whether the connection stays."""
_LENGTH = re.compile(rb"content-length: ([0-9]+)", re.IGNORECASE)


def framed(content: bytes = b"[]", *fields: str, status: str = "200 OK") -> bytes:
    """A response with a length."""
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(content)}", *fields, "", ""]
    return "\r\n".join(lines).encode() + content


class ByteServer:
    """What it was asked by connection, and how many connections are open."""

    def __init__(self) -> None:
        self.url = ""
        self.requests: list[list[bytes]] = []
        self.open = 0
        self.most_open = 0
        self.changed = asyncio.Condition()

    @property
    def counts(self) -> list[int]:
        """The number of requests on each connection."""
        return [len(requests) for requests in self.requests]

    async def wait_until(self, is_so: Callable[["ByteServer"], bool]) -> None:
        async with self.changed:
            await self.changed.wait_for(lambda: is_so(self))

    async def tell(self) -> None:
        async with self.changed:
            self.changed.notify_all()


def giving(*answers: bytes, closes: bool = False, pieces: int | None = None) -> Answers:
    """These answers in turn, the last again and again; in pieces of so many bytes."""
    given: list[int] = []

    async def answer(_server: ByteServer, writer: asyncio.StreamWriter) -> bool:
        content = answers[min(len(given), len(answers) - 1)]
        given.append(1)
        step = pieces or len(content) or 1
        for start in range(0, len(content), step):
            writer.write(content[start : start + step])
            await writer.drain()
            if pieces is not None:
                await asyncio.sleep(0)
        return not closes

    return answer


async def keeping_silent(_server: ByteServer, _writer: asyncio.StreamWriter) -> bool:
    await asyncio.Event().wait()
    return False


@asynccontextmanager
async def serving_bytes(answers: Answers, *, tls: ssl.SSLContext | None = None) -> AsyncIterator[ByteServer]:
    served, tasks = ByteServer(), set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        requests: list[bytes] = []
        served.requests.append(requests)
        served.open += 1
        served.most_open = max(served.most_open, served.open)
        await served.tell()
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                length = _LENGTH.search(head)
                requests.append(head + await reader.readexactly(int(length[1]) if length else 0))
                await served.tell()
                answering = asyncio.ensure_future(answers(served, writer))
                ended = asyncio.ensure_future(_end_of(reader))
                await asyncio.wait([answering, ended], return_when=asyncio.FIRST_COMPLETED)
                if not answering.done():
                    answering.cancel()
                    break
                ended.cancel()
                await asyncio.gather(ended, return_exceptions=True)
                if not answering.result():
                    break
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            pass
        finally:
            served.open -= 1
            writer.close()
            await served.tell()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=tls)
    served.url = f"{'https' if tls else 'http'}://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield served
    finally:
        server.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _end_of(reader: asyncio.StreamReader) -> None:
    while not reader.at_eof():
        await asyncio.sleep(0.005)


@asynccontextmanager
async def calling(base_url: str, refusal: Refusal | None = None, **settings: int) -> AsyncIterator[HttpClient]:
    client = HttpClient(WebSettings(base_url=base_url, **settings), refusal)
    await client.open({})
    try:
        yield client
    finally:
        await client.aclose()
