"""The short way from the socket to the view: what it takes, what it leaves to uvicorn, and how connections end."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from graphql import ExecutionResult

from gateway.app import Application
from gateway.http import GraphQLView
from gateway.operations import Limits, Operations
from gateway.protocol import EndpointProtocol
from gateway.serving import AnnouncingServer, configured, listening
from tests.clocks import held_time, turns
from tests.http_view import SCHEMA

BODY = b'{"query": "{ hello }"}'
HEAD = b"POST /graphql HTTP/1.1\r\nhost: here\r\ncontent-type: application/json\r\n"


class Served:
    """A server on a free port, whose answers wait while `may_answer` is not set."""

    def __init__(self) -> None:
        self.may_answer = asyncio.Event()
        self.may_answer.set()
        self.began = asyncio.Semaphore(0)
        self.answered = 0
        self._callers: list[Caller] = []
        self.listening = listening("127.0.0.1", 0)
        self.started = asyncio.Event()
        self.server = AnnouncingServer(configured(self._app), self.started.set)

    def _app(self) -> Application:
        return Application(GraphQLView(Operations(SCHEMA, limits=Limits()), self._execute, max_body_bytes=100), routes=[])

    async def _execute(self, *_: object) -> ExecutionResult:
        self.began.release()
        await self.may_answer.wait()
        self.answered += 1
        return ExecutionResult({"hello": "you"})

    async def connection(self) -> "Caller":
        caller = Caller(*await asyncio.open_connection(*self.listening.getsockname()))
        self._callers.append(caller)
        return caller

    async def aclose(self) -> None:
        for caller in self._callers:
            await caller.aclose()
        self.may_answer.set()
        self.server.should_exit = True

    @property
    def on_short_way(self) -> int:
        """How many connections have had a request that took the short way."""
        return len(self.server.server_state.tasks)


class Caller:
    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    def send(self, *parts: bytes) -> None:
        self.writer.writelines(parts)

    async def answer(self) -> tuple[int, dict[str, str], bytes]:
        head = (await self.reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        headers = dict(line.split(": ", 1) for line in head[1:] if line)
        return int(head[0].split()[1]), headers, await self.reader.readexactly(int(headers.get("content-length", 0)))

    async def aclose(self) -> None:
        self.writer.close()
        await self.writer.wait_closed()

    async def is_closed(self) -> bool:
        return await self.reader.read() == b""


def posted(body: bytes = BODY, *, more: bytes = b"") -> bytes:
    return HEAD + b"content-length: %d\r\n%s\r\n%s" % (len(body), more, body)


@asynccontextmanager
async def served() -> AsyncIterator[Served]:
    it = Served()
    serving = asyncio.create_task(it.server.serve([it.listening]))
    await it.started.wait()
    try:
        yield it
    finally:
        await it.aclose()
        await serving


async def test_requests_of_a_connection_are_answered_one_after_the_other():
    """Three times the same answer on one connection, with the headers of the view and the server's date, by one task."""
    async with served() as it:
        caller = await it.connection()
        for number in range(3):
            caller.send(posted(more=b"x-request-id: n%d\r\n" % number))
            status, headers, body = await caller.answer()
            assert (status, json.loads(body)) == (200, {"data": {"hello": "you"}})
            assert headers.pop("date").endswith("GMT")
            assert headers == {
                "content-length": "24",
                "content-type": "application/json; charset=utf-8",
                "x-request-id": f"n{number}",
                "cache-control": "no-store",
                "x-content-type-options": "nosniff",
            }
            assert it.on_short_way == 1


async def test_a_body_may_come_in_pieces():
    """A request is run when its last byte is here."""
    async with served() as it:
        caller = await it.connection()
        whole = posted()
        for place in range(len(whole) - 1):
            caller.send(whole[place : place + 1])
            await caller.writer.drain()
        assert it.began.locked()
        caller.send(whole[-1:])
        assert (await caller.answer())[0] == 200


