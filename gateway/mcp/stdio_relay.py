"""Relay tools between an assistant on standard input and output and a gateway that runs, whose tools they are."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypeVar

import httpx2
import msgspec
from mcp import Client
from mcp.client.streamable_http import streamable_http_client
from mcp.server.context import ServerRequestContext
from mcp.server.lowlevel import Server
from mcp.server.stdio import stdio_server
from mcp.shared.exceptions import MCPError
from mcp_types import INTERNAL_ERROR, CallToolRequestParams, CallToolResult, ListToolsResult, PaginatedRequestParams
from yarl import URL

from connectors.errors import ConfigurationError
from gateway.mcp.mcp_path import MCP_PATH
from gateway.mcp.tool_server import make_server

URL_VARIABLE, KEY_VARIABLE, PURPOSE_VARIABLE = "PROFILE_GATEWAY_URL", "PROFILE_GATEWAY_KEY", "PROFILE_GATEWAY_PURPOSE"
T = TypeVar("T")

_OWN_MACHINE = ("localhost", "127.0.0.1", "::1")
_TIMEOUT_S = 70.0
"""Longer than the longest deadline of a request."""
_AWAY = "the gateway cannot be reached, or is no gateway with [mcp] in its settings; try again, or ask who runs it"


class GatewayAccess(msgspec.Struct, frozen=True):
    """Where the gateway is, and who asks for what. The `key` is a secret, and in no message."""

    url: str
    key: str | None
    purpose: str | None

    @property
    def headers(self) -> dict[str, str]:
        """Give the headers of each request."""
        named = {"authorization": self.key and f"Bearer {self.key}", "x-purpose": self.purpose}
        return {name: value for name, value in named.items() if value}


def read_access(environment: Mapping[str, str]) -> GatewayAccess:
    """Read where the gateway is from variables. Raises `ConfigurationError`."""
    given = environment.get(URL_VARIABLE, "")
    try:
        url = URL(given)
    except ValueError:
        url = URL()
    if url.scheme not in ("http", "https") or not url.host or url.user or url.query_string or url.fragment:
        raise ConfigurationError([f"{URL_VARIABLE}: is no address; write one such as https://gateway.example.com"])
    if url.scheme == "http" and url.host not in _OWN_MACHINE:
        raise ConfigurationError([f"{URL_VARIABLE}: http:// shows the key to whoever is between; write https://"])
    key, purpose = (environment.get(name) or None for name in (KEY_VARIABLE, PURPOSE_VARIABLE))
    for name, value in ((KEY_VARIABLE, key), (PURPOSE_VARIABLE, purpose)):
        if value is not None and not (value.isascii() and value.isprintable()):
            raise ConfigurationError([f"{name}: has letters that a header cannot have; copy it again"])
    return GatewayAccess(str(url if url.path.rstrip("/") else url.with_path(MCP_PATH)), key, purpose)


class ToolRelay:
    """Hands messages on. Each has a connection of its own, as a gateway that was away would end a longer one for good."""

    def __init__(self, access: GatewayAccess, http_client: httpx2.AsyncClient) -> None:
        self._access = access
        self._http_client = http_client

    async def list_tools(self) -> ListToolsResult:
        """List the tools of the gateway. Raises `MCPError`."""
        return ListToolsResult(tools=(await self._ask(Client.list_tools)).tools)

    async def call_tool(self, params: CallToolRequestParams) -> CallToolResult:
        """Call a tool of the gateway, and give its answer as it is. Raises `MCPError`."""
        answer = await self._ask(lambda client: client.call_tool(params.name, params.arguments))
        return CallToolResult(content=answer.content, structured_content=answer.structured_content, is_error=answer.is_error)

    async def _ask(self, ask: Callable[[Client], Awaitable[T]]) -> T:
        try:
            async with Client(streamable_http_client(self._access.url, http_client=self._http_client)) as client:
                return await ask(client)
        except Exception as error:  # noqa: BLE001 - whatever the connection comes to, the assistant may try again
            raise _refusal_in(error) or MCPError(INTERNAL_ERROR, _AWAY) from None


def _refusal_in(error: BaseException) -> MCPError | None:
    """Find what the gateway said among what ended a connection."""
    if isinstance(error, BaseExceptionGroup):
        return next(filter(None, map(_refusal_in, error.exceptions)), None)
    return error if isinstance(error, MCPError) else None


async def relay_tools(access: GatewayAccess) -> None:
    """Serve the gateway's tools on standard input and output until that ends. Raises `ConfigurationError`."""
    async with httpx2.AsyncClient(headers=access.headers, timeout=_TIMEOUT_S) as http_client:
        relay = ToolRelay(access, http_client)
        try:
            await relay.list_tools()
        except MCPError as error:
            raise ConfigurationError([f"{URL_VARIABLE}: {error.error.message}"]) from None
        server = _make_server(relay)
        async with stdio_server() as (read_stream, write_stream):
            await server.run(read_stream, write_stream, server.create_initialization_options())


def _make_server(relay: ToolRelay) -> Server[Any]:
    async def list_tools(_context: ServerRequestContext[Any], _params: PaginatedRequestParams | None) -> ListToolsResult:
        return await relay.list_tools()

    async def call_tool(_context: ServerRequestContext[Any], params: CallToolRequestParams) -> CallToolResult:
        return await relay.call_tool(params)

    return make_server(list_tools, call_tool)
