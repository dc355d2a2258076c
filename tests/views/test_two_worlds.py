"""Two worlds that differ only in what a caller may not see give him the same bytes, and he causes the same calls."""

import asyncio
import os
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from random import Random
from typing import Any

import httpx2
import pytest

from connectors.records import FieldClass
from connectors.testing import MemoryConnector
from gateway.app import GatewayApplication, create_app
from gateway.execution.schema_types import core_schema
from gateway.settings.access_settings import WAYS_IN, Visibility
from resolvers.schema import schema
from tests.support.caller_keys import keys_in
from tests.support.clocks import StoppedClock
from tests.support.filled_people import AS_USUAL, Otherwise, sources_of_everything
from tests.support.gateway_server import settings_for
from tests.support.operations import Operations
from tests.support.random_views import PERSONAL

OPERATIONS = int(os.environ.get("TWO_WORLDS_OPERATIONS", "600"))
SHARDS = len(PERSONAL)
EVERYTHING = """{ customer(by: {id: "c1"}) {
    name email deviceIds socialAccounts { handle }
    orders { nodes { number } } events { nodes { type } } tickets { nodes { subject } }
} }"""
"""Something of each class."""


def draw_caller(random: Random, hides: FieldClass | None = None) -> dict[str, Any]:
    """Settings of a caller, who does not see a class."""
    sees = {own: random.choice([Visibility.SHOWN] * 3 + [*Visibility]) for own in PERSONAL}
    if hides is not None:
        sees[hides] = Visibility.WITHHELD
    find_by = [kind for kind in WAYS_IN if random.random() < 0.95]
    return {"sees": sees, "find_by": find_by}


class World:
    """One gateway with its sources."""

    def __init__(self, app: GatewayApplication, client: httpx2.AsyncClient, sources: list[MemoryConnector]) -> None:
        self._app = app
        self._client = client
        self._sources = sources

    async def ask(self, text: str, variables: Mapping[str, Any], key: str, number: int) -> tuple[Any, ...]:
        """All that the caller gets, and the calls that he causes."""
        headers = {"authorization": f"Bearer {key}", "x-request-id": f"r{number}"}
        for source in self._sources:
            source.calls.clear()
        response = await self._client.post("/graphql", json={"query": text, "variables": variables}, headers=headers)
        while any(source.batching.is_busy for source in self._app.revision.services.sources.all):
            await asyncio.sleep(0)  # an answer may come before a call that it turned out not to need
        calls = sorted(repr((source.name, call)) for source in self._sources for call in source.calls)
        return response.status_code, sorted(response.headers.multi_items()), response.content, calls


@asynccontextmanager
async def world(otherwise: Otherwise, words: Mapping[str, Any]) -> AsyncIterator[World]:
    sources = sources_of_everything(otherwise)
    app = create_app(settings_for(sources, **words), connectors=sources, clock=StoppedClock())
    async with app.router.lifespan_context(app):
        transport = httpx2.ASGITransport(app=app)
        async with httpx2.AsyncClient(transport=transport, base_url="http://gateway") as client:
            yield World(app, client, sources)


@pytest.mark.timeout(1800)
@pytest.mark.parametrize("shard", range(SHARDS))
async def test_what_a_caller_may_not_see_changes_nothing_for_him(shard: int, tmp_path: Any):
    """Four callers ask in turn, often what the others asked before: what is remembered of it is theirs, too.

    Each shard withholds another class. What he does not see has other values in one of the worlds, or is not there.
    """
    random = Random(shard)
    callers = {f"caller{number}": draw_caller(random, PERSONAL[shard] if number == 0 else None) for number in range(3)} | {
        "console": {}
    }
    hidden = [own for own, decision in callers["caller0"]["sees"].items() if decision is Visibility.WITHHELD]
    keys, access = await keys_in(tmp_path, callers)
    words = {"access": access, "callers": callers, "environment": random.choice(["production", "development"])}
    draw = Operations(core_schema(schema), shard)
    texts = [(EVERYTHING, {}), *(draw.draw() for _ in range(OPERATIONS // SHARDS // 4))]
    differs = answered = 0
    async with world(AS_USUAL, words) as one, world(Otherwise(hidden, are_absent=random.random() < 0.5), words) as other:
        for number in range(OPERATIONS // SHARDS):
            text, variables = random.choice(texts)
            name = random.choice([*callers])
            ours, theirs = (
                await one.ask(text, variables, keys[name], number),
                await other.ask(text, variables, keys[name], number),
            )
            if name == "caller0":
                assert ours == theirs, (text, variables, hidden)
                assert [own for own in hidden if f"{own}~".encode() in ours[2]] == [], (text, variables)
                answered += ours[0] == 200
            else:
                differs += ours != theirs
    assert answered > 0
    assert differs > 0
