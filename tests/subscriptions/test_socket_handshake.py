"""How a connection becomes a socket: what opens one, what is refused at once, and what stays of the requests before."""

import asyncio
import gc
import json
from typing import Any

import pytest

from gateway.socket_upgrade import MAX_FIELDS
from gateway.subscriptions.socket_session import MAX_FIELD_BYTES
from gateway.uvicorn_protocol import EndpointProtocol
from tests.support.socket_clients import ANA, BEGIN, HANDSHAKE, NAME, frame, handshake, socket_gateway, until

LARGE = {"x-large": "x" * MAX_FIELD_BYTES}
MANY = {f"x-{place}": "1" for place in range(MAX_FIELDS)}


@pytest.mark.parametrize("headers", [LARGE, MANY], ids=["large", "many"])
async def test_a_handshake_with_large_headers_is_431_at_once(headers: dict[str, str]):
    async with socket_gateway() as gateway, gateway.bare() as client:
        client.shake(**headers)
        assert (await client.head())[0] == 431
        assert gateway.codes() == {"BAD_REQUEST"}


async def test_a_handshake_as_large_as_it_may_be_opens_a_socket():
    """In header lines that are longer than those of other servers, and as many as there may be."""
    used = sum(len(name) + len(value) for name, value in HANDSHAKE.items())
    names = [f"x-{place:03}" for place in range(MAX_FIELDS - len(HANDSHAKE))]
    room = MAX_FIELD_BYTES - used - sum(map(len, names))
    async with socket_gateway() as gateway, gateway.bare() as client:
        await client.open(**dict.fromkeys(names, "") | {names[0]: "x" * room})


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Sec-WebSocket-Key": None}, 400),
        ({"Sec-WebSocket-Key": "short"}, 400),
        ({"Sec-WebSocket-Version": "8"}, 400),
        ({"Origin": "https://elsewhere.example"}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Host": None}, 400),
    ],
    ids=["no key", "a short key", "an old version", "another origin", "another site", "no host"],
)
async def test_what_is_no_handshake_is_refused_and_observed(headers: dict[str, str | None], status: int):
    async with socket_gateway() as gateway, gateway.bare() as client:
        client.shake(**headers)
        assert (await client.head())[0] == status
        assert gateway.codes() == {"CROSS_ORIGIN_REFUSED" if status == 403 else "BAD_REQUEST"}
        assert gateway.sessions == []


@pytest.mark.parametrize("origin", ["http://gateway", "https://gateway", "https://console.example"])
async def test_pages_that_may_ask_open_sockets(origin: str):
    async with socket_gateway(cors={"origins": ["https://console.example"]}) as gateway, gateway.bare() as client:
        await client.open(Origin=origin)


@pytest.mark.parametrize(
    ("path", "headers", "status"),
    [
        ("/healthz", {}, 200),
        ("/graphql", {"Upgrade": "h2c"}, 400),
        ("/graphql", {"Upgrade": "websocket, h2c"}, 400),
        ("/graphql", {"Content-Length": "0"}, 400),
    ],
    ids=["another path", "another protocol", "two protocols", "a body"],
)
async def test_other_upgrades_are_ignored(path: str, headers: dict[str, str], status: int):
    """The request is answered as without one: here by GET without a query."""
    async with socket_gateway() as gateway, gateway.bare() as client:
        client.shake(path, Accept="application/graphql-response+json", **headers)
        assert (await client.head())[0] == status
        assert gateway.sessions == []


async def test_a_post_before_leaves_nothing():
    """Neither its task, nor the connection as HTTP had it."""
    async with socket_gateway() as gateway, gateway.bare() as client:
        before = asyncio.all_tasks()
        body = b'{"query": "{ sources { name } }"}'
        head = (
            f"POST /graphql HTTP/1.1\r\nHost: gateway\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        client.send(head.encode() + body)
        status, answered = await client.head()
        assert status == 200
        await client.reader.readexactly(int(answered.split(b"content-length: ")[1].split(b"\r")[0]))
        client.shake()
        assert (await client.head())[0] == 101
        client.say(BEGIN)
        assert await client.heard() == {"type": "connection_ack"}
        await asyncio.sleep(0)
        started = {task.get_coro().__qualname__ for task in asyncio.all_tasks() - before}  # type: ignore[union-attr]
        assert started == {"SocketEndpoint._tick_all"}
        assert not gateway.server.server_state.tasks
        assert not gateway.server.server_state.connections
        gc.collect()
        assert [own for own in gc.get_objects() if type(own) is EndpointProtocol] == []


async def test_what_comes_behind_a_handshake_is_read():
    """In the same segment, of more than one piece, behind another request."""
    padding = {"type": "ping", "payload": {"at": "x" * 9_000}}
    async with socket_gateway() as gateway, gateway.bare() as client:
        request = b"GET /graphql?query={sources{name}} HTTP/1.1\r\nHost: gateway\r\n\r\n"
        client.send(request)
        _, answered = await client.head()
        await client.reader.readexactly(int(answered.split(b"content-length: ")[1].split(b"\r")[0]))
        messages: list[Any] = [padding, BEGIN, {"id": "1", "type": "subscribe", "payload": NAME}]
        client.send(handshake() + b"".join(frame(json.dumps(own).encode()) for own in messages))
        assert (await client.head())[0] == 101
        assert (await client.heard())["type"] == "pong"
        assert (await client.heard())["type"] == "connection_ack"
        assert (await client.heard())["payload"]["data"] == ANA


async def test_a_handshake_behind_a_request_that_runs_is_no_socket():
    """It would have to wait with all that follows. The upgrade is ignored, as elsewhere."""
    async with socket_gateway() as gateway, gateway.bare() as client:
        client.send(b"GET /graphql?query={sources{name}} HTTP/1.1\r\nHost: gateway\r\n\r\n" + handshake())
        for status in (200, 400):
            given, answered = await client.head()
            await client.reader.readexactly(int(answered.split(b"content-length: ")[1].split(b"\r")[0]))
            assert given == status


@pytest.mark.parametrize("limit", ["MAX_SOCKETS", "MAX_NEW_SOCKETS"])
async def test_a_socket_too_many_is_503(limit: str, monkeypatch: pytest.MonkeyPatch):
    """Until one is gone."""
    monkeypatch.setattr(f"gateway.subscriptions.socket_endpoint.{limit}", 1)
    async with socket_gateway() as gateway, gateway.bare() as late:
        async with gateway.bare() as first:
            await first.open()
            late.shake()
            status, head = await late.head()
            assert (status, b"retry-after: 1" in head) == (503, True)
        await until(lambda: not gateway.sessions)
        async with gateway.bare() as next_one:
            await next_one.open()
        assert gateway.codes() == {"OVERLOADED"}
