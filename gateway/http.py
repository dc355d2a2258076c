"""GraphQL over HTTP: a body or a URL becomes an operation and its variables, a result becomes a response.

Two media types are answered. `application/graphql-response+json` tells by its status whether there is data;
`application/json` says 200 to every well-formed request, also when its document does not validate. Every error
carries `code` and `requestId` in its extensions.
"""

from __future__ import annotations

import asyncio
import math
import re
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from functools import partial
from random import getrandbits
from typing import Any, TypeVar

import msgspec
import structlog
from graphql import ExecutionResult, GraphQLError, OperationType
from starlette.datastructures import QueryParams
from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from connectors.errors import ProfileGatewayError
from connectors.toolkit.evaluation import encode_json
from gateway.access.caller import EVERYBODY, Caller
from gateway.admission import GIVE_WAY_S, MAX_UNDER_WAY, Admission
from gateway.clock import Clock
from gateway.documents.messages import readable, shortened
from gateway.errors import AccessUnavailableError, CallerError, InvalidArgumentError, OverloadedError, UnauthenticatedError
from gateway.http_response import HttpResponse
from gateway.log import frames_of
from gateway.lookups.call_statistics import OK
from gateway.lookups.call_tracer import RequestSpan
from gateway.lookups.loaders import Loaders
from gateway.negotiation import (
    BODY_TYPE,
    JSON,
    RESPONSE_JSON,
    RefusedError,
    check_body_type,
    check_persisted_query,
    known_media,
    negotiate,
)
from gateway.operations import Operation, OperationError, Operations

Execute = Callable[[Operation, dict[str, Any], "Head"], Awaitable[ExecutionResult]]

Observe = Callable[["Head", Operation | None, str], None]
"""Told of each request when it ends: its operation, if it has one, and the code of its first error."""

ABANDONED = "ABANDONED"
"""The code of a request whose caller went away before its answer."""

ENDPOINT = "/graphql"
LARGE_BODY_BYTES = 1 << 20
_SHORT_PREPARATION_S = 0.005
RETRY_AFTER = {"retry-after": "1"}

_SINGLE = (b"authorization", b"x-purpose")
"""Headers that say who asks, and for what. Two of one are joined, and so nobody's and nothing's."""

_SANE_REQUEST_ID = re.compile(rb"[A-Za-z0-9._-]{1,64}")

T = TypeVar("T")
_log = structlog.get_logger()


class Parameters(msgspec.Struct, rename="camel"):
    """The parameters of a request. An empty `operation_name` is none."""

    query: str | None = None
    operation_name: str | None = None
    variables: dict[str, Any] | None = None
    extensions: dict[str, Any] | None = None


_body_decoder = msgspec.json.Decoder(Parameters)
_object_decoder = msgspec.json.Decoder(dict[str, Any] | None)


def new_request_id() -> str:
    """An id that no other request has, and no secret: the system's own random numbers take twice as long."""
    return getrandbits(128).to_bytes(16).hex()


class Head:
    """The headers of a request, and those for its response. Names are in lower case; two credentials or purposes are joined.

    Its first byte came when it was `begun`, its last when it has `arrived`, in seconds of the monotonic clock. `loaders` know
    what it asked for, once it runs; `span` is there while it is traced. `fields` are its headers as they came, `peer` is the
    address at the other end of the connection, None where that has none.
    """

    __slots__ = (
        "accept",
        "answered_with",
        "arrived",
        "begun",
        "caller",
        "fields",
        "headers",
        "loaders",
        "method",
        "peer",
        "query_string",
        "request_id",
        "span",
    )

    def __init__(
        self,
        method: str,
        headers: Sequence[tuple[bytes, bytes]],
        query_string: bytes,
        begun: float = 0.0,
        peer: str | None = None,
    ) -> None:
        self.begun = self.arrived = begun
        self.method = method
        self.query_string = query_string
        self.peer = peer
        self.fields = headers
        self.headers = dict(headers)
        self.answered_with: dict[str, str] = {}
        self.caller = EVERYBODY
        self.loaders: Loaders | None = None
        self.span: RequestSpan | None = None
        self.accept = self.headers.get(b"accept", b"*/*")
        if len(self.headers) < len(headers):
            self.accept = b",".join(value for name, value in headers if name == b"accept") or self.accept
            for single in _SINGLE:
                if single in self.headers:
                    self.headers[single] = b",".join(value for name, value in headers if name == single)
        given = self.headers.get(b"x-request-id")
        self.request_id = given.decode() if given and _SANE_REQUEST_ID.fullmatch(given) else new_request_id()

    @property
    def query(self) -> QueryParams:
        return QueryParams(self.query_string)

    @property
    def deadline_ms(self) -> int | None:
        """Read the caller's time in milliseconds. None when he does not say. Raises `InvalidArgumentError`."""
        given = self.headers.get(b"x-deadline-ms")
        if given is None:
            return None
        if not (given.isdigit() and len(given) <= 9 and int(given)):
            raise InvalidArgumentError("X-Deadline-Ms: must be a whole number of milliseconds, 1 or more")
        return int(given)

    def began(self, budget_s: float) -> float:
        """Tell when the request's time began: with its first byte. Who sends slowly has half after his last."""
        return self.begun if self.arrived is self.begun else max(self.begun, self.arrived - budget_s / 2)

    def wants_page(self) -> bool:
        return self.method == "GET" and "query" not in self.query and b"text/html" in self.accept


