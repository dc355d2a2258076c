"""What one socket may take of its worker: sizes, operations, and what waits for a client who does not read."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from websockets.frames import Opcode

from gateway.http.endpoint import GraphQLView
from gateway.subscriptions.socket_messages import CloseCode
from gateway.subscriptions.socket_protocol import (
    MAX_FIRST_BYTES,
    MAX_FIRST_FRAMES,
    MAX_FRAMES,
    MAX_UNREAD_S,
)
from gateway.subscriptions.socket_session import ENVELOPE_BYTES, MAX_OPERATIONS
from tests.support.clocks import LoopClock, held_time, turns
from tests.support.socket_clients import (
    BEGIN,
    NAME,
    BareClient,
    SocketGateway,
    ask,
    closing,
    frame,
    heard,
    say,
    socket_gateway,
    until,
)

TINY = frame(b"", Opcode.PONG)
SUBSCRIBE = {"type": "subscribe", "payload": NAME}


async def test_who_sends_many_frames_and_does_not_begin_is_closed():
    """What he sends is thrown away, at once and later."""
    async with socket_gateway() as gateway, gateway.bare() as client:
        await client.open()
        (session,) = gateway.sessions
        client.send(TINY * (MAX_FIRST_FRAMES + 1))
        assert await client.closing() == 4400
        client.send(TINY * MAX_FRAMES)
        assert gateway.codes() == {"BAD_REQUEST"}
        await until(lambda: not gateway.sessions)
        assert len(session.protocol._unparsed) + len(session.protocol._conn.reader.buffer) == 0


async def test_so_many_frames_may_come_first():
    async with socket_gateway() as gateway, gateway.bare() as client:
        await client.open()
        client.send(TINY * (MAX_FIRST_FRAMES - 1))
        client.say(BEGIN)
        assert await client.heard() == {"type": "connection_ack"}


async def test_the_first_message_is_small():
    async with socket_gateway() as gateway, gateway.socket() as socket:
        await say(socket, {**BEGIN, "payload": {"at": "x" * MAX_FIRST_BYTES}})
        assert (await closing(socket))[0] == 1009
        assert gateway.codes() == {"BAD_REQUEST"}


@pytest.mark.parametrize("more", [0, ENVELOPE_BYTES])
async def test_a_message_is_as_large_as_a_body(more: int):
    """Beyond that the operation is refused as by POST, and a larger message closes."""
    async with socket_gateway(limits={"max_body_bytes": 10_000}) as gateway, gateway.begun() as socket:
        await ask(socket, payload={**NAME, "extensions": {"at": "x" * 9_900}})
        assert [(await heard(socket))["type"] for _ in range(2)] == ["next", "complete"]
        await ask(socket, payload={**NAME, "extensions": {"at": "x" * (10_000 + more)}})
        if more:
            assert (await closing(socket))[0] == 1009
        else:
            assert (await heard(socket))["payload"][0]["extensions"]["code"] == "BAD_REQUEST"


def hold_answers(gateway: SocketGateway, monkeypatch: pytest.MonkeyPatch) -> asyncio.Event:
    """Have answers wait for an event."""
    may_answer, answer = asyncio.Event(), gateway.app.endpoint.answer

    async def wait(*args: Any) -> Any:
        await may_answer.wait()
        return await answer(*args)

    monkeypatch.setattr(gateway.app.endpoint, "answer", wait)
    return may_answer


async def test_an_operation_too_many_is_refused_alone(monkeypatch: pytest.MonkeyPatch):
    """Those under way go on, and so does the socket."""
    async with socket_gateway() as gateway, gateway.begun() as socket:
        may_answer = hold_answers(gateway, monkeypatch)
        for place in range(MAX_OPERATIONS + 1):
            await ask(socket, str(place))
        refused = await heard(socket)
        assert (refused["id"], refused["type"]) == (str(MAX_OPERATIONS), "error")
        assert refused["payload"][0]["extensions"]["code"] == "OVERLOADED"
        assert gateway.codes() == {"OVERLOADED"}
        may_answer.set()
        told = [await heard(socket) for _ in range(2 * MAX_OPERATIONS)]
        assert sum(own["type"] == "complete" for own in told) == MAX_OPERATIONS


async def test_large_operations_are_refused_alone(monkeypatch: pytest.MonkeyPatch):
    """However few they are: what is under way has an end in bytes, too. What is ended makes room."""
    monkeypatch.setattr("gateway.subscriptions.socket_session.MAX_OPERATION_BYTES", 10_000)
    async with socket_gateway() as gateway, gateway.begun() as socket:
        hold_answers(gateway, monkeypatch)
        large = {**NAME, "extensions": {"at": "x" * 6_000}}
        await ask(socket, "a", large)
        await ask(socket, "b", large)
        assert (await heard(socket))["id"] == "b"
        await say(socket, {"id": "a", "type": "complete"})
        await ask(socket, "c", large)
        await say(socket, {"type": "ping"})
        assert await heard(socket) == {"type": "pong"}


async def fill(gateway: SocketGateway, client: BareClient, monkeypatch: pytest.MonkeyPatch, size: int) -> None:
    """Have answers be so large that a client who does not read has no room for them."""
    answer = gateway.app.endpoint.answer

    async def grow(self: GraphQLView, *args: Any) -> Any:
        answered = await answer(*args)
        answered.body = answered.body[:-1] + b',"extensions":{"x":"' + b"x" * size + b'"}}'
        return answered

    monkeypatch.setattr(gateway.app.endpoint, "answer", grow.__get__(gateway.app.endpoint))
    client.writer.transport.get_extra_info("socket").setblocking(False)


async def test_who_sends_and_does_not_read_is_not_read(monkeypatch: pytest.MonkeyPatch):
    """Pings whose answers nobody reads stay in the systems between. He reads on, and all is there."""
    async with socket_gateway() as gateway, gateway.bare() as client:
        client.reader._limit = 1024  # type: ignore[attr-defined]  so that little is read that nobody asks for
        await client.begin()
        (session,) = gateway.sessions
        text = json.dumps({"type": "ping", "payload": {"x": "x" * 60_000}}).encode()
        for _ in range(600):
            client.send(frame(text))
        await until(lambda: session.protocol.is_full)
        await turns(200)
        assert session.protocol._is_paused
        assert session.protocol.transport.get_write_buffer_size() < 300_000
        for _ in range(600):
            assert (await client.heard())["type"] == "pong"


async def test_answers_that_nobody_reads_are_thrown_away_and_that_is_told(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("gateway.subscriptions.socket_session.MAX_HELD_BYTES", 3_000_000)
    async with socket_gateway() as gateway, gateway.bare() as client:
        client.reader._limit = 1024  # type: ignore[attr-defined]
        await client.begin()
        (session,) = gateway.sessions
        await fill(gateway, client, monkeypatch, 1_000_000)
        may_answer = hold_answers(gateway, monkeypatch)
        for place in range(40):
            client.say({"id": str(place), **SUBSCRIBE})
        await until(lambda: len(session._operations) == 40)
        may_answer.set()
        await until(lambda: len(session._operations) == 3)
        assert gateway.app.sockets.held_bytes == session._held_bytes
        assert 2_000_000 < session._held_bytes <= 3_300_000
        told: dict[str, str] = {}
        while len(told) < 40:
            message = await client.heard()
            if message["type"] == "error":
                assert message["payload"][0]["extensions"] == {"code": "OVERLOADED", "retryable": True} | {
                    "requestId": message["payload"][0]["extensions"]["requestId"]
                }
            if message["type"] != "next":
                told[message["id"]] = message["type"]
        assert sorted(told) == sorted(map(str, range(40)))
        assert {"complete", "error"} == {*told.values()}
        assert gateway.app.sockets.held_bytes == session._held_bytes == 0


async def test_a_worker_holds_so_much_for_all_sockets(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("gateway.subscriptions.socket_endpoint.MAX_WORKER_HELD_BYTES", 1_500_000)
    async with socket_gateway() as gateway, gateway.bare() as client:
        client.reader._limit = 1024  # type: ignore[attr-defined]
        await client.begin()
        (session,) = gateway.sessions
        await fill(gateway, client, monkeypatch, 1_000_000)
        may_answer = hold_answers(gateway, monkeypatch)
        for place in range(20):
            client.say({"id": str(place), **SUBSCRIBE})
        await until(lambda: len(session._operations) == 20)
        may_answer.set()
        await until(lambda: len(session._operations) == 2)  # one waits to say that it is over, and one with its result
        assert 0 < gateway.app.sockets.held_bytes <= 1_500_000


async def test_a_slow_reader_is_told_what_he_missed_then_closed(monkeypatch: pytest.MonkeyPatch):
    """By the clock, when he has read nothing for 30 seconds. What was written before comes first."""
    async with socket_gateway(clock=LoopClock()) as gateway, gateway.bare() as client:
        client.reader._limit = 1024  # type: ignore[attr-defined]
        await client.begin()
        (session,) = gateway.sessions
        await fill(gateway, client, monkeypatch, 3_000_000)
        for place in range(8):
            client.say({"id": str(place), **SUBSCRIBE})
        await until(lambda: session._held_bytes > 0)
        with held_time() as held:
            await held.flow(MAX_UNREAD_S + 2)
            assert session.protocol.is_closing
            kinds = []
            while (read := await client.frame())[0] == Opcode.TEXT:
                kinds.append(json.loads(read[1])["type"])
            assert kinds[0] == "next"
            assert "error" in kinds
            assert int.from_bytes(read[1][:2]) == CloseCode.TRY_AGAIN_LATER
        assert "OVERLOADED" in gateway.codes()
        await until(lambda: not asyncio.all_tasks() & {own.task for own in session._operations.values()})
        assert gateway.app.sockets.held_bytes == 0


async def test_a_caller_has_so_many_sockets(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("gateway.subscriptions.socket_endpoint.MAX_CALLER_SOCKETS", 1)
    async with socket_gateway() as gateway:
        async with gateway.begun(), gateway.socket() as socket:
            await say(socket, BEGIN)
            assert await closing(socket) == (1013, "1 sockets of this caller are open here; close some")
        await until(lambda: not gateway.sessions)
        async with gateway.begun():
            pass
