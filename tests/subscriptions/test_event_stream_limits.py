"""What one caller may have of event streams, and what becomes of who reads slowly. Others notice nothing of either."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import MutableMapping
from pathlib import Path
from typing import Any

import pytest

from gateway.access.caller import EVERYBODY, Caller
from gateway.changes.change_feed import MAX_WAITING
from gateway.subscriptions import event_stream, event_stream_registry
from gateway.subscriptions.event_stream import MAX_WAITING_BYTES, EventStream, write_event
from gateway.subscriptions.event_stream_registry import EventStreamRegistry
from tests.support import shop
from tests.support.caller_keys import keys_in
from tests.support.changing_shop import CHANGED
from tests.support.event_stream_client import ANA, EVENTS, NAME, TOKEN, PausedClock, code_of, streaming_shop

OF_ANA = {"ids": ["c1"]}
FULL = (429, "OVERLOADED")


async def test_a_caller_has_so_many_streams(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    """Reserved ones and open ones together, whichever way they were opened. Another caller has his own."""
    monkeypatch.setattr(event_stream_registry, "MAX_STREAMS_OF_CALLER", 2)
    keys, access = await keys_in(tmp_path, ["greedy", "other"])
    async with streaming_shop(access=access, callers={"greedy": {}, "other": {}}) as gateway:
        greedy, other = ({"authorization": f"Bearer {keys[name]}"} for name in ("greedy", "other"))
        await gateway.reserve(**greedy)
        async with gateway.following(**greedy):
            assert code_of(await gateway.send("PUT", headers=greedy)) == FULL
            assert code_of(await gateway.send("POST", json={"query": NAME}, headers=EVENTS | greedy)) == FULL
            await gateway.reserve(**other)
        await gateway.wait_until(2)
        await gateway.reserve(**greedy)


async def test_a_worker_has_so_many_streams(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(event_stream_registry, "MAX_STREAMS", 1)
    async with streaming_shop() as gateway:
        await gateway.reserve()
        refused = await gateway.send("PUT")
        assert code_of(refused) == (503, "OVERLOADED")
        assert "retry-after" in refused.headers


@pytest.mark.parametrize("limit", ["MAX_OPERATIONS", "MAX_OPERATIONS_OF_CALLER"])
async def test_a_stream_and_a_caller_have_so_many_operations(monkeypatch: pytest.MonkeyPatch, limit: str):
    monkeypatch.setattr(event_stream_registry, limit, 2)
    async with streaming_shop() as gateway:
        token = await gateway.reserve()
        for id_ in ("one", "two"):
            assert (await gateway.begin(token, id_, CHANGED, variables=OF_ANA)).status_code == 202
        assert code_of(await gateway.begin(token, "three")) == FULL
        await gateway.send("DELETE", params={"operationId": "one"}, headers={TOKEN: token})
        await gateway.wait_followers(1)
        assert (await gateway.begin(token, "three")).status_code == 202


async def test_counts_of_callers_who_have_left_are_forgotten():
    registry = EventStreamRegistry(PausedClock())
    for number in range(3):
        caller = Caller(f"caller {number}")
        registry.remove(registry.find(registry.reserve(caller), caller))
    assert (len(registry), registry._by_caller, registry._operations, registry._reserved) == (0, {}, {}, {})


async def test_what_waits_for_a_reader_is_bounded():
    """An operation goes on when he has read. What is in the stream is given at once."""
    stream = EventStream(EVERYBODY)
    stream.write(write_event("next", b"x" * MAX_WAITING_BYTES))
    going_on = asyncio.create_task(stream.wait_for_room())
    await asyncio.sleep(0)
    assert not going_on.done()
    stream.write(write_event("complete"))
    assert (await anext(stream)).endswith(b"\n\nevent: complete\ndata: \n\n")
    await going_on


async def test_nothing_is_written_to_a_stream_that_is_closed():
    stream = EventStream(EVERYBODY)
    stream.write(write_event("next", b"{}"))
    stream.close()
    stream.write(write_event("next", b"{}"))
    await stream.wait_for_room()
    assert await anext(stream, None) is None


class SlowReader:
    """A client on a socket who reads when he is told to. The system keeps little for him."""

    def __init__(self, port: int) -> None:
        self._socket = socket.socket()
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        self._socket.connect(("127.0.0.1", port))
        self._socket.setblocking(False)

    async def send(self, head: str, body: bytes = b"") -> None:
        content = f"{head} HTTP/1.1\r\nhost: x\r\naccept: text/event-stream\r\ncontent-length: {len(body)}\r\n"
        await asyncio.get_running_loop().sock_sendall(
            self._socket, f"{content}content-type: application/json\r\n\r\n".encode() + body
        )

    async def read_until(self, mark: bytes) -> bytes:
        read = bytearray()
        async with asyncio.timeout(60):
            while mark not in read:
                read += await asyncio.get_running_loop().sock_recv(self._socket, 1 << 16)
        return bytes(read)

    def close(self) -> None:
        self._socket.close()


ORDERS = " ".join(
    f"a{number}: orders {{ nodes {{ id number status placedAt items {{ sku name category }} }} }}" for number in range(20)
)
"""Fields of a customer that have some 10 kB."""

LONG = f"subscription ($ids: [ID!]) {{ customerChanged(ids: $ids) {{ cursor customer {{ {ORDERS} }} }} }}"


@pytest.mark.parametrize("is_shared", [False, True])
async def test_who_reads_too_slowly_is_told_that_he_misses_changes(is_shared: bool):
    """He has what waited for him, then the error, then the end of the operation. Who reads has all changes meanwhile."""
    async with streaming_shop() as gateway:
        reader = SlowReader(gateway.port)
        body = {"query": LONG, "variables": OF_ANA}
        if is_shared:
            token = await gateway.reserve()
            await reader.send(f"GET /graphql/stream?token={token}")
            await reader.read_until(b"retry: ")
            await gateway.begin(token, "slow", LONG, variables=OF_ANA)
        else:
            await reader.send("POST /graphql/stream", json.dumps(body).encode())
            await reader.read_until(b"retry: ")
        await gateway.wait_followers(1)
        count = 3 * MAX_WAITING
        async with gateway.following() as events:
            for _ in range(count):
                await gateway.tell("crm")
                assert "errors" not in await events.data()
        await gateway.wait_followers(0)  # his subscription follows no more
        assert max(stream._waiting_bytes for stream in gateway.app.event_streams.registry._tokens) < 2 * MAX_WAITING_BYTES
        heard = await reader.read_until(b"event: complete")
        reader.close()
        assert heard.count(b"event: next") < count
        assert heard.count(b"CHANGES_MISSED") == 1
        assert heard.rindex(b"event: next") < heard.index(b"CHANGES_MISSED") < heard.index(b"event: complete")
        await gateway.wait_until(0)


async def test_who_reads_slowly_holds_no_place_among_answers_under_way(monkeypatch: pytest.MonkeyPatch):
    """All parts of his answer are made, and counted, while he reads none of them, and has no room for more."""
    monkeypatch.setattr(event_stream, "MAX_WAITING_BYTES", 1)
    connectors = [shop.crm(), shop.orders(), shop.support()]
    orders, tickets = connectors[1].hang, connectors[2].hang = asyncio.Event(), asyncio.Event()
    may_send, sent = asyncio.Event(), bytearray()
    query = """{ customer(by: {id: "c1"}) { name
        ... @defer(label: "orders") { orders { totalCount } } ... @defer(label: "tickets") { tickets { totalCount } } } }"""
    body = {"type": "http.request", "body": json.dumps({"query": query}).encode(), "more_body": False}
    messages = [body]

    async def receive() -> dict[str, object]:
        return messages.pop() if messages else await asyncio.Future()

    async def send(message: MutableMapping[str, Any]) -> None:
        sent.extend(message.get("body", b""))
        if b"event: next" in sent:
            await may_send.wait()

    async with streaming_shop(connectors=connectors) as gateway:
        headers = [
            (b"accept", b"text/event-stream, multipart/mixed;incrementalSpec=v0.2"),
            (b"content-type", b"application/json"),
        ]
        scope = {"type": "http", "method": "POST", "headers": headers, "query_string": b"", "http_version": "1.1"}
        answering = asyncio.create_task(gateway.app.event_streams(scope, receive, send))
        async with asyncio.timeout(60):
            while b"event: next" not in sent:
                await asyncio.sleep(0)
            assert gateway.app.admission.under_way == 1
            (stream,) = gateway.app.event_streams.registry._tokens
            orders.set()
            while not stream._waiting_bytes:
                await asyncio.sleep(0)
            tickets.set()
            while gateway.app.admission.under_way:
                await asyncio.sleep(0)
        assert b"totalCount" not in sent
        may_send.set()
        await answering
        assert sent.count(b'"totalCount":') == 2
        assert sent.endswith(b"event: complete\ndata: \n\n")


async def test_a_stream_that_is_not_read_costs_another_one_nothing():
    """Both are of one caller; the operations of the first wait for its reader."""
    async with streaming_shop() as gateway:
        reader, token, other = SlowReader(gateway.port), await gateway.reserve(), await gateway.reserve()
        await reader.send(f"GET /graphql/stream?token={token}")
        await reader.read_until(b"retry: ")
        query = f'{{ customer(by: {{id: "c1"}}) {{ {ORDERS} }} }}'
        for number in range(60):
            assert (await gateway.begin(token, str(number), query)).status_code == 202
        async with gateway.open(headers={TOKEN: other}) as events:
            await gateway.begin(other, "one")
            assert (await events.data())["payload"] == ANA
        reader.close()
        await gateway.wait_until(0)
