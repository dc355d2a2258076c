"""Turn results and failures into responses. Every error carries `code` and `requestId` in its extensions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import structlog
from graphql import ExecutionResult, GraphQLError

from connectors.errors import ProfileGatewayError
from connectors.toolkit.evaluation import encode_json
from gateway.documents.error_behavior import ErrorBehavior
from gateway.documents.messages import readable, shortened
from gateway.errors import (
    AccessUnavailableError,
    AuditUnavailableError,
    CallerError,
    CsrfHeaderMissingError,
    OverloadedError,
    QuotaExceededError,
    UnauthenticatedError,
)
from gateway.execution.deliveries import IncrementalResult
from gateway.http.multipart import MultipartForm, PartWriter
from gateway.http.negotiation import JSON, RESPONSE_JSON, RefusedError
from gateway.http.part_stream import PartStream
from gateway.http.request_head import Head, new_request_id
from gateway.http.response import HttpResponse
from gateway.log import frames_of
from gateway.lookups.call_statistics import OK
from gateway.operations import OperationError

RETRY_AFTER = {"retry-after": "1"}

_log = structlog.get_logger()


def make_answer(result: ExecutionResult, media: str, head: Head) -> HttpResponse:
    """Answer with a result."""
    request_id = head.request_id
    errors = result.errors or []
    # An error without a path is about the request (its variables): nothing was run, so there is no `data`, not even null.
    if result.data is None and errors and not any(error.path for error in errors):
        return _error_answer(_invalid_status(media), errors, media, request_id, head.answered_with)
    body: dict[str, Any] = {"data": result.data}
    code = OK
    if errors:
        if head.error_behavior is ErrorBehavior.HALT:
            body["data"] = None
        body["errors"] = shown = show_errors(result, request_id)
        code = shown[0]["extensions"]["code"]
    if result.extensions:
        body["extensions"] = result.extensions
    if type(result) is IncrementalResult and head.multipart is not None:
        return _first_part(result, body, head.multipart, head, code)
    return HttpResponse(200, encode_json(body), media, request_id, head.answered_with, code)


def _first_part(result: IncrementalResult, body: dict[str, Any], form: MultipartForm, head: Head, code: str) -> HttpResponse:
    """Answer with what is here, and with a stream of what comes later. Its end has to be set."""
    answer = HttpResponse(200, b"", form, head.request_id, head.answered_with, code)

    def show_later(late: ExecutionResult) -> list[dict[str, Any]]:
        shown = show_errors(late, head.request_id)
        if answer.code == OK and shown:
            answer.code = shown[0]["extensions"]["code"]
        return shown

    writer = PartWriter(form, show_later)
    answer.body = writer.write_first(body, result.deliveries)
    answer.parts = PartStream(result.deliveries, writer)
    return answer


def show_errors(result: ExecutionResult, request_id: str) -> list[dict[str, Any]]:
    """Show the errors of a result as its caller reads them."""
    return [_shown(error, request_id) for error in result.errors or ()]


def _error_answer(
    status: int, errors: Iterable[GraphQLError], media: str, request_id: str, headers: Mapping[str, str] | None = None
) -> HttpResponse:
    shown = [_shown(error, request_id) for error in errors]
    code = shown[0]["extensions"]["code"]
    return HttpResponse(status, encode_json({"errors": shown}), media, request_id, headers or {}, code)


def make_failure(error: Exception, media: str, head: Head) -> HttpResponse:
    """Answer with what refused or failed the request. What was not raised on purpose is status 500."""
    status, headers = 500, {}
    errors = [GraphQLError(str(error), original_error=error)]
    if isinstance(error, RefusedError):
        status, headers = error.status, error.headers
        errors = [GraphQLError(str(error), extensions={"code": error.code})]
    elif isinstance(error, UnauthenticatedError):
        status, headers = 401, {"www-authenticate": "Bearer"}
    elif isinstance(error, CsrfHeaderMissingError):
        status = 403
    elif isinstance(error, CallerError):
        status = _invalid_status(media)
        errors = error.errors if isinstance(error, OperationError) else errors
    elif isinstance(error, QuotaExceededError):
        status, headers = 429, {"retry-after": str(error.retry_after_s)}
    elif isinstance(error, OverloadedError | AccessUnavailableError | AuditUnavailableError):
        status, headers = 503, RETRY_AFTER
    return _error_answer(status, errors, media, head.request_id, {**head.answered_with, **headers})


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
