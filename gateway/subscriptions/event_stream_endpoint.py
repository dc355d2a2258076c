"""Answer operations by server-sent events, as the protocol of graphql-sse has it.

Each operation has a connection of its own, or all of a client share one that is reserved by a token: then requests say what is
to be run, and what is answered leaves by that connection. Each result is a request of its own at the endpoint.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import aclosing
from http import HTTPStatus
from typing import Any

import msgspec
from starlette.requests import ClientDisconnect
from starlette.types import Receive, Scope, Send

from gateway.access.caller import Caller
from gateway.clock import Clock
from gateway.errors import UnauthenticatedError
from gateway.http.endpoint import GraphQLView
from gateway.http.negotiation import JSON, RESPONSE_JSON, RefusedError
from gateway.http.parameters import read_body_parameters, read_url_parameters
from gateway.http.request_head import Head
from gateway.http.response import TEXT, HttpResponse
from gateway.http.responses import make_failure
from gateway.subscriptions.event_stream import MAX_OPERATIONS, EventStream, write_event
from gateway.subscriptions.event_stream_tokens import EventStreamTokens
from gateway.subscriptions.operation_streams import OperationStreams, StreamedResult

STREAM_PATH = "/graphql/stream"
TOKEN = "x-graphql-event-stream-token"  # noqa: S105  the name of a header
EVENTS = "text/event-stream"
KEEP_ALIVE_S = 15.0
"""How often something is said on a stream, in seconds: proxies close connections that are silent."""

_METHODS = "GET, POST, PUT, DELETE"
_COMMENT = b":\n\n"
_STREAM_HEADERS = {
    "content-type": f"{EVENTS}; charset=utf-8",
    "cache-control": "no-cache, no-store",
    "x-accel-buffering": "no",
    "vary": "Accept, Origin",
}
_OWN = frozenset(
    [b"accept", b"accept-encoding", b"content-encoding", b"content-length", b"last-event-id", b"x-request-id", TOKEN.encode()]
)
"""Headers of a request here that say nothing of the operation."""


class _StreamRequest:
    """One request, by ASGI. `make_head` makes the heads of the results that it is answered by."""

    def __init__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.scope, self.receive, self.send = scope, receive, send
        self.head = _head_of(scope, scope["method"], scope["headers"])
        self._fields = [(name, value) for name, value in scope["headers"] if name not in _OWN]
        accepts = self.head.accept
        parts = b", ".join(own.strip() for own in accepts.split(b",") if b"multipart/mixed" in own)
        self._fields.append(
            (b"accept", parts + b", " + RESPONSE_JSON.encode() + b";q=0.9" if parts else RESPONSE_JSON.encode())
        )

    @property
    def token(self) -> str | None:
        """The token of a stream, in a header or in the URL."""
        given = self.head.headers.get(TOKEN.encode())
        return given.decode("latin-1") if given is not None else self.head.query.get("token")

    @property
    def wants_events(self) -> bool:
        return EVENTS.encode() in self.head.accept

    @property
    def since(self) -> str | None:
        given = self.head.headers.get(b"last-event-id")
        return given.decode("latin-1") if given else None

    def make_head(self) -> Head:
        return _head_of(self.scope, self.head.method, self._fields)


def _head_of(scope: Scope, method: str, fields: Any) -> Head:
    client = scope.get("client")
    return Head(method, fields, scope["query_string"], peer=client[0] if client else None)


class EventStreamEndpoint:
    """The endpoint of event streams, an ASGI application."""

    def __init__(self, endpoint: GraphQLView, clock: Clock) -> None:
        self._endpoint = endpoint
        self._streams = OperationStreams(endpoint)
        self._clock = clock
        self.tokens = EventStreamTokens(clock)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = _StreamRequest(scope, receive, send)
        request.head.begun = request.head.arrived = self._endpoint.monotonic()
        try:
            answer = self._answer_preflight(request.head) or await self._answer(request)
        except ClientDisconnect:
            return
        except Exception as error:  # noqa: BLE001  what is not ours is status 500, and says nothing
            answer = make_failure(error, JSON, request.head)
            self._endpoint.observe(request.head, None, answer.code)
        if answer is not None:
            await send({"type": "http.response.start", "status": answer.status, "headers": answer.headers})
            await send({"type": "http.response.body", "body": answer.body})

    async def _answer(self, request: _StreamRequest) -> HttpResponse | None:
        """Answer a request. None where its answer has left as events."""
        head, token = request.head, request.token
        if head.method not in _METHODS.split(", "):
            raise RefusedError(405, f"use one of {_METHODS}", allow=_METHODS)
        self._endpoint.origins.admit(head)
        if head.method == "PUT":
            caller = await self._identify(head)
            return _plain(head, HTTPStatus.CREATED, self.tokens.reserve(caller.name))
        if head.method == "DELETE":
            self._find_stream(request, (await self._identify(head)).name).end(head.query.get("operationId") or "")
            return _plain(head, HTTPStatus.OK)
        if token is None:
            if not request.wants_events:
                raise RefusedError(406, f"Accept: must have {EVENTS}, or reserve a stream by PUT and send its token")
            return await self._answer_alone(request)
        if request.wants_events and head.method == "GET" and "query" not in head.query and "extensions" not in head.query:
            return await self._open(request, token)
        return await self._begin(request)

    def _answer_preflight(self, head: Head) -> HttpResponse | None:
        """Answer what a browser asks before: pages that may ask may also reserve streams."""
        answer = self._endpoint.origins.answer_preflight(head) if head.method == "OPTIONS" else None
        if answer is not None:
            allowed = answer.more_headers["access-control-allow-headers"]
            answer.more_headers = {
                **answer.more_headers,
                "access-control-allow-methods": _METHODS,
                "access-control-allow-headers": f"{allowed}, last-event-id, {TOKEN}",
            }
        return answer

    async def _identify(self, head: Head) -> Caller:
        caller = self._endpoint.identify(head)
        head.caller = caller if isinstance(caller, Caller) else await caller
        return head.caller

    def _find_stream(self, request: _StreamRequest, caller: str | None) -> EventStream:
        if request.token is None:
            raise RefusedError(400, f"{TOKEN}: the token of a stream is missing; reserve one by PUT")
        return self.tokens.find(request.token, caller)

    async def _read_body(self, request: _StreamRequest) -> bytes:
        if request.head.method != "POST":
            return b""
        return bytes(await self._endpoint.receive_body(request.head, request.scope.get("state", {}), request.receive))

    async def _answer_alone(self, request: _StreamRequest) -> HttpResponse | None:
        """Answer an operation on this connection."""
        body = await self._read_body(request)
        async with aclosing(self._streams.answer(request.make_head, body, request.since)) as results:
            first = await anext(results)
            if _is_no_result(first):
                return _refusal(first, request.head)
            await self._send_events(request, _events(first, results), first.headers)
        return None

    async def _open(self, request: _StreamRequest, token: str) -> HttpResponse | None:
        """Open the stream of a token, whose client may send no credential with it."""
        try:
            caller: str | None = (await self._identify(request.head)).name
        except UnauthenticatedError:
            if not {b"authorization", b"cookie"}.isdisjoint(request.head.headers):
                raise
            caller = None
        stream = self._find_stream(request, caller)
        if stream.is_open:
            raise RefusedError(409, "the stream of this token is open already; reserve another one by PUT")
        stream.is_open = True
        try:
            await self._send_events(request, stream, request.head.answered_with)
        finally:
            self.tokens.release(token)
        return None

    async def _begin(self, request: _StreamRequest) -> HttpResponse:
        """Begin an operation whose results leave by the stream of a token."""
        stream = self._find_stream(request, (await self._identify(request.head)).name)
        body = await self._read_body(request)
        parameters = read_body_parameters(body) if request.head.method == "POST" else read_url_parameters(request.head)
        id_ = (parameters.extensions or {}).get("operationId")
        if not isinstance(id_, str) or not id_ or len(id_) > 200:
            raise RefusedError(400, "extensions.operationId: must be a text that names the operation in the stream")
        if id_ in stream.operations:
            raise RefusedError(409, "extensions.operationId: an operation of this name is under way; choose another one")
        if len(stream.operations) >= MAX_OPERATIONS:
            raise RefusedError(429, f"{MAX_OPERATIONS} operations are under way on this stream; end some", code="OVERLOADED")
        first: asyncio.Future[StreamedResult] = asyncio.get_running_loop().create_future()
        stream.run(id_, self._run(request, body, id_, stream, first))
        result = await first
        return _refusal(result, request.head) if result.is_refused else _plain(request.head, HTTPStatus.ACCEPTED)

    async def _run(
        self, request: _StreamRequest, body: bytes, id_: str, stream: EventStream, first: asyncio.Future[StreamedResult]
    ) -> None:
        """Write the results of an operation to a stream. What is refused at once is told to who began it."""
        name = msgspec.json.encode(id_)
        try:
            async with aclosing(self._streams.answer(request.make_head, body)) as results:
                async for result in results:
                    if not first.done():
                        first.set_result(result)
                        if result.is_refused:
                            return
                    if not result.begins:
                        payload = b'{"id":%s,"payload":%s}' % (name, result.body)
                        await stream.write(write_event("next", payload, result.cursor))
            await stream.write(write_event("complete", b'{"id":%s}' % name))
        finally:
            if not first.done():
                first.cancel()

    async def _send_events(self, request: _StreamRequest, events: AsyncIterator[bytes], headers: Mapping[str, str]) -> None:
        """Send events until there are no more, or their reader has gone."""
        fields = {**_STREAM_HEADERS, "x-request-id": request.head.request_id, **headers}
        raw = [(name.encode(), value.encode()) for name, value in fields.items()]
        await request.send({"type": "http.response.start", "status": 200, "headers": raw})
        gone = asyncio.ensure_future(_leaving(request.receive))
        sending = asyncio.ensure_future(self._send_all(request.send, events))
        try:
            await asyncio.wait([gone, sending], return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (gone, sending):
                task.cancel()
            await asyncio.wait([gone, sending])
        if not sending.cancelled():
            sending.result()

    async def _send_all(self, send: Send, events: AsyncIterator[bytes]) -> None:
        await send({"type": "http.response.body", "body": _COMMENT, "more_body": True})
        coming = asyncio.ensure_future(_next(events))
        pause = asyncio.ensure_future(self._clock.sleep(KEEP_ALIVE_S))
        try:
            while True:
                await asyncio.wait([coming, pause], return_when=asyncio.FIRST_COMPLETED)
                event = coming.result() if coming.done() else _COMMENT
                await send({"type": "http.response.body", "body": event or b"", "more_body": event is not None})
                if event is None:
                    return
                if coming.done():
                    coming = asyncio.ensure_future(_next(events))
                if pause.done():
                    pause = asyncio.ensure_future(self._clock.sleep(KEEP_ALIVE_S))
        finally:
            for task in (coming, pause):
                task.cancel()
            await asyncio.wait([coming, pause])

    async def aclose(self) -> None:
        """End all streams behind what is under way. Subscriptions end, and nothing new begins."""
        self._streams.close()
        await self.tokens.end_all()


async def _next(events: AsyncIterator[bytes]) -> bytes | None:
    return await anext(events, None)


async def _events(first: StreamedResult, results: AsyncIterator[StreamedResult]) -> AsyncIterator[bytes]:
    """Write results as events, and that there are no more."""
    if not first.begins:
        yield write_event("next", first.body, first.cursor)
    async for result in results:
        yield write_event("next", result.body, result.cursor)
    yield write_event("complete")


async def _leaving(receive: Receive) -> None:
    """Wait until the reader has gone. A body that nobody has read comes before."""
    while (await receive())["type"] != "http.disconnect":
        pass


def _is_no_result(result: StreamedResult) -> bool:
    """Tell whether a request was refused before its document was looked at. What does not validate is told as an event."""
    return result.is_refused and result.status != HTTPStatus.BAD_REQUEST


def _refusal(result: StreamedResult, head: Head) -> HttpResponse:
    return HttpResponse(result.status, result.body, RESPONSE_JSON, head.request_id, result.headers)


def _plain(head: Head, status: HTTPStatus, text: str = "") -> HttpResponse:
    return HttpResponse(status, text.encode(), TEXT, head.request_id, head.answered_with)
