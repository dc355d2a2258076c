"""graphql-sse, the client of the protocol's authors, in both of its modes."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.support.caller_keys import keys_in
from tests.support.event_stream_client import ANA, PATIENCE_S, streaming_shop
from tests.support.known_clients import NODE, Workshop
from tests.support.node_packages import installed

pytestmark = pytest.mark.clients


class Client:
    """A client in a process of its own."""

    def __init__(self, lines: asyncio.StreamReader) -> None:
        self._lines = lines

    async def hear(self) -> Any:
        """What it says next."""
        async with asyncio.timeout(PATIENCE_S):
            return json.loads(await self._lines.readline())


@asynccontextmanager
async def running(folder: Path, *words: str) -> AsyncIterator[Client]:
    workshop = Workshop(folder)
    process = await asyncio.create_subprocess_exec(
        installed(NODE), "event-streams.mjs", *words, cwd=workshop.folder, stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    try:
        yield Client(process.stdout)
        assert await process.wait() == 0
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


@pytest.mark.parametrize("mode", ["distinct", "single"])
async def test_a_client_asks_and_subscribes(mode: str, tmp_path: Path):
    """Two changes and a query between them; it leaves; what is wrong is told; the last subscription is complete at the end."""
    keys, access = await keys_in(tmp_path, ["web"])
    async with streaming_shop(access=access, callers={"web": {"changes": True}}) as gateway:
        url = f"http://127.0.0.1:{gateway.port}"
        async with running(tmp_path, url, mode, keys["web"]) as client:
            await gateway.wait_followers(1)
            await gateway.tell("crm")
            ana = {"name": "Ana Souza"}
            assert await client.hear() == {"changed": {"records": ["Customer"], "customer": ana}}
            assert await client.hear() == {"asked": [ANA]}
            await gateway.wait_until(1)  # the query left no stream behind, or has the same one
            await gateway.tell("orders")
            assert await client.hear() == {"changed": {"records": ["Order"], "customer": ana}}
            assert await client.hear() == {"left": True}
            await gateway.wait_followers(0)
            assert await client.hear() == {"refused": 400 if mode == "single" else "GRAPHQL_VALIDATION_FAILED"}
            await gateway.wait_followers(1)
            gateway.end()
            assert await client.hear() == {"complete": True}
