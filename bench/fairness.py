"""What 50 callers who offer ten times their share cost the other 950, while requests come when they come.

The gateway has one core; the generators, processes of their own, and the sources have the other one.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

import msgspec

from bench import data, gateway, sources
from bench.open_loop import DEAR, DOCUMENTS, HEADERS, PAGE, SLOW, Load, Report
from bench.processes import BenchError, Cores, Process, chosen_cores, need_all, pinned
from gateway.access.api_keys import new_key

CALLERS, GREEDY = 950, 50
"""Those who ask for little, and those who offer ten times their share."""
GREED = 10
LOAD = 0.5
"""What the many ask for, as a share of the worker's measured rate."""
MAX_RATIO = 2.0
"""Of the 99th percentile of the many beside the others, over theirs without."""
DEADLINE_MS = 2_000

FLOOD = "flood"
KINDS = (DEAR, FLOOD, DOCUMENTS, HEADERS, SLOW)
"""What the greedy ones do, a fifth of them each."""

_SECRET = "a secret of keys that is long enough to be one"
_AT_ONCE, MAX_FAILED = 64, 0.1
"""The rate is measured with so many requests at once. Some are refused: callers are drawn by lot, so some ask for too much."""
_MAX_WAITS, _IDLE_S = 40, 0.02
"""So often it is looked whether the gateway is idle: a quarter of a second has so little CPU."""


class Turn(msgspec.Struct, frozen=True):
    """The many in one turn: how many asked, how many were refused and why, their times, and the CPU of the processes."""

    requests: int
    refused: int
    codes: Mapping[str, int]
    p50_ms: float
    p99_ms: float
    gateway_cpu: float
    generator_cpu: float
    late_ms: float
    statuses: Mapping[str, Mapping[int, int]] = {}
    unsent: int = 0


class Fairness(msgspec.Struct, frozen=True):
    """The worker's rate, and the many in each round, without and beside the greedy ones."""

    rate: float
    alone: list[Turn]
    beside: list[Turn]

    @property
    def ratios(self) -> list[float]:
        return [one.p99_ms / other.p99_ms for one, other in zip(self.beside, self.alone, strict=True)]

    def verdicts(self) -> list[tuple[str, bool]]:
        """What must hold, and whether it does."""
        refused = sum(turn.refused for turn in (*self.alone, *self.beside))
        ratio, spread = median(self.ratios), f"{min(self.ratios):.1f} to {max(self.ratios):.1f}"
        return [
            (f"refused or incomplete of the many: {refused:,}, none", refused == 0),
            (f"p99 of the many: {ratio:.1f} times theirs without ({spread}), at most {MAX_RATIO:.0f}", ratio <= MAX_RATIO),
        ]


def measured(*, rounds: int, seconds: int, kinds: tuple[str, ...] = KINDS) -> Fairness:
    """Raises `BenchError` when something is missing."""
    need_all(["gcc"])
    folder, cores = data.prepared(), chosen_cores()
    with ExitStack() as stack:
        own = Path(stack.enter_context(TemporaryDirectory(prefix="bench-")))
        found = stack.enter_context(sources.served(folder, cores))
        keys = _write_callers(own)
        settings = gateway.write_settings(own / "gateway.toml", found, deadline_ms=DEADLINE_MS)
        settings.write_text(settings.read_text("utf-8") + _access(keys), "utf-8")
        port, process = stack.enter_context(gateway.started(settings, cores))
        names = list(keys)
        many, greedy = [keys[name] for name in names[:CALLERS]], [keys[name] for name in names[CALLERS:]]
        rate = _measure_rate(port, many, cores, process)
        few = {kind: greedy[place :: len(kinds)] for place, kind in enumerate(kinds)}
        alone, beside = [], []
        for number in range(rounds + 1):
            page = Load(port, seconds, {PAGE: many}, {PAGE: rate * LOAD}, number)
            others = Load(port, seconds, *_as_sent(few, rate * GREED / (CALLERS + GREEDY)), number)
            without, beside_them = _turn(process, cores, page), _turn(process, cores, page, others)
            if number:  # the first round warms up
                alone.append(without)
                beside.append(beside_them)
        return Fairness(rate, alone, beside)


def _as_sent(few: Mapping[str, list[str]], rate: float) -> tuple[dict[str, list[str]], dict[str, float]]:
    """Give the keys and rates of the greedy ones by what is sent: a flood is of the page of the many."""
    keys = {PAGE if kind == FLOOD else kind: own for kind, own in few.items()}
    return keys, {kind: rate * len(own) for kind, own in keys.items()}


