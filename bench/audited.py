"""What the audit costs: CPU of a request over the usual four sources, in many short turns without and with it."""

import time
from contextlib import ExitStack
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

import msgspec

from bench import data, gateway, sources
from bench.fairness import run_load
from bench.open_loop import PAGE, Load
from bench.processes import Cores, chosen_cores, need_all
from bench.queries import GATEWAY_QUERIES, write_bodies
from bench.tagged import serve_mongodb
from bench.turns import TurnCosts, answering_turns, measure_cpu
from gateway.audit.spool import Spool

WITHOUT, AUDITED = "without", "audited"
CALLERS = 20
WARM_UP = 5_000
"""Requests before the first turn."""
MAX_SHARE = 0.02
"""What the audit may cost at most, as a share of a request's CPU."""

_AUDIT = """
[audit]
key = "a key of links that is long enough to be one"
spool = "{spool}"
"""


class Latency(msgspec.Struct, frozen=True):
    """Times of requests that come when they come, in milliseconds, by way and round."""

    rate: float
    p50_ms: dict[str, list[float]]
    p99_ms: dict[str, list[float]]

    def describe_way(self, way: str) -> str:
        """Write the median of the rounds as a line."""
        p99_ms = self.p99_ms[way]
        spread = f"{min(p99_ms):.1f} to {max(p99_ms):.1f}"
        return f"{way}: p50 {median(self.p50_ms[way]):.1f} ms, p99 {median(p99_ms):.1f} ms ({spread}) at {self.rate:.0f}/s"


class AuditCosts(TurnCosts, frozen=True):
    """CPU of a request by whether it is audited. What writes its entries in a thread is in it."""

    latency: Latency

    @property
    def share(self) -> float:
        """What the audit costs more."""
        return self.undisturbed_us(AUDITED) / self.undisturbed_us(WITHOUT) - 1

    def verdicts(self) -> list[tuple[str, bool]]:
        """What must hold, and whether it does."""
        return [(f"{self.query}: the audit costs {self.share:.1%} of CPU, at most {MAX_SHARE:.0%}", self.share <= MAX_SHARE)]


def audit_table(spool: Path) -> str:
    """Write the settings of an audit with this spool."""
    return _AUDIT.format(spool=spool)


def measured(query: str, *, rounds: int, requests: int, rate: float, seconds: int) -> AuditCosts:
    """Raises `BenchError` when something is missing, or a request fails. Latency is that of Q1, in a tenth as many rounds."""
    need_all(["gcc"])
    cores = chosen_cores()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="bench-")))
        found = stack.enter_context(sources.served(data.prepared(), cores))
        uri = stack.enter_context(serve_mongodb(cores))
        lines = write_bodies(folder / "lines.txt", query, GATEWAY_QUERIES[query])
        plain = gateway.write_settings(folder / "plain.toml", found, mongodb=uri)
        audited, spool = folder / "audited.toml", folder / "spool"
        spool.mkdir(mode=0o700)
        audited.write_text(plain.read_text("utf-8") + audit_table(spool), "utf-8")
        ways = {WITHOUT: plain, AUDITED: audited}
        latency = _measure_latency(ways, cores, rounds=max(3, rounds // 10), rate=rate, seconds=seconds)
        # A process of its own delivers where the gateway is served, and is no part of this one.
        while Spool(spool).lock_delivery() is None:
            time.sleep(0.1)
        turns = {
            way: stack.enter_context(answering_turns(settings, lines, gateway.TREE, cores.server))
            for way, settings in ways.items()
        }
        return AuditCosts(query, measure_cpu(turns, warm_up=WARM_UP, rounds=rounds, requests=requests), latency)


def _measure_latency(ways: dict[str, Path], cores: Cores, *, rounds: int, rate: float, seconds: int) -> Latency:
    """Have requests come when they come, to one way after the other."""
    keys = [f"k{number}" for number in range(CALLERS)]
    latency = Latency(rate, {way: [] for way in ways}, {way: [] for way in ways})
    with ExitStack() as stack:
        ports = {way: stack.enter_context(gateway.served(settings, cores)) for way, settings in ways.items()}
        for number in range(rounds + 1):
            for way, port in ports.items():
                report = run_load(Load(port, seconds, {PAGE: keys}, {PAGE: rate}, number), cores)
                times = sorted(report.took_ms)
                if number and times:  # the first round warms up
                    latency.p50_ms[way].append(times[len(times) // 2])
                    latency.p99_ms[way].append(times[int(len(times) * 0.99)])
    return latency
