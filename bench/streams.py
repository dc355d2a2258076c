"""What open event streams cost: subscriptions of many clients to one customer, on a connection each, at one worker.

Connections that have asked once and are kept open are the measure: what is above their memory is that of a stream.
"""

from __future__ import annotations

import asyncio
import hmac
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

import msgspec
import typer

from bench import gateway
from bench.output import keep_beside, out, problems_shown, say_verdicts
from bench.processes import BenchError, Process, chosen_cores

MAX_STREAM_KB = 60.0
"""What a stream may take beside its connection."""

_SECRET = "a secret of the benchmark"
_SETTINGS = f"""
environment = "production"
[changes]
[sources.crm]
kind = "sql"
url = "sqlite+aiosqlite:///{{folder}}/crm.db"
webhook = {{{{ secret = "{_SECRET}", key = "customer.id", by = "customer_id", records = ["customer"] }}}}
[sources.crm.records.customer]
query = "SELECT 'c1' AS id, 'Ana Souza' AS name"
keys = {{{{ customer_id = "id" }}}}
"""
_SUBSCRIPTION = 'subscription { customerChanged(ids: ["c1"]) { cursor records customer { id name } } }'
_WARM = 50
_PATIENCE_S = 60.0

_Connection = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class Streams(msgspec.Struct, frozen=True):
    """The cost of open streams. `heard_ms` is until the last one has heard of a change, `cpu_ms` what that took."""

    count: int
    connection_kb: float
    stream_kb: float
    idle_cpu_share: float
    heard_ms: float
    cpu_ms: float

    def describe(self) -> str:
        """Write the figures as a line."""
        return (
            f"{self.count:,} subscriptions: {self.stream_kb:.0f} kB each, beside {self.connection_kb:.0f} kB for a connection; "
            f"{self.idle_cpu_share:.1%} of a core while nothing happens; "
            f"all have heard of a change after {self.heard_ms:,.0f} ms, {self.cpu_ms / self.count:.2f} ms of CPU for each"
        )

    def verdicts(self) -> list[tuple[str, bool]]:
        """What must hold, and whether it does."""
        is_small = self.stream_kb <= MAX_STREAM_KB
        return [(f"memory of a stream: {self.stream_kb:.0f} kB, at most {MAX_STREAM_KB:.0f} kB", is_small)]


def measured(*, count: int, seconds: float) -> Streams:
    """Raises `BenchError` where a stream does not open, or does not hear of the change."""
    with TemporaryDirectory(prefix="bench-") as folder:
        settings = Path(folder) / "gateway.toml"
        (settings.parent / "crm.db").touch()
        settings.write_text(_SETTINGS.format(folder=folder), "utf-8")
        with gateway.started(settings, chosen_cores()) as (port, process):
            return asyncio.run(_measure(port, process, count, seconds))


def print_costs(
    count: Annotated[int, typer.Option(min=10, max=1_000, help="How many are open.")] = 1_000,
    seconds: Annotated[int, typer.Option(min=1, help="For how long nothing happens on them.")] = 40,
) -> None:
    """Memory and CPU of subscriptions over server-sent events, and how soon all of them hear of one change."""
    with problems_shown():
        found = measured(count=count, seconds=seconds)
    out.print(found.describe(), highlight=False)
    say_verdicts(found.verdicts())
    keep_beside({"streams": msgspec.to_builtins(found)})


async def _measure(port: int, process: Process, count: int, seconds: float) -> Streams:
    query = _request("POST", "/graphql", {"query": '{ customer(by: {id: "c1"}) { name } }'})
    subscription = _request("POST", "/graphql/stream", {"query": _SUBSCRIPTION}, "accept: text/event-stream")
    async with _opened(port, query, b"Ana Souza", _WARM), _opened(port, subscription, b"retry: ", _WARM) as streams:
        await _change(port, streams)
    before_mb = process.children_mb()
    async with _opened(port, query, b"Ana Souza", count):
        connections_mb = process.children_mb()
    async with _opened(port, subscription, b"retry: ", count) as streams:
        await _change(port, streams)
        streams_mb = process.children_mb()
        idle_s, begun_s = process.cpu_s(), time.monotonic()
        await asyncio.sleep(seconds)
        idle_share = (process.cpu_s() - idle_s) / (time.monotonic() - begun_s)
        change_s = process.cpu_s()
        heard_ms = await _change(port, streams)
        cpu_ms = (process.cpu_s() - change_s) * 1e3
    connection_kb = (connections_mb - before_mb) * 1024 / count
    return Streams(
        count=count,
        connection_kb=connection_kb,
        stream_kb=(streams_mb - before_mb) * 1024 / count - connection_kb,
        idle_cpu_share=idle_share,
        heard_ms=heard_ms,
        cpu_ms=cpu_ms,
    )


@asynccontextmanager
async def _opened(port: int, request: bytes, mark: bytes, count: int) -> AsyncIterator[list[_Connection]]:
    """Connections that have asked, and were answered."""
    connections: list[_Connection] = []
    try:
        for _ in range(count):
            connections.append(await asyncio.open_connection("127.0.0.1", port))
            connections[-1][1].write(request)
            await _read_until(connections[-1][0], mark)
        yield connections
    finally:
        for _, writer in connections:
            writer.transport.abort()
        await asyncio.sleep(1)  # in which the gateway sees that they have gone


async def _change(port: int, streams: list[_Connection]) -> float:
    """Have the source tell of a change. Gives the milliseconds until all have heard of it."""
    body = {"customer": {"id": "c1"}}
    signature = hmac.new(_SECRET.encode(), json.dumps(body).encode(), "sha256").hexdigest()
    begun_s = time.monotonic()
    async with _opened(port, _request("POST", "/webhooks/crm", body, f"x-signature: {signature}"), b" 204 ", 1):
        await asyncio.gather(*(_read_until(reader, b'"customerChanged"') for reader, _ in streams))
        return (time.monotonic() - begun_s) * 1e3


async def _read_until(reader: asyncio.StreamReader, mark: bytes) -> None:
    read = b""
    async with asyncio.timeout(_PATIENCE_S):
        while mark not in read:
            more = await reader.read(1 << 16)
            if not more:
                raise BenchError(f"the gateway said something else: {read[-500:].decode(errors='replace')}")
            read += more


def _request(method: str, path: str, body: object, *headers: str) -> bytes:
    content = json.dumps(body).encode()
    fields = ["host: gateway", "content-type: application/json", f"content-length: {len(content)}", *headers]
    return "\r\n".join([f"{method} {path} HTTP/1.1", *fields, "", ""]).encode() + content
