"""Run tools: each call is a request at the endpoint, with the credential and the purpose of who calls."""

from __future__ import annotations

from collections.abc import Mapping
from copy import copy
from typing import Any

import msgspec
import structlog
from graphql import GraphQLSchema

from connectors.errors import ProfileGatewayError
from connectors.toolkit.evaluation import encode_json
from gateway.documents.messages import shortened
from gateway.http.endpoint import GraphQLView
from gateway.http.request_head import Head
from gateway.log import frames_of
from gateway.mcp.answer_shape import read_shape
from gateway.mcp.tool import Tool
from gateway.mcp.tool_answer import encode_answer, output_schema
from gateway.mcp.tool_documents import ToolDocuments
from gateway.mcp.tools import TOOLS

_NOT_PASSED_ON = frozenset(
    [
        b"accept",
        b"accept-encoding",
        b"content-encoding",
        b"content-length",
        b"content-type",
        b"origin",  # it was judged for this path
        b"sec-fetch-site",
        b"x-cost",
        b"x-request-id",
    ]
)
_PASSED_ON = [(b"accept", b"application/json"), (b"content-type", b"application/json")]

_WRONG_ARGUMENTS = ("BAD_USER_INPUT", "INVALID_ARGUMENT", "INVALID_KEY")
"""What the assistant can put right, of whichever field it is said."""

log = structlog.get_logger()


class ToolFailedError(ProfileGatewayError):
    """A call that gives no answer: what the assistant is told of it."""


class ToolRunner:
    """Runs the tools over one endpoint, by the documents that are the gateway's own."""

    def __init__(self, endpoint: GraphQLView, schema: GraphQLSchema) -> None:
        self._endpoint = copy(endpoint)  # the same in everything but which documents it knows
        self._endpoint.documents = ToolDocuments(schema)
        self._shapes = {name: read_shape(schema, tool.document) for name, tool in TOOLS.items()}
        self.output_schemas = {name: output_schema(shape) for name, shape in self._shapes.items()}

    async def run_tool(self, tool: Tool, given: Mapping[str, Any], head: Head) -> bytes:
        """Run a tool for whom the head of a request shows, and give its answer as JSON. Raises `ToolFailedError`."""
        try:
            variables = tool.read_variables(given)
        except ProfileGatewayError as error:
            self._endpoint.observe(head, None, error.code)  # as one whose variables the endpoint refuses
            raise ToolFailedError(f"{error.code}: {error} (requestId {head.request_id})") from None
        body = encode_json({"documentId": tool.name, "variables": variables})
        answer = await self._endpoint.answer(_head_of_call(head), body)
        try:
            return self._read_answer(tool, answer.body, head)
        except ToolFailedError:
            raise
        except Exception as error:  # noqa: BLE001 - whatever fails here says nothing of data
            failed = {"error": type(error).__name__, "frames": frames_of(error)}
            log.error("tool_failed", tool=tool.name, request_id=head.request_id, **failed)
            raise ToolFailedError(_internal(head)) from None

    def _read_answer(self, tool: Tool, body: bytes, head: Head) -> bytes:
        answer = msgspec.json.decode(body)
        errors = answer.get("errors") or []
        refused = [error for error in errors if answer.get("data") is None or error["extensions"]["code"] in _WRONG_ARGUMENTS]
        if refused:
            text = f"{refused[0]['extensions']['code']}: {refused[0]['message']} (requestId {head.request_id})"
            raise ToolFailedError(shortened(text))
        return encode_answer(self._shapes[tool.name], answer["data"], errors)


def _head_of_call(head: Head) -> Head:
    """Make the head of a request to the endpoint out of that of a call: the same caller, purpose and deadline."""
    fields = [(name, value) for name, value in head.fields if name not in _NOT_PASSED_ON]
    fields += [*_PASSED_ON, (b"x-request-id", head.request_id.encode())]
    call = Head("POST", fields, b"", head.begun, head.peer)
    call.arrived = head.arrived
    return call


def _internal(head: Head) -> str:
    return f"INTERNAL: the gateway failed; its log has more under this requestId (requestId {head.request_id})"
