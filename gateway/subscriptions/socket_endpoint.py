"""Answer operations over WebSockets, as graphql-transport-ws has it.

Each operation is a request at the endpoint: its caller is identified anew, with his view, his purpose and his quota, and it is
audited.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

import msgspec
import structlog
from starlette.types import Receive, Scope, Send

from gateway.access.caller import Caller
from gateway.errors import AccessUnavailableError, UnauthenticatedError
from gateway.http.endpoint import GraphQLView
from gateway.http.negotiation import RefusedError
from gateway.http.request_head import Head
from gateway.log import frames_of
from gateway.subscriptions.socket_messages import (
    SUBPROTOCOL,
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
    read_message,
    write_message,
)

INITIALISATION_S = 3.0
"""How long a client may say nothing at first."""

MAX_OPERATIONS = 100
"""How many operations may be under way on a socket."""

_FROM_PAYLOAD = ("authorization", "x-csrf", "x-deadline-ms", "x-purpose")
"""Headers that a page cannot set for a socket: the payload of its first message may have them."""

_NOT_PASSED_ON = (b"accept", b"accept-encoding", b"content-encoding", b"content-length", b"content-type", b"x-request-id")
_PASSED_ON = [(b"accept", b"application/graphql-response+json"), (b"content-type", b"application/json")]

log = structlog.get_logger()


class SocketEndpoint:
    """The endpoint for WebSockets, an ASGI application."""

    def __init__(self, endpoint: GraphQLView) -> None:
        self._endpoint = endpoint

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await receive()  # the client connects
        client = scope.get("client")
        head = Head("GET", scope["headers"], scope["query_string"], self._endpoint.monotonic(), client[0] if client else None)
        try:
            self._endpoint.origins.admit(head)
        except RefusedError:
            await send({"type": "websocket.close"})  # which is status 403, before the socket opens
            return
        if SUBPROTOCOL not in scope["subprotocols"]:
            await send({"type": "websocket.accept"})
            reason = "Subprotocol not acceptable"
            await send({"type": "websocket.close", "code": CloseCode.SUBPROTOCOL_NOT_ACCEPTABLE, "reason": reason})
            return
        await send({"type": "websocket.accept", "subprotocol": SUBPROTOCOL})
        await _Socket(self._endpoint, head, receive, send).run(INITIALISATION_S)


class _Socket:
    """One open socket."""

    def __init__(self, endpoint: GraphQLView, head: Head, receive: Receive, send: Send) -> None:
        self._endpoint = endpoint
        self._head = head
        self._receive = receive
        self._send = send
        self._fields: list[tuple[bytes, bytes]] | None = None
        self._is_ready = False
        self._operations: dict[str, asyncio.Task[None]] = {}

    async def run(self, initialisation_s: float) -> None:
        """Take messages until one side closes."""
        closing: SocketClosedError | None = None
        try:
            try:
                async with asyncio.timeout(initialisation_s):
                    while self._fields is None and (text := await self._receive_text()) is not _GONE:
                        await self._take(read_message(text))
            except TimeoutError:
                raise SocketClosedError(CloseCode.INITIALISATION_TIMEOUT, "Connection initialisation timeout") from None
            while self._fields is not None and (text := await self._receive_text()) is not _GONE:
                await self._take(read_message(text))
        except SocketClosedError as error:
            closing = error
        except Exception as error:  # noqa: BLE001  the last line of defence
            log.error("socket_failed", error=type(error).__name__, frames=frames_of(error))
            closing = SocketClosedError(CloseCode.INTERNAL_ERROR, "Internal server error")
        finally:
            for task in self._operations.values():
                task.cancel()
        if closing is not None:
            await self._send({"type": "websocket.close", "code": closing.code, "reason": closing.reason})

    async def _receive_text(self) -> Any:
        message = await self._receive()
        return _GONE if message["type"] == "websocket.disconnect" else message.get("text")

    async def _take(self, message: ClientMessage) -> None:
        if isinstance(message, Ping):
            await self._write(Pong(message.payload))
        elif isinstance(message, ConnectionInit):
            if self._fields is not None:
                raise SocketClosedError(CloseCode.TOO_MANY_INITIALISATIONS, "Too many initialisation requests")
            await self._begin(message.payload or {})
        elif isinstance(message, Subscribe):
            self._start(message)
        elif isinstance(message, Complete):
            task = self._operations.pop(message.id, None)
            if task is not None:
                task.cancel()

    async def _begin(self, payload: Mapping[str, Any]) -> None:
        """Acknowledge a client whose caller is known."""
        own = [(name.lower(), value) for name, value in payload.items() if name.lower() in _FROM_PAYLOAD]
        if not all(isinstance(value, str) and value.isascii() and value.isprintable() for _, value in own):
            raise SocketClosedError(CloseCode.BAD_REQUEST, "Invalid message: what stands for a header must be a printable text")
        fields = [field for field in self._head.fields if field[0] not in _NOT_PASSED_ON]
        self._fields = [*fields, *((name.encode(), value.encode()) for name, value in own), *_PASSED_ON]
        try:
            caller = self._endpoint.identify(self._new_head())
            if not isinstance(caller, Caller):
                await caller
        except AccessUnavailableError:
            raise SocketClosedError(CloseCode.TRY_AGAIN_LATER, "Try again later") from None
        except (UnauthenticatedError, RefusedError):
            raise SocketClosedError(CloseCode.FORBIDDEN, "Forbidden") from None
        self._is_ready = True
        await self._write(ConnectionAck())

    def _new_head(self) -> Head:
        assert self._fields is not None
        return Head("POST", self._fields, b"", self._endpoint.monotonic(), self._head.peer)

    def _start(self, message: Subscribe) -> None:
        if not self._is_ready:
            raise SocketClosedError(CloseCode.UNAUTHORIZED, "Unauthorized")
        if message.id in self._operations:
            raise SocketClosedError(CloseCode.SUBSCRIBER_EXISTS, f"Subscriber for {message.id} already exists")
        if len(self._operations) >= MAX_OPERATIONS:
            raise SocketClosedError(CloseCode.TRY_AGAIN_LATER, f"More than {MAX_OPERATIONS} operations at once")
        self._operations[message.id] = asyncio.create_task(self._answer_safely(message))

    async def _answer_safely(self, message: Subscribe) -> None:
        try:
            await self._answer(message)
        except Exception as error:  # noqa: BLE001  as where the client went away in between
            self._operations.pop(message.id, None)
            log.info("socket_answer_lost", error=type(error).__name__)

    async def _answer(self, message: Subscribe) -> None:
        """Answer an operation, then tell that it is over. Nothing is told of one that was cancelled."""
        answer = await self._endpoint.answer(self._new_head(), msgspec.json.encode(message.payload))
        body = msgspec.json.decode(answer.body, type=_Answer)
        if body.data is msgspec.UNSET:
            over: msgspec.Struct = OperationErrors(message.id, body.errors)
        else:
            await self._write(Next(message.id, msgspec.Raw(answer.body)))
            over = Complete(message.id)
        if self._operations.pop(message.id, None) is not None:
            await self._write(over)

    async def _write(self, message: msgspec.Struct) -> None:
        await self._send({"type": "websocket.send", "text": write_message(message)})


class _Answer(msgspec.Struct):
    """What is looked at of an answer of the endpoint."""

    data: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    errors: msgspec.Raw = msgspec.Raw(b"[]")


_GONE = object()
"""Stands for the text of a message: the client has gone."""
