"""The composition root: settings in, an ASGI application out."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from functools import partial
from typing import Any

from graphql import ExecutionResult
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from connectors.contract import Connector
from connectors.errors import ConfigurationError
from gateway.admission import Admission
from gateway.clock import Clock
from gateway.context import RequestContext
from gateway.execution.executor import Executor
from gateway.execution.schema_types import core_schema
from gateway.gc_tuning import tune_memory
from gateway.graphiql import Example, graphiql_page, graphiql_routes
from gateway.http import ENDPOINT, GraphQLView, Head
from gateway.invalidation import Invalidator
from gateway.log import configure_logging
from gateway.lookups.connector_registry import build_connectors
from gateway.lookups.read_cache import ReadCache
from gateway.lookups.sources import Sources
from gateway.lookups.trace import Trace
from gateway.operations import Limits, Operation, Operations
from gateway.replay.modes import UNTOUCHED, ReplayModes, substitute
from gateway.services import Services, budget_s, build_services
from gateway.settings import Settings
from gateway.store.store import Store
from gateway.tags.pack import load_pack, shipped_pack
from gateway.telemetry.application import Telemetry, check_traces
from gateway.telemetry.metrics import Metrics, metrics_of_process
from gateway.telemetry.service_metrics import AdmissionCollector, ExecutorCollector, WebhookCollector
from gateway.webhooks import Webhooks
from resolvers.schema import schema


def create_services(
    settings: Settings, *, clock: Clock | None = None, connectors: Sequence[Connector[Any]] | None = None
) -> Services:
    """Everything below HTTP, not yet opened. `connectors` stand in for the configured ones.

    Raises `ConfigurationError` with all problems of the sources, the store and the tags.
    """
    clock = clock or Clock(settings.clock.pinned)
    problems: list[str] = []
    built: Sequence[Connector[Any]] = ()
    try:
        built = build_connectors(settings.sources) if connectors is None else connectors
    except ConfigurationError as error:
        problems += error.problems
    store = None
    try:
        store = Store(settings.mongodb, clock) if settings.mongodb else None
    except ConfigurationError as error:
        problems += error.problems
    try:
        check_traces(settings.telemetry.traces)
    except ConfigurationError as error:
        problems += error.problems
    try:
        pack = load_pack(settings.tags.file) if settings.tags.file else shipped_pack()
    except ConfigurationError as error:
        raise ConfigurationError([*problems, *error.problems]) from None
    if problems:
        raise ConfigurationError(problems)
    sources = Sources(built, clock, settings, ReadCache(clock, settings.cache_bytes))
    return build_services(settings, clock, sources, pack, store)


def create_app(
    settings: Settings,
    *,
    examples: Sequence[Example] = (),
    clock: Clock | None = None,
    connectors: Sequence[Connector[Any]] | None = None,
    notes: Mapping[str, Any] | None = None,
    metrics: Metrics | None = None,
) -> Starlette:
    """Create the gateway as an ASGI application.

    `examples` open as tabs of GraphiQL, which development has; `notes` are said by `/readyz`. It counts in `metrics`, by
    default in those of the process.
    """
    services = create_services(settings, clock=clock, connectors=connectors)
    development = settings.is_development
    operations = Operations(
        core_schema(schema), limits=Limits(), suggestions=development, introspection=settings.introspection, lifts=True
    )

    executor = Executor(schema, suggestions=development, explain=development, clock=services.clock)

    admission = Admission(services.clock, partial(budget_s, settings))
    webhooks = Webhooks(services.sources, services.clock, Invalidator(services))
    telemetry = Telemetry(services, metrics or metrics_of_process)
    collectors = AdmissionCollector(admission), ExecutorCollector(executor), WebhookCollector(webhooks)
    observer = telemetry.observer

    def execute(operation: Operation, variables: dict[str, Any], head: Head) -> Awaitable[ExecutionResult]:
        context = RequestContext(services, head.request_id, services.stitcher(head.deadline_ms, arrival=head))
        observer.begin(head, operation, context.stitcher.loaders)
        return executor.run(operation, variables, context)

    async def execute_traced(operation: Operation, variables: dict[str, Any], head: Head) -> ExecutionResult:
        trace = Trace(services.clock, services.clock.monotonic())
        context = RequestContext(services, head.request_id, services.stitcher(head.deadline_ms, trace, head))
        observer.begin(head, operation, context.stitcher.loaders)
        result = await executor.run(operation, variables, context)
        head.answered_with["server-timing"] = trace.server_timing()
        if development and trace.lookups:
            result.extensions = {**(result.extensions or {}), "trace": trace.waterfall()}
        return result

    page = graphiql_page(examples) if development else None
    run = execute_traced if settings.shows_timing else execute
    endpoint = GraphQLView(operations, run, graphiql=page, admission=admission, observe=observer.end)
    app = Application(
        endpoint,
        routes=[
            Route(ENDPOINT, endpoint),
            webhooks.route,
            Route("/healthz", _alive),
            Route("/readyz", _readiness(services.sources)),
            *((Route("/", _to_graphiql), *graphiql_routes()) if development else ()),
        ],
        lifespan=_lifespan(services, telemetry.running(*collectors)),
    )
    app.state.ready = False
    app.state.telemetry = telemetry
    app.state.notes = notes or {}
    return app


class Application(Starlette):
    """Serve the endpoint by its exact path, all else through Starlette.

    `serving` takes the `endpoint` from here, to ask it without ASGI.
    """

    def __init__(self, endpoint: GraphQLView, **words: Any) -> None:
        super().__init__(**words)
        self.endpoint = endpoint

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"] == ENDPOINT:
            await self.endpoint(scope, receive, send)
        else:
            await super().__call__(scope, receive, send)


def create_worker(settings: Settings, traffic: ReplayModes = UNTOUCHED) -> Starlette:
    """Create the application of one worker, which may be its own process."""
    configure_logging()
    standing = substitute(settings, traffic)
    standing.announce()
    app = create_app(standing.settings, connectors=standing.connectors, notes=standing.notes)
    tune_memory()
    return app


def _lifespan(services: Services, telemetry: AbstractAsyncContextManager[None]) -> Any:
    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        async with telemetry, opened(services):
            app.state.ready = True
            yield
            app.state.ready = False

    return lifespan


@asynccontextmanager
async def opened(services: Services) -> AsyncIterator[Services]:
    """Open the connections of the services, and close them in reverse order."""
    async with AsyncExitStack() as stack:
        if services.store is not None:
            stack.push_async_callback(services.store.aclose)
            await services.store.open()
        stack.push_async_callback(services.sources.aclose)
        await services.sources.open()
        stack.push_async_callback(services.tags.aclose)
        yield services


async def _to_graphiql(request: Request) -> RedirectResponse:  # noqa: ARG001  a Starlette endpoint
    return RedirectResponse(ENDPOINT)


async def _alive(request: Request) -> JSONResponse:  # noqa: ARG001  a Starlette endpoint
    return JSONResponse({"status": "alive"})


def _readiness(sources: Sources) -> Callable[[Request], Awaitable[JSONResponse]]:
    """Tell whether requests are taken, and the sources that are asked: one that is not costs its own fields only."""

    async def ready(request: Request) -> JSONResponse:
        taken: bool = request.app.state.ready
        health = {source.name: source.health.value for source in sources.all}
        words = {"status": "ready" if taken else "draining", "sources": health, **request.app.state.notes}
        return JSONResponse(words, 200 if taken else 503)

    return ready
