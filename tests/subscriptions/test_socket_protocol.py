"""graphql-transport-ws over a real socket: its messages, and the codes that its document closes with."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from gateway.subscriptions.socket_messages import SUBPROTOCOL
from tests.support import shop
from tests.support.gateway_server import served, settings_for

NAME = {"query": '{ customer(by: {id: "c1"}) { name } }'}


@asynccontextmanager
async def open_gateway(**words: Any) -> AsyncIterator[str]:
    """A gateway behind a real socket; gives where sockets open."""
    connectors = [shop.crm()]
    async with served(settings_for(connectors, **words), connectors=connectors) as gateway:
        yield f"ws://127.0.0.1:{gateway.client.base_url.port}/graphql"


@asynccontextmanager
async def opened_socket(payload: dict[str, Any] | None = None, **words: Any) -> AsyncIterator[ClientConnection]:
    """A socket whose client may ask."""
    async with open_gateway(**words) as url, connect(url, subprotocols=[SUBPROTOCOL], compression=None) as socket:  # type: ignore[list-item]
        await say(socket, {"type": "connection_init", **({} if payload is None else {"payload": payload})})
        assert await heard(socket) == {"type": "connection_ack"}
        yield socket


async def say(socket: ClientConnection, message: Any) -> None:
    await socket.send(message if isinstance(message, str | bytes) else json.dumps(message))


async def heard(socket: ClientConnection) -> dict[str, Any]:
    message: dict[str, Any] = json.loads(await socket.recv())
    return message


async def closing(socket: ClientConnection) -> tuple[int, str]:
    """The code that the socket is closed with, and the reason."""
    with pytest.raises(ConnectionClosed) as closed:
        await socket.recv()
    assert closed.value.rcvd is not None
    return closed.value.rcvd.code, closed.value.rcvd.reason


async def test_a_query_is_answered_as_by_post():
    async with opened_socket() as socket:
        await say(socket, {"id": "1", "type": "subscribe", "payload": NAME})
        answer = await heard(socket)
        assert (answer["id"], answer["type"], answer["payload"]["data"]) == ("1", "next", {"customer": {"name": "Ana Souza"}})
        assert await heard(socket) == {"id": "1", "type": "complete"}
        await say(socket, {"id": "1", "type": "subscribe", "payload": NAME})  # its id is free again
        assert (await heard(socket))["type"] == "next"


async def test_what_does_not_validate_is_an_error_and_no_result():
    async with opened_socket() as socket:
        await say(socket, {"id": "1", "type": "subscribe", "payload": {"query": "{ nothing }"}})
        answer = await heard(socket)
        assert (answer["id"], answer["type"]) == ("1", "error")
        assert answer["payload"][0]["extensions"]["code"]
        await say(socket, {"type": "ping"})
        assert await heard(socket) == {"type": "pong"}  # no complete behind an error


async def test_a_ping_has_a_pong_with_its_payload():
    async with opened_socket() as socket:
        await say(socket, {"type": "pong"})
        await say(socket, {"type": "ping", "payload": {"at": 1}})
        assert await heard(socket) == {"type": "pong", "payload": {"at": 1}}


@pytest.mark.parametrize(
    "message",
    ["", "{", "[]", '{"type": "unknown"}', '{"id": "", "type": "complete"}', '{"type": "subscribe"}', b"{}", "[" * 5_000],
    ids=["nothing", "half", "a list", "another type", "an empty id", "no payload", "binary", "deep"],
)
async def test_malformed_messages_are_4400(message: str | bytes):
    async with opened_socket() as socket:
        await say(socket, message)
        code, reason = await closing(socket)
        assert code == 4400
        assert reason.startswith("Invalid message")


async def test_who_asks_first_is_4401():
    async with open_gateway() as url, connect(url, subprotocols=[SUBPROTOCOL]) as socket:  # type: ignore[list-item]
        await say(socket, {"id": "1", "type": "subscribe", "payload": NAME})
        assert await closing(socket) == (4401, "Unauthorized")


async def test_another_subprotocol_is_4406():
    async with open_gateway() as url, connect(url, subprotocols=["graphql-ws"]) as socket:  # type: ignore[list-item]
        assert await closing(socket) == (4406, "Subprotocol not acceptable")


async def test_an_id_in_use_is_4409(monkeypatch: pytest.MonkeyPatch):
    async with opened_socket() as socket:
        waiting = asyncio.Event()
        monkeypatch.setattr("gateway.http.endpoint.GraphQLView.answer", lambda *_: waiting.wait())
        for _ in range(2):
            await say(socket, {"id": "1", "type": "subscribe", "payload": NAME})
        assert await closing(socket) == (4409, "Subscriber for 1 already exists")


async def test_a_second_beginning_is_4429():
    async with opened_socket() as socket:
        await say(socket, {"type": "connection_init"})
        assert await closing(socket) == (4429, "Too many initialisation requests")


async def test_who_says_nothing_is_4408(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("gateway.subscriptions.socket_endpoint.INITIALISATION_S", 0.05)
    async with open_gateway() as url, connect(url, subprotocols=[SUBPROTOCOL]) as socket:  # type: ignore[list-item]
        assert await closing(socket) == (4408, "Connection initialisation timeout")


async def test_a_credential_that_is_nobodys_is_4403(tmp_path: Path):
    keys = {"file": str(tmp_path / "keys.json"), "secret": "a secret that is long enough for keys"}
    words: dict[str, Any] = {"callers": {"console": {}}, "access": {"keys": keys}}
    async with open_gateway(**words) as url:
        for payload in ({}, {"Authorization": "Bearer pgk_5f0c9d1e77aa_nobody"}):
            async with connect(url, subprotocols=[SUBPROTOCOL]) as socket:  # type: ignore[list-item]
                await say(socket, {"type": "connection_init", "payload": payload})
                assert await closing(socket) == (4403, "Forbidden")


async def test_pages_of_other_origins_open_no_socket():
    async with open_gateway() as url:
        with pytest.raises(InvalidStatus) as refused:
            async with connect(url, subprotocols=[SUBPROTOCOL], origin="https://elsewhere.example"):  # type: ignore[list-item, arg-type]
                pass
        assert refused.value.response.status_code == 403


async def test_other_paths_have_no_sockets():
    """There an upgrade is ignored, as before."""
    async with open_gateway() as url:
        with pytest.raises(InvalidStatus) as refused:
            async with connect(url.replace("/graphql", "/healthz"), subprotocols=[SUBPROTOCOL]):  # type: ignore[list-item]
                pass
        assert refused.value.response.status_code == 200


async def test_a_gateway_that_ends_closes_sockets():
    async with opened_socket() as socket:
        pass
    assert socket.close_code in (1000, 1012)
