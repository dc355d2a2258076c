"""A server that answers with given bytes, whatever they are, and remembers what it was asked."""

import asyncio
import gzip
import re
import ssl
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

from yarl import URL

from connectors.toolkit.http_client import HttpClient, Refusal, WebSettings

Answers = Callable[["ByteServer", asyncio.StreamWriter], Awaitable[bool]]
"""Answers one request; whether the connection stays."""
CONTENT = b'[{"id": "a"}, {"id": "b"}]'
MAX = 100_000
"""The limit of content in these tests."""
_LENGTH = re.compile(rb"content-length: ([0-9]+)", re.IGNORECASE)


def framed(content: bytes = b"[]", *fields: str, status: str = "200 OK") -> bytes:
    """A response with a length."""
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(content)}", *fields, "", ""]
    return "\r\n".join(lines).encode() + content


def chunked(content: bytes, *fields: str, size: int = 7, extension: bytes = b"", trailers: bytes = b"") -> bytes:
    head = "\r\n".join(["HTTP/1.1 200 OK", "Transfer-Encoding: chunked", *fields, "", ""]).encode()
    parts = [content[start : start + size] for start in range(0, len(content), size)]
    return head + b"".join(b"%x%b\r\n%b\r\n" % (len(part), extension, part) for part in parts) + b"0\r\n" + trailers + b"\r\n"


def deflated(content: bytes, bits: int) -> bytes:
    packer = zlib.compressobj(wbits=bits)
    return packer.compress(content) + packer.flush()


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


async def get(
    client: HttpClient, base: ByteServer | str, path: str = "/x", *, seconds: float = 30, **more: Any
) -> bytes | None:
    until = asyncio.get_running_loop().time() + seconds
    url = URL((base if isinstance(base, str) else base.url) + path, encoded=True)
    return await client.call("GET", url, None, **{"one_key": False, "until": until, **more})


async def post(client: HttpClient, server: ByteServer, body: Any, **more: Any) -> bytes | None:
    until = asyncio.get_running_loop().time() + 30
    return await client.call("POST", URL(server.url + "/x"), body, **{"one_key": False, "until": until, **more})


HALF = len(CONTENT) // 2
READABLE = {
    "a length": (framed(CONTENT), False),
    "chunks": (chunked(CONTENT), False),
    "chunks with extensions and trailers": (chunked(CONTENT, extension=b";a=1", trailers=b"X-Sum: 1\r\n"), False),
    "until the end": (b"HTTP/1.1 200 OK\r\n\r\n" + CONTENT, True),
    "until the end, said": (b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + CONTENT, True),
    "HTTP/1.0": (b"HTTP/1.0 200 OK\r\n\r\n" + CONTENT, True),
    "HTTP/1.0 with a length": (f"HTTP/1.0 200 OK\r\nContent-Length: {len(CONTENT)}\r\n\r\n".encode() + CONTENT, False),
    "no reason": (f"HTTP/1.1 200\r\nContent-Length: {len(CONTENT)}\r\n\r\n".encode() + CONTENT, False),
    "bare line feeds": (f"HTTP/1.1 200 OK\nContent-Length: {len(CONTENT)}\n\n".encode() + CONTENT, False),
    "odd headers": (framed(CONTENT, "X-A: a\x01b", "X-B:", "X-C: \xe9"), False),
    "gzip": (framed(gzip.compress(CONTENT), "Content-Encoding: gzip"), False),
    "gzip in capitals": (framed(gzip.compress(CONTENT), "content-encoding: GZip"), False),
    "gzip by its old name": (framed(gzip.compress(CONTENT), "Content-Encoding: x-gzip"), False),
    "gzip and identity": (framed(gzip.compress(CONTENT), "Content-Encoding: gzip, identity"), False),
    "gzip of two members": (
        framed(gzip.compress(CONTENT[:HALF]) + gzip.compress(CONTENT[HALF:]), "Content-Encoding: gzip"),
        False,
    ),
    "gzip in chunks": (chunked(gzip.compress(CONTENT), "Content-Encoding: gzip"), False),
    "gzip until the end": (b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n" + gzip.compress(CONTENT), True),
    "deflate": (framed(deflated(CONTENT, 15), "Content-Encoding: deflate"), False),
    "deflate without its header": (framed(deflated(CONTENT, -15), "Content-Encoding: deflate"), False),
    "a charset as a coding": (framed(CONTENT, "Content-Encoding: utf-8"), False),
    "identity": (framed(CONTENT, "Content-Encoding: identity"), False),
    "a byte order mark": (framed(b"\xef\xbb\xbf" + CONTENT), False),
    "an interim response": (b"HTTP/1.1 100 Continue\r\n\r\n" + framed(CONTENT), False),
    "hints": (b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 102 P\r\n\r\n" + framed(CONTENT), False),
}
"""Answers that say `CONTENT`, and whether the source closes behind them."""
