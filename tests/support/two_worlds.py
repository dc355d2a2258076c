"""Two gateways that are asked the same, whose sources differ in what one caller may not see."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, NamedTuple

import httpx2

from connectors.errors import SourceUnavailableError
from connectors.testing import MemoryConnector
from gateway.app import GatewayApplication, create_app, create_services
from gateway.revisions import open_services
from tests.support.clocks import StoppedClock
from tests.support.gateway_server import Gateway, settings_for
from tests.support.webhook_requests import of, tell


class Request(NamedTuple):
    """What one caller asks."""

    text: str
    variables: Mapping[str, Any]
    key: str


class World:
    """One gateway with its sources."""

    def __init__(self, app: GatewayApplication, client: httpx2.AsyncClient, sources: list[MemoryConnector]) -> None:
        self._app = app
        self._client = client
        self._sources = sources

    async def ask(self, text: str, variables: Mapping[str, Any], key: str, number: int) -> tuple[Any, ...]:
        """All that the caller gets, and the calls that he causes."""
        ((status, headers, content),), calls = await self.ask_together([Request(text, variables, key)], number)
        return status, headers, content, calls

    async def ask_together(self, requests: Sequence[Request], number: int) -> tuple[list[tuple[Any, ...]], list[str]]:
        """All that callers get who ask at the same time, and the calls that they cause."""
        for source in self._sources:
            source.calls.clear()
        answers = await asyncio.gather(*(self._post(request, f"r{number}") for request in requests))
        while any(source.batching.is_busy for source in self._app.revision.services.sources.all):
            await asyncio.sleep(0)  # an answer may come before a call that it turned out not to need
        return answers, sorted(repr((source.name, call)) for source in self._sources for call in source.calls)

    async def _post(self, request: Request, request_id: str) -> tuple[Any, ...]:
        headers = {"authorization": f"Bearer {request.key}", "x-request-id": request_id, "x-cost": "1"}
        sent = {"query": request.text, "variables": request.variables}
        response = await self._client.post("/graphql", json=sent, headers=headers)
        return response.status_code, sorted(response.headers.multi_items()), response.content

    def set_down(self, names: Mapping[str, Any]) -> None:
        """Have these sources fail, and the others answer."""
        for source in self._sources:
            source.failure = SourceUnavailableError() if source.name in names else None

    async def tell_change(self, source: str, customer: str) -> None:
        """Tell by its webhook that a source has changed what it has of a customer."""
        await tell(Gateway(self._client), source, of(customer))

    async def reload(self, words: Mapping[str, Any]) -> None:
        """Exchange the settings."""
        before = self._app.revision.services
        services = create_services(settings_for(self._sources, **words), connectors=self._sources, previous=before)
        await open_services(services, before)
        self._app.switch(services)


@asynccontextmanager
async def serve_world(sources: list[MemoryConnector], words: Mapping[str, Any]) -> AsyncIterator[World]:
    """Serve a world on these sources; `words` are settings."""
    app = create_app(settings_for(sources, **words), connectors=sources, clock=StoppedClock())
    async with app.router.lifespan_context(app):
        transport = httpx2.ASGITransport(app=app)
        async with httpx2.AsyncClient(transport=transport, base_url="http://gateway") as client:
            yield World(app, client, sources)