async def test_pipelined_requests_are_answered_in_order():
    """The second waits in the connection until the first has its answer, and takes the way through ASGI."""
    async with served() as it:
        it.may_answer.clear()
        caller = await it.connection()
        caller.send(posted(more=b"x-request-id: one\r\n") + posted(more=b"x-request-id: two\r\n"))
        await it.began.acquire()
        assert it.began.locked()
        it.may_answer.set()
        assert [(await caller.answer())[1]["x-request-id"] for _ in range(2)] == ["one", "two"]
        caller.send(posted(more=b"x-request-id: three\r\n"))
        assert (await caller.answer())[1]["x-request-id"] == "three"


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (HEAD + b"transfer-encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\n\r\n" % (len(BODY), BODY), 200),
        (posted().replace(b"HTTP/1.1", b"HTTP/1.0"), 200),
        (posted(more=b"connection: keep-alive\r\n").replace(b"HTTP/1.1", b"HTTP/1.0"), 200),
        (posted(BODY + b" " * 100), 413),
        (b"GET /graphql?query=%7Bhello%7D HTTP/1.1\r\nhost: here\r\n\r\n", 200),
        (b"PUT /graphql HTTP/1.1\r\nhost: here\r\ncontent-length: 0\r\n\r\n", 405),
        (posted().replace(b"/graphql", b"/elsewhere"), 404),
    ],
    ids=["chunked", "http/1.0", "http/1.0 kept", "too large", "get", "put", "another path"],
)
async def test_other_requests_go_through_asgi(request_: bytes, status: int):
    """They have the answers of the view and of the router; no task of the short way is made."""
    async with served() as it:
        caller = await it.connection()
        caller.send(request_)
        assert (await caller.answer())[0] == status
        assert it.on_short_way == 0


async def test_a_caller_who_expects_to_be_asked_for_the_body_is_asked():
    """100 Continue comes before the body is sent, then the answer."""
    async with served() as it:
        caller = await it.connection()
        caller.send(posted(more=b"expect: 100-continue\r\n").removesuffix(BODY))
        assert (await caller.answer())[0] == 100
        caller.send(BODY)
        assert (await caller.answer())[0] == 200


async def test_a_connection_is_closed_when_its_caller_says_so():
    """The answer says so as well."""
    async with served() as it:
        caller = await it.connection()
        caller.send(posted(more=b"connection: close\r\n"))
        status, headers, _ = await caller.answer()
        assert (status, headers["connection"]) == (200, "close")
        assert await caller.is_closed()


async def test_a_connection_that_is_idle_is_closed():
    """After the time that uvicorn gives it, counted from the last answer."""
    async with served() as it:
        it.server.config.timeout_keep_alive = 5
        caller = await it.connection()
        with held_time() as held:
            for _ in range(2):
                caller.send(posted())
                assert (await caller.answer())[0] == 200
                held.advance(4)
                await turns()
            assert len(it.server.server_state.connections) == 1
            held.advance(2)
            assert await caller.is_closed()


@pytest.mark.parametrize("sent", [posted(), posted()[:1]], ids=["under way", "begun"])
async def test_a_connection_with_a_request_is_not_idle(sent: bytes):
    """Neither while it is under way nor while it comes: the timer of the answer before leaves it alone."""
    async with served() as it:
        caller = await it.connection()
        caller.send(posted())
        assert (await caller.answer())[0] == 200
        it.may_answer.clear()
        caller.send(sent)
        (protocol,) = it.server.server_state.connections
        assert isinstance(protocol, EndpointProtocol)
        while protocol.idle_since is not None:
            await asyncio.sleep(0)
        protocol.close_idle()
        it.may_answer.set()
        caller.send(posted()[len(sent) :])
        assert (await caller.answer())[0] == 200


async def test_a_caller_who_leaves_gets_no_answer():
    """What was begun for him comes to its end, and his connection leaves no task behind."""
    async with served() as it:
        it.may_answer.clear()
        caller = await it.connection()
        caller.send(posted())
        await it.began.acquire()
        await caller.aclose()
        while it.server.server_state.connections:
            await asyncio.sleep(0)
        it.may_answer.set()
        while it.server.server_state.tasks:
            await asyncio.sleep(0)
        assert it.answered == 1


async def test_a_caller_who_leaves_between_pipelined_requests_leaves_nothing_behind():
    """It is seen when the first has been answered, for nothing is read before."""
    async with served() as it:
        it.may_answer.clear()
        caller = await it.connection()
        caller.send(posted() * 2)
        await it.began.acquire()
        await caller.aclose()
        it.may_answer.set()
        while it.server.server_state.connections or it.server.server_state.tasks:
            await asyncio.sleep(0)
        assert it.answered == 2


async def test_the_server_ends_after_its_answers():
    """An answer under way is given, and says that the connection ends; one that waits for a request is closed at once."""
    async with served() as it:
        idle, busy = await it.connection(), await it.connection()
        idle.send(posted())
        assert (await idle.answer())[0] == 200
        await it.began.acquire()
        it.may_answer.clear()
        busy.send(posted())
        await it.began.acquire()
        it.server.should_exit = True
        assert await idle.is_closed()
        it.may_answer.set()
        status, headers, _ = await busy.answer()
        assert (status, headers["connection"]) == (200, "close")
        assert await busy.is_closed()
