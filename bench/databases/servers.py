"""The servers under test: each is started in production mode, and asked once its answers are right."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from bench import gateway
from bench.databases import peers
from bench.databases.answers import compare_answers
from bench.databases.comparison import Lane
from bench.databases.queries import CUSTOMERS, text_of, write_requests
from bench.processes import Cores, Process, free_ports, running

_PRODUCTION = {"NODE_ENV": "production", "GRAPHILE_ENV": "production"}


class Server(NamedTuple):
    """A server that runs: where it answers, and its process."""

    url: str
    process: Process


@contextmanager
def serve(name: str, settings: Path, database: str, cores: Cores, before: Path | None = None) -> Iterator[Server]:
    """Serve the gateway by its settings, also as it was `before` in another tree, or a peer over a database."""
    if name in {"gateway", "before"}:
        with gateway.started(settings, cores, before if before and name == "before" else gateway.TREE) as (port, process):
            yield Server(f"http://127.0.0.1:{port}/graphql", process)
        return
    (port,) = free_ports(1)
    url, environment = f"http://127.0.0.1:{port}/graphql", {"BENCH_DATABASE": database, **_PRODUCTION}
    with running(name, peers.command(name, port), url, core=cores.server, environment=environment) as process:
        yield Server(url, process)


def checked_lanes(query: str, servers: dict[str, Server], folder: Path, customers: int = CUSTOMERS) -> dict[str, Lane]:
    """Give the lanes of a query. Raises `BenchError` when an answer differs."""
    sizes = compare_answers({name: server.url for name, server in servers.items()}, query, customers)
    found = {}
    for name, server in servers.items():
        lines = write_requests(folder / f"{name}-{query}.txt", text_of(name, query), query, customers)
        found[name] = Lane(*server, lines, sizes[name])
    return found
