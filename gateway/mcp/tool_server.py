"""Serve tools over the protocol: its SDK does the talking, and knows nothing of customers."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import msgspec
from mcp.server.context import ServerRequestContext
from mcp.server.lowlevel import Server
from mcp.shared.exceptions import MCPError
from mcp_types import (
    INVALID_PARAMS,
    CallToolRequestParams,
    CallToolResult,
    ListToolsResult,
    PaginatedRequestParams,
    TextContent,
    ToolAnnotations,
)
from mcp_types import Tool as ListedTool

from gateway.mcp.tool_runner import ToolFailedError, ToolRunner
from gateway.mcp.tools import INSTRUCTIONS, TOOLS
from gateway.mcp.turn import CALL, ProtocolCall
from gateway.version import gateway_version

ListTools = Callable[[ServerRequestContext[Any], PaginatedRequestParams | None], Awaitable[ListToolsResult]]
CallTool = Callable[[ServerRequestContext[Any], CallToolRequestParams], Awaitable[CallToolResult]]

NAME, TITLE = "profile-gateway", "Profile Gateway"


def make_tool_server(runner: ToolRunner) -> Server[Any]:
    """Make the server of all tools. Whoever calls one is in the scope of the request."""
    listed = ListToolsResult(
        tools=[
            ListedTool(
                name=tool.name,
                title=tool.title,
                description=tool.description,
                input_schema=tool.input_schema,
                output_schema=runner.output_schemas[tool.name],
                annotations=ToolAnnotations(read_only_hint=True, open_world_hint=False),
            )
            for tool in TOOLS.values()
        ]
    )

    async def list_tools(_context: ServerRequestContext[Any], _params: PaginatedRequestParams | None) -> ListToolsResult:
        return listed

    async def call_tool(context: ServerRequestContext[Any], params: CallToolRequestParams) -> CallToolResult:
        tool = TOOLS.get(params.name)
        if tool is None:
            raise MCPError(INVALID_PARAMS, "there is no such tool; list the tools")
        assert context.request is not None
        call: ProtocolCall = context.request.scope[CALL]
        call.turn.end_turn()  # that of the request at the endpoint follows
        try:
            answer = await runner.run_tool(tool, params.arguments or {}, call.head)
        except ToolFailedError as failure:
            return CallToolResult(content=[TextContent(text=str(failure))], is_error=True)
        return CallToolResult(content=[TextContent(text=answer.decode())], structured_content=msgspec.json.decode(answer))

    return make_server(list_tools, call_tool)


def make_server(on_list_tools: ListTools, on_call_tool: CallTool) -> Server[Any]:
    """Make a server that is named and described as all of ours."""
    server: Server[Any] = Server(
        NAME,
        get_tool_input_schema=_find_input_schema,
        version=gateway_version(),
        title=TITLE,
        instructions=INSTRUCTIONS,
        on_list_tools=on_list_tools,
        on_call_tool=on_call_tool,
    )
    server.middleware.clear()  # its spans would have names that callers choose; the endpoint has spans of its own
    return server


def _find_input_schema(name: str) -> Mapping[str, Any] | None:
    """Find what the SDK holds the headers of a call against, which else lists all tools for each call."""
    return TOOLS[name].input_schema if name in TOOLS else None
