"""graphql-transport-ws over a real socket: its messages, and the codes that its document closes with."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs
from websockets.frames import Opcode

from tests.support.clocks import LoopClock, held_time, turns
from tests.support.socket_clients import ANA, BEGIN, ask, closing, frame, heard, say, socket_gateway


async def test_a_query_is_answered_as_by_post():
    async with socket_gateway() as gateway, gateway.begun() as socket:
        await ask(socket)
        answer = await heard(socket)
        assert (answer["id"], answer["type"], answer["payload"]["data"]) == ("1", "next", ANA)
        assert await heard(socket) == {"id": "1", "type": "complete"}
        await ask(socket)  # its id is free again
        assert (await heard(socket))["type"] == "next"


async def test_what_does_not_validate_is_an_error_and_no_result():
    async with socket_gateway() as gateway, gateway.begun() as socket:
        await ask(socket, payload={"query": "{ nothing }"})
        answer = await heard(socket)
        assert (answer["id"], answer["type"]) == ("1", "error")
        assert answer["payload"][0]["extensions"]["code"] == "GRAPHQL_VALIDATION_FAILED"
        await say(socket, {"type": "ping"})
        assert await heard(socket) == {"type": "pong"}  # no complete behind an error


@pytest.mark.parametrize("payload", [{"at": 1}, {}])
async def test_a_ping_has_a_pong_with_its_payload(payload: dict[str, Any]):
    async with socket_gateway() as gateway, gateway.begun() as socket:
        await say(socket, {"type": "pong"})
        await say(socket, {"type": "ping", "payload": payload})
        assert await heard(socket) == {"type": "pong", "payload": payload}


async def test_a_ping_is_answered_before_it_is_known_who_asks():
    async with socket_gateway() as gateway, gateway.socket() as socket:
        await say(socket, {"type": "ping", "payload": None})
        assert await heard(socket) == {"type": "pong"}


MALFORMED = {
    "nothing": "",
    "half": "{",
    "a list": "[]",
    "another type": '{"type": "unknown"}',
    "an empty id": '{"id": "", "type": "complete"}',
    "a long id": f'{{"id": "{"x" * 201}", "type": "complete"}}',
    "a number as id": '{"id": 1, "type": "complete"}',
    "no payload": '{"id": "1", "type": "subscribe"}',
    "a text as payload": '{"id": "1", "type": "subscribe", "payload": "{ sources { name } }"}',
    "a ping of a list": '{"type": "ping", "payload": []}',
    "binary": b"{}",
    "deep": "[" * 5_000,
    "a message of the server": '{"type": "connection_ack"}',
}


@pytest.mark.parametrize("message", MALFORMED.values(), ids=MALFORMED)
async def test_malformed_messages_are_4400(message: str | bytes):
    async with socket_gateway() as gateway, gateway.begun() as socket:
        await say(socket, message)
        code, reason = await closing(socket)
        assert code == 4400
        assert reason.startswith("Invalid message")
        assert gateway.codes() == {"BAD_REQUEST"}


TEXT, CONT, PING = Opcode.TEXT, Opcode.CONT, Opcode.PING
FRAMES = {
    "no mask": (b"\x81\x02{}", 1002),
    "an opcode that is none": (b"\x83\x80\0\0\0\0", 1002),
    "a bit that is reserved": (b"\xc1\x80\0\0\0\0", 1002),
    "no beginning": (frame(b"{}", CONT), 1002),
    "two beginnings": (frame(b"{", TEXT, fin=False) + frame(b"}", TEXT), 1002),
    "a ping in parts": (frame(b"{", PING, fin=False), 1002),
    "a long ping": (b"\x89\xfe\x00\x7e\0\0\0\0" + b"x" * 126, 1002),
    "no text": (frame(b'{"type": "\xff"}'), 1007),
    "a frame of 64 GB": (b"\x81\xff\x00\x00\x00\x0f\xff\xff\xff\xff\0\0\0\0", 1009),
}


@pytest.mark.parametrize(("data", "code"), FRAMES.values(), ids=FRAMES)
async def test_malformed_frames_are_closed_as_the_rfc_has_it(data: bytes, code: int):
    async with socket_gateway() as gateway, gateway.bare() as client:
        await client.open()
        client.send(data)
        assert await client.closing() == code
        async with asyncio.timeout(30):
            assert await client.reader.read() == b""  # nothing follows
        assert gateway.codes() == {"BAD_REQUEST"}


async def test_a_message_may_come_in_frames_and_pieces():
    """With a ping among them, which is answered at once."""
    async with socket_gateway() as gateway, gateway.bare() as client:
        await client.open()
        text = json.dumps(BEGIN).encode()
        pieces = [frame(text[:5], fin=False), frame(b"here", PING), frame(b"", CONT, fin=False), frame(text[5:], CONT)]
        for byte in b"".join(pieces):
            client.send(bytes([byte]))
            await asyncio.sleep(0)
        assert await client.frame() == (Opcode.PONG, b"here")
        assert await client.heard() == {"type": "connection_ack"}


async def test_who_asks_first_is_4401():
    async with socket_gateway() as gateway, gateway.socket() as socket:
        await ask(socket)
        assert await closing(socket) == (4401, "Unauthorized")
        assert gateway.codes() == {"UNAUTHENTICATED"}


@pytest.mark.parametrize("offered", [["graphql-ws"], None])
async def test_another_subprotocol_is_4406(offered: list[str] | None):
    async with socket_gateway() as gateway, gateway.socket(subprotocols=offered) as socket:
        assert socket.subprotocol is None
        assert await closing(socket) == (4406, "Subprotocol not acceptable: speak graphql-transport-ws")
        assert gateway.codes() == {"BAD_REQUEST"}


async def test_the_subprotocol_is_chosen_among_others():
    async with socket_gateway() as gateway, gateway.socket(subprotocols=["graphql-ws", "graphql-transport-ws"]) as socket:
        assert socket.subprotocol == "graphql-transport-ws"


async def test_an_id_in_use_is_4409(monkeypatch: pytest.MonkeyPatch):
    async with socket_gateway() as gateway, gateway.begun() as socket:
        waiting = asyncio.Event()
        monkeypatch.setattr(gateway.app.endpoint, "answer", lambda *_: waiting.wait())
        for _ in range(2):
            await ask(socket)
        assert await closing(socket) == (4409, "Subscriber for 1 already exists")


async def test_an_id_whose_operation_was_ended_is_free(monkeypatch: pytest.MonkeyPatch):
    async with socket_gateway() as gateway, gateway.begun() as socket:
        answer, waiting = gateway.app.endpoint.answer, asyncio.Event()
        monkeypatch.setattr(gateway.app.endpoint, "answer", lambda *_: waiting.wait())
        await ask(socket)
        await say(socket, {"id": "1", "type": "complete"})
        await say(socket, {"type": "ping"})
        assert await heard(socket) == {"type": "pong"}
        monkeypatch.setattr(gateway.app.endpoint, "answer", answer)
        await ask(socket)
        assert (await heard(socket))["payload"]["data"] == ANA


async def test_to_end_what_is_not_there_is_nothing():
    async with socket_gateway() as gateway, gateway.begun() as socket:
        await say(socket, {"id": "7", "type": "complete"})
        await ask(socket)
        assert (await heard(socket))["type"] == "next"


async def test_a_second_beginning_is_4429():
    async with socket_gateway() as gateway, gateway.begun() as socket:
        await say(socket, BEGIN)
        assert await closing(socket) == (4429, "Too many initialisation requests")
        assert gateway.codes() == {"BAD_REQUEST"}


async def test_who_does_not_begin_is_4408():
    """By the clock, and not before. Who pings does not begin, either."""
    async with socket_gateway(clock=LoopClock()) as gateway, gateway.socket() as socket:
        with held_time() as held:
            await held.flow(2.5)
            await say(socket, {"type": "ping"})
            assert await heard(socket) == {"type": "pong"}
            await held.flow(2)
            assert await closing(socket) == (4408, "Connection initialisation timeout")
        assert gateway.codes() == {"BAD_REQUEST"}


async def test_who_has_begun_may_say_nothing():
    async with socket_gateway(clock=LoopClock()) as gateway, gateway.begun() as socket:
        with held_time() as held:
            await held.flow(5)
            await turns()
        await ask(socket)
        assert (await heard(socket))["type"] == "next"


async def test_a_credential_that_is_nobodys_is_4403(tmp_path: Path):
    keys = {"file": str(tmp_path / "keys.json"), "secret": "a secret that is long enough for keys"}
    words: dict[str, Any] = {"callers": {"console": {}}, "access": {"keys": keys}}
    async with socket_gateway(**words) as gateway:
        for payload in ({}, {"Authorization": "Bearer pgk_5f0c9d1e77aa_nobody"}):
            async with gateway.socket() as socket:
                await say(socket, {**BEGIN, "payload": payload})
                code, reason = await closing(socket)
                assert (code, reason[:11]) == (4403, "Forbidden: ")
        assert gateway.codes() == {"UNAUTHENTICATED"}


async def test_what_fails_in_the_gateway_is_4500(monkeypatch: pytest.MonkeyPatch):
    """It says nothing more, but in the log."""
    with capture_logs() as logs:
        await fail(monkeypatch)
    assert [(own["event"], own["error"]) for own in logs] == [("socket_failed", "TypeError")]


async def fail(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ask where nothing can be answered."""
    async with socket_gateway() as gateway, gateway.begun() as socket:
        monkeypatch.setattr(gateway.app.sockets.streams, "answer", None)
        await ask(socket)
        assert await closing(socket) == (4500, "Internal server error")
        assert gateway.codes() == {"INTERNAL"}
