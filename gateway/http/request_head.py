"""Read the head of a request: its headers, when it came, who sent it."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from random import getrandbits

from starlette.datastructures import QueryParams

from gateway.access.caller import EVERYBODY
from gateway.admission.caller_row import CallerRow
from gateway.changes.subscription_turn import SubscriptionTurn
from gateway.documents.error_behavior import ErrorBehavior
from gateway.documents.profiles import USUAL
from gateway.errors import InvalidArgumentError
from gateway.http.multipart import MultipartForm
from gateway.lookups.call_tracer import RequestSpan
from gateway.lookups.loaders import Loaders
from gateway.operations import Operation

_SINGLE = (b"authorization", b"x-purpose", b"origin", b"sec-fetch-site", b"accept-encoding")
"""Headers that say who asks, from where and for what. Two of one are joined, and so nobody's and nothing's."""

_ASKING = frozenset(["query", "documentId", "doc_id", "extensions"])
"""The parameters of a URL that asks for an answer, and not for a page."""

_SANE_REQUEST_ID = re.compile(rb"[A-Za-z0-9._-]{1,64}")


def new_request_id() -> str:
    """An id that no other request has, and no secret: the system's own random numbers take twice as long."""
    return getrandbits(128).to_bytes(16).hex()


class Head:
    """The headers of a request, and those for its response. Names are in lower case; two credentials or purposes are joined.

    Its first byte came when it was `begun`, its last when it has `arrived`, in seconds of the monotonic clock. `loaders` know
    what it asked for, once it runs, and `observe` is told of its end then, whatever a reload changes; after that `release` lets
    what it ran on be closed. `span` is there while it is traced. `fields` are its headers as they came, `peer` is the address
    at the other end of the connection, None where that has none. `profile` says what its caller may send, `row` is where his
    requests wait, `error_behavior` what he wants where a field fails, `multipart` the form of answers in parts that he reads:
    none where he `reads_chunks` not, as over HTTP/1.0. `turn` is there where the answer is one of a stream.
    """

    __slots__ = (
        "accept",
        "answered_with",
        "arrived",
        "begun",
        "caller",
        "error_behavior",
        "fields",
        "headers",
        "loaders",
        "method",
        "multipart",
        "observe",
        "peer",
        "profile",
        "query_string",
        "reads_chunks",
        "release",
        "request_id",
        "row",
        "span",
        "turn",
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
        self.observe: Callable[[Head, Operation | None, str], None] | None = None
        self.release: Callable[[], None] | None = None
        self.span: RequestSpan | None = None
        self.profile = USUAL
        self.row: CallerRow | None = None
        self.error_behavior: ErrorBehavior | None = None
        self.multipart: MultipartForm | None = None
        self.reads_chunks = True
        self.turn: SubscriptionTurn | None = None
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
        """Tell whether a browser asks for a page, and for no answer."""
        return self.method == "GET" and b"text/html" in self.accept and _ASKING.isdisjoint(self.query)

    def wants_editor(self) -> bool:
        """Tell whether a browser asks for a page, or has a query for an editor."""
        return self.wants_page() or (self.method == "GET" and b"text/html" in self.accept and "query" in self.query)
