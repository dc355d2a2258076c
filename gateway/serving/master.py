"""The master: it reads the settings, starts workers, watches them, and ends them."""

from __future__ import annotations

import asyncio
import gc
import signal
import socket
from collections.abc import Callable, Coroutine
from functools import partial
from pathlib import Path
from typing import Any

import structlog

from connectors.errors import ConfigurationError
from gateway.log import log_everything, log_loop_failure
from gateway.lookups.connector_registry import connector_kinds
from gateway.replay.modes import ReplayModes
from gateway.serving.admin import AdminServer, listen_for_admin
from gateway.serving.audit_courier import AuditCourier
from gateway.serving.child_processes import Children
from gateway.serving.configuration import Configuration, read_configuration
from gateway.serving.dry_run import find_problems
from gateway.serving.fleet import Fleet
from gateway.serving.reload import Reloader
from gateway.serving.sockets import inherit_socket, listen
from gateway.serving.worker_process import WorkerProcess
from gateway.version import gateway_version

log = structlog.get_logger()

Announce = Callable[[str, int, str], None]
"""Told of the address, the number of workers and the environment when requests are taken."""


def serve(
    path: Path,
    traffic: ReplayModes,
    *,
    host: str,
    port: int,
    admin: tuple[str, int | None],
    workers: int,
    ready: Announce,
    descriptor: int | None = None,
) -> None:
    """Serve the settings of a file with workers, until SIGTERM or SIGINT. `descriptor` is of a listening socket to take over.

    `admin` is the address of the admin port, and its number if it must be that one.

    Raises `ConfigurationError` with all problems before anything is served.
    """
    log_everything()
    reload_asked = asyncio.Event()
    signal.signal(signal.SIGHUP, lambda *_: reload_asked.set())  # what is read may be old by then
    with listen(host, port) if descriptor is None else inherit_socket(descriptor) as listener:
        admin_listener = listen_for_admin(*admin)
        configuration = read_configuration(path, traffic)
        address = f"http://{host}:{port}/graphql" if descriptor is None else f"the socket with the descriptor {descriptor}"
        announce = partial(ready, address, workers, configuration.settings.environment)
        master = Master(path, configuration, announce, reload_asked)
        asyncio.run(master.run(listener, admin_listener, workers, is_inherited=descriptor is not None))


class Master:
    """One process that has no part in requests. It has one thread, for it forks.

    `reload_asked` is set when a reload was asked for during the start. It is done when there are workers.
    """

    def __init__(
        self, path: Path, configuration: Configuration, ready: Callable[[], None], reload_asked: asyncio.Event
    ) -> None:
        self._path = path
        self._configuration = configuration
        self._ready: Callable[[], None] | None = ready
        self._reload_asked = reload_asked
        self._children = Children()
        self._tasks: set[asyncio.Task[Any]] = set()

    async def run(
        self, listener: socket.socket, admin: socket.socket | None, workers: int, *, is_inherited: bool = False
    ) -> None:
        """Serve until a signal. Raises `ConfigurationError`."""
        loop, configuration = asyncio.get_running_loop(), self._configuration
        self._children.watch()
        if problems := await find_problems(self._children, configuration):
            raise ConfigurationError(problems)
        loop.set_exception_handler(log_loop_failure)
        log.info("settings_loaded", version=gateway_version(), revision=configuration.revision, digest=configuration.digest)
        _import_for_workers(configuration)
        courier = AuditCourier(self._children, configuration.settings)
        fleet = Fleet(self._children, configuration, listener, workers, self._note_ready, is_inherited=is_inherited)
        courier.note = fleet.note_delivery
        self._reloader = Reloader(self._path, fleet, self._children, courier)
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, fleet.end)
        loop.add_signal_handler(signal.SIGHUP, lambda: self._start(self._reloader.reload()))
        if self._reload_asked.is_set():
            self._start(self._reloader.reload())
        if admin is not None:
            self._start(AdminServer(fleet, self._reloader, admin).run())
        await fleet.run()
        await courier.end()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _note_ready(self, worker: WorkerProcess) -> None:
        self._start(self._reloader.bring_up_to_date(worker))
        if self._ready is not None:
            self._ready()
            self._ready = None

    def _start(self, work: Coroutine[Any, Any, Any]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def _import_for_workers(configuration: Configuration) -> None:
    """Import the kinds of all sources once, in memory that workers share. Their garbage collections are not to copy it."""
    connector_kinds({block.kind for block in configuration.settings.sources.values()})
    gc.collect()
    gc.freeze()
