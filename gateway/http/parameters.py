"""Read the parameters of a request from its body or its URL."""

from __future__ import annotations

from typing import Any, TypeVar

import msgspec

from gateway.documents.error_behavior import ErrorBehavior
from gateway.http.negotiation import RefusedError
from gateway.http.request_head import Head

T = TypeVar("T")


class Parameters(msgspec.Struct, rename="camel"):
    """The parameters of a request. An empty `operation_name` is none.

    `document_id` and `doc_id` name a document in the place of its text.
    """

    query: str | None = None
    operation_name: str | None = None
    variables: dict[str, Any] | None = None
    extensions: dict[str, Any] | None = None
    document_id: str | None = None
    doc_id: str | None = msgspec.field(default=None, name="doc_id")
    on_error: str | None = None


_body_decoder = msgspec.json.Decoder(Parameters)
_object_decoder = msgspec.json.Decoder(dict[str, Any] | None)


def read_body_parameters(text: bytes | bytearray) -> Parameters:
    """Read the parameters of a POST. Raises `RefusedError`."""
    return _decoded(_body_decoder, text, "the body")


def read_url_parameters(head: Head) -> Parameters:
    """Read the parameters of a GET. Raises `RefusedError`."""
    if head.method != "GET":
        raise RefusedError(405, "use GET or POST", allow="GET, POST")
    given = head.query
    return Parameters(
        given.get("query"),
        given.get("operationName"),
        _decoded(_object_decoder, given.get("variables") or "null", "variables"),
        _decoded(_object_decoder, given.get("extensions") or "null", "extensions"),
        given.get("documentId"),
        given.get("doc_id"),
        given.get("onError"),
    )


def read_error_behavior(on_error: str) -> ErrorBehavior:
    """Read what becomes of an answer where a field fails. Raises `RefusedError`."""
    try:
        return ErrorBehavior(on_error)
    except ValueError:
        raise RefusedError(400, f"onError must be one of {', '.join(ErrorBehavior)}") from None


def _decoded(decoder: msgspec.json.Decoder[T], text: str | bytes | bytearray, what: str) -> T:
    try:
        return decoder.decode(text)
    except msgspec.DecodeError as error:
        raise RefusedError(400, f"{what} cannot be read: {error}") from None
    except UnicodeError:
        raise RefusedError(400, f"{what} cannot be read: it is not UTF-8") from None
    except RecursionError:
        raise RefusedError(400, f"{what} cannot be read: it is nested too deeply") from None
