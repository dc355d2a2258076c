"""A shop behind a real socket that tells of its changes, and a client of its event streams."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import Any

import httpx2
import msgspec

from connectors.testing import MemoryConnector
from gateway.app import GatewayApplication, create_app
from gateway.clock import Clock
from gateway.serving.server import AnnouncingServer, configure_server
from gateway.serving.sockets import listen
from gateway.telemetry.metrics import Metrics
from tests.support import shop
from tests.support.changing_shop import CHANGED, HOOKS
from tests.support.clocks import START, turns
from tests.support.gateway_server import PATIENT_MS, Gateway, settings_for
from tests.support.webhook_requests import of, sources_with, tell

PATH = "/graphql/stream"
EVENTS = {"accept": "text/event-stream"}
TOKEN = "x-graphql-event-stream-token"
PATIENCE_S = 60
NAME = '{ customer(by: {id: "c1"}) { name } }'
ANA = {"data": {"customer": {"name": "Ana Souza"}}}


class PausedClock(Clock):
    """Time that stands still until a test moves it on. Who sleeps waits for that."""

    def __init__(self) -> None:
        super().__init__()
        self._passed_s = 0.0
        self._sleepers: list[tuple[float, asyncio.Future[None]]] = []

    def now(self) -> datetime:
        return START + timedelta(seconds=self._passed_s)

    def timestamp(self) -> float:
        return self.now().timestamp()

    def monotonic(self) -> float:
        return 1000.0 + self._passed_s

    async def sleep(self, seconds: float) -> None:
        woken = asyncio.get_running_loop().create_future()
        self._sleepers.append((self._passed_s + seconds, woken))
        await woken

    async def advance(self, seconds: float) -> None:
        """Move the time on, and let all happen that follows from it."""
        self._passed_s += seconds
        for until, woken in [*self._sleepers]:
            if until <= self._passed_s:
                self._sleepers.remove((until, woken))
                if not woken.done():
                    woken.set_result(None)
        await turns()

    async def wait_sleepers(self, seconds: float) -> None:
        """Wait until somebody sleeps so long."""
        async with asyncio.timeout(PATIENCE_S):
            while not any(until == self._passed_s + seconds and not woken.done() for until, woken in self._sleepers):
                await asyncio.sleep(0)


class Event(msgspec.Struct):
    """An event as a client reads it."""

    name: str = ""
    data: Any = None
    id: str | None = None


class EventReader:
    """Reads the events of a stream, as the HTML standard says."""

    def __init__(self, response: httpx2.Response) -> None:
        self.response = response
        self.comments = 0
        self.retry_ms: int | None = None
        self._lines = response.aiter_lines()

    async def next(self) -> Event | None:
        """The next event. None at the end of the stream."""
        event = Event()
        async with asyncio.timeout(PATIENCE_S):
            async for line in self._lines:
                name, _, value = line.partition(":")
                value = value.removeprefix(" ")
                if not line and event.name:
                    return event
                if line.startswith(":"):
                    self.comments += 1
                elif name == "event":
                    event.name = value
                elif name == "data":
                    event.data = json.loads(value) if value else None
                elif name == "id":
                    event.id = value
                elif name == "retry":
                    self.retry_ms = int(value)
        assert not event.name, "the stream ends within an event"
        return None

    async def next_comment(self) -> None:
        """Wait for a comment, before the next event."""
        async with asyncio.timeout(PATIENCE_S):
            async for line in self._lines:
                if line.startswith(":"):
                    self.comments += 1
                    return
                assert not line or line.startswith("retry:"), line
        raise AssertionError("the stream ends")

    async def rest(self) -> list[Event]:
        """All events until the end."""
        events = []
        while (event := await self.next()) is not None:
            events.append(event)
        return events

    async def data(self) -> Any:
        """The data of the next event, which is a result."""
        event = await self.next()
        assert event is not None
        assert event.name == "next"
        return event.data


class StreamingShop(Gateway):
    """A gateway behind a socket."""

    def __init__(self, client: httpx2.AsyncClient, app: GatewayApplication, server: AnnouncingServer, port: int) -> None:
        super().__init__(client)
        self.app, self.server, self.port = app, server, port

    async def tell(self, source: str, customer: str = "c1") -> None:
        """Have a source tell that something of a customer has changed."""
        assert (await tell(self, source, of(customer))).status_code == 204

    @asynccontextmanager
    async def open(self, method: str = "GET", **words: Any) -> AsyncIterator[EventReader]:
        """An open stream."""
        headers = EVENTS | words.pop("headers", {})
        async with self.client.stream(method, PATH, headers=headers, **words) as response:
            if response.status_code != httpx2.codes.OK:
                raise AssertionError(f"{response.status_code} {await response.aread()!r}")
            yield EventReader(response)

    @asynccontextmanager
    async def following(
        self, variables: Mapping[str, Any] | None = None, query: str = CHANGED, **headers: str
    ) -> AsyncIterator[EventReader]:
        """A subscription with a connection of its own, which has begun."""
        sent = {"query": query, "variables": {"ids": ["c1"]} if variables is None else variables}
        async with self.open("POST", json=sent, headers=headers) as events:
            yield events

    async def send(self, method: str, **words: Any) -> httpx2.Response:
        """The answer to a request that opens no stream."""
        return await self.client.request(method, PATH, **words)

    async def reserve(self, **headers: str) -> str:
        """The token of a new reservation."""
        answer = await self.send("PUT", headers=headers)
        assert (answer.status_code, answer.headers["content-type"]) == (201, "text/plain; charset=utf-8"), answer.text
        return answer.text

    async def begin(self, token: str, id_: object, query: str = NAME, **words: Any) -> httpx2.Response:
        """Begin an operation on a stream."""
        headers = {TOKEN: token} | words.pop("headers", {})
        sent = {"query": query, "extensions": {"operationId": id_}, **words}
        return await self.send("POST", json=sent, headers=headers)

    async def wait_until(self, count: int) -> None:
        """Wait until so many streams are open or reserved."""
        async with asyncio.timeout(PATIENCE_S):
            while len(self.app.event_streams.registry) != count:
                await asyncio.sleep(0)

    async def wait_followers(self, count: int) -> None:
        """Wait until so many subscriptions follow changes."""
        live = self.app.revision.services.live
        assert live is not None
        async with asyncio.timeout(PATIENCE_S):
            while live.hub.followers != count:
                await asyncio.sleep(0)

    def end(self) -> None:
        """End the server as SIGTERM does. It has ended when the context is left."""
        self.server.should_exit = True


@asynccontextmanager
async def streaming_shop(
    clock: Clock | None = None,
    metrics: Metrics | None = None,
    connectors: Sequence[MemoryConnector] | None = None,
    **words: Any,
) -> AsyncIterator[StreamingShop]:
    """The shop of all tests; `words` are settings beside its sources."""
    used = connectors or [shop.crm(), shop.orders(), shop.support()]
    settings = settings_for(used, **{"sources": sources_with(HOOKS), "changes": {}, "deadline_ms": PATIENT_MS, **words})
    app = create_app(settings, connectors=used, clock=clock, metrics=metrics)
    listener, started = listen("127.0.0.1", 0), asyncio.Event()
    port: int = listener.getsockname()[1]
    server = AnnouncingServer(configure_server(lambda: app), started.set)
    serving = asyncio.create_task(server.serve([listener]))
    try:
        await asyncio.wait({serving, asyncio.create_task(started.wait())}, return_when=asyncio.FIRST_COMPLETED)
        assert not serving.done(), "the server ended at its start"
        limits = httpx2.Limits(max_connections=None)
        async with httpx2.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=PATIENCE_S, limits=limits) as client:
            yield StreamingShop(client, app, server, port)
    finally:
        server.should_exit = True
        await serving


def code_of(answer: httpx2.Response) -> tuple[int, str]:
    """The status of a refusal, and the code of its error."""
    (error, *_) = answer.json()["errors"]
    return answer.status_code, error["extensions"]["code"]
