"""Ask a gateway in this process for keys that overlap, and print how long its loop was held: `loop_turns.py SHAPE CALLERS`.

Imports nothing of `bench`, so that it runs with the gateway of another working tree.
"""

import asyncio
import gc
import json
import random
import sys
import time
from typing import Any

from connectors.contract import Answer, Ask, Connector, ConnectorSettings, KeyKind, Keys, lookup
from connectors.records import Customer
from gateway.app import create_app
from gateway.settings import parse_settings

DEADLINE_MS = 60_000
CALL_S = 0.02
PAGE, POOL = 50, 500
QUERY = "query Ids($ids: [ID!]!) { customers(ids: $ids) { id name } }"
BUSY = 4
"""Calls that are under way when the callers come: as many as a source is sent at once."""
_TOGETHER = 20
"""Callers who come in the same turn of the loop."""


class Crm(Connector[ConnectorSettings]):
    """Knows every customer. Answers once it is `free`, and a moment later."""

    kind = "memory"
    settings_type = ConnectorSettings

    def __init__(self) -> None:
        super().__init__("crm", ConnectorSettings())
        self.free = asyncio.Event()
        self.calls = 0

    @lookup(Customer, by=KeyKind.CUSTOMER_ID, max_batch=100)
    async def customers_by_id(self, keys: Keys, ask: Ask) -> Answer:  # noqa: ARG002
        self.calls += 1
        await self.free.wait()
        await asyncio.sleep(CALL_S)
        return {key: [Customer(id=key, name=key)] for key in keys}


class Turns:
    """The longest run of one callback of the loop, and the longest time between two turns of a task that always wants one.

    The first is of the processor, so that it does not depend on what else the machine does.
    """

    def __init__(self) -> None:
        self.longest_s = self.lag_s = 0.0
        self._ticking: asyncio.Task[None] | None = None

    def watch(self) -> None:
        handles: Any = asyncio.Handle  # asyncio itself tells of slow callbacks alone, and in the log
        run = handles._run  # noqa: SLF001

        def timed(handle: Any) -> None:
            started = time.thread_time()
            run(handle)
            self.longest_s = max(self.longest_s, time.thread_time() - started)

        handles._run = timed  # noqa: SLF001
        self._ticking = asyncio.ensure_future(self._tick())

    async def _tick(self) -> None:
        while True:
            started = time.perf_counter()
            await asyncio.sleep(0)
            self.lag_s = max(self.lag_s, time.perf_counter() - started)


def keys_of(shape: str, callers: int) -> list[list[str]]:
    """The ids that each caller asks for."""
    draw = random.Random(2)
    pool = [f"c{number}" for number in range(POOL)]
    match shape:
        case "hot":
            return [draw.sample(pool, PAGE) for _ in range(callers)]
        case "chain":
            return [[f"c{number}", f"c{number + 1}"] for number in range(callers)]
        case "pages":
            return [[f"c{number * PAGE // 2 + place}" for place in range(PAGE)] for number in range(callers)]
    raise ValueError(shape)


async def ask(app: Any, ids: list[str]) -> bool:
    """Whether the answer has every customer and no error."""
    sent: list[bytes] = []
    body = json.dumps({"query": QUERY, "variables": {"ids": ids}}).encode()

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message.get("body", b""))

    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    scope = {"type": "http", "method": "POST", "path": "/graphql", "raw_path": b"/graphql", "query_string": b""}
    await app({**scope, "headers": headers, "http_version": "1.1", "scheme": "http", "root_path": ""}, receive, send)
    answer = json.loads(b"".join(sent))
    named = [one["name"] for one in (answer.get("data") or {}).get("customers") or [] if one]
    return named == ids and "errors" not in answer


async def measured(shape: str, callers: int) -> dict[str, Any]:
    """Have all callers wait for a source that is busy, then let it answer."""
    crm, turns = Crm(), Turns()
    settings = parse_settings({"sources": {"crm": {"kind": "memory"}}, "deadline_ms": DEADLINE_MS})
    app = create_app(settings, connectors=[crm])
    async with app.router.lifespan_context(app):
        # One after the other, so that each leaves in a call of its own.
        busy: list[asyncio.Future[bool]] = []
        while crm.calls < BUSY:
            busy.append(asyncio.ensure_future(ask(app, [f"x{len(busy)}"])))
            await asyncio.sleep(0.01)
        gc.collect()
        gc.disable()  # its pauses depend on all else that the process has
        turns.watch()
        started = time.perf_counter()
        waiting = []
        for place, ids in enumerate(keys_of(shape, callers)):
            waiting.append(asyncio.ensure_future(ask(app, ids)))
            if place % _TOGETHER == 0:
                await asyncio.sleep(0)
        for _ in range(10):
            await asyncio.sleep(0)
        crm.free.set()
        answered = sum(await asyncio.gather(*waiting))
        total_s = time.perf_counter() - started
        await asyncio.gather(*busy)
    figures = {"turn_ms": turns.longest_s * 1000, "lag_ms": turns.lag_s * 1000, "total_s": total_s}
    return {"shape": shape, "callers": callers, "answered": answered, "calls": crm.calls, **figures}


if __name__ == "__main__":
    print(json.dumps(asyncio.run(measured(sys.argv[1], int(sys.argv[2])))))
