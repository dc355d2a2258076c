"""Answer operations by server-sent events, as the protocol of graphql-sse has it.

Each operation has a connection of its own, or all operations of a client share one, which is reserved by a token: then further
requests begin and end operations, and their results leave by that connection. Each result is a request of its own at the
endpoint.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from contextlib import aclosing
from functools import partial
from http import HTTPStatus
from secrets import randbelow
from typing import Any

import msgspec
from starlette.requests import ClientDisconnect
from starlette.types import Receive, Scope, Send

from gateway.access.caller import Caller
from gateway.clock import Clock
from gateway.error_codes import ErrorCode
from gateway.http.endpoint import GraphQLView
from gateway.http.negotiation import RESPONSE_JSON, RefusedError
from gateway.http.response import TEXT, HttpResponse
from gateway.http.responses import make_failure
from gateway.subscriptions.event_stream import EventStream, write_event
from gateway.subscriptions.event_stream_registry import EventStreamRegistry
from gateway.subscriptions.event_stream_request import EVENTS, TOKEN_HEADER, EventStreamRequest
from gateway.subscriptions.operation_streams import OperationStreams, StreamedResult

STREAM_PATH = "/graphql/stream"

ACCEPTANCE_S = 1.0
"""How long the request that begins an operation waits for a refusal. One that comes later is told by the stream."""

RECONNECTION_MS = (1_000, 5_000)
"""When clients come back whose connection broke: each draws its own time, so that not all come at once."""

_METHODS = ("GET", "POST", "PUT", "DELETE")
_STREAM_HEADERS = {
    "content-type": f"{EVENTS}; charset=utf-8",
    "cache-control": "no-cache, no-store",
    "x-accel-buffering": "no",
    "vary": "Accept, Origin",
}

First = asyncio.Future[StreamedResult | None]
"""The first result of an operation, None where it ended without one. Cancelled when nobody waits for it."""


class EventStreamEndpoint:
    """The endpoint of event streams, an ASGI application."""

    def __init__(self, endpoint: GraphQLView, clock: Clock) -> None:
        self._endpoint = endpoint
        self._results = OperationStreams(endpoint)
        self._clock = clock
        self.registry = EventStreamRegistry(clock)
        self.reserves = True
        """Whether streams are reserved: where several workers share the connections of a client, one of them knows a token."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = EventStreamRequest(scope, receive, send)
        request.head.begun = request.head.arrived = self._endpoint.monotonic()
        try:
            answer = self._answer_preflight(request) or await self._answer(request)
        except ClientDisconnect:
            return
        except Exception as error:  # noqa: BLE001  what was not raised on purpose is status 500, and says nothing
            answer = make_failure(error, RESPONSE_JSON, request.head)
            self._endpoint.observe(request.head, None, answer.code)
        if answer is not None:
            await send({"type": "http.response.start", "status": answer.status, "headers": answer.headers})
            await send({"type": "http.response.body", "body": answer.body})

    def close(self) -> None:
        """End all streams behind what is under way. Subscriptions end, and nothing new begins."""
        self._results.close()
        self.registry.close()

    async def _answer(self, request: EventStreamRequest) -> HttpResponse | None:
        """Answer a request. None where its answer has left as events."""
        if request.method not in _METHODS:
            raise RefusedError(405, f"use one of {', '.join(_METHODS)}", allow=", ".join(_METHODS))
        self._endpoint.origins.admit(request.head)
        if request.method == "PUT":
            return self._reserve(request, await self._identify(request))
        if request.method == "DELETE":
            return await self._end_operation(request)
        if request.token is None:
            return await self._answer_alone(request)
        if request.has_operation:
            return await self._begin_operation(request)
        return await self._open_reserved(request)

    def _answer_preflight(self, request: EventStreamRequest) -> HttpResponse | None:
        """Answer what a browser asks before. Pages that may ask may also reserve streams."""
        answer = self._endpoint.origins.answer_preflight(request.head) if request.method == "OPTIONS" else None
        if answer is not None:
            allowed = answer.more_headers["access-control-allow-headers"]
            answer.more_headers = {
                **answer.more_headers,
                "access-control-allow-methods": ", ".join(_METHODS),
                "access-control-allow-headers": f"{allowed}, last-event-id, {TOKEN_HEADER.decode()}",
            }
        return answer

    async def _identify(self, request: EventStreamRequest) -> Caller:
        caller = self._endpoint.identify(request.head)
        request.head.caller = caller if isinstance(caller, Caller) else await caller
        return request.head.caller

    def _find_stream(self, request: EventStreamRequest, caller: Caller) -> EventStream:
        if request.token is None:
            raise RefusedError(400, f"{TOKEN_HEADER.decode()}: the token of a stream is missing; reserve one by PUT")
        return self.registry.find(request.token, caller)

    async def _read_body(self, request: EventStreamRequest) -> bytes:
        if request.method != "POST":
            return b""
        return bytes(await self._endpoint.receive_body(request.head, request.scope.get("state", {}), request.receive))

    def _reserve(self, request: EventStreamRequest, caller: Caller) -> HttpResponse:
        if not self.reserves:
            raise RefusedError(
                501,
                "several workers answer here, of which one would know the stream; use a connection for each operation "
                "(graphql-sse: singleConnection: false), or have the gateway served with --workers 1",
            )
        return _plain(request, HTTPStatus.CREATED, self.registry.reserve(caller))

    async def _answer_alone(self, request: EventStreamRequest) -> HttpResponse | None:
        """Answer an operation on this connection."""
        if not request.wants_events:
            raise RefusedError(406, f"Accept: must have {EVENTS}; or reserve a stream by PUT, and send its token")
        _check_version(request)
        caller = await self._identify(request)
        body = await self._read_body(request)
        stream, first = self.registry.open(caller), _make_first()
        gone = asyncio.ensure_future(_close_when_gone(request, stream))
        try:
            work = partial(self._run, request, body, stream, first, refuses=_is_no_result)
            self.registry.begin_operation(stream, "", work)
            stream.end_when_done()
            result = await first
            if result is None:
                return None
            if _is_no_result(result):
                return _refusal(request, result)
            await _send_events(request, stream, result.headers)
        finally:
            gone.cancel()
            self.registry.remove(stream)
        return None

    async def _open_reserved(self, request: EventStreamRequest) -> HttpResponse | None:
        """Open the stream of a token."""
        if not request.wants_events:
            raise RefusedError(406, f"Accept: must have {EVENTS} to open a stream")
        _check_version(request)
        stream = self._find_stream(request, await self._identify(request))
        if stream.is_open:
            raise RefusedError(409, "the stream of this token is open already; reserve another one by PUT")
        stream.is_open = True
        gone = asyncio.ensure_future(_close_when_gone(request, stream))
        try:
            await _send_events(request, stream)
        finally:
            gone.cancel()
            self.registry.remove(stream)
        return None

    async def _begin_operation(self, request: EventStreamRequest) -> HttpResponse:
        """Begin an operation whose results leave by the stream of a token."""
        caller = await self._identify(request)
        self._find_stream(request, caller)  # before its body is read
        body = await self._read_body(request)
        id_ = request.read_operation_id(body)
        stream, first = self._find_stream(request, caller), _make_first()
        work = partial(self._run, request, body, stream, first, refuses=_is_refused, id_=id_)
        self.registry.begin_operation(stream, id_, work)
        pause = asyncio.ensure_future(self._clock.sleep(ACCEPTANCE_S))
        waiting: list[asyncio.Future[Any]] = [first, pause]
        await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        pause.cancel()
        result = first.result() if first.done() else None
        first.cancel()
        return _plain(request, HTTPStatus.ACCEPTED) if result is None or not result.is_refused else _refusal(request, result)

    async def _end_operation(self, request: EventStreamRequest) -> HttpResponse:
        stream, id_ = self._find_stream(request, await self._identify(request)), request.head.query.get("operationId")
        if not id_:
            raise RefusedError(400, "operationId: name the operation that is to end")
        stream.end_operation(id_)
        return _plain(request, HTTPStatus.OK)

    async def _run(
        self,
        request: EventStreamRequest,
        body: bytes,
        stream: EventStream,
        first: First,
        *,
        refuses: Callable[[StreamedResult], bool],
        id_: str | None = None,
    ) -> None:
        """Write the results of an operation to a stream. `first` gets what refuses it, while somebody waits for that."""
        write = partial(_write_result, stream, None if id_ is None else msgspec.json.encode(id_))
        try:
            async with aclosing(self._results.answer(request.make_head, body, request.since)) as results:
                async for result in results:
                    if not first.done():
                        first.set_result(result)
                        if refuses(result):
                            return
                    write(result)
                    if not result.has_next:  # the parts of an answer have a place among what is under way
                        await stream.wait_for_room()
        except Exception as error:  # noqa: BLE001  as for any other request
            failure = make_failure(error, RESPONSE_JSON, request.head)
            self._endpoint.observe(request.head, None, failure.code)
            write(StreamedResult(failure.body, failure.status, is_refused=True))
        finally:
            if not first.done():
                first.set_result(None)
        write(None)


