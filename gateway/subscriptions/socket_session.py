"""Answer the operations of one socket, as graphql-transport-ws has it.

Each result is of a request at the endpoint: its caller is identified anew, with his view, his purpose and his quota, and it is
audited.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import aclosing
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import msgspec
import structlog

from connectors.errors import ProfileGatewayError
from gateway.access.browser_sessions import CSRF_HEADER
from gateway.access.caller import Caller
from gateway.error_codes import ErrorCode
from gateway.errors import AccessUnavailableError, CsrfHeaderMissingError
from gateway.http.negotiation import MULTIPART, RESPONSE_JSON, RefusedError
from gateway.http.origins import is_own_page
from gateway.http.request_head import Head
from gateway.http.responses import make_refusal
from gateway.log import frames_of
from gateway.subscriptions.operation_streams import StreamedResult
from gateway.subscriptions.socket_messages import (
    NOTHING,
    ClientMessage,
    CloseCode,
    Complete,
    ConnectionAck,
    ConnectionInit,
    Next,
    OperationErrors,
    Ping,
    Pong,
    SocketClosedError,
    Subscribe,
    read_errors,
    read_message,
    refuse_message,
    write_message,
)
from gateway.subscriptions.socket_protocol import SocketProtocol

if TYPE_CHECKING:
    from gateway.subscriptions.socket_endpoint import SocketEndpoint

INITIALISATION_S = 3.0
"""How long a client may say nothing at first."""

MAX_OPERATIONS = 100
MAX_OPERATION_BYTES = 4 << 20
"""How many operations may be under way on a socket, and what all of them are in bytes where it is more than one."""

MAX_HELD_BYTES = 8 << 20
"""The results of a socket that wait for its client to read. What comes beyond them is thrown away, and he is told so."""

ENVELOPE_BYTES = 4 << 10
"""What a message has around an operation."""

MAX_FIELD_BYTES = 8 << 10
"""What the headers of a client are in bytes, which are kept as long as his socket is open."""

FROM_PAYLOAD = ("accept", "authorization", "cache-control", "x-cost", "x-deadline-ms", "x-purpose")
"""Headers that a page cannot set for a socket: the payload of its first message may have them.

