"""GraphQL over HTTP: a body or a URL becomes an operation and its variables, a result becomes a response.

Two media types are answered. `application/graphql-response+json` tells by its status whether there is data;
`application/json` says 200 to every well-formed request, also when its document does not validate. Every error
carries `code` and `requestId` in its extensions.
"""

from __future__ import annotations

import re
import traceback
import uuid
from collections.abc import Awaitable, Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import msgspec
import structlog
from graphql import ExecutionResult, GraphQLError, OperationType
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from connectors.errors import ProfileGatewayError
from gateway.errors import CallerError
from gateway.operations import Operation, OperationError, Operations

Execute = Callable[[Operation, dict[str, Any], Request], Awaitable[ExecutionResult]]

JSON = "application/json"
RESPONSE_JSON = "application/graphql-response+json"

_SANE_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")

T = TypeVar("T")
_log = structlog.get_logger()


class Parameters(msgspec.Struct, rename="camel"):
    """What a request asks. An empty `operation_name` is none."""

    query: str | None = None
    operation_name: str | None = None
    variables: dict[str, Any] | None = None
    extensions: dict[str, Any] | None = None


_body_decoder = msgspec.json.Decoder(Parameters)
_object_decoder = msgspec.json.Decoder(dict[str, Any] | None)


class _RefusedError(Exception):
    """The request is answered without an operation. `status` holds for both media types."""

    def __init__(self, status: int, message: str, code: str = "BAD_REQUEST", **headers: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.headers = headers


class GraphQLView:
    """The endpoint, an ASGI application for one path.

    `execute` gets the operation, the variables as they came and the request, whose `state.request_id` is set. A CallerError
    that it raises is shown; any other exception is status 500 and says nothing. `graphiql` is the page for browsers.
    """

    def __init__(
        self, operations: Operations, execute: Execute, *, max_body_bytes: int = 1 << 20, graphiql: Response | None = None
    ) -> None:
        self._operations = operations
        self._execute = execute
        self._max_body_bytes = max_body_bytes
        self._graphiql = graphiql

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        request.state.request_id = _request_id(request)
        if _wants_page(request) and self._graphiql is not None:
            await self._graphiql(scope, receive, send)
            return
        try:
            response = await self._respond(request)
        except ClientDisconnect:
            return
        await response(scope, receive, send)

    async def _respond(self, request: Request) -> Response:
        media = JSON
        try:
            if _wants_page(request):
                raise _RefusedError(404, "there is no page here")
            media = _negotiated(",".join(request.headers.getlist("accept")) or "*/*")
            parameters = await self._parameters(request)
            if parameters.query is None:
                raise _without_query(parameters)
            operation = self._operations.prepare(parameters.query, parameters.operation_name or None)
            if request.method == "GET" and operation.definition.operation is not OperationType.QUERY:
                raise _RefusedError(405, "by GET only queries are run; use POST", allow="POST")
            result = await self._execute(operation, parameters.variables or {}, request)
            return _result_response(result, media, request)
        except _RefusedError as refused:
            error = GraphQLError(str(refused), extensions={"code": refused.code})
            return _error_response(refused.status, [error], media, request, **refused.headers)
        except CallerError as error:
            errors = error.errors if isinstance(error, OperationError) else [GraphQLError(str(error), original_error=error)]
            return _error_response(_invalid_status(media), errors, media, request)
        except ClientDisconnect:
            raise
        except Exception as error:  # noqa: BLE001 - the last line of defence
            return _error_response(500, [GraphQLError(str(error), original_error=error)], media, request)

    async def _parameters(self, request: Request) -> Parameters:
        if request.method == "GET":
            return _url_parameters(request)
        if request.method != "POST":
            raise _RefusedError(405, "use GET or POST", allow="GET, POST")
        _check_body_type(request)
        return _decoded(_body_decoder, await self._body(request), "the body")

    async def _body(self, request: Request) -> bytes:
        too_large = _RefusedError(413, f"the body is larger than {self._max_body_bytes} bytes")
        if int(request.headers.get("content-length", 0)) > self._max_body_bytes:
            raise too_large
        body = bytearray()
        async for part in request.stream():
            if len(body) + len(part) > self._max_body_bytes:
                raise too_large
            body += part
        return bytes(body)


def _request_id(request: Request) -> str:
    given = request.headers.get("x-request-id", "")
    return given if _SANE_REQUEST_ID.fullmatch(given) else uuid.uuid4().hex


def _wants_page(request: Request) -> bool:
    return request.method == "GET" and "query" not in request.query_params and "text/html" in request.headers.get("accept", "")


def _negotiated(accept: str) -> str:
    ranges = [_range(part) for part in accept.split(",")]

    def rank(media: str) -> tuple[float, int, int]:
        """The quality that the most specific range gives, then how specific it is, then how early it stands."""
        names = ("*/*", "application/*", media)
        fits = [(names.index(name), -place, quality) for place, (name, quality) in enumerate(ranges) if name in names]
        specific, place, quality = max(fits, default=(0, 0, 0.0))
        return quality, specific, place

    chosen = max((JSON, RESPONSE_JSON), key=rank)
    if rank(chosen)[0] <= 0:
        raise _RefusedError(406, f"the answer is {RESPONSE_JSON} or {JSON}; accept one of them")
    return chosen


def _range(part: str) -> tuple[str, float]:
    name, *parameters = (word.strip().lower() for word in part.split(";"))
    quality = next((word[2:] for word in parameters if word.startswith("q=")), "1")
    try:
        return name, float(quality)
    except ValueError:
        return name, 0.0


def _check_body_type(request: Request) -> None:
    name, *parameters = (word.strip().lower() for word in request.headers.get("content-type", "").split(";"))
    if name != JSON:
        raise _RefusedError(415, f"the body must be {JSON}")
    if any(word.startswith("charset=") and word[8:].strip('"') not in ("utf-8", "utf8") for word in parameters):
        raise _RefusedError(415, "the body must be in UTF-8")
    if request.headers.get("content-encoding", "identity").lower() != "identity":
        raise _RefusedError(415, "the body must not be compressed")


def _url_parameters(request: Request) -> Parameters:
    given = request.query_params
    return Parameters(
        given.get("query"),
        given.get("operationName"),
        _decoded(_object_decoder, given.get("variables") or "null", "variables"),
        _decoded(_object_decoder, given.get("extensions") or "null", "extensions"),
    )


def _decoded(decoder: msgspec.json.Decoder[T], text: str | bytes, what: str) -> T:
    try:
        return decoder.decode(text)
    except msgspec.DecodeError as error:
        raise _RefusedError(400, f"{what} cannot be read: {error}") from None
    except UnicodeError:
        raise _RefusedError(400, f"{what} cannot be read: it is not UTF-8") from None
    except RecursionError:
        raise _RefusedError(400, f"{what} cannot be read: it is nested too deeply") from None


def _without_query(parameters: Parameters) -> _RefusedError:
    if "persistedQuery" in (parameters.extensions or {}):
        # Apollo's clients send the text along when they are told so, and only when the status is 200.
        return _RefusedError(200, "PersistedQueryNotFound", "PERSISTED_QUERY_NOT_FOUND")
    return _RefusedError(400, "query is missing")


def _result_response(result: ExecutionResult, media: str, request: Request) -> Response:
    errors = result.errors or []
    # An error without a path is about the request (its variables): nothing was run, so there is no `data`, not even null.
    if result.data is None and errors and not any(error.path for error in errors):
        return _error_response(_invalid_status(media), errors, media, request)
    body = {"data": result.data, "errors": [_shown(error, request) for error in errors], "extensions": result.extensions}
    return _response(200, {name: part for name, part in body.items() if name == "data" or part}, media, request)


def _error_response(status: int, errors: Iterable[GraphQLError], media: str, request: Request, **headers: str) -> Response:
    return _response(status, {"errors": [_shown(error, request) for error in errors]}, media, request, **headers)


def _response(status: int, body: Mapping[str, Any], media: str, request: Request, **headers: str) -> Response:
    fixed = {"x-request-id": request.state.request_id, "cache-control": "no-store", "x-content-type-options": "nosniff"}
    return Response(msgspec.json.encode(body), status, {**fixed, **headers}, f"{media}; charset=utf-8")


def _invalid_status(media: str) -> int:
    return 400 if media == RESPONSE_JSON else 200


def _shown(error: GraphQLError, request: Request) -> dict[str, Any]:
    """The error as the caller reads it. What was not raised on purpose says nothing but its code."""
    shown: dict[str, Any] = {**error.formatted}
    given = shown.get("extensions", {})
    cause = error.original_error
    known: dict[str, Any] = {"code": "BAD_USER_INPUT"}
    if isinstance(cause, ProfileGatewayError):
        known = {"code": cause.code, "retryable": cause.retryable}
    elif "code" not in given and cause is not None and not isinstance(cause, GraphQLError):
        known = {"code": "INTERNAL"}
        shown["message"] = "the gateway failed; its log has more under this requestId"
        _log_failure(cause, error, request)
    shown["extensions"] = {**known, **given, "requestId": request.state.request_id}
    return shown


def _log_failure(cause: Exception, error: GraphQLError, request: Request) -> None:
    # Neither the text nor the locals of the exception: both can hold variables, keys and records.
    frames = [f"{Path(frame.filename).name}:{frame.lineno} {frame.name}" for frame in traceback.extract_tb(cause.__traceback__)]
    name, request_id = type(cause).__name__, request.state.request_id
    _log.error("operation_failed", request_id=request_id, error=name, path=error.path, frames=frames)
