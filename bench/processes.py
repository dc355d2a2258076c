"""Child processes on the loopback: where they listen, on which core they run, and that they end."""

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import urllib.error
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import IO

from bench.asking import get

_START_S = 60.0
_GRACE_S = 15.0

_ORIGIN = {
    "gcc": "a C compiler (Debian: apt install gcc libc6-dev)",
    "wrk": "the load driver (Debian: apt install wrk)",
    "node": "Node.js 20 or newer (https://nodejs.org)",
    "npm": "npm, which comes with Node.js (https://nodejs.org)",
}


class BenchError(Exception):
    """What keeps figures from being measured, in words for who asked for them."""


@dataclass(frozen=True)
class Cores:
    """The core of the servers under test, and that of the sources and the load driver; None where there is no choice."""

    server: int | None
    load: int | None


class Process:
    """A child process that runs, and what can be seen of it from outside."""

    def __init__(self, process: subprocess.Popen[bytes], log: IO[bytes]) -> None:
        self._process = process
        self._log = log

    def said(self) -> str:
        """All that it wrote so far."""
        size = os.fstat(self._log.fileno()).st_size
        # Not by seeking: the child writes where the shared position is.
        return os.pread(self._log.fileno(), size, 0).decode(errors="replace")

    def resident_mb(self) -> float:
        """Its resident memory, in megabytes."""
        return _resident_mb(self._process.pid)

    def children_mb(self) -> float:
        """The resident memory of its children, in megabytes: of a gateway, its workers."""
        return sum(map(_resident_mb, _children(self._process.pid)))

    def cpu_s(self) -> float:
        """Seconds of CPU that its threads and its children had so far."""
        return cpu_seconds(self._process.pid)

    def open_files(self) -> int:
        """Its open files and sockets."""
        return sum(1 for _ in Path(f"/proc/{self._process.pid}/fd").iterdir())

    def answers(self, url: str) -> bool:
        """Whether `url` is answered, with whatever status, before it ends or a minute is over."""
        end = time.monotonic() + _START_S
        while time.monotonic() < end and self._process.poll() is None:
            try:
                get(url)
            except urllib.error.HTTPError:
                return True
            except OSError:
                time.sleep(0.05)
            else:
                return True
        return False

    def kill_all(self) -> None:
        """Kill it with all processes that it started, as when the machine ends."""
        os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()

    def end(self) -> None:
        self._process.terminate()
        try:
            self._process.wait(_GRACE_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


def chosen_cores() -> Cores:
    if shutil.which("taskset") is None or not hasattr(os, "sched_getaffinity"):
        return Cores(None, None)
    server, *others = sorted(os.sched_getaffinity(0))
    return Cores(server, others[0]) if others else Cores(None, None)


def need(tool: str) -> str:
    """Where a tool is. Raises `BenchError` that says how to get it."""
    path = shutil.which(tool)
    if path is None:
        raise BenchError(f"{tool} is missing: {_ORIGIN[tool]}")
    return path


def need_all(tools: Sequence[str]) -> None:
    """Raises `BenchError` that names all that are missing, and how to get them."""
    missing = [f"{tool} is missing: {_ORIGIN[tool]}" for tool in tools if shutil.which(tool) is None]
    if missing:
        raise BenchError("\n".join(missing))


def free_ports(count: int) -> list[int]:
    with ExitStack() as stack:
        probes = [stack.enter_context(socket.socket()) for _ in range(count)]
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        return [probe.getsockname()[1] for probe in probes]


def pinned(words: Sequence[str], core: int | None) -> list[str]:
    return list(words) if core is None else ["taskset", "-c", str(core), *words]


@contextmanager
def on_core(core: int | None) -> Iterator[None]:
    """Have the children run on a core that are started in the block."""
    usual = os.sched_getaffinity(0)
    if core is not None:
        os.sched_setaffinity(0, {core})  # a child runs where its parent did
    try:
        yield
    finally:
        os.sched_setaffinity(0, usual)


def cpu_seconds(pid: int) -> float:
    """Seconds of CPU that a process and its children had so far, by the clock of the kernel's scheduler.

    Children that have ended count to the hundredth of a second.
    """
    stat = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    ticks = sum(map(int, stat[13:15]))
    nanoseconds = ticks * 10**9 // os.sysconf("SC_CLK_TCK")
    for process in (pid, *_children(pid)):
        for schedule in Path(f"/proc/{process}/task").glob("*/schedstat"):
            with suppress(OSError):  # a thread has ended meanwhile
                nanoseconds += int(schedule.read_text().split()[0])
    return nanoseconds / 1e9


def _resident_mb(pid: int) -> float:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    raise BenchError("the process has ended")


def _children(pid: int) -> list[int]:
    found: list[int] = []
    for children in Path(f"/proc/{pid}/task").glob("*/children"):
        with suppress(OSError):
            found += map(int, children.read_text().split())
    return found


@contextmanager
def running(
    name: str,
    words: Sequence[str],
    url: str,
    *,
    core: int | None,
    environment: Mapping[str, str] | None = None,
    folder: Path | None = None,
) -> Iterator[Process]:
    """Run a server, in a folder, until the block ends; the block begins once `url` is answered, with whatever status.

    Raises `BenchError` with its last words when it ends at its start or is silent for a minute.
    """
    with tempfile.TemporaryFile() as log:
        child = subprocess.Popen(
            pinned(words, core),
            env={**os.environ, **(environment or {})},
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # Ctrl-C is for us, who then end it
        )
        process = Process(child, log)
        try:
            if not process.answers(url):
                raise BenchError(f"{name} did not start: {process.said()[-2000:].strip() or 'it said nothing'}")
            yield process
        finally:
            process.end()


def end_orderly_on_sigterm() -> None:
    """A request to end runs the `finally` blocks, as Ctrl-C does."""

    def leave(_number: int, _frame: FrameType | None) -> None:
        raise SystemExit(143)

    signal.signal(signal.SIGTERM, leave)
