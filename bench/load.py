"""The load driver: wrk, with a number of callers that each wait for their answer before they ask again."""

import subprocess
from pathlib import Path

import msgspec

from bench.processes import BenchError, Cores, need, pinned

_SCRIPT = Path(__file__).with_name("load.lua")
_TIMEOUT_S = 20


class NoAnswerError(BenchError):
    """No request has failed, and none was answered: the time was too short."""


class Figures(msgspec.Struct, frozen=True):
    """Requests per second, the time of an answer (median, 99th percentile, most) and its mean size with its headers."""

    requests: int
    rps: float
    p50_ms: float
    p99_ms: float
    most_ms: float
    bytes: float


class _Report(msgspec.Struct):
    requests: int
    duration_us: int
    bytes: int
    p50_us: float
    p99_us: float
    most_us: float
    failed: int


def warmed(url: str, lines: Path, *, callers: int, seconds: int, cores: Cores) -> None:
    """Send the lines of a file in turn for some seconds, whatever comes back."""
    _wrk(url, lines, callers, seconds, cores)


def driven(url: str, lines: Path, *, callers: int, seconds: int, cores: Cores) -> Figures:
    """Send the lines of a file in turn for some seconds.

    Raises `BenchError` when an answer is no 200, `NoAnswerError` when none comes.
    """
    report = _wrk(url, lines, callers, seconds, cores)
    if report.failed:
        raise BenchError(f"{url}: {report.failed} requests failed, {report.requests} were answered")
    if not report.requests:
        raise NoAnswerError(f"{url}: no request was answered in {seconds} s")
    return Figures(
        requests=report.requests,
        rps=report.requests / report.duration_us * 1e6,
        p50_ms=report.p50_us / 1000,
        p99_ms=report.p99_us / 1000,
        most_ms=report.most_us / 1000,
        bytes=report.bytes / report.requests,
    )


def _wrk(url: str, lines: Path, callers: int, seconds: int, cores: Cores) -> _Report:
    size = ["-t1", f"-c{callers}", f"-d{seconds}s", "--timeout", f"{_TIMEOUT_S}s"]
    words = pinned([need("wrk"), *size, "-s", str(_SCRIPT), url, "--", str(lines)], cores.load)
    run = subprocess.run(words, capture_output=True, text=True, check=False)
    _, found, figures = run.stdout.partition("FIGURES ")
    if not found:
        raise BenchError(f"wrk gave no figures: {run.stderr.strip() or run.stdout.strip()}")
    return msgspec.json.decode(figures, type=_Report)