def _make_first() -> First:
    return asyncio.get_running_loop().create_future()


def _write_result(stream: EventStream, id_: bytes | None, result: StreamedResult | None) -> None:
    """Write a result as an event, and None as the end of the operation. One that says nothing is no event."""
    if result is None:
        stream.write(write_event("complete", b"" if id_ is None else b'{"id":%s}' % id_))
    elif not result.begins:
        payload = result.body if id_ is None else b'{"id":%s,"payload":%s}' % (id_, result.body)
        stream.write(write_event("next", payload, result.cursor))


async def _send_events(request: EventStreamRequest, stream: EventStream, headers: Mapping[str, str] | None = None) -> None:
    """Send the events of a stream until it ends."""
    own = {"x-request-id": request.head.request_id, **request.head.answered_with, **(headers or {})}
    raw = [(name.encode(), value.encode()) for name, value in {**own, **_STREAM_HEADERS}.items()]
    await request.send({"type": "http.response.start", "status": HTTPStatus.OK, "headers": raw})
    lowest, highest = RECONNECTION_MS
    retry = b"retry: %d\n\n" % (lowest + randbelow(highest - lowest))
    await request.send({"type": "http.response.body", "body": retry, "more_body": True})
    async for events in stream:
        await request.send({"type": "http.response.body", "body": events, "more_body": True})
    await request.send({"type": "http.response.body", "body": b"", "more_body": False})


