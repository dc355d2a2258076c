"""What metrics and traces cost: CPU of a request, on the gateway's own stage, in turn with a tree of before.

Metrics cannot be switched off, so what they cost is the difference to another working tree. Traces go to a collector that takes
all and keeps nothing.
"""

import random
import threading
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

import msgspec

from bench import data, gateway, sources
from bench.load import driven, warmed
from bench.processes import Process, chosen_cores, need_all
from bench.queries import GATEWAY_QUERIES, write_bodies

BEFORE, METRICS, TRACES = "before", "metrics", "metrics and traces at 1 %"
SAMPLE = 0.01
"""The share of requests that are traced."""
MAX_SHARES = {METRICS: 0.02, TRACES: 0.03}
"""What each way may cost at most, as a share of a request's CPU."""

_TRACES = """
[telemetry.traces]
endpoint = "{endpoint}"
sample = {sample}
"""


class Overhead(msgspec.Struct, frozen=True):
    """CPU of the gateway for a request in microseconds, by way and round."""

    query: str
    cpu_us: dict[str, list[float]]

    def shares(self, way: str) -> list[float]:
        """What a way costs more than the one that it is compared with, by round."""
        base = self.cpu_us[METRICS] if way == TRACES else self.cpu_us.get(BEFORE, self.cpu_us[METRICS])
        return [own / other - 1 for own, other in zip(self.cpu_us[way], base, strict=True)]

    def verdicts(self) -> list[tuple[str, bool]]:
        """What must hold, and whether it does."""
        shares = {way: median(self.shares(way)) for way in MAX_SHARES if way != METRICS or BEFORE in self.cpu_us}
        return [
            (f"{self.query}: {way} cost {share:.1%} of CPU, at most {MAX_SHARES[way]:.0%}", share <= MAX_SHARES[way])
            for way, share in shares.items()
        ]


def measured(query: str, *, rounds: int, seconds: int, callers: int, before: Path | None) -> Overhead:
    """Raises `BenchError` when something is missing, or a request fails."""
    need_all(["gcc", "wrk"])
    cores = chosen_cores()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="bench-")))
        found = stack.enter_context(sources.served(data.prepared(), cores))
        lines = write_bodies(folder / "lines.txt", query, GATEWAY_QUERIES[query])
        endpoint = stack.enter_context(_collector())
        plain = gateway.write_settings(folder / "plain.toml", found)
        started: dict[str, tuple[int, Process]] = {}
        if before is not None:
            started[BEFORE] = stack.enter_context(gateway.started(plain, cores, before))
        started[METRICS] = stack.enter_context(gateway.started(plain, cores))
        traced = folder / "traced.toml"
        traced.write_text(plain.read_text("utf-8") + _TRACES.format(endpoint=endpoint, sample=SAMPLE), "utf-8")
        started[TRACES] = stack.enter_context(gateway.started(traced, cores))
        urls = {way: f"http://127.0.0.1:{port}/graphql" for way, (port, _) in started.items()}
        for url in urls.values():
            warmed(url, lines, callers=callers, seconds=3, cores=cores)
        cpu_us: dict[str, list[float]] = {way: [] for way in started}
        for order in _orders(list(started), rounds):
            for way in order:
                process = started[way][1]
                used_s = process.cpu_s()
                requests = driven(urls[way], lines, callers=callers, seconds=seconds, cores=cores).requests
                cpu_us[way].append((process.cpu_s() - used_s) / requests * 1e6)
        return Overhead(query, cpu_us)


def _orders(ways: Sequence[str], rounds: int) -> Iterator[list[str]]:
    draw = random.Random(1)
    for _ in range(rounds):
        yield draw.sample(ways, len(ways))


class _Taker(BaseHTTPRequestHandler):
    """Takes what is posted."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        """Say that all is well."""
        self.rfile.read(int(self.headers["content-length"]))
        self.send_response(200)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  its name in the library
        """Say nothing."""


@contextmanager
def _collector() -> Iterator[str]:
    """Take spans on a free port; its address."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Taker)
    server.daemon_threads = True
    serving = threading.Thread(target=server.serve_forever)
    serving.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/v1/traces"
    finally:
        server.shutdown()
        serving.join()
        server.server_close()
