"""Turns of servers over one database: requests, ratios within a round, and CPU for a request of server and database."""

import random
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

import msgspec

from bench.load import Figures, NoAnswerError, driven, warmed
from bench.processes import BenchError, Cores, Process
from bench.stage import SMALLER

_MIN_ANSWERS = 3
_MAX_TURN_S = 20
_IDLE_S, _IDLE_SHARE = 0.1, 0.1
_MAX_WAIT_S = 60.0
"""A slow server may work on for so long for callers that have hung up."""


class Turn(msgspec.Struct, frozen=True):
    """What one server did in a round. CPU is in milliseconds for a request, None of a database that is elsewhere."""

    figures: Figures
    server_cpu_ms: float
    database_cpu_ms: float | None


@dataclass(frozen=True)
class Lane:
    """A server and the requests that it is sent in a contest."""

    url: str
    process: Process
    lines: Path
    bytes: float
    """Mean size of a right answer."""


@dataclass
class Contest:
    """One query at one number of callers: its lanes by server, and their turns by round."""

    query: str
    callers: int
    lanes: dict[str, Lane]
    turns: dict[str, list[Turn]] = field(default_factory=dict)

    def median(self, server: str, figure: str) -> float:
        """That of `rps`, `p50_ms`, `p99_ms`."""
        return float(median(getattr(turn.figures, figure) for turn in self.turns[server]))

    def cpu_ms(self, server: str) -> tuple[float, float | None]:
        """CPU for a request: of the server, and of the database where it is known."""
        ours = [turn.server_cpu_ms for turn in self.turns[server]]
        theirs = [turn.database_cpu_ms for turn in self.turns[server] if turn.database_cpu_ms is not None]
        return median(ours), median(theirs) if theirs else None

    def ratios(self, peer: str) -> list[float]:
        """The gateway's requests per second over the peer's, by round; none beside itself, or where it has no turn."""
        if peer == "gateway" or "gateway" not in self.turns:
            return []
        pairs = zip(self.turns["gateway"], self.turns[peer], strict=True)
        return [ours.figures.rps / theirs.figures.rps for ours, theirs in pairs]

    def document(self) -> dict[str, Any]:
        """Medians by server."""
        found = {}
        for server in self.turns:
            server_cpu_ms, database_cpu_ms = self.cpu_ms(server)
            found[server] = {
                **{name: self.median(server, name) for name in ("rps", "p50_ms", "p99_ms")},
                "server_cpu_ms": server_cpu_ms,
                "database_cpu_ms": database_cpu_ms,
                "ratios": self.ratios(server),
            }
        return found


def run_contests(
    contests: Sequence[Contest],
    database_cpu_s: Callable[[], float] | None,
    cores: Cores,
    *,
    rounds: int,
    seconds: int,
    warm_up: int,
) -> None:
    """In a round each server has its turn in each contest, in random order: a noisy minute hits all."""
    draw = random.Random(1)
    for _ in range(rounds):
        for contest in contests:
            for server in draw.sample(list(contest.lanes), len(contest.lanes)):
                lane = contest.lanes[server]
                warmed(lane.url, lane.lines, callers=contest.callers, seconds=warm_up, cores=cores)
                _wait_until_idle(lane.process)
                turn = _drive(lane, contest.callers, database_cpu_s, cores, seconds)
                if turn.figures.bytes < SMALLER * lane.bytes:
                    raise BenchError(f"{server}, {contest.query}: answers under load are smaller than right ones")
                contest.turns.setdefault(server, []).append(turn)
                _wait_until_idle(lane.process)


def _drive(lane: Lane, callers: int, database_cpu_s: Callable[[], float] | None, cores: Cores, seconds: int) -> Turn:
    """Drive a server until each caller has had some answers, longer where it is slow."""
    while True:
        with suppress(NoAnswerError):
            turn = _drive_for(lane, callers, database_cpu_s, cores, seconds)
            if turn.figures.requests >= _MIN_ANSWERS * callers or seconds > _MAX_TURN_S:
                return turn
        if seconds > _MAX_TURN_S:
            raise BenchError(f"{lane.url}: no request was answered in {seconds} s")
        seconds *= 3
        _wait_until_idle(lane.process)


def _drive_for(lane: Lane, callers: int, database_cpu_s: Callable[[], float] | None, cores: Cores, seconds: int) -> Turn:
    clocks = [lane.process.cpu_s, *([database_cpu_s] if database_cpu_s else [])]
    before = [clock() for clock in clocks]
    figures = driven(lane.url, lane.lines, callers=callers, seconds=seconds, cores=cores)
    spent_ms = [1000 * (clock() - start) / figures.requests for clock, start in zip(clocks, before, strict=True)]
    return Turn(figures, spent_ms[0], spent_ms[1] if database_cpu_s else None)


def _wait_until_idle(process: Process) -> None:
    """Let a server end what callers have left behind, so that it does not disturb the next."""
    end = time.monotonic() + _MAX_WAIT_S
    while time.monotonic() < end:
        before = process.cpu_s()
        time.sleep(_IDLE_S)
        if process.cpu_s() - before < _IDLE_SHARE * _IDLE_S:
            return
