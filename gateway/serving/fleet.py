"""The workers of a master: start them, replace those that end, end them all."""

from __future__ import annotations

import asyncio
import signal
import socket
from collections.abc import Callable
from functools import partial

import structlog

from gateway.audit.delivery_state import DeliveryState
from gateway.clock import Clock
from gateway.serving import messages
from gateway.serving.backoff import RestartBackoff
from gateway.serving.child_processes import Children
from gateway.serving.configuration import Configuration
from gateway.serving.master_metrics import MasterMetrics
from gateway.serving.sockets import refuse_new
from gateway.serving.worker import HEARTBEAT_S, MAX_END_S, run_worker
from gateway.serving.worker_process import MAX_HUNG_S, WorkerProcess, WorkerState
from gateway.telemetry.audit_metrics import courier_samples
from gateway.telemetry.fleet import FleetMetrics
from gateway.telemetry.samples import pack_samples

SCRAPE_S = 2.0
"""How long a worker may take to send its metrics. After that its last ones are shown."""

COURIER = "audit"
"""Stands in the place of a worker's number for the process that delivers the audit."""

log = structlog.get_logger()


class Slot:
    """The place of a worker. There is one in it, or there will be one again after `pause_s`."""

    def __init__(self) -> None:
        self.worker: WorkerProcess | None = None
        self.backoff = RestartBackoff()
        self.pause_s = 0.0


class Fleet:
    """The slots of all workers. `ready` is called with each worker that takes requests now.

    `is_inherited` says that the listener is the parent's, who goes on listening.
    """

    def __init__(
        self,
        children: Children,
        configuration: Configuration,
        listener: socket.socket,
        workers: int,
        ready: Callable[[WorkerProcess], None],
        *,
        is_inherited: bool = False,
    ) -> None:
        self.configuration = configuration
        self.slots = [Slot() for _ in range(workers)]
        self.is_ending = False
        self.metrics = MasterMetrics(lambda: len(self.list_ready()))
        self.metrics.configured.set(workers)
        self.metrics.show_settings(configuration)
        self._worker_metrics = FleetMetrics(self.metrics.registry)
        self._children = children
        self._listener = listener
        self._is_inherited = is_inherited
        self._ready: Callable[[WorkerProcess], None] = ready
        self._started = 0
        self._ending = asyncio.Event()

    @property
    def workers(self) -> list[WorkerProcess]:
        return [slot.worker for slot in self.slots if slot.worker is not None]

    def list_ready(self) -> list[WorkerProcess]:
        """List the workers that take requests."""
        return [worker for worker in self.workers if worker.state is WorkerState.READY]

    async def run(self) -> None:
        """Keep a worker in each slot, until the end is asked for."""
        watch = asyncio.create_task(self._watch_heartbeats())
        try:
            await asyncio.gather(*(self._keep_filled(slot) for slot in self.slots))
        finally:
            watch.cancel()

    def end(self) -> None:
        """Let no new connection in, and have the workers finish what is under way. What has not ended in time is killed."""
        if self.is_ending:
            self.kill()
            return
        self.is_ending = True
        self._ending.set()
        if not self._is_inherited:
            refuse_new(self._listener)
        for worker in self.workers:
            worker.end()
        asyncio.get_running_loop().call_later(MAX_END_S, self.kill)

    def kill(self) -> None:
        """End all workers at once. Answers under way are cut."""
        for worker in self.workers:
            worker.kill()

    async def render_metrics(self) -> bytes:
        """Write the metrics of all workers as they are now, where they say so in time."""
        ready = self.list_ready()
        replies = await asyncio.gather(*(worker.ask(messages.Scrape(), messages.Scraped, SCRAPE_S) for worker in ready))
        for worker, reply in zip(ready, replies, strict=True):
            if isinstance(reply, messages.Scraped) and not worker.ended.done():
                self._worker_metrics.update(worker.number, reply.metrics)
        return self._worker_metrics.render()

    def note_delivery(self, state: DeliveryState | None) -> None:
        """Take how far the delivery of the audit is. None where its process has ended."""
        if state is None:
            self._worker_metrics.retire(COURIER)
        else:
            self._worker_metrics.update(COURIER, pack_samples(dict(courier_samples(state))))

    async def _keep_filled(self, slot: Slot) -> None:
        while not self.is_ending:
            worker = slot.worker = await self._start()
            await worker.listen(self._note)
            await worker.ended
            slot.worker = None
            self._note_end(worker)
            if not self.is_ending and (pause_s := slot.backoff.pause_s(worker.ready_s)):
                slot.pause_s = pause_s
                log.warning("worker_backoff", failures=slot.backoff.failures, pause_s=pause_s)
                await self._pause(pause_s)
                slot.pause_s = 0.0

    async def _pause(self, seconds: float) -> None:
        try:
            await asyncio.wait_for(self._ending.wait(), seconds)
        except TimeoutError:
            return

    async def _start(self) -> WorkerProcess:
        own, other = socket.socketpair()
        configuration = self.configuration
        run = partial(run_worker, configuration, self._listener, other, is_alone=len(self.slots) == 1)
        pid, ended = self._children.fork(run, [self._listener.fileno(), other.fileno()])
        other.close()
        self._started += 1
        self.metrics.started.inc()
        log.info("worker_started", pid=pid, revision=configuration.revision)
        return WorkerProcess(self._started, pid, ended, configuration.revision, await messages.Pipe.open(own))

    def _note(self, worker: WorkerProcess, message: messages.Message) -> None:
        if isinstance(message, messages.Heartbeat):
            self._worker_metrics.update(worker.number, message.metrics)
            if worker.state is WorkerState.READY and worker.revision != self.configuration.revision:
                self._ready(worker)  # it hung while the others were reloaded
        elif isinstance(message, messages.Ready):
            log.info("worker_ready", pid=worker.pid, seconds=round(worker.uptime_s, 3))
            self._ready(worker)

    def _note_end(self, worker: WorkerProcess) -> None:
        worker.close()
        self._worker_metrics.retire(worker.number)
        code = worker.ended.result()
        reason = "ended" if worker.is_ending else "hung" if worker.was_hung else "killed" if code < 0 else "failed"
        self.metrics.exited.labels(reason).inc()
        words = {"pid": worker.pid, "reason": reason, "uptime_s": round(worker.uptime_s, 1)}
        words |= {"signal": signal.Signals(-code).name} if code < 0 else {"code": code}
        if reason == "ended":
            log.info("worker_exited", **words)
        else:
            log.error("worker_exited", **words)

    async def _watch_heartbeats(self) -> None:
        while True:
            due = Clock.monotonic() + HEARTBEAT_S
            await asyncio.sleep(HEARTBEAT_S)
            if Clock.monotonic() - due > HEARTBEAT_S:
                self._forgive_silence()
            for worker in self.workers:
                self._check_silence(worker)

    def _forgive_silence(self) -> None:
        """Begin anew to wait for heartbeats: the machine, or the master, stood still itself."""
        for worker in self.workers:
            worker.heard_at = Clock.monotonic()

    def _check_silence(self, worker: WorkerProcess) -> None:
        if worker.state is WorkerState.HUNG and not worker.was_told:
            worker.was_told = True
            log.warning("worker_hung", pid=worker.pid, silent_s=round(worker.silent_s, 1))
        elif worker.state is WorkerState.READY:
            worker.was_told = False
        if worker.silent_s > MAX_HUNG_S and not worker.was_hung:
            worker.was_hung = True
            worker.kill()
