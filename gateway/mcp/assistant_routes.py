"""Route assistants to their endpoint where the settings have them. Elsewhere nothing of the protocol is imported."""

from __future__ import annotations

from collections.abc import Sequence

from graphql import GraphQLSchema
from starlette.routing import Route

from gateway.admission.admission import Admission
from gateway.http.endpoint import GraphQLView
from gateway.mcp.mcp_path import MCP_PATH
from gateway.settings import Settings
from gateway.settings.page_settings import embed_caller


def assistant_routes(settings: Settings, endpoint: GraphQLView, admission: Admission, schema: GraphQLSchema) -> Sequence[Route]:
    """Make the route of assistants, over an endpoint that has all that it is to have. None without `[mcp]`."""
    if settings.mcp is None:
        return ()
    from gateway.mcp.mcp_endpoint import McpEndpoint

    in_frames = [embed_caller(name) for name in settings.pages.embed]
    return [Route(MCP_PATH, McpEndpoint(endpoint, admission, schema, in_frames))]
