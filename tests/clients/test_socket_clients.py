"""graphql-ws, the client of most others, over sockets of a gateway in this process."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.subscriptions.test_socket_operations import changing_gateway
from tests.support.caller_keys import keys_in
from tests.support.node_packages import installed
from tests.support.socket_clients import ANA, socket_gateway, until
from tests.support.webhook_requests import of, tell

pytestmark = pytest.mark.clients

NODE = Path(__file__).parent / "node"
CHANGED = 'subscription { customerChanged(ids: ["crm:c1"]) { records customer { name } } }'


class Script:
    """A script that runs, and writes a line for all that happens."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    async def told(self) -> Any:
        """What its next line says."""
        assert self._process.stdout is not None
        async with asyncio.timeout(60):
            return json.loads(await self._process.stdout.readline())

    async def ended(self) -> int:
        async with asyncio.timeout(60):
            return await self._process.wait()


@asynccontextmanager
async def script(*words: str) -> AsyncIterator[Script]:
    """Run a script of the folder."""
    running = await asyncio.create_subprocess_exec(installed(NODE), *words, cwd=NODE / "app", stdout=asyncio.subprocess.PIPE)
    try:
        yield Script(running)
    finally:
        if running.returncode is None:
            running.kill()
        await running.wait()


async def test_graphql_ws_asks(tmp_path: Path):
    """Two queries at once, one that is refused, and one over a credential that is nobody's."""
    callers: dict[str, Any] = {"console": {}}
    keys, access = await keys_in(tmp_path, callers)
    async with (
        socket_gateway(callers=callers, access=access) as gateway,
        script("sockets.mjs", gateway.url, keys["console"]) as client,
    ):
        told = await client.told()
    assert told["answers"][:2] == [{"results": [ANA]}] * 2
    assert told["answers"][2] == {"results": [], "error": "GRAPHQL_VALIDATION_FAILED"}
    assert told["nobody"] == {"results": [], "error": 4403}


async def test_graphql_ws_goes_on_behind_the_end_of_a_gateway():
    """Its subscription is over without an error, and it comes back by itself."""
    async with AsyncExitStack() as stack:
        gateway, teller = await stack.enter_async_context(changing_gateway())
        async with script("socket-ends.mjs", gateway.url, CHANGED) as client:
            assert await client.told() == "connected"
            await until(lambda: bool(gateway.app.sockets.streams._feeds))
            await tell(teller, "crm", of("c1"))
            assert await client.told() == {"records": ["Customer"], **ANA}
            await stack.aclose()
            assert await client.told() == "over"
            assert await client.told() == ["closed", 1001]
            async with socket_gateway(port=gateway.port):
                while (line := await client.told()) != "connected":
                    assert line == ["closed", 1006]  # nobody has listened yet
                assert await client.told() == ANA
                assert await client.told() == ["closed", 1000]
                assert await client.ended() == 0
