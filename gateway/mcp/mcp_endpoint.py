"""`/mcp`: the door before the protocol's SDK. It knows who calls, from where, and that the message is small and well formed."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from copy import copy
from typing import Any

import msgspec
from graphql import GraphQLSchema
from mcp.server.streamable_http_manager import StreamableHTTPSessionManager
from starlette.requests import ClientDisconnect
from starlette.types import Message, Receive, Scope, Send

from gateway.access.caller import Caller
from gateway.admission.admission import Admission
from gateway.errors import DocumentNotTrustedError
from gateway.http.endpoint import ABANDONED, GraphQLView
from gateway.http.negotiation import JSON, RefusedError, check_body_type
from gateway.http.origins import ALLOWED_HEADERS, CODE
from gateway.http.request_head import Head
from gateway.http.response import HttpResponse
from gateway.http.responses import make_failure
from gateway.mcp.tool_runner import ToolRunner
from gateway.mcp.tool_server import make_tool_server
from gateway.mcp.turn import CALL, ProtocolCall, ProtocolTurn

MAX_BODY_BYTES = 64 * 1024
"""A call of a tool has some hundred bytes; what clients tell of themselves is more."""

_INVALID_REQUEST = -32600
_REFUSAL = "the request comes from a page of an origin that may not ask; name that origin in the gateway's setting cors.origins"
_IN_FRAME = "the token of a page in a frame asks for what that page shows, and not at /mcp; give an assistant a key of its own"
_PROTOCOL_HEADERS = ("last-event-id", "mcp-method", "mcp-name", "mcp-protocol-version", "mcp-session-id")


class _Envelope(msgspec.Struct):
    """A message of the protocol: a request, or without an id a notification."""

    jsonrpc: str
    method: str
    id: str | int | msgspec.UnsetType = msgspec.UNSET
    params: dict[str, Any] | msgspec.UnsetType = msgspec.UNSET


_decoder = msgspec.json.Decoder(_Envelope)


class McpEndpoint:
    """The endpoint of assistants, an ASGI application for one path. Nothing stays of a request: any worker has the next.

    Callers `in_frames` have documents of their own, and no tools.
    """

    def __init__(
        self, endpoint: GraphQLView, admission: Admission, schema: GraphQLSchema, in_frames: Collection[str] = ()
    ) -> None:
        self._in_frames = frozenset(in_frames)
        self._endpoint = copy(endpoint)  # for who calls, from where, and what is told of it
        self._endpoint.max_body_bytes = MAX_BODY_BYTES
        self._admission = admission
        self._server = make_tool_server(ToolRunner(endpoint, schema))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        state = scope.get("state", {})
        client = scope.get("client")
        begun = state.get("begun") or self._admission.monotonic()
        fields = [(name, value) for name, value in scope["headers"] if name != b"cookie"]  # a browser would send it along
        head = Head(scope["method"], fields, scope["query_string"], begun, client[0] if client else None)
        try:
            answer = await self._answer(head, scope, receive, send)
        except ClientDisconnect:
            self._endpoint.observe(head, None, ABANDONED)
            return
        except Exception as error:  # noqa: BLE001 - the last line of defence
            answer = make_failure(error, JSON, head)
            self._endpoint.observe(head, None, answer.code)
            answer.body = _protocol_error(answer.body)
        if answer is not None:
            await send({"type": "http.response.start", "status": answer.status, "headers": answer.headers})
            await send({"type": "http.response.body", "body": answer.body})

    async def _answer(self, head: Head, scope: Scope, receive: Receive, send: Send) -> HttpResponse | None:
        """Answer what is no message; None where the SDK has answered. Raises what refuses the request."""
        preflight = self._answer_preflight(head)
        if preflight is not None:
            return preflight
        self._check_origin(head)
        if head.method != "POST":
            raise RefusedError(405, "assistants send each message by POST", allow="POST")
        caller = self._endpoint.identify(head)
        head.caller = caller if isinstance(caller, Caller) else await caller
        if head.caller.name in self._in_frames:
            raise RefusedError(403, _IN_FRAME, DocumentNotTrustedError.code)
        head.profile = self._endpoint.find_profile(head.caller.name)
        check_body_type(head.headers)
        body = bytes(await self._endpoint.receive_body(head, scope.get("state", {}), receive))
        _check_message(body)
        turn = ProtocolTurn(self._admission, head.caller.name)
        await turn.begin_turn(head)
        try:
            await self._serve(body, {**scope, CALL: ProtocolCall(head, turn)}, receive, _finisher(head, send))
        finally:
            turn.end_turn()
        return None

    async def _serve(self, body: bytes, scope: Scope, receive: Receive, send: Send) -> None:
        messages: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

        async def replay() -> Message:
            return messages.pop() if messages else await receive()

        manager = StreamableHTTPSessionManager(
            self._server, json_response=True, stateless=True, max_request_body_size=MAX_BODY_BYTES
        )
        async with manager.run():  # of this request alone, so that nothing of it is left when it ends
            await manager.handle_request(scope, replay, send)

    def _answer_preflight(self, head: Head) -> HttpResponse | None:
        preflight = self._endpoint.origins.answer_preflight(head) if head.method == "OPTIONS" else None
        if preflight is not None:
            headers = ", ".join((*ALLOWED_HEADERS, *_PROTOCOL_HEADERS))
            preflight.more_headers = {
                **preflight.more_headers,
                "access-control-allow-headers": headers,
                "access-control-allow-methods": "POST",
            }
        return preflight

    def _check_origin(self, head: Head) -> None:
        """Refuse pages of origins that are not named, its own too: no page of it asks here, and a name can be rebound."""
        origins, origin = self._endpoint.origins, head.headers.get(b"origin")
        if origins.allows(origin):
            head.answered_with.update(origins.grant(origin))
        elif origin is not None or b"sec-fetch-site" in head.headers:
            raise RefusedError(403, _REFUSAL, CODE)


def _check_message(body: bytes) -> None:
    """Refuse what is no single message, before the SDK quotes it. Raises `RefusedError`."""
    try:
        envelope = _decoder.decode(body)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        raise RefusedError(400, "the body is no message of JSON-RPC 2.0; send one request or notification") from None
    if envelope.jsonrpc != "2.0":
        raise RefusedError(400, 'jsonrpc: must be "2.0"')


def _finisher(head: Head, send: Send) -> Send:
    """Add to the SDK's answer what all answers have."""

    async def send_finished(message: Message) -> None:
        if message["type"] == "http.response.start":
            own = {"cache-control": "no-store", "vary": "Origin", "x-request-id": head.request_id, **head.answered_with}
            given = [pair for pair in message["headers"] if pair[0].decode().lower() not in own]
            message = {**message, "headers": [*given, *((name.encode(), value.encode()) for name, value in own.items())]}
        await send(message)

    return send_finished


def _protocol_error(body: bytes) -> bytes:
    """Write the first error of an answer as the protocol has errors."""
    first: Mapping[str, Any] = msgspec.json.decode(body)["errors"][0]
    error = {"code": _INVALID_REQUEST, "message": first["message"], "data": first["extensions"]}
    return msgspec.json.encode({"jsonrpc": "2.0", "id": None, "error": error})