async def _close_when_gone(request: EventStreamRequest, stream: EventStream) -> None:
    """Close a stream when its client has gone. A body that nobody has read comes before."""
    while (await request.receive())["type"] != "http.disconnect":
        pass
    stream.close()


def _check_version(request: EventStreamRequest) -> None:
    if not request.reads_streams:
        raise RefusedError(
            505, "an event stream has no length: ask by HTTP/1.1, also from a proxy (nginx: proxy_http_version 1.1)"
        )


def _is_refused(result: StreamedResult) -> bool:
    return result.is_refused


def _is_no_result(result: StreamedResult) -> bool:
    """Tell whether a request was refused for its headers, its body or its caller. What is wrong in its document is a result."""
    is_of_document = result.status == HTTPStatus.BAD_REQUEST and result.code != ErrorCode.BAD_REQUEST
    return result.is_refused and not is_of_document


def _refusal(request: EventStreamRequest, result: StreamedResult) -> HttpResponse:
    headers = {**request.head.answered_with, **result.headers}
    return HttpResponse(result.status, result.body, RESPONSE_JSON, request.head.request_id, headers)


def _plain(request: EventStreamRequest, status: HTTPStatus, text: str = "") -> HttpResponse:
    return HttpResponse(status, text.encode(), TEXT, request.head.request_id, request.head.answered_with)
