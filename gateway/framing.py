"""Frame requests by RFC 9112, bound them, answer them in order.

uvicorn's protocol does the usual. This one adds what a server needs that anybody may connect to: a request that is refused is
answered after those before it, then the connection is closed; `Upgrade` is ignored; trailers are no headers; a request
that does not come to its end is refused, and one whose caller has gone is not worked on any more.
"""

from __future__ import annotations

import asyncio
import math
import re
from collections.abc import Sequence
from functools import partial
from typing import Any, ClassVar, NoReturn

import httptools
from starlette.requests import ClientDisconnect
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from gateway.clock import Clock
from gateway.descriptors import Descriptors
from gateway.flow_control import ConnectionFlow, LingeringTransport
from gateway.http.endpoint import ENDPOINT
from gateway.http.response import HttpResponse
from gateway.http.responses import RETRY_AFTER, make_refusal
from gateway.socket_upgrade import SocketOpening, cut_upgrade, open_socket, read_opening

MAX_HEADER_BYTES = 64 << 10
"""The target, names and values of a request's headers; also what frames a chunked body, beside what its bytes need."""

PIECE_BYTES = 4 << 10
"""What is read at a time. A caller may send 5,000 requests in one segment: they are parsed as they are answered."""

MAX_HEADER_S = 10.0
MAX_REQUEST_S = 30.0
MAX_UNREAD_S = 30.0
"""How long a caller may read nothing of an answer."""

HEALTH = (b"/healthz", b"/readyz")

IDLE, HEADER, BODY, ANSWERING = range(4)

_FRAME_BYTES = 8
"""What may frame a byte of a chunked body: a chunk of one byte takes five."""

_HOST = re.compile(rb"[A-Za-z0-9._~!$&'()*+,;=%\[\]:-]*")
_CHUNKED = re.compile(rb"(?:.*,)?[ \t]*chunked[ \t]*", re.IGNORECASE)


class _StopParsingError(Exception):
    """Ends the parser's work on a request that is refused."""


class _NoParser:
    """Stand in for the parser where nothing more is read."""

    def feed_data(self, data: bytes) -> None: ...


