"""What a dead source is still asked, and how soon it is found back: the order source refuses connections, or is silent.

Callers never stop. How often the source is called is told by the log of the gateway: nobody else sees a refused connection.
"""

import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, ExitStack
from datetime import datetime
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

import msgspec

from bench import data, gateway, sources
from bench.callers import Answer, asking
from bench.outages import states
from bench.processes import BenchError, Cores, Process, chosen_cores, free_ports, need_all
from bench.queries import GATEWAY_QUERIES, body, rotating_variables
from bench.sources import Sources

QUERY = "Q1"
DEADLINE_MS = 1000
WAYS = ("refusing", "hanging")
MAX_CALLS = 0.01
"""Calls to the dead source, as a share of the requests meanwhile."""
MAX_START_S = 30.0
MAX_RECOVERY_S = 10.0


class Death(msgspec.Struct, frozen=True):
    """What happened while a source was dead, and afterwards.

    `opened_after_s` is when the breaker opened, None when it did not; `complete_after_s` when the last answer came that lacked
    the orders, counted from when the source was back.
    """

    way: str
    requests: int
    calls: int
    opened_after_s: float | None
    complete_after_s: float
    p50_ms: float
    most_ms: float

    @property
    def share(self) -> float:
        return self.calls / self.requests

    def verdicts(self) -> list[tuple[str, bool]]:
        """What must hold, and whether it does."""
        return [
            (
                f"{self.way}: {self.calls:,} calls for {self.requests:,} requests ({self.share:.2%}), at most {MAX_CALLS:.0%}",
                self.share <= MAX_CALLS,
            ),
            (
                f"{self.way}: complete again {self.complete_after_s:.1f} s after it was back, at most {MAX_RECOVERY_S:.0f} s",
                self.complete_after_s <= MAX_RECOVERY_S,
            ),
        ]


class Trial(msgspec.Struct, frozen=True, kw_only=True):
    """For how long a source is dead, well before that, and watched afterwards; `orders` are further settings of it."""

    seconds: float
    callers: int
    well_s: float = 5.0
    watched_s: float = MAX_RECOVERY_S + 2
    customers: int = data.CUSTOMERS
    orders: str = ""


def measured(trial: Trial, ways: Sequence[str] = WAYS) -> list[Death]:
    """Raises `BenchError` when something is missing, or the gateway does not find the source back."""
    need_all(["gcc"])
    folder, cores = data.prepared(customers=trial.customers), chosen_cores()
    return [_death(way, trial, folder, cores) for way in ways]


def _death(way: str, trial: Trial, folder: Path, cores: Cores) -> Death:
    customers = rotating_variables(QUERY, trial.customers)
    bodies = [body(QUERY, GATEWAY_QUERIES[QUERY], variables) for variables in customers]
    with ExitStack() as stack:
        own = Path(stack.enter_context(TemporaryDirectory(prefix="bench-")))
        found = stack.enter_context(sources.served(folder, cores))
        (port,) = free_ports(1)
        known = Sources({**found.ports, "orders": port})
        settings = gateway.write_settings(own / "gateway.toml", known, deadline_ms=DEADLINE_MS, orders=trial.orders)
        served, process = stack.enter_context(gateway.started(settings, cores))
        make = states(folder, cores, port)
        with make["healthy"]():
            url = f"http://127.0.0.1:{served}/graphql"
            answers = stack.enter_context(asking(url, bodies, callers=trial.callers))
            time.sleep(trial.well_s)
            _await_complete(answers)
        died_s, ended_s = _held(make[way], trial.seconds)
        back_s, watched_s = _held(make["recovered"], trial.watched_s)
        seen = [one for one in answers if one.at_s <= watched_s]
        return _of(way, seen, _events(process), died_s, ended_s, back_s)


def _await_complete(answers: Sequence[Answer]) -> None:
    """Wait for the first complete answer: on a busy machine it takes longer than the sources are well."""
    end_s = time.monotonic() + MAX_START_S
    while not any(one.complete for one in answers) and time.monotonic() < end_s:
        time.sleep(0.1)


def _held(make: Callable[[], AbstractContextManager[Any]], seconds: float) -> tuple[float, float]:
    """Have a state for so long; when it began and ended."""
    with make():
        began_s = time.time()
        time.sleep(seconds)
        return began_s, time.time()


def _of(
    way: str, answers: Sequence[Answer], events: Sequence[dict[str, Any]], died_s: float, ended_s: float, back_s: float
) -> Death:
    if not any(one.complete for one in answers if one.at_s < died_s):
        raise BenchError("no answer is complete while all sources are well")
    if not answers[-1].complete:
        raise BenchError(f"{way}: answers are not complete some time after the source was back")
    meanwhile = [one for one in answers if died_s <= one.at_s <= ended_s]
    opened = [_time_s(one) for one in events if one["event"] == "breaker_opened"]
    return Death(
        way=way,
        requests=len(meanwhile),
        calls=sum(one["failed_calls"] for one in events if one["event"] == "source_recovered" and _time_s(one) > died_s),
        opened_after_s=opened[0] - died_s if opened else None,
        complete_after_s=max((one.at_s - back_s for one in answers if not one.complete), default=0.0),
        p50_ms=median(one.took_ms for one in meanwhile),
        most_ms=max(one.took_ms for one in meanwhile),
    )


def _events(process: Process) -> list[dict[str, Any]]:
    lines = [msgspec.json.decode(line) for line in process.said().splitlines() if line.startswith("{")]
    return [line for line in lines if line.get("source") == "orders"]


def _time_s(event: dict[str, Any]) -> float:
    return datetime.fromisoformat(event["timestamp"]).timestamp()
