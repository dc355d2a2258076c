"""`profile-gateway serve` in processes of its own, with its log, its workers and its admin port."""

import json
import os
import random
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import cycle, islice
from pathlib import Path
from typing import Any

import httpx2

from tests.support.paths import ROOT

PATIENCE_S = 100.0
COMMAND = [sys.executable, "-c", "from gateway.cli import app; app()"]


_PORTS = range(12_000, 32_000)
"""Systems give none of these to connections: one of theirs may be taken again before a process listens on it."""
_ports = islice(cycle(_PORTS), random.SystemRandom().choice(_PORTS), None)


def free_port() -> int:
    """Find a port for a process that listens on it in a second or so."""
    return next(port for port in _ports if is_free(port))


def wait_until(condition: Callable[[], Any], what: str) -> Any:
    """What the condition gives as soon as that is true. What other processes do can only be polled."""
    ends = time.monotonic() + PATIENCE_S
    while not (result := condition()):
        assert time.monotonic() < ends, f"not within {PATIENCE_S} seconds: {what}"
        time.sleep(0.02)
    return result


class ServeProcess:
    """A gateway that runs. `lines` are those of its log, parsed; a line that is no JSON fails the test."""

    def __init__(self, config: Path, *words: str, workers: int = 1, path: Path | None = None, port: int | None = None) -> None:
        self.port, self.admin_port = port or free_port(), free_port()
        ports = ["--port", str(self.port), "--admin-port", str(self.admin_port), "--workers", str(workers)]
        imports = os.pathsep.join(map(str, filter(None, (ROOT, path))))
        self.process = subprocess.Popen(
            [*COMMAND, "serve", "--config", str(config), *ports, *words],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=os.environ | {"PYTHONPATH": imports, "GATEWAY_DEADLINE_MS": "60000"},
        )
        self.url = f"http://127.0.0.1:{self.port}"
        self._written: list[str] = []
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        self.admin = httpx2.Client(base_url=f"http://127.0.0.1:{self.admin_port}", timeout=PATIENCE_S)

    def _read(self) -> None:
        assert self.process.stderr is not None
        for line in self.process.stderr:
            self._written.append(line)

    @property
    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in list(self._written)]

    def events(self, name: str) -> list[dict[str, Any]]:
        return [line for line in self.lines if line["event"] == name]

    def wait_for(self, event: str, count: int = 1) -> dict[str, Any]:
        """The last of so many lines of the log with this event."""
        return wait_until(lambda: len(found := self.events(event)) >= count and found[count - 1], f"{count} x {event}")

    def wait_ready(self, workers: int) -> dict[str, Any]:
        """What the admin port says when so many workers are ready."""
        return wait_until(lambda: (said := self.readiness()) and len(self.ready_pids(said)) == workers and said, "readiness")

    def readiness(self) -> dict[str, Any] | None:
        try:
            return self.admin.get("/readyz").json()
        except httpx2.TransportError:
            return None

    def ready_pids(self, said: dict[str, Any] | None = None) -> list[int]:
        said = said or self.readiness()
        assert said is not None
        return [worker["pid"] for worker in said["workers"] if worker["state"] == "ready"]

    def metric(self, name: str) -> float:
        """The value of one series, by its name with its labels."""
        lines = self.admin.get("/metrics").text.splitlines()
        return float(next(line for line in lines if line.startswith(f"{name} ")).rpartition(" ")[2])

    def ask(self, customer: str = "c1") -> dict[str, Any]:
        query = {"query": "query ($id: ID!) { customer(by: {id: $id}) { name } }", "variables": {"id": customer}}
        return httpx2.post(f"{self.url}/graphql", json=query, timeout=PATIENCE_S).json()

    def end(self) -> int:
        """End it by SIGTERM, and give its exit code."""
        self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(PATIENCE_S)
        self._reader.join(PATIENCE_S)
        return code


@contextmanager
def serve_process(config: Path, *words: str, **options: Any) -> Iterator[ServeProcess]:
    """A gateway that has been started, and is ended with all its workers."""
    gateway = ServeProcess(config, *words, **options)
    try:
        yield gateway
    finally:
        gateway.process.terminate()
        try:
            gateway.process.wait(30)
        except subprocess.TimeoutExpired:
            gateway.process.kill()  # its workers end by themselves
            gateway.process.wait()
        gateway.admin.close()
        gateway._reader.join(30)
        for stream in (gateway.process.stdout, gateway.process.stderr):
            assert stream is not None
            stream.close()


def is_alive(pid: int) -> bool:
    """Whether a process runs; one that has ended and was not reaped does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def is_free(port: int) -> bool:
    """Whether nobody listens on a port."""
    try:
        socket.create_server(("127.0.0.1", port)).close()
    except OSError:
        return False
    return True
