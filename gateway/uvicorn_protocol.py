"""Pass plain requests between socket and endpoint, without ASGI.

Such a request posts a body of a stated length over HTTP/1.1, when nothing else is under way on its connection. It is answered
with one write. All others, and all other paths, go through ASGI, as uvicorn does it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any, ClassVar

import msgspec
from uvicorn.protocols.http.httptools_impl import STATUS_LINE

from gateway.framing import ANSWERING, BODY, IDLE, FramingProtocol
from gateway.http.endpoint import ENDPOINT, GraphQLView
from gateway.http.part_stream import PartStream
from gateway.http.request_head import Head
from gateway.http.response import HttpResponse

_ENDPOINT = ENDPOINT.encode()
_LAST_CHUNK = b"0\r\n\r\n"


class _Exchange(msgspec.Struct, eq=False):
    """A request on the short way. uvicorn knows it as the connection's cycle, and sets its event, for which nobody waits."""

    head: Head
    keep_alive: bool
    body: bytes | bytearray = b""
    disconnected: bool = False
    response_complete: bool = False

    message_event: ClassVar[asyncio.Event] = asyncio.Event()


class EndpointProtocol(FramingProtocol):
    """One connection."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        endpoint = getattr(self.app, "endpoint", None)
        self._endpoint = self._view = endpoint if isinstance(endpoint, GraphQLView) else None
        if self._view is not None:
            self._monotonic = self._view.monotonic
            self.since = self._monotonic()
        self._coming: asyncio.Future[_Exchange] | None = None
        self._answering: asyncio.Task[None] | None = None
        self._general: tuple[Any, bytes] = None, b""
        self._peer: str | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._peer = None if self.client is None else self.client[0]
        if self._crowded:
            self._view = None

    def note_refusal(self, method: str, answer: HttpResponse) -> None:
        if self._endpoint is not None:
            self._endpoint.note_refusal(method, answer)

    def grant_reading(self, headers: Sequence[tuple[bytes, bytes]], answer: HttpResponse) -> None:
        if self._endpoint is not None and self.url.partition(b"?")[0] == _ENDPOINT:
            self._endpoint.grant_reading(headers, answer)

    def _fields_of(self, cycle: Any) -> Sequence[tuple[bytes, bytes]]:
        return cycle.head.fields if type(cycle) is _Exchange else super()._fields_of(cycle)

    def on_headers_complete(self) -> None:
        exchange = self._exchange()
        if exchange is None:
            super().on_headers_complete()
        else:
            self.cycle = exchange
            self.phase = BODY

    def _exchange(self) -> _Exchange | None:
        """The request that begins here, if it can go the short way."""
        view, cycle, parser = self._view, self.cycle, self.parser
        if (
            view is None
            or self.url != _ENDPOINT
            or parser.get_method() != b"POST"
            or parser.should_upgrade()
            or not (cycle is None or cycle.response_complete)
            or (self._header_bytes and not self.is_header_small())
        ):
            return None
        head, keep_alive = Head("POST", self.headers, b"", self.since, self._peer), parser.should_keep_alive()
        headers = head.headers
        # Where nothing is said of the connection, only HTTP/1.1 keeps it.
        if (not keep_alive or b"connection" in headers) and parser.get_http_version() != "1.1":
            return None
        length = headers.get(b"content-length")
        if length is None or int(length) > view.max_body_bytes:
            return None
        if b"transfer-encoding" in headers or b"expect" in headers:
            return None
        host = headers.get(b"host")
        if host is None or (host != self._host and not self.is_host(host)):
            return None
        if len(headers) < len(self.headers) and self._says_host_twice():
            return None
        return _Exchange(head, keep_alive)

    def _says_host_twice(self) -> bool:
        return sum(name == b"host" for name, _ in self.headers) > 1

    def on_body(self, body: bytes) -> None:
        exchange = self.cycle
        if type(exchange) is not _Exchange:
            super().on_body(body)
        elif not exchange.body:
            exchange.body = body
        else:
            if type(exchange.body) is bytes:
                exchange.body = bytearray(exchange.body)
            exchange.body += body

    def on_message_complete(self) -> None:
        exchange = self.cycle
        if type(exchange) is not _Exchange or self.phase != BODY:
            super().on_message_complete()
            return
        self.phase = ANSWERING
        self._answered = exchange
        exchange.head.arrived = self._now
        if self._coming is not None:
            self._coming.set_result(exchange)
        else:
            # One task for all requests of the connection: to make one costs as much as to read and write a request.
            self._answering = task = self.loop.create_task(self._answer_all(exchange))
            self.tasks.add(task)
            task.add_done_callback(self.tasks.discard)

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self._end_answering()

    def release_to(self, protocol: asyncio.Protocol) -> None:
        super().release_to(protocol)
        self._end_answering()

    def _end_answering(self) -> None:
        if self._answering is not None:
            self._answering.cancel()
            self._answering = self._coming = None  # they hold this connection, and only the garbage collector would free it

    async def _answer_all(self, exchange: _Exchange) -> None:
        assert self._view is not None
        try:
            while not self.transport.is_closing():
                answer = await self._view.answer(exchange.head, exchange.body)
                if answer.parts is not None:
                    await self._write_parts(answer, answer.parts, exchange)
                if self.flow.write_paused:
                    await self.flow.drain()
                if self.transport.is_closing():
                    break
                self._coming = self.loop.create_future()
                self._write(answer, exchange)
                exchange = await self._coming
        finally:
            if not self.is_released:
                self.transport.close()

    async def _write_parts(self, answer: HttpResponse, parts: PartStream, exchange: _Exchange) -> None:
        """Write an answer in chunks, each when it is ready. The last one is left to be written."""
        try:
            if not self.transport.is_closing():
                self._begin_writing(answer, exchange, _chunk(answer.body))
            async for part in parts:
                if self.transport.is_closing():
                    return
                self.transport.write(_chunk(part))  # all of it, as of an answer in one piece: who reads slowly holds no place
        finally:
            parts.close()

    def _begin_writing(self, answer: HttpResponse, exchange: _Exchange, body: bytes) -> None:
        """Write the head of an answer, and what of its body comes with it."""
        headers = self.server_state.default_headers
        if headers is not self._general[0]:  # uvicorn makes new ones each second
            self._general = headers, b"".join([b"%b: %b\r\n" % header for header in headers])
        end = b"\r\n" if exchange.keep_alive else b"connection: close\r\n\r\n"
        self.transport.write(b"".join((STATUS_LINE[answer.status], self._general[1], answer.head, end, body)))

    def _write(self, answer: HttpResponse, exchange: _Exchange) -> None:
        if answer.parts is None:
            self._begin_writing(answer, exchange, answer.body)
        else:
            self.transport.write(_LAST_CHUNK)
        exchange.response_complete = True
        if not exchange.keep_alive:
            self.transport.close()
        if self.pipeline or not exchange.keep_alive:
            self.on_response_complete()
            return
        self.server_state.total_requests += 1
        if self.phase == ANSWERING:
            self.phase = IDLE
            self.since = self._monotonic()


def _chunk(content: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(content), content)
