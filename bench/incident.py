"""What an incident costs: the order source refuses connections, then takes them and is silent; the other three are well.

One gateway goes through it again and again. Its answers are checked in each phase, and it is looked at from outside: memory,
open files, its log.
"""

import time
from collections import Counter
from collections.abc import Sequence
from contextlib import ExitStack
from itertools import islice
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

import msgspec

from bench import data, gateway, sources
from bench.asking import post
from bench.equality import Expected, unwrapped
from bench.load import Figures, driven, warmed
from bench.outages import states
from bench.processes import BenchError, Process, chosen_cores, free_ports, need_all
from bench.queries import GATEWAY_QUERIES, body, write_bodies
from bench.sources import Sources
from bench.stage import SMALLER

QUERY = "Q1"
DEADLINE_MS = 1000
LATEST_MS = DEADLINE_MS + 100
"""By when each answer is there while the source is silent."""
REFUSING_FLOOR = 0.8
RECOVERED_FLOOR = 0.9
"""Shares of the healthy requests per second in the same round."""
MAX_GROWTH = 0.1
"""Of memory, from the end of the first healthy phase to the end of the last one, as a share."""
MAX_FILES = 8
"""So many more open files are no growth: connections to sources are kept for a while."""

PHASES: dict[str, tuple[str, ...]] = {
    "healthy": (),
    "refusing": ("SOURCE_UNAVAILABLE",),
    "hanging": ("SOURCE_TIMEOUT", "SOURCE_UNAVAILABLE"),
    "recovered": (),
}
"""In the order of an incident, each with the codes of which the error of its answers has one."""

_CHECKED = 3
_BACK_S = 10
"""How long the gateway may take to find the source back."""
_SETTLING_S = 0.3
"""How long the load driver's connections may take to be closed."""


class Seen(msgspec.Struct, frozen=True):
    """The gateway at the end of a phase, when nobody asks."""

    resident_mb: float
    open_files: int


class Incident(msgspec.Struct):
    """What was measured, by phase and round."""

    figures: dict[str, list[Figures]]
    seen: dict[str, list[Seen]]
    events: dict[str, int]
    """How often each event is in the gateway's log."""

    def median(self, phase: str, figure: str) -> float:
        return float(median(getattr(one, figure) for one in self.figures[phase]))

    def most_ms(self, phase: str) -> float:
        return max(one.most_ms for one in self.figures[phase])

    def ratios(self, phase: str) -> list[float]:
        """Requests per second over those of the healthy phase, by round."""
        return [one.rps / well.rps for one, well in zip(self.figures[phase], self.figures["healthy"], strict=True)]

    @property
    def failing(self) -> int:
        """Answers with an error in them."""
        return sum(one.requests for phase, codes in PHASES.items() if codes for one in self.figures[phase])

    def verdicts(self) -> list[tuple[str, bool]]:
        """What must hold, and whether it does."""
        first, last = self.seen["healthy"][0], self.seen["recovered"][-1]
        grown, opened = last.resident_mb / first.resident_mb - 1, last.open_files - first.open_files
        unplanned, late_ms = self.events.get("operation_not_planned", 0), self.most_ms("hanging")
        return [
            self._share("refusing", REFUSING_FLOOR),
            self._share("recovered", RECOVERED_FLOOR),
            (f"hanging: the last answer after {late_ms:,.0f} ms, at most {LATEST_MS:,} ms", late_ms <= LATEST_MS),
            (
                f"memory: {grown:+.1%} after {self.failing:,} answers with an error, at most {MAX_GROWTH:.0%}",
                grown <= MAX_GROWTH,
            ),
            (f"open files: {opened:+}, at most {MAX_FILES}", opened <= MAX_FILES),
            (f"operations without a plan: {unplanned}", not unplanned),
        ]

    def _share(self, phase: str, floor: float) -> tuple[str, bool]:
        ratios = self.ratios(phase)
        found = median(ratios)
        spread = f"{min(ratios):.0%} to {max(ratios):.0%}"
        return f"{phase}: {found:.0%} of the healthy figure ({spread}), at least {floor:.0%}", found >= floor

    def document(self) -> dict[str, Any]:
        """Medians by phase, ratios by round, all that was seen."""
        return {
            **{phase: {one: self.median(phase, one) for one in ("rps", "p50_ms", "p99_ms", "most_ms")} for phase in PHASES},
            "ratios": {phase: self.ratios(phase) for phase in PHASES if phase != "healthy"},
            "seen": msgspec.to_builtins(self.seen),
            "failing_requests": self.failing,
            "events": self.events,
        }


