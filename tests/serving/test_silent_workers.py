"""Workers that were not heard of for a while, by the clock of the master."""

import asyncio
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from gateway.clock import Clock
from gateway.replay.modes import UNTOUCHED
from gateway.serving.backoff import RestartBackoff
from gateway.serving.configuration import read_configuration
from gateway.serving.fleet import Fleet
from gateway.serving.worker_process import WorkerProcess, WorkerState
from tests.serving.conftest import ProbeConfig


@asynccontextmanager
async def silent_worker(config: Path, silent_s: float) -> AsyncIterator[tuple[Fleet, WorkerProcess, Any]]:
    """A worker that was ready and then silent for so long; its process only waits."""
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", "import time; time.sleep(600)")
    try:
        unused: Any = None
        fleet = Fleet(unused, read_configuration(config, UNTOUCHED), unused, 1, unused)
        worker = WorkerProcess(1, process.pid, asyncio.get_running_loop().create_future(), 1, unused)
        worker._ready_at = worker.heard_at = Clock.monotonic() - silent_s
        fleet.slots[0].worker = worker
        yield fleet, worker, process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def test_a_silent_worker_is_said_to_hang_once(probes: ProbeConfig):
    """It takes no part in what is ready, and lives."""
    async with silent_worker(probes.file, 11) as (fleet, worker, process):
        with capture_logs() as logs:
            fleet._check_silence(worker)
            fleet._check_silence(worker)
        assert [(line["event"], line["pid"]) for line in logs] == [("worker_hung", process.pid)]
        assert (worker.state, fleet.list_ready(), process.returncode) == (WorkerState.HUNG, [], None)
        worker.heard_at = Clock.monotonic()
        assert (worker.state, fleet.list_ready()) == (WorkerState.READY, [worker])


async def test_a_worker_that_was_silent_for_a_minute_is_killed(probes: ProbeConfig):
    """The log and the metrics name the reason."""
    async with silent_worker(probes.file, 61) as (fleet, worker, process):
        with capture_logs() as logs:
            fleet._check_silence(worker)
            assert await process.wait() == -signal.SIGKILL
            worker.ended.set_result(-signal.SIGKILL)
            worker.close = lambda: None
            fleet._note_end(worker)
        assert [(line["event"], line.get("reason")) for line in logs] == [("worker_hung", None), ("worker_exited", "hung")]
        assert fleet.metrics.registry.get_sample_value("gateway_workers_exited_total", {"reason": "hung"}) == 1


async def test_nobody_is_blamed_when_the_master_stood_still(probes: ProbeConfig):
    """Afterwards each worker has its time anew."""
    async with silent_worker(probes.file, 61) as (fleet, worker, process):
        fleet._forgive_silence()
        fleet._check_silence(worker)
        assert (worker.state, process.returncode) == (WorkerState.READY, None)


@pytest.mark.parametrize(("ready_s", "pauses"), [([0.0] * 7, [1, 2, 4, 8, 16, 30, 30]), ([0.0, 3.0, 10.0, 9.9], [1, 2, 0, 1])])
def test_the_pause_doubles_until_a_worker_serves(ready_s: list[float], pauses: list[float]):
    """Up to half a minute. One that served for ten seconds is replaced at once."""
    backoff = RestartBackoff()
    assert [backoff.pause_s(seconds) for seconds in ready_s] == pauses
