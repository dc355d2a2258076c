"""GraphQL over HTTP: a body or a URL becomes an operation and its variables, a result becomes a response.

Two media types are answered. `application/graphql-response+json` tells by its status whether there is data;
`application/json` says 200 to every well-formed request, also when its document does not validate. Every error
carries `code` and `requestId` in its extensions.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Awaitable, Callable, Iterable, Mapping
from functools import partial
from typing import Any

from graphql import ExecutionResult, OperationType
from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from gateway.access.caller import EVERYBODY, Caller
from gateway.admission.admission import Admission
from gateway.admission.caller_row import CallerRow
from gateway.admission.preparation_thread import LARGE_CHARACTERS, PreparationThread
from gateway.clock import Clock
from gateway.documents.limits import MAX_LIST
from gateway.documents.profiles import USUAL, Profile
from gateway.http.compression import MIN_BYTES, Compressor
from gateway.http.document_finder import DocumentFinder, RequestDocument
from gateway.http.limit_checks import check_lists, refuse_body
from gateway.http.multipart import form_of
from gateway.http.negotiation import BODY_TYPE, JSON, RefusedError, check_body_type, known_media, negotiate
from gateway.http.origins import OriginPolicy
from gateway.http.parameters import Parameters, read_body_parameters, read_error_behavior, read_url_parameters
from gateway.http.part_stream import PartStream
from gateway.http.request_head import Head
from gateway.http.response import HttpResponse
from gateway.http.responses import make_answer, make_failure
from gateway.http.security_headers import send_secured
from gateway.operations import Operation, Operations

Execute = Callable[[Operation, dict[str, Any], Head], Awaitable[ExecutionResult]]

Observe = Callable[[Head, Operation | None, str], None]
"""Told of each request when it ends: its operation, if it has one, and the code of its first error."""

ABANDONED = "ABANDONED"
"""The code of a request whose caller went away before its answer."""

ENDPOINT = "/graphql"
LARGE_BODY_BYTES = 1 << 20
_SHORT_PREPARATION_S = 0.005


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
        self.documents = DocumentFinder()
        self.execute = execute
        self.observe = observe
        self.max_body_bytes = max_body_bytes
        """What is read of a body before it is known who asks."""
        self.find_profile: Callable[[str], Profile] = lambda _: USUAL
        """Finds what a caller may send by his name."""
        self.preparation = PreparationThread(self._admission.is_busy, self.monotonic)
        self.graphiql = graphiql
        self.identify: Callable[[Head], Caller | Awaitable[Caller]] = lambda _: EVERYBODY
        """Finds the caller of a request. Raises what refuses it."""
        self.origins = OriginPolicy()
        self.compressor: Compressor | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        state = scope.get("state", {})  # where our server says when the request came
        begun, client = state.get("begun") or self.monotonic(), scope.get("client")
        head = Head(scope["method"], scope["headers"], scope["query_string"], begun, client[0] if client else None)
        head.reads_chunks = scope.get("http_version") != "1.0"
        if self.graphiql is not None and head.wants_editor():
            await send_secured(self.graphiql, scope, receive, send)
            return
        try:
            preflight = self.origins.answer_preflight(head) if head.method == "OPTIONS" else None
            answer = preflight or await self.answer(head, partial(self.receive_body, head, state, receive))
        except ClientDisconnect:
            return
        try:
            await send({"type": "http.response.start", "status": answer.status, "headers": answer.headers})
            await send({"type": "http.response.body", "body": answer.body, "more_body": answer.parts is not None})
            if answer.parts is not None:
                await _send_parts(answer.parts, receive, send)
        finally:
            if answer.parts is not None:
                answer.parts.close()

    async def answer(  # noqa: C901  each part in a method of its own takes 0.1 us, of 23 for the header of a page
        self, head: Head, body: bytes | bytearray | Callable[[], Awaitable[bytearray]]
    ) -> HttpResponse:
        """Answer a request; its body may be yet to come. Raises `ClientDisconnect`."""
        media, posts = JSON, head.method == "POST"
        admission, documents = self._admission, self.documents
        operation = later = None
        try:
            if not posts or b"origin" in head.headers or b"sec-fetch-site" in head.headers:
                self._admit(head)
            media = known_media.get(head.accept) or negotiate(head.accept)
            if b"multipart" in head.accept and head.reads_chunks:
                head.multipart = form_of(head.accept)
            caller = self.identify(head)
            head.caller = caller if isinstance(caller, Caller) else await caller
            head.profile = profile = self.find_profile(head.caller.name)
            row = admission.find_row(head.caller.name) if admission.is_fair else None
            if posts:
                if head.headers.get(b"content-type") != BODY_TYPE or b"content-encoding" in head.headers:
                    check_body_type(head.headers)
                text = await body() if callable(body) else body
                if len(text) > profile.max_body_bytes:
                    raise refuse_body(len(text), profile.max_body_bytes)
            begins = self.monotonic()
            if admission.is_full(begins, head.arrived) if row is None else admission.must_wait(row, begins, head.arrived):
                begins = await admission.wait(head, row or admission.everybody)
            admission.under_way += 1
            head.row, prepared_s, answer_bytes = row or admission.everybody, None, 0
            if row is not None:
                row.begin()
            try:
                parameters = read_body_parameters(text) if posts else read_url_parameters(head)
                if parameters.on_error is not None:
                    head.error_behavior = read_error_behavior(parameters.on_error)
                document = documents.find_document(parameters, head)
                query = parameters.query or "" if document is None else document.text
                if len(query) <= LARGE_CHARACTERS and (document is None or document.trusted is None):
                    operation = self.operations.prepare(query, parameters.operation_name or None, profile)
                    prepared_s = self.monotonic() - begins
                else:
                    prepared_s = 0.0  # the thread charges what it takes, and nobody pays for waiting
                    operation = await self._prepare(document, query, parameters.operation_name or None, head)
                if not posts or profile.max_variable_values < MAX_LIST:
                    _check_operation(operation, parameters, head)
                if prepared_s > _SHORT_PREPARATION_S:
                    await asyncio.sleep(0)  # in which it is seen that a caller has gone, before sources are asked for him
                    admission.check(head)
                result = await self.execute(operation, parameters.variables or {}, head)
                if document is not None:
                    documents.complete(document, result, head)
                answer = make_answer(result, media, head)
                answer_bytes = len(answer.body)
                if answer.parts is not None:
                    later = answer.parts
                    later.end = partial(self._end_parts, head, operation, answer, row, begins, prepared_s)
                    return answer
                if answer_bytes >= MIN_BYTES:
                    await self._pack(answer, head)
            finally:
                if later is None:
                    admission.under_way -= 1
                    if row is not None:
                        admission.end(row, begins, prepared_s, answer_bytes)
        except (ClientDisconnect, asyncio.CancelledError):
            self._end(head, operation, ABANDONED)
            raise
        except Exception as error:  # noqa: BLE001 - the last line of defence
            answer = make_failure(error, media, head)
        self._end(head, operation, answer.code)
        return answer

    def _end_parts(
        self, head: Head, operation: Operation, answer: HttpResponse, row: CallerRow | None, begins: float, prepared_s: float
    ) -> None:
        """Observe the end of a request whose answer left in parts, unless its caller did before."""
        parts = answer.parts
        assert parts is not None
        self._admission.under_way -= 1
        if row is not None:
            self._admission.end(row, begins, prepared_s, len(answer.body) + parts.byte_count)
        self._end(head, operation, answer.code if parts.is_whole else ABANDONED)

    def _end(self, head: Head, operation: Operation | None, code: str) -> None:
        """Observe the end of a request, and give up what it ran on: the audit is closed with that."""
        try:
            (head.observe or self.observe)(head, operation, code)
        finally:
            if head.release is not None:
                head.release()

    async def _prepare(self, document: RequestDocument | None, query: str, name: str | None, head: Head) -> Operation:
        """Prepare a trusted document, or one that is large: where it is new, beside the loop."""
        trusted = None if document is None else document.trusted
        if trusted is not None and (trusted.is_prepared or len(query) <= LARGE_CHARACTERS):
            return trusted.find_operation(name, introspects=head.profile.introspection)
        if trusted is None and self.operations.knows(query):
            return self.operations.prepare(query, name, head.profile)
        row = head.row or self._admission.everybody
        run = partial(self.preparation.run, row=row, until=self._admission.patience_ends(head))
        if trusted is not None:
            return await run(partial(trusted.find_operation, name, introspects=head.profile.introspection))
        self.preparation.check_place(row)
        operation = await self.operations.prepare_apart(query, name, head.profile, run)
        self._admission.check(head)
        return operation

    def _admit(self, head: Head) -> None:
        """Refuse who wants a page, and pages of other origins that may not ask."""
        if head.wants_page():
            head.answered_with.update(self.origins.grant(head.headers.get(b"origin")))
            raise RefusedError(404, "there is no page here")
        self.origins.admit(head)

    async def _pack(self, answer: HttpResponse, head: Head) -> None:
        if len(answer.body) > LARGE_BODY_BYTES:
            await asyncio.sleep(0)  # before what was found is freed, which takes as long as to write it
        if self.compressor is not None and b"accept-encoding" in head.headers:
            await self.compressor.compress(answer, head.headers[b"accept-encoding"])

    def note_refusal(self, method: str, answer: HttpResponse) -> None:
        """Observe a request that was refused before it came here."""
        head = Head(method, (), b"", self.monotonic())
        head.request_id = answer.request_id
        self.observe(head, None, answer.code)

    def grant_reading(self, headers: Iterable[tuple[bytes, bytes]], answer: HttpResponse) -> None:
        """Let a page read the refusal of a request with these headers, where it may read answers."""
        origin = b",".join(value for name, value in headers if name == b"origin")
        answer.more_headers = {**answer.more_headers, **self.origins.grant(origin)}

    async def receive_body(self, head: Head, state: Mapping[str, Any], receive: Receive) -> bytearray:
        """Read the body of a request by ASGI. Raises `RefusedError` and `ClientDisconnect`."""
        most, length = min(self.max_body_bytes, head.profile.max_body_bytes), int(head.headers.get(b"content-length", 0))
        if length > most:
            raise refuse_body(length, most)
        body = bytearray()
        more = True
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                raise ClientDisconnect
            body += message.get("body", b"")
            more = message.get("more_body", False)
            if len(body) > most:
                raise refuse_body(len(body), most)
        head.arrived = max(head.begun, state.get("arrived") or self.monotonic())
        return body


async def _send_parts(parts: PartStream, receive: Receive, send: Send) -> None:
    """Send parts by ASGI, as long as there is somebody."""
    gone, coming = asyncio.ensure_future(_leaving(receive)), asyncio.ensure_future(anext(parts, None))
    try:
        while await asyncio.wait([coming, gone], return_when=asyncio.FIRST_COMPLETED) and coming.done():
            part = coming.result()
            await send({"type": "http.response.body", "body": part or b"", "more_body": part is not None})
            if part is None:
                return
            coming = asyncio.ensure_future(anext(parts, None))
    finally:
        gone.cancel()
        coming.cancel()


async def _leaving(receive: Receive) -> None:
    """Wait until the caller has gone. A body that nobody has read comes before."""
    while (await receive())["type"] != "http.disconnect":
        pass


def _check_operation(operation: Operation, parameters: Parameters, head: Head) -> None:
    """Refuse what may not be run by GET, and longer lists in variables than the caller may send."""
    if head.profile.max_variable_values < MAX_LIST and parameters.variables:
        check_lists(operation, parameters.variables, head.profile.max_variable_values)
    streams = head.turn is not None and operation.definition.operation is OperationType.SUBSCRIPTION
    if head.method != "POST" and operation.definition.operation is not OperationType.QUERY and not streams:
        raise RefusedError(405, "by GET only queries are run; use POST", allow="POST")