None of them says where it comes from, and none is one by which proxies name callers: each is taken in their settings.
"""

_NOT_PASSED_ON = frozenset(
    [
        *(b"accept-encoding", b"accept-language", b"connection", b"content-encoding", b"content-length", b"content-type"),
        *(b"sec-websocket-extensions", b"sec-websocket-key", b"sec-websocket-protocol", b"sec-websocket-version"),
        *(b"pragma", b"upgrade", b"x-request-id"),
    ]
)
"""Headers of the handshake that say nothing of operations."""

_TOO_MANY = f"{MAX_OPERATIONS} operations or {MAX_OPERATION_BYTES} bytes of them are under way on this socket; end some"
_UNREAD = "an answer was thrown away, as the client reads too slowly; read faster and ask anew, a subscription with `since`"

log = structlog.get_logger()


class _Operation:
    """An operation under way. Its task ends it, or is cancelled."""

    __slots__ = ("body", "id", "task")

    def __init__(self, id_: str, body: bytes) -> None:
        self.id = id_
        self.body = body
        self.task: asyncio.Task[None] | None = None


class SocketSession:
    """What is said over one socket. Its `opening` is the head of the request that opened it."""

    def __init__(self, endpoint: SocketEndpoint, opening: Head, transport: asyncio.Transport) -> None:
        self.protocol = SocketProtocol(transport, self, endpoint.turns, endpoint.monotonic)
        self.caller: str | None = None
        """The name of the caller for whom it was opened, once that is known."""
        self.closed_with: CloseCode | None = None
        """Why it was closed here. None where it is open, or its client has closed it."""
        self._endpoint = endpoint
        self._opening = opening
        self._opened_at = endpoint.monotonic()
        self._fields: list[tuple[bytes, bytes]] | None = None
        self._is_ready = self._is_ending = self._is_forbidden = False
        self._beginning: asyncio.Task[None] | None = None
        self._operations: dict[str, _Operation] = {}
        self._operation_bytes = self._held_bytes = 0

    # What comes

    def receive(self, text: str) -> None:
        """Receive a message."""
        try:
            self._follow(read_message(text))
        except SocketClosedError as error:
            self.refuse(error)
        except Exception as error:  # noqa: BLE001  the last line of defence
            self._fail(error)

    def _follow(self, message: ClientMessage) -> None:
        if isinstance(message, Subscribe):
            self._start(message)
        elif isinstance(message, Complete):
            operation = self._operations.get(message.id)
            if operation is not None:
                self._end(operation)
        elif isinstance(message, Ping):
            self._write(Pong() if message.payload == NOTHING else Pong(message.payload))
        elif isinstance(message, ConnectionInit):
            if self._fields is not None:
                raise SocketClosedError(CloseCode.TOO_MANY_INITIALISATIONS, "Too many initialisation requests")
            self._begin(message.payload or {})

    # How it begins

    def _begin(self, payload: Mapping[str, Any]) -> None:
        """Find out who asks. Nothing more is read until then."""
        own = [(name.lower(), value) for name, value in payload.items() if name.lower() in FROM_PAYLOAD]
        if not all(isinstance(value, str) and value.isascii() and value.isprintable() for _, value in own):
            refuse_message("what stands for a header is a printable text")
        given = [(name.encode(), value.encode()) for name, value in own]
        if sum(len(name) + len(value) for name, value in given) > MAX_FIELD_BYTES:
            refuse_message(f"what stands for headers has {MAX_FIELD_BYTES} bytes at most")
        fields = [field for field in self._opening.fields if field[0] not in _NOT_PASSED_ON] + given
        self._fields = _accept_json(fields)
        self.protocol.hold_reading()
        self._beginning = self._endpoint.run(self._identify())

    async def _identify(self) -> None:
        try:
            try:
                caller = await self._find_caller()
            except CsrfHeaderMissingError:
                if not is_own_page(self._opening):
                    raise
                assert self._fields is not None
                self._fields.append((CSRF_HEADER, b"1"))  # as its own page would say by POST, and no page can for a socket
                caller = await self._find_caller()
        except AccessUnavailableError as error:
            self.refuse(SocketClosedError(CloseCode.TRY_AGAIN_LATER, str(error), error.code))
        except (ProfileGatewayError, RefusedError) as error:
            self.refuse(SocketClosedError(CloseCode.FORBIDDEN, f"Forbidden: {error}", error.code))
        except Exception as error:  # noqa: BLE001  the last line of defence
            self._fail(error)
        else:
            self._admit(caller)

    async def _find_caller(self) -> Caller:
        caller = self._endpoint.view.identify(self._make_head())
        return caller if isinstance(caller, Caller) else await caller

    def _admit(self, caller: Caller) -> None:
        """Acknowledge a client whose caller is known."""
        if self.protocol.is_closing:
            return
        try:
            self._endpoint.count_caller(self, caller.name)
        except SocketClosedError as error:
            self.refuse(error)
            return
        view = self._endpoint.view
        max_bytes = min(view.max_body_bytes, view.find_profile(caller.name).max_body_bytes) + ENVELOPE_BYTES
        self._is_ready = True
        self._write(ConnectionAck())
        self.protocol.go_on_reading(max_bytes)

    def _make_head(self) -> Head:
        fields = self._opening.fields if self._fields is None else self._fields
        return Head("POST", fields, b"", self._endpoint.monotonic(), self._opening.peer)

    # What is answered

    def _start(self, message: Subscribe) -> None:
        if not self._is_ready:
            raise SocketClosedError(CloseCode.UNAUTHORIZED, "Unauthorized", ErrorCode.UNAUTHENTICATED)
        if message.id in self._operations:
            raise SocketClosedError(CloseCode.SUBSCRIBER_EXISTS, f"Subscriber for {message.id} already exists")
        operation = _Operation(message.id, bytes(message.payload))
        is_large = self._operation_bytes + len(operation.body) > MAX_OPERATION_BYTES
        if len(self._operations) >= MAX_OPERATIONS or (self._operations and is_large):
            self._endpoint.observe(self._make_head(), ErrorCode.OVERLOADED)
            self._refuse_operation(message.id, _TOO_MANY)
            return
        self._operations[operation.id] = operation
        self._operation_bytes += len(operation.body)
        operation.task = self._endpoint.run(self._answer(operation))

    async def _answer(self, operation: _Operation) -> None:
        """Answer an operation, then tell that it is over. Nothing is told of one that was ended."""
        try:
            async with aclosing(self._endpoint.streams.answer(self._make_head, operation.body)) as results:
                async for result in results:
                    if not result.begins and not await self._write_result(operation, result):
                        return
            await self.protocol.drain()
            if self._is_running(operation):
                self._write(Complete(operation.id))
        except Exception as error:  # noqa: BLE001  the last line of defence
            self._fail(error)
        finally:
            self._forget(operation)

    async def _write_result(self, operation: _Operation, result: StreamedResult) -> bool:
        """Write a result when there is room. False where it is the last one."""
        if self.protocol.is_full and not await self._wait_for_room(len(result.body)):
            if self._is_running(operation):
                self._refuse_operation(operation.id, _UNREAD)
            return False
        if not self._is_running(operation):
            return False
        if not result.is_refused:
            self._write(Next(operation.id, msgspec.Raw(result.body)))
            return True
        self._is_forbidden |= result.status == HTTPStatus.UNAUTHORIZED
        self._write(OperationErrors(operation.id, read_errors(result.body)))
        return False

    async def _wait_for_room(self, size_bytes: int) -> bool:
        """Wait until the client has read. False where too much waits for him already."""
        if self._held_bytes and self._held_bytes + size_bytes > MAX_HELD_BYTES:
            return False
        if not self._endpoint.may_hold(size_bytes):
            return False
        self._held_bytes += size_bytes
        self._endpoint.held_bytes += size_bytes
        try:
            await self.protocol.drain()
        finally:
            self._held_bytes -= size_bytes
            self._endpoint.held_bytes -= size_bytes
        return True

    def _is_running(self, operation: _Operation) -> bool:
        return self._operations.get(operation.id) is operation

    def _refuse_operation(self, id_: str, problem: str) -> None:
        answer = make_refusal(HTTPStatus.SERVICE_UNAVAILABLE, problem, ErrorCode.OVERLOADED)
        self._write(OperationErrors(id_, read_errors(answer.body)))

    def _write(self, message: msgspec.Struct) -> None:
        self.protocol.write(write_message(message))

    # How operations end, and the socket

    def _end(self, operation: _Operation) -> None:
        """End an operation whose client wants no more of it."""
        self._forget(operation)
        if operation.task is not None:
            operation.task.cancel()

    def _forget(self, operation: _Operation) -> None:
        if self._is_running(operation):
            del self._operations[operation.id]
            self._operation_bytes -= len(operation.body)
            self._close_when_done()

    def _close_when_done(self) -> None:
        """Close a socket that is to end once nothing is under way."""
        if self._operations or self.protocol.is_closing:
            return
        if self._is_ending:
            self._close(CloseCode.GOING_AWAY, "Going away")
        elif self._is_forbidden:
            self._close(CloseCode.FORBIDDEN, "Forbidden: the credential holds no more")

    def end_when_done(self) -> None:
        """Close the socket behind what is under way: the worker ends."""
        self._is_ending = True
        self._close_when_done()

    def end_now(self) -> None:
        """Close the socket: the worker waits no longer."""
        self._close(CloseCode.GOING_AWAY, "Going away")

    def refuse(self, error: SocketClosedError) -> None:
        """Close the socket for what its client did, and observe that. What he has missed he is told."""
        if self.protocol.is_closing:
            return
        self._endpoint.observe(self._make_head(), error.error_code)
        if error.error_code == ErrorCode.OVERLOADED:
            for id_ in self._operations:
                self._refuse_operation(id_, _UNREAD)
        self._close(error.code, error.reason)

    def _fail(self, error: Exception) -> None:
        """Close the socket for what went wrong here."""
        log.error("socket_failed", error=type(error).__name__, frames=frames_of(error))
        self.refuse(SocketClosedError(CloseCode.INTERNAL_ERROR, "Internal server error", ErrorCode.INTERNAL))

    def _close(self, code: CloseCode, reason: str) -> None:
        if not self.protocol.is_closing:
            self.closed_with = code
            self.protocol.close(code, reason)
            self.leave()

    def leave(self) -> None:
        """End what is under way: nobody listens any more."""
        current = asyncio.current_task()
        tasks = [self._beginning, *(operation.task for operation in self._operations.values())]
        self._operations.clear()
        for task in tasks:
            if task is not None and task is not current:
                task.cancel()

    def forget(self) -> None:
        """Forget the socket: its connection is gone."""
        self._endpoint.remove(self)

    def tick(self, now: float) -> None:
        """Look whether the client has begun in time, and is there."""
        if self._fields is None and now - self._opened_at >= INITIALISATION_S and not self.protocol.is_closing:
            self.refuse(SocketClosedError(CloseCode.INITIALISATION_TIMEOUT, "Connection initialisation timeout"))
        self.protocol.tick(now)


def _accept_json(fields: list[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    """Have results in the form that a message has: in parts only where the client asks for them."""
    accepts = [part.strip() for name, value in fields if name == b"accept" for part in value.split(b",")]
    parts = [part for part in accepts if MULTIPART.encode() in part]
    accept = b", ".join([*parts, RESPONSE_JSON.encode() + (b";q=0.9" if parts else b"")])
    return [*(field for field in fields if field[0] != b"accept"), (b"accept", accept), (b"content-type", b"application/json")]
