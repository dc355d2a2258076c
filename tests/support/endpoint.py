"""The endpoint behind a socket on a free port, and callers that send it bytes."""

import asyncio
import functools
import inspect
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any

import pytest
import uvloop
from graphql import ExecutionResult
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from gateway.admission.admission import Admission
from gateway.app import Application
from gateway.http.endpoint import GraphQLView
from gateway.http.request_head import Head
from gateway.operations import Limits, Operation, Operations
from gateway.serving.server import AnnouncingServer, configure_server
from gateway.serving.sockets import listen
from gateway.uvicorn_protocol import EndpointProtocol
from tests.support.http_view import SCHEMA

BODY = b'{"query": "{ hello }"}'
HEAD = b"POST /graphql HTTP/1.1\r\nhost: here\r\ncontent-type: application/json\r\n"


class Served:
    """A server on a free port, whose answers are `data` and wait while `may_answer` is not set.

    `asked` are the documents that are run.
    """

    def __init__(self, protocol: type[EndpointProtocol] = EndpointProtocol, admission: Admission | None = None) -> None:
        self.may_answer = asyncio.Event()
        self.may_answer.set()
        self.began = asyncio.Semaphore(0)
        self.answered = 0
        self.asked: list[str] = []
        self.heads: list[Head] = []
        self.cancelled = 0
        self.data = {"hello": "you"}
        self._admission = admission
        self._callers: list[Caller] = []
        self.listening = listen("127.0.0.1", 0)
        self.started = asyncio.Event()
        config = configure_server(self._app)
        config.http = protocol
        self.server = AnnouncingServer(config, self.started.set)

    def _app(self) -> Application:
        operations = Operations(SCHEMA, limits=Limits())
        self.view = GraphQLView(operations, self._execute, max_body_bytes=100, admission=self._admission)
        routes = [Route("/healthz", self._alive), Route("/told", self._alive, methods=["POST"])]
        return Application(self.view, routes=routes)

    async def _alive(self, request: Request) -> JSONResponse:
        await request.body()
        return JSONResponse({"status": "alive"})

    async def _execute(self, operation: Operation, _: object, head: Head) -> ExecutionResult:
        assert operation.definition.loc is not None
        self.asked.append(operation.definition.loc.source.body)
        self.heads.append(head)
        self.began.release()
        try:
            await self.may_answer.wait()
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        self.answered += 1
        return ExecutionResult(self.data)

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
    def protocol(self) -> EndpointProtocol:
        """The only connection."""
        (protocol,) = self.server.server_state.connections
        assert isinstance(protocol, EndpointProtocol)
        return protocol

    @property
    def on_short_way(self) -> int:
        """How many connections have had a request that took the short way."""
        return len(self.server.server_state.tasks)

    async def gone(self) -> None:
        """Wait until no connection and no task is left."""
        while self.server.server_state.connections or self.server.server_state.tasks:
            await asyncio.sleep(0)


class Caller:
    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    def send(self, *parts: bytes) -> None:
        self.writer.writelines(parts)

    async def answer(self) -> tuple[int, dict[str, str], bytes]:
        head = (await self.reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        headers = dict(line.split(": ", 1) for line in head[1:] if line)
        return int(head[0].split()[1]), headers, await self.reader.readexactly(int(headers.get("content-length", 0)))

    async def statuses(self) -> list[int]:
        """Those of all answers until the server closes the connection, each of which is whole."""
        return [status for status, _, _ in answers_in(await self.reader.read())]

    async def until_closed(self) -> bytes:
        """What comes until the server closes the connection; to read before something is sent behind that.

        The server resets the connection for what comes when it has closed it.
        """
        found = b""
        with suppress(ConnectionResetError):
            while piece := await self.reader.read(1 << 16):
                found += piece
        return found

    def reset(self) -> None:
        """Leave without a word."""
        self.writer.transport.abort()

    async def aclose(self) -> None:
        self.writer.close()
        with suppress(ConnectionError):  # where the server was first
            await self.writer.wait_closed()

    async def is_closed(self) -> bool:
        return await self.reader.read() == b""


def answers_in(data: bytes) -> list[tuple[int, dict[str, str], bytes]]:
    """The answers that these bytes are, all of a stated length and whole."""
    answers = []
    while data:
        head, _, data = data.partition(b"\r\n\r\n")
        first, *lines = head.decode().split("\r\n")
        headers = dict(line.split(": ", 1) for line in lines)
        version, status = first.split()[:2]
        assert version == "HTTP/1.1"
        length = 0 if status == "100" else int(headers["content-length"])
        assert len(data) >= length
        answers.append((int(status), headers, data[:length]))
        data = data[length:]
    return answers


def posted(body: bytes = BODY, *, more: bytes = b"") -> bytes:
    return HEAD + b"content-length: %d\r\n%s\r\n%s" % (len(body), more, body)


def chunked(*parts: bytes, more: bytes = b"", trailers: bytes = b"") -> bytes:
    sent = b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in parts)
    return HEAD + b"transfer-encoding: chunked\r\n%b\r\n%b0\r\n%b\r\n" % (more, sent, trailers)


@asynccontextmanager
async def served(*args: Any, **kwargs: Any) -> AsyncIterator[Served]:
    it = Served(*args, **kwargs)
    serving = asyncio.create_task(it.server.serve([it.listening]))
    await it.started.wait()
    try:
        yield it
    finally:
        await it.aclose()
        await serving


LOOPS = {"asyncio": asyncio.new_event_loop, "uvloop": uvloop.new_event_loop}


def on_both_loops(test: Callable[..., Awaitable[None]]) -> Callable[..., None]:
    """Run a test on the loop of the other tests and on the one that serves, which differ in how connections end."""

    @functools.wraps(test)
    def run(loop: str, **kwargs: Any) -> None:
        with asyncio.Runner(loop_factory=LOOPS[loop]) as runner:
            runner.run(test(**kwargs))  # type: ignore[arg-type]

    own = inspect.signature(test)
    parameter = inspect.Parameter("loop", inspect.Parameter.POSITIONAL_OR_KEYWORD)
    run.__signature__ = own.replace(parameters=[parameter, *own.parameters.values()])  # type: ignore[attr-defined]
    return pytest.mark.parametrize("loop", LOOPS)(run)
