"""A gateway to ask: in this process on given connectors, or over a socket on a settings file."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

import httpx2

from connectors.contract import Connector
from gateway.app import create_app
from gateway.clock import Clock
from gateway.serving.server import AnnouncingServer, configure_server
from gateway.serving.sockets import listen
from gateway.settings import Settings, parse_settings
from gateway.telemetry.metrics import Metrics
from gateway.telemetry.traces import Traces


class Gateway:
    """A client of one gateway."""

    def __init__(self, client: httpx2.AsyncClient) -> None:
        self.client = client

    async def ask(self, query: str, variables: Mapping[str, Any] | None = None, **headers: str) -> dict[str, Any]:
        """The whole answer, `data` and `errors`."""
        response = await self.client.post("/graphql", json={"query": query, "variables": variables or {}}, headers=headers)
        answer: dict[str, Any] = response.json()
        return answer

    async def data(self, query: str, variables: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """The data of an answer that has no errors."""
        answer = await self.ask(query, variables)
        assert "errors" not in answer, answer["errors"]
        data: dict[str, Any] = answer["data"]
        return data


PLAINLY = {"retries": 0, "breaker": {"enabled": False}}
"""Settings of a source whose every call counts: what is asked for once is asked once, however it ends."""


PATIENT_MS = 60_000
"""The longest deadline that there is: a source that is well is not to be late for one, however busy the machine is."""


def settings_for(connectors: Sequence[Connector[Any]], called: Mapping[str, Any] = PLAINLY, **words: Any) -> Settings:
    """Settings for connectors that are handed over ready; `called` is how each of them is called.

    Callers are patient unless `words` say otherwise; a setting that is None is as by default.
    """
    sources = {connector.name: {"kind": connector.kind, **called} for connector in connectors}
    given = {"sources": sources, "deadline_ms": PATIENT_MS} | words
    return parse_settings({name: value for name, value in given.items() if value is not None})


@asynccontextmanager
async def gateway_on(
    connectors: Sequence[Connector[Any]],
    *,
    with_clock: Clock | None = None,
    with_metrics: Metrics | None = None,
    with_traces: Traces | None = None,
    **words: Any,
) -> AsyncIterator[Gateway]:
    """A gateway in this process; `words` are settings, such as `deadline_ms=300`."""
    app = create_app(settings_for(connectors, **words), connectors=connectors, clock=with_clock, metrics=with_metrics)
    async with app.router.lifespan_context(app):
        if with_traces is not None:
            app.telemetry.trace_by(with_traces)
        transport = httpx2.ASGITransport(app=app)
        async with httpx2.AsyncClient(transport=transport, base_url="http://gateway") as client:
            yield Gateway(client)


@asynccontextmanager
async def served(settings: Settings, **words: Any) -> AsyncIterator[Gateway]:
    """A gateway behind a real socket on a free port. Its callers are patient unless the settings say otherwise."""
    if "deadline_ms" not in settings.model_fields_set:
        settings = settings.model_copy(update={"deadline_ms": PATIENT_MS})
    taken = listen("127.0.0.1", 0)
    started = asyncio.Event()
    server = AnnouncingServer(configure_server(partial(create_app, settings, **words)), started.set)
    serving = asyncio.create_task(server.serve([taken]))
    try:
        await asyncio.wait({serving, asyncio.create_task(started.wait())}, return_when=asyncio.FIRST_COMPLETED)
        assert not serving.done(), "the server ended at its start"
        async with httpx2.AsyncClient(base_url=f"http://127.0.0.1:{taken.getsockname()[1]}", timeout=90) as client:
            yield Gateway(client)
    finally:
        server.should_exit = True
        await serving