class FramingProtocol(HttpToolsProtocol):
    """One connection. It has one timer, and no access log or limit of concurrency, which `serving` does not ask uvicorn for."""

    flow: ConnectionFlow
    header_s: ClassVar[float] = MAX_HEADER_S
    request_s: ClassVar[float] = MAX_REQUEST_S
    unread_s: ClassVar[float] = MAX_UNREAD_S
    descriptors: ClassVar[Descriptors] = Descriptors()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._monotonic = Clock.monotonic
        self._new_parser()
        self.cycle: Any = None
        self.url = b""
        self.phase = HEADER
        self.since = self._now = self._monotonic()
        self._limits_s = (self.timeout_keep_alive, self.header_s, self.request_s, math.inf)
        self._timer: asyncio.TimerHandle | None = None
        self._answered: Any = None  # the cycle that is being answered, or was last
        self._task: asyncio.Task[Any] | None = None  # which is cancelled when the caller leaves
        self._host: bytes | None = None
        self._plain_head: bytes | None = None
        self._header_bytes = self._frame_bytes = 0
        self._crowded = self.is_released = False
        self._opening: SocketOpening | None = None
        self._unparsed = b""  # what has come behind requests that wait for their turn

    def _new_parser(self) -> None:
        self.parser: Any = httptools.HttpRequestParser(self)
        # What follows a request that asks to close is parsed, so that this request is answered; it is not run.
        self.parser.set_dangerous_leniencies(lenient_data_after_close=True)

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self.flow = ConnectionFlow(transport, self.pipeline)
        self._crowded = self.descriptors.are_nearly_used(transport)
        self.check_time()

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self.pipeline.clear()
        if self._timer is not None:
            self._timer.cancel()
        if type(self._answered) is RequestResponseCycle and not self._answered.response_complete:
            self._answered.disconnected = True
            self._answered.message_event.set()
        if self._task is not None:
            self._task.cancel()

    # What comes

    def data_received(self, data: bytes) -> None:
        self._now = self._monotonic()
        if len(data) > PIECE_BYTES:
            for place in range(0, len(data), PIECE_BYTES):
                if self.is_released:
                    self.transport.get_protocol().data_received(data[place:])  # type: ignore[attr-defined]
                    break
                if self.pipeline:
                    self._unparsed = data[place:]
                    break
                self.data_received(data[place : place + PIECE_BYTES])
            return
        try:
            self.parser.feed_data(data)
        except (httptools.HttpParserUpgrade, httptools.HttpParserError) as stop:
            self._go_on(stop, data)
        else:
            if self.phase != ANSWERING:
                self._count(len(data))

    def _go_on(self, stop: Exception, data: bytes) -> None:
        """Parse the rest after an ignored upgrade, else refuse it."""
        if self._opening is not None and isinstance(stop, httptools.HttpParserUpgrade):
            open_socket(self, self._opening, data[stop.args[0] :])
            return
        while type(self.parser) is not _NoParser:  # else what stopped it is a refusal
            if self._plain_head is None or not isinstance(stop, httptools.HttpParserUpgrade):
                self._refuse(400, "this is no valid HTTP request")
                return
            data = self._plain_head + data[stop.args[0] :]
            self._plain_head = None
            self._new_parser()
            try:
                self.parser.feed_data(data)
            except (httptools.HttpParserUpgrade, httptools.HttpParserError) as next_stop:
                stop = next_stop
            else:
                if self.phase != ANSWERING:
                    self._count(len(data))
                return

    def _count(self, size_bytes: int) -> None:
        """Bound the parts that are not counted where they are complete.

        The piece in which a request begins may hold much else.
        """
        if self.phase == HEADER:
            self._header_bytes += size_bytes
        elif self.phase == BODY and type(self.cycle) is RequestResponseCycle:
            self._frame_bytes += size_bytes
        if max(self._header_bytes, self._frame_bytes) > 2 * MAX_HEADER_BYTES:
            self._refuse_large()

    def on_message_begin(self) -> None:
        self.url, self.headers = b"", []
        self.phase = HEADER
        self.since = self._now

    def on_header(self, name: bytes, value: bytes) -> None:
        self.headers.append((name.lower(), value))

    def on_headers_complete(self) -> None:
        """Hand the request to the application by ASGI, or refuse it."""
        if self.parser.should_upgrade() and self.parser.get_method() != b"CONNECT":
            self._opening = read_opening(self)
            if self._opening is None:
                self._plain_head = cut_upgrade(self)  # it begins again from there
            return
        self.check_head()
        url, headers = self.url, self.headers
        super().on_message_begin()  # which makes the scope, and begins with both
        self.url = url
        is_old = self.parser.get_http_version() == "1.0"
        for header in headers:
            if not (is_old and header[0] == b"expect"):  # RFC 9110 10.1.1: it is ignored
                super().on_header(*header)
        self.scope["state"]["begun"] = self.since
        if not httptools.parse_url(url).path:  # of an absolute form
            self.url = url + b"/"
        super().on_headers_complete()
        if self._crowded:
            self.cycle.keep_alive = False
        self.phase = BODY
        self.headers = []  # for trailers, which nobody reads
        self._frame_bytes = 0

    def release_to(self, protocol: asyncio.Protocol) -> None:
        """Leave the connection to another protocol. Nothing of this one stays."""
        self.is_released = True
        self.parser, self.cycle, self._answered, self._opening = _NoParser(), None, None, None
        assert self._timer is not None
        self._timer.cancel()
        self.connections.discard(self)
        self.flow.resume_reading()
        self.transport.set_protocol(protocol)

    def check_head(self) -> None:
        """Refuse a head that RFC 9112 or we do not take. The connection is closed."""
        version = self.parser.get_http_version()
        hosts = [value for name, value in self.headers if name == b"host"]
        codings = b",".join(value for name, value in self.headers if name == b"transfer-encoding")
        if version not in ("1.0", "1.1"):
            self.stop(505, "use HTTP/1.1")
        elif self.parser.get_method() == b"CONNECT":
            self.stop(405, "this is no proxy")
        elif len(hosts) > 1 or (not hosts and version == "1.1") or (hosts and not self.is_host(hosts[0])):
            self.stop(400, "the header Host must be there once, and name a host")
        elif codings and (version == "1.0" or not _CHUNKED.fullmatch(codings)):
            self.stop(400, "the last transfer coding of a request must be chunked, over HTTP/1.1")
        elif codings and codings.strip().lower() != b"chunked":
            self.stop(501, "no transfer coding but chunked is known")
        elif self._crowded and self.url not in HEALTH:
            self.stop(503, "there are too many connections", "OVERLOADED", **RETRY_AFTER)
        elif self._header_bytes and not self.is_header_small():
            self._refuse_large()
            raise _StopParsingError

    def is_host(self, host: bytes) -> bool:
        """Tell whether it can be the value of `Host`. The last one is remembered, for the next request will say the same."""
        if not _HOST.fullmatch(host):
            return False
        self._host = host
        return True

    def is_header_small(self) -> bool:
        """Tell whether a complete header is within its limit. To be asked where it came in several pieces."""
        is_small = len(self.url) + sum(len(name) + len(value) for name, value in self.headers) <= MAX_HEADER_BYTES
        if is_small:
            self._header_bytes = 0
        return is_small

    def on_body(self, body: bytes) -> None:
        self._frame_bytes = max(0, self._frame_bytes - (_FRAME_BYTES + 1) * len(body))
        super().on_body(body)

    def on_message_complete(self) -> None:
        if self.phase == BODY:  # else it is to begin again, without an upgrade
            self.cycle.scope["state"]["arrived"] = self._now
            super().on_message_complete()
            self.phase = ANSWERING
            if self.cycle.response_complete:
                self._rest()

    # What is answered

    def _start_asgi_task(self, cycle: Any, app: Any, *, waited: bool = False) -> None:
        self._answered = cycle
        super()._start_asgi_task(cycle, partial(self._run, cycle, app, waited))

    async def _run(self, cycle: Any, app: Any, waited: bool, scope: Any, receive: Any, send: Any) -> None:
        async def send_if_there(message: Any) -> None:
            if self.transport.is_closing():
                cycle.disconnected = True
            await send(message)

        if scope.get("path") == ENDPOINT:  # what others do may not be left half done
            self._task = asyncio.current_task()
        try:
            if waited:
                await asyncio.sleep(0)  # while it waited nothing was read, not even that the caller has gone
            if self.transport.is_closing():
                cycle.disconnected = True
                return
            await app(scope, receive, send_if_there)
        except (ClientDisconnect, asyncio.CancelledError):
            if not cycle.disconnected:
                raise
        finally:
            self._task = None

    def on_response_complete(self) -> None:
        self.server_state.total_requests += 1
        if self.transport.is_closing():
            return
        if self.pipeline:
            cycle, app = self.pipeline.pop()
            cycle.scope.get("state", {})["begun"] = self._monotonic()  # who asks at once for several waits for them himself
            self._start_asgi_task(cycle, app, waited=True)
        elif self.phase == ANSWERING:
            self._rest()
        if not self.pipeline and self._unparsed:
            data, self._unparsed = self._unparsed, b""
            self.data_received(data)
        self.flow.resume_reading()

    def _rest(self) -> None:
        self.phase = IDLE
        self.since = self._monotonic()

    # What is refused

    def stop(self, status: int, message: str, code: str = "BAD_REQUEST", **headers: str) -> NoReturn:
        self._refuse(status, message, code, self.parser.get_method().decode(), **headers)
        raise _StopParsingError

    def _refuse_large(self) -> None:
        self._refuse(431, f"the header of the request is larger than {MAX_HEADER_BYTES} bytes")

    def _refuse(self, status: int, message: str, code: str = "BAD_REQUEST", method: str = "GET", **headers: str) -> None:
        """Refuse the request at hand after those before it. Then close the connection."""
        if type(self.parser) is _NoParser:
            return  # another refusal was first
        self.parser = _NoParser()
        was_begun, self.phase = self.phase == BODY, ANSWERING
        is_running = was_begun and self._answered is self.cycle and type(self.cycle) is RequestResponseCycle
        if was_begun and not self._withdraw():
            return
        answer = make_refusal(status, message, code, **headers)
        self.grant_reading(self._fields_of(self.cycle) if was_begun else self.headers, answer)
        if not is_running:  # else its caller counts as one who has gone
            self.note_refusal(method, answer)
        cycle = RequestResponseCycle(
            {"type": "http", "method": method, "state": {}},  # type: ignore[typeddict-item]
            LingeringTransport(self.transport, self.loop),  # type: ignore[arg-type]
            self.flow,
            self.logger,
            self.access_logger,
            False,
            self.server_state.default_headers,
            asyncio.Event(),
            False,
            False,
            self.on_response_complete,
        )
        app = partial(_send, answer)
        if self._answered is None or self._answered.response_complete:
            self.cycle = cycle
            self._start_asgi_task(cycle, app)
        else:
            self.pipeline.appendleft((cycle, app))

    def note_refusal(self, method: str, answer: HttpResponse) -> None:
        """Note that a request was refused which the application never sees."""

    def grant_reading(self, headers: Sequence[tuple[bytes, bytes]], answer: HttpResponse) -> None:
        """Let a page of another origin read the refusal of a request with these headers, as far as they have come."""

    def _fields_of(self, cycle: Any) -> Sequence[tuple[bytes, bytes]]:
        """Give the headers of a request whose body comes."""
        fields: Sequence[tuple[bytes, bytes]] = cycle.scope["headers"]
        return fields

    def _withdraw(self) -> bool:
        """Take back the request whose body comes at the moment. False when its answer has begun, which is then the last."""
        cycle: Any = self.cycle
        if self.pipeline and self.pipeline[0][0] is cycle:
            self.pipeline.popleft()
        elif self._answered is cycle and type(cycle) is RequestResponseCycle:
            if cycle.response_complete:
                self.transport.close()
                return False
            if cycle.response_started:
                cycle.keep_alive = False
                return False
            cycle.disconnected = True
            cycle.message_event.set()
            self._answered = None
        return True

    def check_time(self) -> None:
        """Close an idle connection, refuse a slow request, cut off who reads nothing. Then look again.

        So there is one timer for many requests, for to set one costs as much as to write an answer.
        """
        now = self._monotonic()
        if self.flow.unread_s(now) >= self.unread_s:
            self.transport.abort()
            return
        if self.phase in (HEADER, BODY) and self._is_held_up():
            self.since = now  # it is not the caller who is slow
        left_s = self.since + self._limits_s[self.phase] - now
        if left_s <= 0:
            if self.phase == IDLE:
                self.timeout_keep_alive_handler()
            else:
                self._refuse(408, "the request did not come to its end in time")
        self._timer = self.loop.call_later(min(left_s if left_s > 0 else math.inf, *self._limits_s), self.check_time)

    def _is_held_up(self) -> bool:
        """Tell whether a request waits for answers, or is read slowly."""
        answered = self._answered
        is_answering = answered is not None and not answered.response_complete
        return self.flow.read_paused or (is_answering and (self.phase == HEADER or answered is not self.cycle))


async def _send(answer: HttpResponse, scope: Any, receive: Any, send: Any) -> None:  # noqa: ARG001  an ASGI application
    await send({"type": "http.response.start", "status": answer.status, "headers": answer.headers})
    await send({"type": "http.response.body", "body": answer.body})
