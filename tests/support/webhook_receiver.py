"""A receiver of webhooks on loopback: what it has taken, each checked as Standard Webhooks says."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from standardwebhooks import Webhook

from tests.support.faulty_server import listening

SECRET = "whsec_" + "c2VjcmV0" * 6
"""The signing secret of tests."""

CLOSE = -1
"""A status that stands for a connection that is closed without an answer, though the body was taken."""
HANG = -2
"""A status that stands for no answer at all, though the body was taken."""


class Receiver:
    """Takes webhooks. `answers` gives the status of each, and its headers; each body is noted before."""

    def __init__(self) -> None:
        self.taken: list[tuple[str, dict[str, Any]]] = []
        self.headers: list[dict[str, str]] = []
        self.bodies: list[bytes] = []
        self.answers: Callable[[str], int | tuple[int, str]] = lambda _: 204
        self.url = ""

    @property
    def ids(self) -> list[str]:
        return [id_ for id_, _ in self.taken]

    def told(self) -> list[tuple[str, str | None, str | None]]:
        """Whom it was told of, from what and to what, each webhook once."""
        once = dict(self.taken).values()
        return sorted((own["data"]["customer"]["id"], own["data"]["from"], own["data"]["to"]) for own in once)

    async def speak(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            lines = head.split("\r\n")
            headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines[1:] if line)}
            body = await reader.readexactly(int(headers["content-length"]))
            Webhook(SECRET).verify(body, headers)
            self.headers.append(headers)
            self.bodies.append(body)
            self.taken.append((headers["webhook-id"], json.loads(body)))
            answer = self.answers(headers["webhook-id"])
            status, more = answer if isinstance(answer, tuple) else (answer, "")
            if status == CLOSE:
                return
            if status == HANG:
                await asyncio.sleep(3_600)
            writer.write(f"HTTP/1.1 {status} X\r\n{more}content-length: 0\r\n\r\n".encode())
            await writer.drain()


@asynccontextmanager
async def receiving() -> AsyncIterator[Receiver]:
    """A receiver that listens."""
    receiver = Receiver()
    async with listening(receiver.speak) as port:
        receiver.url = f"http://127.0.0.1:{port}/hook?from=gateway"
        yield receiver
