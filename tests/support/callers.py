"""Callers of a gateway that ask over and over on connections that are kept, and count what they get."""

import asyncio
import json
import math
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

_HEAD = b"POST /graphql HTTP/1.1\r\nhost: gateway\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n"

REFUSED = "refused"
LOST = "lost"


class Callers:
    """`answers` counts the names of the customer that were answered, what was `LOST` and connections that were `REFUSED`."""

    def __init__(self, port: int, fields: str, header: str = "") -> None:
        body = json.dumps({"query": f'{{ customer(by: {{id: "c1"}}) {{ {fields} }} }}'}).encode()
        self.port = port
        head = _HEAD % len(body)
        self._request = (head.replace(b"\r\n\r\n", f"\r\n{header}\r\n\r\n".encode()) if header else head) + body
        self.answers: Counter[str] = Counter()
        self.is_over = False

    async def run(self, per_connection: float = math.inf) -> None:
        """Ask until it is over. After so many answers on another connection."""
        while not self.is_over:
            try:
                reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
            except OSError:
                self.answers[REFUSED] += 1
                await asyncio.sleep(0.05)
                continue
            await self._ask_on(reader, writer, per_connection)
            writer.close()

    async def _ask_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, most: float) -> None:
        while not self.is_over and (most := most - 1) >= 0:
            try:
                writer.write(self._request)
                head = (await reader.readuntil(b"\r\n\r\n")).lower()
                length = int(head.partition(b"content-length: ")[2].partition(b"\r\n")[0])
                answer = json.loads(await reader.readexactly(length))
            except (OSError, asyncio.IncompleteReadError):
                self.answers[LOST] += 1
                return
            customer = (answer.get("data") or {}).get("customer") or {}
            self.answers[json.dumps(answer) if "errors" in answer or not customer else customer["name"]] += 1
            if b"connection: close" in head:
                return


@asynccontextmanager
async def calling(port: int, callers: int = 32, fields: str = "name") -> AsyncIterator[Callers]:
    """So many callers, who all have had an answer before the block begins. They stop at its end."""
    load = Callers(port, fields)
    tasks = [asyncio.create_task(load.run()) for _ in range(callers)]
    try:
        while sum(load.answers.values()) < callers:
            await asyncio.sleep(0.01)
        yield load
    finally:
        load.is_over = True
        await asyncio.wait(tasks, timeout=60)
        for task in tasks:
            task.cancel()