def _write_callers(folder: Path) -> dict[str, str]:
    made = {f"c{number}": new_key(f"c{number}", _SECRET, datetime.now(UTC)) for number in range(CALLERS + GREEDY)}
    path = folder / "keys.json"
    path.write_bytes(msgspec.json.encode([key for _, key in made.values()]))
    path.chmod(0o600)
    return {name: text for name, (text, _) in made.items()}


def _access(keys: Mapping[str, str]) -> str:
    callers = "".join(f"[callers.{name}]\n" for name in keys)
    return f'\n[access.keys]\nsecret = "{_SECRET}"\nfile = "keys.json"\n{callers}'


def _measure_rate(port: int, keys: list[str], cores: Cores, process: Process) -> float:
    """Measure how many requests fill the worker's core that come one by one.

    Requests that wait for each other share calls to sources, and cost less: of these half may be all that it can do.
    """
    for seconds in (2, 4):  # the first one warms up
        report = run_load(Load(port, seconds, {PAGE: keys}, {PAGE: 1.0}, 0, at_once=_AT_ONCE), cores)
    if sum(report.failed.values()) > len(report.took_ms) * MAX_FAILED:
        raise BenchError(f"requests failed while the rate was measured: {report.failed}")
    some = len(report.took_ms) / seconds / 4
    turn = _turn(process, cores, Load(port, seconds, {PAGE: keys}, {PAGE: some}, 0))
    return some / turn.gateway_cpu


def _wait_idle(process: Process) -> None:
    """Wait until the gateway is done with what came before."""
    for _ in range(_MAX_WAITS):
        cpu_s = process.cpu_s()
        time.sleep(0.25)
        if process.cpu_s() - cpu_s < _IDLE_S:
            return


def _turn(process: Process, cores: Cores, page: Load, others: Load | None = None) -> Turn:
    _wait_idle(process)
    began, cpu_s = time.monotonic(), process.cpu_s()
    greedy = None if others is None else start_load(others, cores)
    report = run_load(page, cores)
    used = (process.cpu_s() - cpu_s) / (time.monotonic() - began)
    of_others = None if greedy is None else wait_load(greedy)
    times = sorted(report.took_ms)
    if not times:
        raise BenchError(f"no request was answered: {report.failed}")
    return Turn(
        requests=sum(report.statuses[PAGE].values()),
        refused=sum(report.failed.values()) + report.unsent,
        codes=report.failed,
        p50_ms=times[len(times) // 2],
        p99_ms=times[int(len(times) * 0.99)],
        gateway_cpu=used,
        generator_cpu=report.cpu + (0 if of_others is None else of_others.cpu),
        late_ms=report.late_ms,
        statuses={} if of_others is None else of_others.statuses,
        unsent=0 if of_others is None else of_others.unsent,
    )


def run_load(load: Load, cores: Cores) -> Report:
    """Send a load from a process of its own. Raises `BenchError`."""
    return wait_load(start_load(load, cores))


def start_load(load: Load, cores: Cores) -> subprocess.Popen[bytes]:
    """Begin to send a load."""
    words = pinned([sys.executable, "-m", "bench.open_loop"], cores.load)
    child = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=Path(__file__).parent.parent)
    assert child.stdin is not None
    child.stdin.write(msgspec.json.encode(load))
    child.stdin.close()
    return child


def wait_load(child: subprocess.Popen[bytes]) -> Report:
    """Wait for what became of a load. Raises `BenchError`."""
    assert child.stdout is not None
    with child:
        text = child.stdout.read()
    if child.returncode:
        raise BenchError(f"the generator ended with {child.returncode}")
    return msgspec.json.decode(text, type=Report)


def describe_turn(turn: Turn) -> str:
    """Write a turn as a line."""
    lines = [
        f"{turn.requests:,} requests, {turn.refused} refused {dict(turn.codes) or ''}",
        f"p50 {turn.p50_ms:.1f} ms, p99 {turn.p99_ms:.1f} ms",
        f"CPU of the gateway {turn.gateway_cpu:.0%}, of the generators {turn.generator_cpu:.0%}",
        f"sent late by {turn.late_ms:.1f} ms (p99)",
        *(f"{kind} of the others {dict(own)}" for kind, own in turn.statuses.items()),
    ]
    return "; ".join(lines)


def document(found: Fairness) -> dict[str, Any]:
    """Write the figures as they are kept."""
    return {**msgspec.to_builtins(found), "ratios": found.ratios}
