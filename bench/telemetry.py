"""What metrics and traces cost: CPU of a request over the usual four sources, in many short turns with a tree of before.

Metrics cannot be switched off, so what they cost is the difference to another working tree. Traces go to a collector that takes
all and keeps nothing.
"""

from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory

from bench import data, gateway, sources
from bench.local_http import QuietHandler, serving
from bench.processes import chosen_cores, need_all
from bench.queries import GATEWAY_QUERIES, write_bodies
from bench.turns import TurnCosts, answering_turns, measure_cpu

BEFORE, METRICS, TRACES = "before", "metrics", "metrics and traces at 1 %"
SAMPLE = 0.01
"""The share of requests that are traced."""
WARM_UP = 5_000
"""Requests before the first turn."""
MAX_SHARES = {METRICS: 0.02, TRACES: 0.03}
"""What each way may cost at most, as a share of a request's CPU."""

_TRACES = """
[telemetry.traces]
endpoint = "{endpoint}"
sample = {sample}
"""


class Overhead(TurnCosts, frozen=True):
    """CPU of a request by what is told of it."""

    def share(self, way: str) -> float:
        """What a way costs more than the one that it is compared with."""
        base = METRICS if way == TRACES or BEFORE not in self.cpu_us else BEFORE
        return self.undisturbed_us(way) / self.undisturbed_us(base) - 1

    def verdicts(self) -> list[tuple[str, bool]]:
        """What must hold, and whether it does."""
        shares = {way: self.share(way) for way in MAX_SHARES if way != METRICS or BEFORE in self.cpu_us}
        return [
            (f"{self.query}: {way} cost {share:.1%} of CPU, at most {MAX_SHARES[way]:.0%}", share <= MAX_SHARES[way])
            for way, share in shares.items()
        ]


def measured(query: str, *, rounds: int, requests: int, before: Path | None) -> Overhead:
    """Raises `BenchError` when something is missing, or a request fails."""
    need_all(["gcc"])
    cores = chosen_cores()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="bench-")))
        found = stack.enter_context(sources.served(data.prepared(), cores))
        lines = write_bodies(folder / "lines.txt", query, GATEWAY_QUERIES[query])
        endpoint = f"{stack.enter_context(serving(_Taker))}/v1/traces"
        plain = gateway.write_settings(folder / "plain.toml", found)
        traced = folder / "traced.toml"
        traced.write_text(plain.read_text("utf-8") + _TRACES.format(endpoint=endpoint, sample=SAMPLE), "utf-8")
        ways = {METRICS: (plain, gateway.TREE), TRACES: (traced, gateway.TREE)}
        if before is not None:
            ways = {BEFORE: (plain, before), **ways}
        turns = {
            way: stack.enter_context(answering_turns(settings, lines, tree, cores.server))
            for way, (settings, tree) in ways.items()
        }
        return Overhead(query, measure_cpu(turns, warm_up=WARM_UP, rounds=rounds, requests=requests))


class _Taker(QuietHandler):
    """Takes what is posted."""

    def do_POST(self) -> None:  # noqa: N802  its name in the library
        """Say that all is well."""
        self.rfile.read(int(self.headers["content-length"]))
        self.send_response(200)
        self.send_header("content-length", "0")
        self.end_headers()
