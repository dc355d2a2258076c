"""The short way from the socket to the view and back, for requests to the endpoint that are as most are.

Such a request posts a body of a stated length over HTTP/1.1, when nothing else is under way on its connection. It is answered
with one write. All others, and all other paths, go through ASGI, as uvicorn does it.
"""

from __future__ import annotations

import asyncio
from typing import Any, ClassVar

import msgspec
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from gateway.http import ENDPOINT, Answer, GraphQLView, Head

_ENDPOINT = ENDPOINT.encode()


class _Exchange(msgspec.Struct, eq=False):
    """A request on the short way. uvicorn knows it as the connection's cycle, and sets its event, for which nobody waits."""

    head: Head
    keep_alive: bool
    body: bytes | bytearray = b""
    disconnected: bool = False
    response_complete: bool = False

    message_event: ClassVar[asyncio.Event] = asyncio.Event()


class EndpointProtocol(HttpToolsProtocol):
    """One connection. It goes without an access log and a limit of connections, which `serving` does not ask uvicorn for."""

    def __init__(self, *words: Any, **more: Any) -> None:
        super().__init__(*words, **more)
        endpoint = getattr(self.app, "endpoint", None)
        self._view = endpoint if isinstance(endpoint, GraphQLView) else None
        self._coming: asyncio.Future[_Exchange] | None = None
        self._general: tuple[Any, bytes] = None, b""
        self.idle_since: float | None = None
        self._idle_timer: asyncio.TimerHandle | None = None

    def on_message_begin(self) -> None:
        self.url, self.headers = b"", []
        self.idle_since = None

    def on_header(self, name: bytes, value: bytes) -> None:
        self.headers.append((name.lower(), value))

    def on_headers_complete(self) -> None:
        exchange = self._exchange()
        if exchange is not None:
            self.cycle: Any = exchange
            return
        url, headers = self.url, self.headers
        super().on_message_begin()  # which makes the scope, and begins with both
        self.url = url
        for header in headers:
            super().on_header(*header)
        super().on_headers_complete()

    def _exchange(self) -> _Exchange | None:
        """The request that begins here, if it can go the short way."""
        if (
            self._view is None
            or self.url != _ENDPOINT
            or self.parser.get_method() != b"POST"
            or self.parser.should_upgrade()
            or not (self.cycle is None or self.cycle.response_complete)
        ):
            return None
        head, keep_alive = Head("POST", self.headers, b""), self.parser.should_keep_alive()
        # Where nothing is said of the connection, only HTTP/1.1 keeps it.
        if (not keep_alive or b"connection" in head.headers) and self.parser.get_http_version() != "1.1":
            return None
        length = head.headers.get(b"content-length")
        if length is None or int(length) > self._view.max_body_bytes:
            return None
        if b"transfer-encoding" in head.headers or b"expect" in head.headers:
            return None
        return _Exchange(head, keep_alive)

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
        if type(self.cycle) is not _Exchange:
            super().on_message_complete()
        elif self._coming is not None:
            self._coming.set_result(self.cycle)
        else:
            # One task for all requests of the connection: to make one costs as much as to read and write a request.
            task = self.loop.create_task(self._answer_all(self.cycle))
            self.tasks.add(task)
            task.add_done_callback(self.tasks.discard)

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        if self._coming is not None:
            self._coming.cancel()
        if self._idle_timer is not None:
            self._idle_timer.cancel()

    async def _answer_all(self, exchange: _Exchange) -> None:
        assert self._view is not None
        try:
            while not self.transport.is_closing():
                answer = await self._view.answer(exchange.head, exchange.body)
                if self.flow.write_paused:
                    await self.flow.drain()
                if self.transport.is_closing():
                    break
                self._coming = self.loop.create_future()
                self._write(answer, exchange)
                exchange = await self._coming
        finally:
            self.transport.close()

    def _write(self, answer: Answer, exchange: _Exchange) -> None:
        headers = self.server_state.default_headers
        if headers is not self._general[0]:  # uvicorn makes new ones each second
            self._general = headers, b"".join([b"%b: %b\r\n" % header for header in headers])
        end = b"\r\n" if exchange.keep_alive else b"connection: close\r\n\r\n"
        self.transport.write(b"".join((STATUS_LINE[answer.status], self._general[1], answer.head, end, answer.body)))
        exchange.response_complete = True
        if not exchange.keep_alive:
            self.transport.close()
        if self.pipeline or not exchange.keep_alive:
            self.on_response_complete()
            return
        self.server_state.total_requests += 1
        self.idle_since = self.loop.time()
        if self._idle_timer is None:
            self._idle_timer = self.loop.call_later(self.timeout_keep_alive, self.close_idle)

    def close_idle(self) -> None:
        """Close the connection when it has been idle for long enough, else look again.

        So there is one timer for many answers, for to set one costs as much as to write an answer.
        """
        idle_s = 0.0 if self.idle_since is None else self.loop.time() - self.idle_since
        if idle_s >= self.timeout_keep_alive:
            self.timeout_keep_alive_handler()
        else:
            self._idle_timer = self.loop.call_later(self.timeout_keep_alive - idle_s, self.close_idle)
