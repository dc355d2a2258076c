"""A worker: serve the configuration that the master gave it, and do as the master says."""

from __future__ import annotations

import asyncio
import signal
import socket
from collections.abc import Coroutine
from typing import Any

import structlog

from connectors.errors import ConfigurationError
from gateway.app import GatewayApplication, create_services, create_worker
from gateway.clock import Clock
from gateway.garbage_collector import GarbageCollector
from gateway.log import frames_of, log_loop_failure
from gateway.replay.modes import substitute
from gateway.revisions import close_services, open_services
from gateway.services import Services
from gateway.serving import messages
from gateway.serving.configuration import Configuration
from gateway.serving.server import DRAIN_S, GRACE_S, WorkerServer, configure_server
from gateway.serving.sockets import duplicate_listener
from gateway.telemetry.metrics import snapshot

HEARTBEAT_S = 1.0

MAX_END_S = int(DRAIN_S + GRACE_S + 5)
"""A worker that has not ended so long after it was asked to is ended by the system."""

OPEN_S = 20.0
"""How long the services of a reload may take to open. The master waits a little longer."""

CLOSE_S = 5.0
"""How long services that were never served may take to close. They are left then."""

EX_CONFIG = 78
"""How a worker ends whose configuration cannot be served (sysexits.h)."""

log = structlog.get_logger()


def run_worker(configuration: Configuration, listener: socket.socket, pipe: socket.socket, *, is_alone: bool) -> int:
    """Serve until SIGTERM, or until the master has ended. Gives the exit code of the process.

    A worker that `is_alone` has all connections of each client.
    """
    try:
        app = create_worker(configuration.settings, configuration.traffic, configuration.tags, configuration.documents)
    except ConfigurationError as error:
        log.error("settings_rejected", problems=error.problems)
        return EX_CONFIG
    app.event_streams.reserves = is_alone
    worker = Worker(app, configuration.revision, listener, pipe)
    with asyncio.Runner(loop_factory=worker.config.get_loop_factory()) as runner:
        return runner.run(worker.serve())


class Worker:
    """The application of this process, and its talk with the master."""

    def __init__(self, app: GatewayApplication, revision: int, listener: socket.socket, pipe: socket.socket) -> None:
        self.config = configure_server(lambda: app)
        self._app = app
        self._revision = revision
        self._sockets = duplicate_listener(listener)
        self._server = WorkerServer(self.config, listener, self._tell_ready, self.end)
        self._pipe = pipe
        self._prepared: tuple[int, Services, dict[str, Any]] | None = None

    async def serve(self) -> int:
        """Serve until the end is asked for. Gives the exit code of the process."""
        asyncio.get_running_loop().set_exception_handler(log_loop_failure)
        self._channel = await messages.Pipe.open(self._pipe)
        work = self._obey(), self._beat(), GarbageCollector().run()
        talk = [asyncio.create_task(own) for own in work]
        try:
            await self._server.serve(self._sockets)
        finally:
            for task in talk:
                task.cancel()
            self._send_heartbeat(0.0)  # with what was counted since the last one
        return 0 if self._server.started else 1

    def end(self) -> None:
        """Finish the answers under way, then end."""
        self._server.should_exit = True
        self._app.state.ready = False
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        signal.alarm(MAX_END_S)

    def _tell_ready(self) -> None:
        self._send_heartbeat(0.0)  # first: who sees a ready fleet sees what stands between it and its sources
        self._channel.send(messages.Ready(self._revision))

    async def _obey(self) -> None:
        try:
            while (message := await self._channel.receive()) is not None:
                await self._do(message)
        finally:
            self.end()  # without a master, or deaf to it, nobody would

    async def _do(self, message: messages.Message) -> None:
        match message:
            case messages.Scrape():
                self._channel.send(messages.Scraped(snapshot()))
            case messages.Prepare():
                configuration = Configuration.from_pickled(message.configuration)
                self._channel.send(messages.PrepareResult(configuration.revision, await self._prepare(configuration)))
            case messages.Discard():
                await self._discard()
            case messages.Switch():
                self._switch()
                self._channel.send(messages.Switched(self._revision))

    async def _beat(self) -> None:
        """Tell that the loop turns, and how late this turn comes."""
        while True:
            due = Clock.monotonic() + HEARTBEAT_S
            await asyncio.sleep(HEARTBEAT_S)
            self._send_heartbeat(max(0.0, Clock.monotonic() - due))

    def _send_heartbeat(self, lag_s: float) -> None:
        services = self._app.revision.services
        self._channel.send(
            messages.Heartbeat(
                lag_s=lag_s,
                requests=self._server.server_state.total_requests,
                sources={source.name: source.health.value for source in services.sources.all},
                store_available=None if services.store is None else services.store.available,
                notes=self._app.state.notes,
                metrics=snapshot(),
            )
        )

    async def _prepare(self, configuration: Configuration) -> list[str]:
        """Build and open services beside those that serve. Gives the problems."""
        await self._discard()
        current = self._app.revision.services
        try:
            served = substitute(configuration.settings, configuration.traffic)
            services = create_services(
                served.settings,
                connectors=served.connectors,
                tags=configuration.tags,
                documents=configuration.documents,
                previous=None if configuration.traffic.faults else current,  # faults are read again, too
                checks_documents=False,  # which was done before any worker was asked
            )
            await _wait_at_most(OPEN_S, open_services(services, current))
        except ConfigurationError as error:
            return list(error.problems)
        except Exception as error:  # noqa: BLE001  a connector may fail in any way when it is opened
            log.error("services_not_opened", error=type(error).__name__, frames=frames_of(error))
            return [f"the sources cannot be opened ({type(error).__name__}); the log has more"]
        self._prepared = configuration.revision, services, served.notes
        return []

    async def _discard(self) -> None:
        if self._prepared is not None:
            (_, services, _), self._prepared = self._prepared, None
            try:
                await _wait_at_most(CLOSE_S, close_services(services, self._app.revision.services))
            except Exception as error:  # noqa: BLE001  a connector may fail in any way, and the next message is to be obeyed
                log.error("services_not_closed", error=type(error).__name__, frames=frames_of(error))

    def _switch(self) -> None:
        if self._prepared is not None:
            (self._revision, services, notes), self._prepared = self._prepared, None
            self._app.switch(services)
            self._app.state.notes = notes
            self._send_heartbeat(0.0)


async def _wait_at_most(seconds: float, work: Coroutine[Any, Any, None]) -> None:
    """Wait for work that may hang. What takes longer is cancelled, and not waited for: it may hang in its end, too."""
    task = asyncio.create_task(work)
    await asyncio.wait({task}, timeout=seconds)
    if not task.done():
        task.cancel()
        raise TimeoutError
    await task
