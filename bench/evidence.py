"""Whether the audit has what clients were answered: workers are killed under load, and MongoDB is away for a while."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import msgspec
from pymongo import MongoClient

from bench import data, gateway, sources
from bench.audited import audit_table
from bench.processes import BenchError, Cores, Process, chosen_cores, need_all
from bench.queries import GATEWAY_QUERIES, body, rotating_variables
from gateway.audit.journal import read_request_ids
from gateway.audit.spool import CLOSED, OPEN, SEALED, Spool
from gateway.store.embedded_mongodb import EmbeddedMongo

CLIENTS = 16
SURE_S = 1.0
"""What was answered so long before the end must be in the audit."""
MAX_ROUND_S = 4.0
_BODIES = 500
_DELIVERY_S = 60.0


class Evidence(msgspec.Struct, frozen=True):
    """What clients were answered, what of it the audit must have and has not, and what `audit verify` says."""

    kills: int
    answered: int
    sure: int
    missing: int
    entries: int
    verify_code: int
    verified: str

    def verdicts(self) -> list[tuple[str, bool]]:
        """What must hold, and whether it does."""
        lost = f"{self.missing:,} of {self.sure:,} answered requests are missing after {self.kills} kills, none"
        return [
            (lost, not self.missing),
            (f"audit verify ends with {self.verify_code}: {self.verified}", self.verify_code == 0),
        ]


class _Clients:
    """Ask one after the other on each connection, and write down when which request was answered."""

    def __init__(self, port: int, bodies: list[bytes], numbers: Iterator[int]) -> None:
        self._port, self._bodies, self._numbers = port, bodies, numbers
        self.answered: list[tuple[str, float]] = []

    async def ask_for(self, seconds: float, end: asyncio.Event) -> None:
        tasks = [asyncio.create_task(self._ask(end)) for _ in range(CLIENTS)]
        await asyncio.sleep(seconds)
        end.set()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _ask(self, end: asyncio.Event) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", self._port)
        try:
            while not end.is_set():
                number = next(self._numbers)
                request, content = f"r{number}", self._bodies[number % len(self._bodies)]
                lines = f"x-request-id: {request}\r\ncontent-type: application/json\r\ncontent-length: {len(content)}"
                writer.write(f"POST /graphql HTTP/1.1\r\nhost: localhost\r\n{lines}\r\n\r\n".encode() + content)
                head = await reader.readuntil(b"\r\n\r\n")
                length = head.lower().partition(b"content-length: ")[2].partition(b"\r")[0]
                await reader.readexactly(int(length))
                if head.startswith(b"HTTP/1.1 200"):
                    self.answered.append((request, time.monotonic()))
        except (OSError, asyncio.IncompleteReadError):
            pass  # the worker was killed
        finally:
            writer.close()


def measured(*, rounds: int, away_s: float) -> Evidence:
    """Raises `BenchError` when something is missing."""
    need_all(["gcc"])
    cores = chosen_cores()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="bench-")))
        found = stack.enter_context(sources.served(data.prepared(), cores))
        mongodb = EmbeddedMongo()
        uri = stack.enter_context(_mongodb(mongodb))
        settings, spool = gateway.write_settings(folder / "gateway.toml", found, mongodb=uri), folder / "spool"
        spool.mkdir(mode=0o700)
        settings.write_text(settings.read_text("utf-8") + audit_table(spool), "utf-8")
        log = folder / "gateway.log"
        variables = rotating_variables("Q1")
        bodies = [body("Q1", GATEWAY_QUERIES["Q1"], own) for own, _ in zip(variables, range(_BODIES), strict=False)]
        draw, numbers = random.Random(1), count()
        answered = sure = 0
        wanted: set[str] = set()
        for number in range(rounds):
            seconds = draw.uniform(1.5, MAX_ROUND_S)
            away = number == rounds // 2
            if away:
                _signal(mongodb, signal.SIGSTOP)
            clients, ended = _killed_under_load(settings, cores, bodies, numbers, away_s if away else seconds, log)
            if away:
                _signal(mongodb, signal.SIGCONT)
            answered += len(clients.answered)
            certain = [request for request, at in clients.answered if at <= ended - SURE_S]
            sure += len(certain)
            wanted.update(certain)
        with gateway.started(settings, cores) as (_, process):
            _wait_delivered(spool)
            _keep_log(process, log)
        kept = _requests_kept(uri, spool)
        code, said = _verify(settings, log)
        return Evidence(rounds, answered, sure, len(wanted - kept), len(kept), code, said)


def _killed_under_load(
    settings: Path, cores: Cores, bodies: list[bytes], numbers: Iterator[int], seconds: float, log: Path
) -> tuple[_Clients, float]:
    """Ask a new gateway for so long, and kill it with all its processes. Gives who asked, and when it was killed."""
    with gateway.started(settings, cores) as (port, process):
        clients = _Clients(port, bodies, numbers)
        ended = 0.0

        async def run() -> None:
            nonlocal ended
            asking = asyncio.create_task(clients.ask_for(seconds + 5, asyncio.Event()))
            await asyncio.sleep(seconds)
            ended = time.monotonic()
            process.kill_all()
            asking.cancel()
            await asyncio.wait({asking})

        asyncio.run(run())
        _keep_log(process, log)
    if not clients.answered:
        raise BenchError("no request was answered")
    return clients, ended


def _keep_log(process: Process, log: Path) -> None:
    with log.open("a", encoding="utf-8") as lines:
        lines.write(process.said())


@contextmanager
def _mongodb(mongodb: EmbeddedMongo) -> Iterator[str]:
    with asyncio.Runner() as runner:
        try:
            yield runner.run(mongodb.start())
        finally:
            runner.run(mongodb.stop())


def _signal(mongodb: EmbeddedMongo, number: signal.Signals) -> None:
    assert mongodb.pid is not None
    os.kill(mongodb.pid, number)


def _wait_delivered(spool: Path) -> None:
    """Wait until what dead workers left is in MongoDB."""
    end = time.monotonic() + _DELIVERY_S
    own = Spool(spool)
    while (own.list_unsealed() or own.list_segments(SEALED)) and time.monotonic() < end:
        time.sleep(0.2)


def _requests_kept(uri: str, spool: Path) -> set[str]:
    """Read which requests the audit has, in MongoDB and in the spool."""
    own = Spool(spool)
    kept = {request for path in own.list_segments(OPEN, CLOSED) for request in read_request_ids(own.read_requests(path))}
    spooled = [line.link for path in own.list_segments(SEALED) for line in own.read(path)]
    kept |= {entry.request for link in spooled for entry in link.entries}
    with MongoClient[Any](uri) as client:
        for link in client.get_default_database("profile_gateway")["audit_links"].find({}, {"entries.request": 1}):
            kept.update(entry["request"] for entry in link.get("entries", ()))
    return kept


def _verify(settings: Path, log: Path) -> tuple[int, str]:
    """Run `audit verify`, with the heads of the log. Gives its exit code and its last line."""
    program = "from gateway.cli import app; app()"
    words = [sys.executable, "-c", program, "audit", "verify", "--config", str(settings), "--heads", str(log)]
    done = subprocess.run(words, cwd=gateway.TREE, capture_output=True, text=True, check=False)
    lines = (done.stdout + done.stderr).strip().splitlines()
    return done.returncode, lines[-1] if lines else ""
