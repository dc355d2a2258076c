"""Read settings and tags again, and have all workers serve them, or none."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

import structlog

from connectors.errors import ConfigurationError
from gateway.log import frames_of
from gateway.serving import messages
from gateway.serving.audit_courier import AuditCourier
from gateway.serving.child_processes import Children
from gateway.serving.configuration import Configuration, list_changes, read_configuration
from gateway.serving.dry_run import find_problems
from gateway.serving.fleet import Fleet
from gateway.serving.reload_outcome import ReloadOutcome
from gateway.serving.worker_process import WorkerProcess
from gateway.version import gateway_version

PREPARE_S = 30.0
"""How long a worker may take to build and open new services."""

SWITCH_S = 10.0

log = structlog.get_logger()


class Reloader:
    """Reload the settings of a fleet, one reload at a time."""

    def __init__(self, path: Path, fleet: Fleet, children: Children, courier: AuditCourier) -> None:
        self.last: ReloadOutcome | None = None
        self._path = path
        self._fleet = fleet
        self._children = children
        self._courier = courier
        self._readings = fleet.configuration.revision
        self._turn = asyncio.Lock()

    async def reload(self) -> ReloadOutcome:
        """Read settings and tags again. They are served by all workers, or by none when there is a problem."""
        async with self._turn:
            old = self._fleet.configuration
            self._readings += 1
            try:
                new = read_configuration(self._path, old.traffic, self._readings)
                is_new = old.traffic.faults is not None or not new.is_same(old)
                problems = await self._apply(new) if is_new else []
            except ConfigurationError as error:
                new, is_new, problems = old, False, list(error.problems)
            except Exception as error:  # noqa: BLE001  whatever went wrong, the old settings are served and a reload has an outcome
                log.error("reload_failed", error=type(error).__name__, frames=frames_of(error))
                new, is_new, problems = old, False, [f"the reload failed ({type(error).__name__}); the log has more"]
            if problems:
                log.error("settings_rejected", problems=problems, revision=old.revision, digest=old.digest)
                self.last = ReloadOutcome(outcome="rejected", revision=old.revision, digest=old.digest, problems=problems)
            elif not is_new:
                self.last = ReloadOutcome(outcome="unchanged", revision=old.revision, digest=old.digest)
            else:
                self.last = _report_applied(old, new)
            self._fleet.metrics.reloads.labels(self.last.outcome).inc()
            return self.last

    async def bring_up_to_date(self, worker: WorkerProcess) -> None:
        """Have a worker serve what the others do: it started or hung before a reload, and was ready after it."""
        async with self._turn:
            configuration = self._fleet.configuration
            if worker.is_ending or worker.revision == configuration.revision:
                return
            if await prepare_workers([worker], configuration) or await switch_workers([worker]):
                worker.end()

    async def _apply(self, new: Configuration) -> list[str]:
        if new.settings.fields != self._fleet.configuration.settings.fields:
            return ["fields: they are part of the schema, which stands from the start; restart the gateway to change them"]
        problems = await find_problems(self._children, new)
        if problems:
            return problems
        workers = self._fleet.list_ready()
        problems = await prepare_workers(workers, new)
        if problems:
            return problems
        self._fleet.configuration = new
        self._fleet.metrics.show_settings(new)
        for worker in await switch_workers(workers):
            worker.end()  # another one serves the new settings in its place
        await self._courier.follow(new.settings)
        return []


def _report_applied(old: Configuration, new: Configuration) -> ReloadOutcome:
    changes = list_changes(old, new)
    log.info("settings_loaded", version=gateway_version(), revision=new.revision, digest=new.digest, changes=changes)
    return ReloadOutcome(outcome="applied", revision=new.revision, digest=new.digest, changes=changes)


async def prepare_workers(workers: Sequence[WorkerProcess], configuration: Configuration) -> list[str]:
    """Have workers build the services of a configuration. Gives the problems; then all workers forget it."""
    content = messages.Prepare(configuration.pickled())
    replies = await asyncio.gather(*(worker.ask(content, messages.PrepareResult, PREPARE_S) for worker in workers))
    problems: list[str] = []
    for worker, reply in zip(workers, replies, strict=True):
        if isinstance(reply, messages.PrepareResult) and reply.revision == configuration.revision:
            problems += [problem for problem in reply.problems if problem not in problems]
        else:
            problems.append(f"worker {worker.pid} ended, or did not build the services within {PREPARE_S:g} seconds")
    if problems:
        for worker in workers:
            worker.tell(messages.Discard())
    return problems


async def switch_workers(workers: Sequence[WorkerProcess]) -> list[WorkerProcess]:
    """Have workers serve what they prepared. Gives those that did not say so in time."""
    replies = await asyncio.gather(*(worker.ask(messages.Switch(), messages.Switched, SWITCH_S) for worker in workers))
    return [worker for worker, reply in zip(workers, replies, strict=True) if reply is None]