def measured(*, rounds: int, seconds: int, callers: int) -> Incident:
    """Raises `BenchError` when something is missing, or an answer lacks what the healthy sources have."""
    need_all(["gcc", "wrk"])
    folder, cores = data.prepared(), chosen_cores()
    with ExitStack() as stack:
        own = Path(stack.enter_context(TemporaryDirectory(prefix="bench-")))
        found = stack.enter_context(sources.served(folder, cores))
        (port,) = free_ports(1)
        settings = gateway.write_settings(
            own / "gateway.toml", Sources({**found.ports, "orders": port}), deadline_ms=DEADLINE_MS
        )
        served, process = stack.enter_context(gateway.started(settings, cores))
        url = f"http://127.0.0.1:{served}/graphql"
        lines = write_bodies(own / "lines.txt", QUERY, GATEWAY_QUERIES[QUERY])
        make = states(folder, cores, port)
        expected = Expected(folder)
        incident = Incident({phase: [] for phase in PHASES}, {phase: [] for phase in PHASES}, {})
        for _ in range(rounds):
            for phase, codes in PHASES.items():
                with make[phase]():
                    if not codes:
                        _wait_until_back(url, expected)
                    size = _checked(url, expected, codes)
                    warmed(url, lines, callers=callers, seconds=1, cores=cores)
                    figures = driven(url, lines, callers=callers, seconds=seconds, cores=cores)
                    if figures.bytes < SMALLER * size:
                        raise BenchError(f"{phase}: answers under load are smaller than right ones")
                    incident.figures[phase].append(figures)
                    time.sleep(_SETTLING_S)
                    incident.seen[phase].append(Seen(process.resident_mb(), process.open_files()))
        incident.events = _events(process)
        return incident


def _wait_until_back(url: str, expected: Expected) -> None:
    """Ask until an answer has no error. Raises `BenchError` when none comes in time."""
    (variables, _), *_ = islice(expected.cases(QUERY), 1)
    end = time.monotonic() + _BACK_S
    while "errors" in msgspec.json.decode(post(url, body(QUERY, GATEWAY_QUERIES[QUERY], variables))):
        if time.monotonic() > end:
            raise BenchError(f"the source is not found back in {_BACK_S} s")
        time.sleep(0.05)


def _checked(url: str, expected: Expected, codes: Sequence[str]) -> float:
    """Compare some answers with the sources' data. Gives their mean size in bytes.

    With codes the orders are null and are the one error, with one of them. Raises `BenchError` at the first that differs.
    """
    lengths = []
    for variables, whole in islice(expected.cases(QUERY), _CHECKED):
        text = post(url, body(QUERY, GATEWAY_QUERIES[QUERY], variables))
        answer = msgspec.json.decode(text)
        right = {"customer": {**whole["customer"], "orders": None}} if codes else whole
        errors = [(one["path"], one["extensions"]["code"]) for one in answer.get("errors", [])]
        allowed = [[(["customer", "orders"], code)] for code in codes] or [[]]
        if unwrapped(answer["data"]) != right or errors not in allowed:
            raise BenchError(f"{variables}: the answer differs; its errors are {errors}")
        lengths.append(len(text))
    return sum(lengths) / len(lengths)


def _events(process: Process) -> dict[str, int]:
    lines = process.said().splitlines()
    return dict(Counter(msgspec.json.decode(line)["event"] for line in lines if line.startswith("{")))