class GraphQLView:
    """The endpoint, an ASGI application for one path.

    `execute` gets the operation, the variables as they came and the request's id. A CallerError that it raises is shown; any
    other exception is status 500 and says nothing. `graphiql` is the page for browsers. Without an `admission` of its own each
    request has all the time there is. `observe` is told of each request that ends.
    """

    def __init__(
        self,
        operations: Operations,
        execute: Execute,
        *,
        max_body_bytes: int = 1 << 20,
        graphiql: Response | None = None,
        admission: Admission | None = None,
        observe: Observe = lambda head, operation, code: None,  # noqa: ARG005
    ) -> None:
        self._admission = admission or Admission(Clock(), lambda _: math.inf)
        self.monotonic = self._admission.monotonic
        self.operations = operations
        self.execute = execute
        self._observe = observe
        self.max_body_bytes = max_body_bytes
        self.graphiql = graphiql
        self.identify: Callable[[Head], Caller | Awaitable[Caller]] = lambda _: EVERYBODY
        """Finds the caller of a request. Raises what refuses it."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        state = scope.get("state", {})  # where our server says when the request came
        begun, client = state.get("begun") or self.monotonic(), scope.get("client")
        head = Head(scope["method"], scope["headers"], scope["query_string"], begun, client[0] if client else None)
        if self.graphiql is not None and head.wants_page():
            await self.graphiql(scope, receive, send)
            return
        try:
            answer = await self.answer(head, partial(self._receive, head, state, receive))
        except ClientDisconnect:
            return
        await send({"type": "http.response.start", "status": answer.status, "headers": answer.headers})
        await send({"type": "http.response.body", "body": answer.body})

    async def answer(self, head: Head, body: bytes | bytearray | Callable[[], Awaitable[bytearray]]) -> HttpResponse:
        """Answer a request; its body may be yet to come. Raises `ClientDisconnect`."""
        media, posts = JSON, head.method == "POST"
        admission, observe = self._admission, self._observe
        operation = None
        try:
            if not posts and head.wants_page():
                raise RefusedError(404, "there is no page here")
            media = known_media.get(head.accept) or negotiate(head.accept)
            caller = self.identify(head)
            head.caller = caller if isinstance(caller, Caller) else await caller
            if posts:
                if head.headers.get(b"content-type") != BODY_TYPE or b"content-encoding" in head.headers:
                    check_body_type(head.headers)
                text = await body() if callable(body) else body
            begins = self.monotonic()
            if begins - head.arrived > GIVE_WAY_S or admission.waiting or admission.under_way >= MAX_UNDER_WAY:
                begins = await admission.wait(head)
            admission.under_way += 1
            try:
                parameters = _decoded(_body_decoder, text, "the body") if posts else _url_parameters(head)
                query = parameters.query
                query = _checked_query(parameters) if query is None or parameters.extensions is not None else query
                operation = self.operations.prepare(query, parameters.operation_name or None)
                if not posts and operation.definition.operation is not OperationType.QUERY:
                    raise RefusedError(405, "by GET only queries are run; use POST", allow="POST")
                if self.monotonic() - begins > _SHORT_PREPARATION_S:
                    await asyncio.sleep(0)  # in which it is seen that a caller has gone, before sources are asked for him
                    admission.check(head)
                result = await self.execute(operation, parameters.variables or {}, head)
                answer = _result_answer(result, media, head)
                if len(answer.body) > LARGE_BODY_BYTES:
                    await asyncio.sleep(0)  # before what was found is freed, which takes as long as to write it
            finally:
                admission.under_way -= 1
        except (ClientDisconnect, asyncio.CancelledError):
            observe(head, operation, ABANDONED)
            raise
        except Exception as error:  # noqa: BLE001 - the last line of defence
            answer = _failure_answer(error, media, head)
        observe(head, operation, answer.code)
        return answer

    def note_refusal(self, method: str, answer: HttpResponse) -> None:
        """Observe a request that was refused before it came here."""
        head = Head(method, (), b"", self.monotonic())
        head.request_id = answer.request_id
        self._observe(head, None, answer.code)

    async def _receive(self, head: Head, state: Mapping[str, Any], receive: Receive) -> bytearray:
        if int(head.headers.get(b"content-length", 0)) > self.max_body_bytes:
            raise self._too_large()
        body = bytearray()
        more = True
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                raise ClientDisconnect
            body += message.get("body", b"")
            more = message.get("more_body", False)
            if len(body) > self.max_body_bytes:
                raise self._too_large()
        head.arrived = max(head.begun, state.get("arrived") or self.monotonic())
        return body

    def _too_large(self) -> RefusedError:
        return RefusedError(413, f"the body is larger than {self.max_body_bytes} bytes")


def _url_parameters(head: Head) -> Parameters:
    if head.method != "GET":
        raise RefusedError(405, "use GET or POST", allow="GET, POST")
    given = head.query
    return Parameters(
        given.get("query"),
        given.get("operationName"),
        _decoded(_object_decoder, given.get("variables") or "null", "variables"),
        _decoded(_object_decoder, given.get("extensions") or "null", "extensions"),
    )


def _decoded(decoder: msgspec.json.Decoder[T], text: str | bytes | bytearray, what: str) -> T:
    try:
        return decoder.decode(text)
    except msgspec.DecodeError as error:
        raise RefusedError(400, f"{what} cannot be read: {error}") from None
    except UnicodeError:
        raise RefusedError(400, f"{what} cannot be read: it is not UTF-8") from None
    except RecursionError:
        raise RefusedError(400, f"{what} cannot be read: it is nested too deeply") from None


def _checked_query(parameters: Parameters) -> str:
    """Check the extensions, and give the text of the query."""
    if parameters.extensions is not None:
        check_persisted_query(parameters.extensions, parameters.query)
    if parameters.query is not None:
        return parameters.query
    if "persistedQuery" in (parameters.extensions or {}):
        # Apollo's clients send the text along when they are told so, and only when the status is 200.
        raise RefusedError(200, "PersistedQueryNotFound", "PERSISTED_QUERY_NOT_FOUND")
    raise RefusedError(400, "query is missing")


def _result_answer(result: ExecutionResult, media: str, head: Head) -> HttpResponse:
    request_id = head.request_id
    errors = result.errors or []
    # An error without a path is about the request (its variables): nothing was run, so there is no `data`, not even null.
    if result.data is None and errors and not any(error.path for error in errors):
        return _error_answer(_invalid_status(media), errors, media, request_id)
    body: dict[str, Any] = {"data": result.data}
    code = OK
    if errors:
        body["errors"] = shown = [_shown(error, request_id) for error in errors]
        code = shown[0]["extensions"]["code"]
    if result.extensions:
        body["extensions"] = result.extensions
    return HttpResponse(200, encode_json(body), media, request_id, head.answered_with, code)


def _error_answer(
    status: int, errors: Iterable[GraphQLError], media: str, request_id: str, headers: Mapping[str, str] | None = None
) -> HttpResponse:
    shown = [_shown(error, request_id) for error in errors]
    code = shown[0]["extensions"]["code"]
    return HttpResponse(status, encode_json({"errors": shown}), media, request_id, headers or {}, code)


def _failure_answer(error: Exception, media: str, head: Head) -> HttpResponse:
    status, headers = 500, {}
    errors = [GraphQLError(str(error), original_error=error)]
    if isinstance(error, RefusedError):
        status, headers = error.status, error.headers
        errors = [GraphQLError(str(error), extensions={"code": error.code})]
    elif isinstance(error, UnauthenticatedError):
        status, headers = 401, {"www-authenticate": "Bearer"}
    elif isinstance(error, CallerError):
        status = _invalid_status(media)
        errors = error.errors if isinstance(error, OperationError) else errors
    elif isinstance(error, OverloadedError | AccessUnavailableError):
        status, headers = 503, RETRY_AFTER
    return _error_answer(status, errors, media, head.request_id, headers)


def make_refusal(status: int, message: str, code: str = "BAD_REQUEST", **headers: str) -> HttpResponse:
    """Answer a request that nobody looks into."""
    extensions: dict[str, Any] = {"code": code, "retryable": True} if code == OverloadedError.code else {"code": code}
    return _error_answer(status, [GraphQLError(message, extensions=extensions)], JSON, new_request_id(), headers)


def _invalid_status(media: str) -> int:
    return 400 if media == RESPONSE_JSON else 200


def _shown(error: GraphQLError, request_id: str) -> dict[str, Any]:
    """Show the error as the caller reads it. What was not raised on purpose says nothing but its code."""
    shown: dict[str, Any] = {**error.formatted}
    given = shown.get("extensions", {})
    cause = error.original_error
    known: dict[str, Any] = {"code": "BAD_USER_INPUT"}
    if isinstance(cause, ProfileGatewayError):
        known = {"code": cause.code, "retryable": cause.retryable}
    elif "code" not in given and cause is not None and not isinstance(cause, GraphQLError):
        known = {"code": "INTERNAL"}
        shown["message"] = "the gateway failed; its log has more under this requestId"
        _log_failure(cause, error, request_id)
    by_graphql = cause is None or isinstance(cause, GraphQLError)
    shown["message"] = readable(shown["message"]) if by_graphql else shortened(shown["message"])
    shown["extensions"] = {**known, **given, "requestId": request_id}
    return shown


def _log_failure(cause: Exception, error: GraphQLError, request_id: str) -> None:
    _log.error("operation_failed", request_id=request_id, error=type(cause).__name__, path=error.path, frames=frames_of(cause))
