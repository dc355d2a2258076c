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
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from types import FrameType

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
def running(
    name: str, words: Sequence[str], url: str, *, core: int | None, environment: Mapping[str, str] | None = None
) -> Iterator[None]:
    """Run a server until the block ends; the block begins once `url` is answered, with whatever status.

    Raises `BenchError` with its last words when it ends at its start or is silent for a minute.
    """
    with tempfile.TemporaryFile() as log:
        process = subprocess.Popen(
            pinned(words, core),
            env={**os.environ, **(environment or {})},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # Ctrl-C is for us, who then end it
        )
        try:
            if not _answers(process, url):
                log.seek(0)
                last = log.read()[-2000:].decode(errors="replace").strip()
                raise BenchError(f"{name} did not start: {last or 'it said nothing'}")
            yield
        finally:
            _end(process)


def _answers(process: subprocess.Popen[bytes], url: str) -> bool:
    end = time.monotonic() + _START_S
    while time.monotonic() < end and process.poll() is None:
        try:
            get(url)
        except urllib.error.HTTPError:
            return True
        except OSError:
            time.sleep(0.05)
        else:
            return True
    return False


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(_GRACE_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def end_orderly_on_sigterm() -> None:
    """A request to end runs the `finally` blocks, as Ctrl-C does."""

    def leave(_number: int, _frame: FrameType | None) -> None:
        raise SystemExit(143)

    signal.signal(signal.SIGTERM, leave)
