"""A shop that tells of its changes, and those who follow them: what the tests of changes share."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import aclosing, asynccontextmanager
from typing import Any

import httpx2

from connectors.testing import MemoryConnector
from gateway.app import GatewayApplication, create_app
from gateway.clock import Clock
from gateway.http.request_head import Head
from gateway.subscriptions.operation_streams import OperationStreams, StreamedResult
from tests.support import shop
from tests.support.gateway_server import Gateway, settings_for
from tests.support.webhook_requests import hook, of, sources_with, tell

PAGE = """query ($since: String, $first: Int! = 100) { changes(since: $since, first: $first) {
    cursor hasMore nodes { ids kind source records tags customer { id name } } } }"""
CHANGED = """subscription ($ids: [ID!], $since: String) { customerChanged(ids: $ids, since: $since) {
    ids kind records tags cursor customer { id name } } }"""
HOOKS = {"crm": hook(records=["customer"]), "orders": hook(records=["order"]), "support": hook(records=["ticket"])}


class Follower:
    """A client of a subscription."""

    def __init__(self, results: AsyncGenerator[StreamedResult, None]) -> None:
        self._results = results

    async def hear(self) -> dict[str, Any]:
        """The next result, `data` and `errors`."""
        return self.read(await self.next())

    async def next(self) -> StreamedResult:
        """The next result as it is sent."""
        async with asyncio.timeout(30):
            return await anext(self._results)

    async def ends(self) -> bool:
        """Whether nothing more comes."""
        async with asyncio.timeout(30):
            return await anext(self._results, None) is None

    @staticmethod
    def read(result: StreamedResult) -> dict[str, Any]:
        answer: dict[str, Any] = json.loads(result.body)
        return answer


class ChangingShop(Gateway):
    """A gateway in this process whose sources tell of changes."""

    def __init__(self, client: httpx2.AsyncClient, app: GatewayApplication) -> None:
        super().__init__(client)
        self.app = app
        self.streams = OperationStreams(app.endpoint)

    async def tell(self, source: str, customer: str) -> None:
        """Have a source tell that something of a customer has changed."""
        assert (await tell(self, source, of(customer))).status_code == 204

    @asynccontextmanager
    async def following(
        self, query: str = CHANGED, variables: Mapping[str, Any] | None = None, since: str | None = None, **headers: str
    ) -> AsyncIterator[Follower]:
        """A client whose subscription has begun, or was refused."""
        sent = {"accept": "application/graphql-response+json", "content-type": "application/json"} | headers
        fields = [(name.replace("_", "-").encode(), value.encode()) for name, value in sent.items()]
        body = json.dumps({"query": query, "variables": variables or {}}).encode()
        async with aclosing(self.streams.answer(lambda: Head("POST", fields, b""), body, since)) as results:
            first = await anext(results)
            assert first.begins or first.body
            yield Follower(results if first.begins else _after(first, results))


async def _after(first: StreamedResult, results: AsyncGenerator[StreamedResult, None]) -> AsyncGenerator[StreamedResult, None]:
    yield first
    async for own in results:
        yield own


@asynccontextmanager
async def changing_shop(clock: Clock | None = None, **words: Any) -> AsyncIterator[ChangingShop]:
    """The shop of all tests; `words` are settings beside its sources."""
    connectors: list[MemoryConnector] = [shop.crm(), shop.orders(), shop.support()]
    settings = settings_for(connectors, **{"sources": sources_with(HOOKS), "changes": {}, **words})
    app = create_app(settings, connectors=connectors, clock=clock)
    async with app.router.lifespan_context(app):
        transport = httpx2.ASGITransport(app=app)
        async with httpx2.AsyncClient(transport=transport, base_url="http://gateway") as client:
            yield ChangingShop(client, app)
