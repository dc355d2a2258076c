"""List what the gateway serves beside its endpoint and the webhooks of sources."""

from graphql import GraphQLSchema
from starlette.requests import Request
from starlette.responses import RedirectResponse
from starlette.routing import Route

from gateway.admission.admission import Admission
from gateway.graphiql import graphiql_routes
from gateway.http.embed_routes import embed_routes
from gateway.http.endpoint import ENDPOINT, GraphQLView
from gateway.http.probes import tell_alive, tell_readiness
from gateway.http.session_route import SessionRoute
from gateway.mcp.assistant_routes import assistant_routes
from gateway.pages.page_routes import page_routes
from gateway.revisions import Revision
from gateway.subscriptions.event_stream_endpoint import STREAM_PATH, EventStreamEndpoint


def list_routes(
    revision: Revision, endpoint: GraphQLView, event_streams: EventStreamEndpoint, admission: Admission, schema: GraphQLSchema
) -> list[Route]:
    """List the routes by what the settings ask for: health, pages and their sessions, GraphiQL, tools of assistants."""
    settings = revision.services.settings
    routes = [Route(STREAM_PATH, event_streams), Route("/healthz", tell_alive), Route("/readyz", tell_readiness)]
    routes += page_routes(settings)
    routes += embed_routes(revision, endpoint.observe)
    if settings.has_pages:
        routes.append(SessionRoute(revision, endpoint.observe).route)
    elif settings.is_development:
        routes.append(Route("/", _open_graphiql))
    if settings.is_development:
        routes += graphiql_routes()
    return [*routes, *assistant_routes(settings, endpoint, admission, schema)]


async def _open_graphiql(request: Request) -> RedirectResponse:  # noqa: ARG001  a Starlette endpoint
    return RedirectResponse(ENDPOINT)
