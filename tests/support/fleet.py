"""Gateways in processes of their own.

Run as a module it is one of them: it reads its settings from standard input and prints its address.
"""

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import httpx2

from gateway.settings import parse_settings
from tests.support.gateway_server import Gateway, served
from tests.support.paths import ROOT


@asynccontextmanager
async def gateway_process(settings: Mapping[str, Any]) -> AsyncIterator[Gateway]:
    """A gateway on a free port in a process that ends with the context."""
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.support.fleet", stdin=pipe, stdout=pipe, cwd=ROOT
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        process.stdin.write(json.dumps(settings).encode() + b"\n")
        address = (await process.stdout.readline()).decode().strip()
        assert address, "the gateway ended at its start"
        async with httpx2.AsyncClient(base_url=address, timeout=90) as client:
            yield Gateway(client)
    finally:
        process.stdin.close()
        try:
            await asyncio.wait_for(process.wait(), 20)
        except TimeoutError:
            process.kill()
            await process.wait()


async def _serve() -> None:
    async with served(parse_settings(json.loads(sys.stdin.readline()))) as gateway:
        print(gateway.client.base_url, flush=True)  # noqa: T201  the parent reads it
        await asyncio.to_thread(sys.stdin.read)  # ends when the parent closes it, however the parent ends


if __name__ == "__main__":
    asyncio.run(_serve())
