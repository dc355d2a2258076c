"""The end of a worker: what runs is answered, subscriptions are over, and clients are told to come back."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tests.subscriptions.test_socket_operations import changing_gateway, follow
from tests.support.clocks import PATIENCE_S
from tests.support.socket_clients import ANA, ask, closing, heard, socket_gateway, until

GONE = (1001, "Going away")


async def test_sockets_that_are_idle_are_closed_at_once():
    """Those that have not begun, too."""
    async with socket_gateway() as gateway, gateway.begun() as socket, gateway.socket() as new:
        gateway.server.should_exit = True
        assert await closing(socket) == GONE
        assert await closing(new) == GONE
        assert gateway.codes() == set()


async def test_what_runs_is_answered_and_nothing_new_begins(monkeypatch: pytest.MonkeyPatch):
    async with socket_gateway() as gateway, gateway.begun() as socket:
        may_answer, answer, asked = asyncio.Event(), gateway.app.endpoint.answer, asyncio.Event()

        async def wait(*args: Any) -> Any:
            asked.set()
            await may_answer.wait()
            return await answer(*args)

        monkeypatch.setattr(gateway.app.endpoint, "answer", wait)
        await ask(socket)
        await asked.wait()
        gateway.server.should_exit = True
        await until(lambda: gateway.app.sockets._is_closed)
        await ask(socket, "2")
        late = await heard(socket)
        assert (late["id"], late["type"], late["payload"][0]["extensions"]["code"]) == ("2", "error", "OVERLOADED")
        async with gateway.bare() as client:
            client.shake()
            async with asyncio.timeout(PATIENCE_S):
                assert b"503" in await client.reader.readline()
        may_answer.set()
        assert (await heard(socket))["payload"]["data"] == ANA
        assert await heard(socket) == {"id": "1", "type": "complete"}
        assert await closing(socket) == GONE


async def test_subscriptions_are_over():
    """Not with an error: their clients come back with the last `cursor`."""
    async with changing_gateway() as (gateway, _), gateway.begun() as socket:
        await follow(gateway, socket)
        gateway.server.should_exit = True
        assert await heard(socket) == {"id": "1", "type": "complete"}
        assert await closing(socket) == GONE


async def test_what_takes_too_long_is_not_waited_for(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("gateway.subscriptions.socket_endpoint.DRAIN_S", 0.05)
    async with socket_gateway() as gateway, gateway.begun() as socket:
        asked = asyncio.Event()

        async def wait(*_: Any) -> Any:
            asked.set()
            await asyncio.Event().wait()

        monkeypatch.setattr(gateway.app.endpoint, "execute", wait)
        await ask(socket)
        await asked.wait()
        gateway.server.should_exit = True
        assert await closing(socket) == GONE
        await until(lambda: gateway.counts() == {"ABANDONED": 1})


async def test_who_does_not_close_is_cut_off(monkeypatch: pytest.MonkeyPatch):
    """The worker ends whatever its clients do."""
    monkeypatch.setattr("gateway.subscriptions.socket_endpoint.DRAIN_S", 0.05)
    monkeypatch.setattr("gateway.subscriptions.socket_endpoint.GONE_S", 0.05)
    async with socket_gateway() as gateway, gateway.bare() as client:
        await client.begin()
        gateway.server.should_exit = True
        assert await client.closing() == 1001
        with pytest.raises((ConnectionResetError, asyncio.IncompleteReadError)):
            await client.frame()
        assert gateway.sessions == []
