"""Read a request for an event stream, and make the heads of the requests at the endpoint that it stands for."""

from __future__ import annotations

from typing import Any

from starlette.types import Receive, Scope, Send

from gateway.http.negotiation import RESPONSE_JSON, RefusedError, check_body_type
from gateway.http.parameters import read_body_parameters, read_url_parameters
from gateway.http.request_head import Head

TOKEN_HEADER = b"x-graphql-event-stream-token"
EVENTS = "text/event-stream"
MAX_OPERATION_ID_CHARACTERS = 200

_TRANSPORT_HEADERS = frozenset(
    [b"accept", b"accept-encoding", b"content-encoding", b"content-length", b"last-event-id", b"x-request-id", TOKEN_HEADER]
)
"""Headers that say nothing of the operation."""

_OPERATION = frozenset(["query", "documentId", "doc_id", "extensions"])
"""Parameters of a URL that has an operation."""


class EventStreamRequest:
    """One request, by ASGI."""

    def __init__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.scope, self.receive, self.send = scope, receive, send
        self.head = self._make_head(scope["headers"])
        self._fields: list[tuple[bytes, bytes]] | None = None

    @property
    def method(self) -> str:
        return self.head.method

    @property
    def token(self) -> str | None:
        """The token of a stream, in a header or in the URL."""
        given = self.head.headers.get(TOKEN_HEADER)
        return given.decode("latin-1") if given is not None else self.head.query.get("token")

    @property
    def wants_events(self) -> bool:
        return EVENTS.encode() in self.head.accept.lower()

    @property
    def has_operation(self) -> bool:
        """Tell whether it has an operation to be run."""
        return self.method == "POST" or not _OPERATION.isdisjoint(self.head.query)

    @property
    def reads_streams(self) -> bool:
        """Tell whether its client reads an answer without a length: one of HTTP/1.0 does not."""
        return self.scope.get("http_version") != "1.0"

    @property
    def since(self) -> str | None:
        """The cursor of the last event that its client has read."""
        given = self.head.headers.get(b"last-event-id")
        return given.decode("latin-1") if given else None

    def make_head(self) -> Head:
        """Make the head of a request at the endpoint. The first one has the id of this request."""
        if self._fields is None:
            self._fields = [(name, value) for name, value in self.head.fields if name not in _TRANSPORT_HEADERS]
            self._fields.append((b"accept", _accept_results(self.head.accept)))
            head = self._make_head(self._fields)
            head.request_id = self.head.request_id
            return head
        return self._make_head(self._fields)

    def read_operation_id(self, body: bytes) -> str:
        """Read the name of the operation in its stream. Raises `RefusedError`."""
        if self.method == "POST":
            check_body_type(self.head.headers)
            parameters = read_body_parameters(body)
        else:
            parameters = read_url_parameters(self.head)
        id_ = (parameters.extensions or {}).get("operationId")
        if not isinstance(id_, str) or not 0 < len(id_) <= MAX_OPERATION_ID_CHARACTERS:
            raise RefusedError(
                400,
                "extensions.operationId: name the operation in its stream, "
                f"by a text of 1 to {MAX_OPERATION_ID_CHARACTERS} characters",
            )
        return id_

    def _make_head(self, fields: Any) -> Head:
        client = self.scope.get("client")
        return Head(self.scope["method"], fields, self.scope["query_string"], peer=client[0] if client else None)


def _accept_results(accept: bytes) -> bytes:
    """Write the `Accept` of a result: our JSON, and parts where the client names their form."""
    parts = b", ".join(own.strip() for own in accept.split(b",") if b"multipart/mixed" in own)
    return parts + b", " + RESPONSE_JSON.encode() + b";q=0.9" if parts else RESPONSE_JSON.encode()
