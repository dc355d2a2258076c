"""The composition root: settings in, an ASGI application out."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from functools import partial
from typing import Any

import structlog
from graphql import ExecutionResult
from starlette.applications import Starlette
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from connectors.contract import Connector
from connectors.errors import ConfigurationError
from connectors.own_fields import declare_fields
from gateway.access.caller import Caller
from gateway.actions.action_checks import read_checked_pack
from gateway.admission.admission import Admission
from gateway.clock import Clock
from gateway.configured_examples import write_examples
from gateway.context import RequestContext
from gateway.documents.error_behavior import ErrorBehavior
from gateway.documents.manifests import DocumentFile
from gateway.documents.profiles import Profiles
from gateway.documents.trusted_documents import load_documents
from gateway.execution.deliveries import IncrementalResult
from gateway.execution.executor import Executor
from gateway.execution.schema_types import core_schema
from gateway.gc_tuning import tune_memory
from gateway.graphiql import Example, graphiql_page
from gateway.http.cache_control import CacheControl
from gateway.http.compression import Compressor
from gateway.http.embed_routes import document_finder
from gateway.http.endpoint import ENDPOINT, GraphQLView
from gateway.http.origins import policy_of
from gateway.http.request_head import Head
from gateway.http.security_headers import send_secured
from gateway.invalidation import Invalidator
from gateway.log import frames_of
from gateway.lookups.access_notes import AccessNotes
from gateway.lookups.connector_registry import build_connectors
from gateway.lookups.read_cache import ReadCache
from gateway.lookups.sources import Source, Sources
from gateway.lookups.trace import Trace
from gateway.operations import Limits, Operation, Operations
from gateway.quota.meter import Meter
from gateway.replay.modes import UNTOUCHED, ReplayModes, substitute
from gateway.revisions import Revision, close_services, hand_over, open_services, schedule_tags
from gateway.routes import list_routes
from gateway.services import Services, budget_s, build_services
from gateway.settings import Settings
from gateway.settings.settings import with_embed_callers
from gateway.stitching.stitcher import Stitcher
from gateway.store.store import Store
from gateway.subscriptions.event_stream_endpoint import STREAM_PATH, EventStreamEndpoint
from gateway.subscriptions.socket_endpoint import SocketCollector, SocketEndpoint
from gateway.tags.pack import PackTexts
from gateway.telemetry.application import Telemetry, check_traces
from gateway.telemetry.metrics import Metrics, metrics_of_process
from gateway.telemetry.service_metrics import AdmissionCollector, ExecutorCollector, WebhookCollector
from gateway.views.asked_classes import audit_requests
from gateway.views.view import View
from gateway.views.views import Views, access_extension, remove_ids
from gateway.webhooks import Webhooks
from resolvers.schema import schema_of

log = structlog.get_logger()


def create_services(
    settings: Settings,
    *,
    clock: Clock | None = None,
    connectors: Sequence[Connector[Any]] | None = None,
    tags: PackTexts | None = None,
    documents: Sequence[DocumentFile] | None = None,
    previous: Services | None = None,
    checks_documents: bool = True,
) -> Services:
    """Everything below HTTP, not yet opened. `connectors` stand in for the configured ones, `tags` for their files.

    `documents` are the trusted ones as they were read before, which are validated unless that was done, too. Sources, store and
    cache of `previous` services are shared where their settings are the same.
    Raises `ConfigurationError` with all problems of the sources, the store, the tags and the documents.
    """
    settings = with_embed_callers(settings)
    if previous is not None and settings.clock != previous.settings.clock:
        previous = None
    clock = clock or (Clock(settings.clock.pinned) if previous is None else previous.clock)
    problems: list[str] = []
    shared = _unchanged_sources(settings, previous)
    own_fields = tuple(settings.fields.declared())
    built: Sequence[Connector[Any]] = ()
    store = pack = trusted = None
    with _collecting(problems):
        declare_fields(own_fields)  # in this process, too: another one may have read the settings
        schema = core_schema(schema_of(settings))
        trusted = load_documents(schema, settings, documents, checks=checks_documents)
    with _collecting(problems):
        names = settings.sources.keys() - {source.name for source in shared}
        if connectors is None:
            built = build_connectors({name: block for name, block in settings.sources.items() if name in names})
        else:
            built = [connector for connector in connectors if connector.name in names]
    with _collecting(problems):
        if previous is not None and settings.mongodb == previous.settings.mongodb:
            store = previous.store
        elif settings.mongodb:
            store = Store(settings.mongodb, clock)
    with _collecting(problems):
        check_traces(settings.telemetry.traces)
    with _collecting(problems):
        pack = read_checked_pack(settings, tags)
    if problems or pack is None:
        raise ConfigurationError(problems)
    cache = ReadCache(clock, settings.cache_bytes) if previous is None else previous.sources.cache
    return build_services(settings, clock, Sources(built, clock, settings, cache, shared), pack, store, previous, trusted)


@contextmanager
def _collecting(problems: list[str]) -> Iterator[None]:
    """Add the problems that end the body to others."""
    try:
        yield
    except ConfigurationError as error:
        problems += error.problems


def _unchanged_sources(settings: Settings, previous: Services | None) -> list[Source]:
    if previous is None:
        return []
    before = previous.settings.sources
    return [source for source in previous.sources.all if settings.sources.get(source.name) == before[source.name]]


class Application(Starlette):
    """Serve the endpoint by its exact path, all else through Starlette.

    The protocol of a connection takes the `endpoint` from here, to ask it without ASGI.
    """

    def __init__(self, endpoint: GraphQLView, **words: Any) -> None:
        super().__init__(**words)
        self.endpoint = endpoint

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"] == ENDPOINT:
            await self.endpoint(scope, receive, send)
        else:
            await send_secured(super().__call__, scope, receive, send)


class GatewayApplication(Application):
    """Serve the services of a revision. `switch` exchanges them.

    It counts in `metrics`, by default in those of the process.
    """

    def __init__(self, services: Services, examples: Sequence[Example] = (), metrics: Metrics | None = None) -> None:
        self._executor, operations, self._views = _executor(services)
        self.admission = Admission(services.clock, self._budget_s)
        self.telemetry = Telemetry(services, metrics or metrics_of_process)
        self._cache_control = CacheControl(services.clock)
        self._begin = self.telemetry.observer.begin
        endpoint = GraphQLView(operations, self._execute, admission=self.admission)
        super().__init__(endpoint, lifespan=_lifespan)
        self.event_streams = EventStreamEndpoint(endpoint, services.clock)
        self.sockets = SocketEndpoint(endpoint, services.clock)
        self.state.ready = False
        self.revision = Revision(services)
        self._examples = examples
        self._compressor = Compressor()
        self._retirement: asyncio.Task[None] | None = None
        self._show(services)

    def switch(self, services: Services) -> None:
        """Serve from other services, which are open. Requests under way stay with those that they have."""
        before, self.revision = self.revision, Revision(services)
        self._executor, self.endpoint.operations, self._views = _executor(services)  # old plans name old sources
        self._show(services)
        hand_over(before.services, services, self.admission)
        self._retirement = asyncio.create_task(self._retire(before, services, self._retirement))

    async def wait_retired(self) -> None:
        """Wait until all services are closed that are not served any more."""
        if self._retirement is not None:
            await asyncio.wait({self._retirement})  # the loop's log has what failed in it

    async def _retire(self, revision: Revision, following: Services, earlier: asyncio.Task[None] | None) -> None:
        try:
            await self.telemetry.switch(following)
        except Exception as error:  # noqa: BLE001  the services are closed all the same
            log.error("traces_not_switched", error=type(error).__name__, frames=frames_of(error))
        if earlier is not None:
            await asyncio.wait({earlier})  # its requests may use what this one shares with it
        await revision.wait_unused()
        self.telemetry.retire(revision.services)
        await close_services(revision.services, following)

    async def end_streams(self) -> None:
        """End what is answered as streams, behind what is under way: the worker is about to end."""
        await asyncio.gather(self.event_streams.aclose(), self.sockets.aclose())

    def forget_operations(self) -> None:
        """Forget all texts and plans: values in them may be those of somebody who is erased."""
        services = self.revision.services
        self._executor, self.endpoint.operations, self._views = _executor(services)
        self._show(services)

    def _show(self, services: Services) -> None:
        if services.eraser is not None:
            services.eraser.worker.purge_operations = self.forget_operations
        development = services.settings.is_development
        examples, named = self._examples or write_examples(services), bool(services.settings.callers)
        self.endpoint.graphiql = graphiql_page(examples, names_callers=named) if development else None
        self.endpoint.origins = policy_of(services.settings.cors, is_development=development)
        self.endpoint.compressor = self._compressor if services.settings.gzip else None
        self.endpoint.identify = services.callers.identifies
        self.endpoint.documents = document_finder(services)
        self.endpoint.observe = audit_requests(services, self._views, self.telemetry.observer.end)
        self._admit(services.settings)
        self.endpoint.execute = self._execute_traced if services.settings.shows_timing else self._execute
        webhooks = Webhooks(self.revision, Invalidator(services))
        own = (AdmissionCollector(self.admission), ExecutorCollector(self._executor), SocketCollector(self.sockets))
        self.telemetry.read(*own, WebhookCollector(webhooks))
        self.router.routes[:] = [
            Route(ENDPOINT, self.endpoint),
            webhooks.route,
            Route(STREAM_PATH, self.event_streams),
            *list_routes(self.revision, self.endpoint, self.admission, self._views.schema),
        ]

    def _admit(self, settings: Settings) -> None:
        """Give each caller its share, and what it may send."""
        profiles = Profiles(settings)
        self.endpoint.find_profile = profiles.find
        self.endpoint.max_body_bytes = settings.limits.max_body_bytes
        self._executor.preparation = self.endpoint.preparation
        self.admission.share_out({name: own.share for name, own in settings.callers.items()})

    def _budget_s(self, deadline_ms: int | None) -> float:
        return budget_s(self.revision.services.settings, deadline_ms)

    async def _execute(self, operation: Operation, variables: dict[str, Any], head: Head) -> ExecutionResult:
        revision = self.revision
        services, head.observe = revision.services, self.endpoint.observe
        head.release = revision.release  # when it is recorded, which is after the answer is compressed
        revision.under_way += 1
        meter = None
        try:
            context = _context_of(services, services.stitcher(head.deadline_ms, arrival=head), head, self._cache_control)
            meter = context.meter
            self._begin(head, operation, context.stitcher.loaders)
            return await self._run(operation, variables, context, head)
        finally:
            if meter is not None:
                head.answered_with |= meter.headers()

    def _run(
        self, operation: Operation, variables: dict[str, Any], context: RequestContext, head: Head
    ) -> Awaitable[ExecutionResult]:
        """Run an operation as its caller may. Raises `ForbiddenError` and `QueryTooExpensiveError`."""
        view = self._views.view_of(head.caller.name)
        if view is None:
            return self._executor.run(operation, variables, context)
        return self._run_for(head.caller, view, operation, variables, context)

    async def _run_for(
        self, caller: Caller, view: View, operation: Operation, variables: dict[str, Any], context: RequestContext
    ) -> ExecutionResult:
        views = self._views
        hidden_tags = views.confine(context, view, caller, operation)
        if views.only_reports:
            result = await self._executor.run(operation, variables, context)
            told = partial(views.list_report, operation, variables, view, context.stitcher, hidden_tags)
            if extension := access_extension(told()):
                result.extensions = {**(result.extensions or {}), **extension}
            if isinstance(result, IncrementalResult):
                later = result.deliveries
                later.ends.append(lambda: later.last_extensions.update(access_extension(told())))
            return result
        admitted = views.admit(operation, variables, view, context.stitcher.loaders.notes)
        result = await self._executor.run(*admitted, context)
        views.complete(result, operation, view, hidden_tags)
        if isinstance(result, IncrementalResult):
            result.deliveries.completions.append(partial(remove_ids, view=view))
        return result

    async def _execute_traced(self, operation: Operation, variables: dict[str, Any], head: Head) -> ExecutionResult:
        revision = self.revision
        services, head.observe, head.release = revision.services, self.endpoint.observe, revision.release
        revision.under_way += 1
        trace = Trace(services.clock, services.clock.monotonic())
        context = _context_of(services, services.stitcher(head.deadline_ms, trace, head), head, self._cache_control)
        self._begin(head, operation, context.stitcher.loaders)
        try:
            result = await self._run(operation, variables, context, head)
        finally:
            if context.meter is not None:
                head.answered_with |= context.meter.headers()
        head.answered_with["server-timing"] = trace.server_timing()
        if services.settings.is_development and trace.lookups:
            result.extensions = {**(result.extensions or {}), "trace": trace.waterfall()}
        return result


def _context_of(services: Services, stitcher: Stitcher, head: Head, cache_control: CacheControl) -> RequestContext:
    if services.audit is not None:
        if head.arrived > services.audit.answers_until:
            services.audit.refuse()
        stitcher.loaders.notes = AccessNotes()
    if b"cache-control" in head.headers:
        stitcher.loaders.max_age_s = cache_control.max_age_s(head)
    context = RequestContext(
        services, head.request_id, stitcher, headers=head.headers, profile=head.profile, row=head.row, caller=head.caller
    )
    if head.error_behavior is not None or head.multipart is not None:
        context.error_behavior = head.error_behavior
        context.is_incremental = head.multipart is not None and head.error_behavior is not ErrorBehavior.HALT
    if head.turn is not None:
        context.turn = head.turn
    if b"x-cost" in head.headers or services.quotas.are_any:
        quota = services.quotas.find_quota(head.caller.name)
        if quota is not None or b"x-cost" in head.headers:
            context.meter = Meter(quota)
    return context


def _executor(services: Services) -> tuple[Executor, Operations, Views]:
    settings, development = services.settings, services.settings.is_development
    schema = schema_of(settings)
    operations = Operations(
        core_schema(schema), limits=Limits(), suggestions=development, introspection=settings.introspection, lifts=True
    )
    executor = Executor(
        schema, suggestions=Profiles(settings).suggest, explain=development, clock=services.clock, links=services.sources.links
    )
    views = Views(core_schema(schema), schema.sdl, settings, services.tags.pack, services.router)
    return executor, operations, views


def create_app(
    settings: Settings,
    *,
    examples: Sequence[Example] = (),
    clock: Clock | None = None,
    connectors: Sequence[Connector[Any]] | None = None,
    metrics: Metrics | None = None,
) -> GatewayApplication:
    """Create the gateway as an ASGI application. `examples` open as tabs of GraphiQL, which development has."""
    return GatewayApplication(create_services(settings, clock=clock, connectors=connectors), examples, metrics)


def create_worker(
    settings: Settings,
    traffic: ReplayModes = UNTOUCHED,
    tags: PackTexts | None = None,
    documents: Sequence[DocumentFile] | None = None,
) -> GatewayApplication:
    """Create the application of one worker, which is its own process.

    `tags` are the texts of their files, read before, and `documents` are those that were read and validated.
    """
    served = substitute(settings, traffic)
    served.announce()
    services = create_services(
        served.settings, connectors=served.connectors, tags=tags, documents=documents, checks_documents=documents is None
    )
    app = GatewayApplication(services)
    app.state.notes = served.notes
    tune_memory()
    return app


@asynccontextmanager
async def _lifespan(app: GatewayApplication) -> AsyncIterator[None]:
    async with app.telemetry.running():
        await open_services(app.revision.services)
        schedule_tags(app.revision.services, app.admission)
        app.state.ready = True
        try:
            yield
        finally:
            app.state.ready = False
            await app.wait_retired()
            app.endpoint.preparation.close()
            await close_services(app.revision.services)


@asynccontextmanager
async def opened(services: Services) -> AsyncIterator[Services]:
    """Open the connections of the services, and close them in reverse order."""
    await open_services(services)
    try:
        yield services
    finally:
        await close_services(services)
