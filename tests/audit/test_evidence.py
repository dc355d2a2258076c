"""Processes are killed while they record: what they were asked more than a second before is there, and nothing was changed."""

import asyncio
import os
import random
import subprocess
import sys
import time
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from gateway.audit.head_lines import open_heads
from gateway.audit.link import ChainHead
from gateway.clock import Clock
from gateway.store.store import Store
from tests.support.audit_process import EACH
from tests.support.audit_trails import open_trail, patient, requests_in, verify
from tests.support.paths import ROOT
from tests.support.serve_process import free_port, wait_until

pytestmark = pytest.mark.mongodb

ROUNDS = int(os.environ.get("GATEWAY_TEST_ROUNDS", "3"))
MAX_AGE_S = 1.0


class Recorder:
    """A process that records. `said` is what it says to have recorded: until when, and how many."""

    def __init__(self, folder: Path, number: str, *words: str) -> None:
        self._said, self.log = folder / f"{number}.out", folder / f"{number}.log"
        with self._said.open("wb") as out, self.log.open("wb") as log:
            command = [sys.executable, "-m", "tests.support.audit_process", *words]
            self._process = subprocess.Popen(command, cwd=ROOT, stdout=out, stderr=log)

    @property
    def said(self) -> list[tuple[float, int]]:
        lines = self._said.read_text("utf-8").splitlines()
        return [(float(at), int(count)) for at, count in map(str.split, lines[: self._said.read_bytes().count(b"\n")])]

    def wait_for(self, count: int) -> None:
        wait_until(lambda: (said := self.said) and said[-1][1] >= count, f"{count} requests are recorded")

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()

    def must_be_there(self, killed_at: float) -> set[str]:
        """What it recorded long enough before. A machine that let it wait is forgiven that."""
        said = self.said
        waited_s = max(after - before for (before, _), (after, _) in pairwise(said))
        count = max((count for at, count in said if at < killed_at - MAX_AGE_S - waited_s), default=0)
        return {f"{self._process.pid}-{number}" for number in range(count)}


def kill_in_rounds(folder: Path, spool: Path, uri: str, database: str) -> tuple[set[str], list[Path]]:
    """Kill two processes in each round, one of which cannot reach MongoDB. Gives what must be there, and their logs."""
    expected: set[str] = set()
    logs = []
    for number in range(ROUNDS):
        uris = uri, f"mongodb://127.0.0.1:{free_port()}"
        recorders = [Recorder(folder, f"{number}-{own}", str(spool), uris[own], database) for own in (0, 1)]
        enough = random.Random(number).randint(120, 250) * EACH
        for recorder in recorders:
            recorder.wait_for(enough)
        for recorder in recorders:
            killed_at = time.monotonic()
            recorder.kill()
            must = recorder.must_be_there(killed_at)
            assert must
            expected |= must
            logs.append(recorder.log)
    return expected, logs


def files_left(spool: Path) -> list[Path]:
    return [path for path in spool.iterdir() if path.name not in ("courier.lock", "delivery.lock", "spool.lock")]


@pytest.mark.timeout(60 + 30 * ROUNDS)
async def test_no_request_is_missing_that_is_older_than_a_second(
    mongodb_uri: str, mongodb_database: str, spool: Path, tmp_path: Path
):
    """The next process finds what the killed ones left. All chains are sound, crashed, and as the log has seen them."""
    expected, logs = await asyncio.to_thread(kill_in_rounds, tmp_path, spool, mongodb_uri, mongodb_database)
    clock = Clock()
    store = Store(patient(mongodb_uri, mongodb_database), clock)
    await store.open()
    heads = [head for log in logs for head in open_heads(log, since=datetime.min.replace(tzinfo=UTC))]
    assert expected - {*await requests_in(store, spool)} == set()
    assert (await verify(store, spool, clock, heads)).findings == []
    with capture_logs() as own_log:
        async with open_trail(store, spool, clock):
            while files_left(spool):
                await asyncio.sleep(0.05)
    heads += [ChainHead(own["chain"], own["seq"], own["mac"]) for own in own_log if own["event"] == "audit_head"]
    assert len({head.chain for head in heads}) == 2 * ROUNDS
    requests = await requests_in(store, spool)
    assert expected - {*requests} == set()
    assert len(requests) == len({*requests})
    found = await verify(store, spool, clock, heads)
    assert (found.findings, sum(own.lost for own in found.chains)) == ([], 0)
    assert found.erased == 0
    await store.aclose()
