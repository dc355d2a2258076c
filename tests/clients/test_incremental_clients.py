"""Clients that defer read the first part of an answer while a source hangs, and the others when they come."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.support import shop
from tests.support.gateway_server import served, settings_for
from tests.support.known_clients import NODE, Workshop
from tests.support.node_packages import installed

pytestmark = pytest.mark.clients


@asynccontextmanager
async def running(workshop: Workshop, client: str, url: str) -> AsyncIterator[asyncio.StreamReader]:
    """Run a client, and give what it prints."""
    script = "deferred-relay.mjs" if client == "relay" else "deferred.mjs"
    words = [installed(NODE), script, url, client]
    process = await asyncio.create_subprocess_exec(*words, cwd=workshop.folder, stdout=asyncio.subprocess.PIPE)
    assert process.stdout is not None
    try:
        yield process.stdout
        assert await process.wait() == 0
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def state_in(lines: asyncio.StreamReader) -> dict[str, Any]:
    state: dict[str, Any] = json.loads(await lines.readline())
    return state


@pytest.mark.parametrize("client", ["apollo-2022", "apollo-2023", "urql", "relay"])
async def test_a_client_has_the_first_part_while_a_source_hangs(client: str, tmp_path: Path):
    """The name, then the tickets; the orders once their source answers. Nothing is asked for twice."""
    workshop = Workshop(tmp_path)
    if client == "relay":
        workshop.run_tool("relay-compiler/cli.js", "relay-deferred.config.json")
    connectors = [shop.crm(), shop.orders(), shop.support()]
    let_go = connectors[1].hang = asyncio.Event()
    async with served(settings_for(connectors), connectors=connectors) as gateway:
        try:
            async with running(workshop, client, str(gateway.client.base_url)) as lines:
                state = await state_in(lines)
                assert (state["name"], state["orders"]) == ("Ana Souza", None)
                if state["tickets"] is None:
                    state = await state_in(lines)
                assert state == {"name": "Ana Souza", "orders": None, "tickets": 2}
                let_go.set()
                assert await state_in(lines) == {"name": "Ana Souza", "orders": 5, "tickets": 2}
                assert await lines.read() == b""
        finally:
            let_go.set()
    assert [len(connector.calls) for connector in connectors] == [1, 1, 1]
