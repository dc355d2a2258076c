"""Everything that is measured, up and checked: the sources, the gateway, the peers, and the bodies that they are sent."""

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench import data, equality, gateway, peers, sources
from bench.load import Figures, driven, warmed
from bench.processes import BenchError, Cores, chosen_cores, free_ports, need_all, running
from bench.queries import queries_of, write_bodies
from bench.sources import Sources

SMALLER = 0.95
"""An answer under load may have other headers, but not so much less than this share of what was checked."""


@dataclass(frozen=True)
class Stage:
    folder: Path
    cores: Cores
    sources: Sources
    urls: dict[str, str]
    sizes: dict[str, dict[str, float]]
    """Mean size of a right answer in bytes, by server and query."""

    def warmed(self, server: str, query: str, *, callers: int, seconds: int) -> None:
        warmed(self.urls[server], self._lines(server, query), callers=callers, seconds=seconds, cores=self.cores)

    def driven(self, server: str, query: str, *, callers: int, seconds: int) -> Figures:
        """Raises `BenchError` when answers fail, or are smaller than right ones: then something is missing in them."""
        figures = driven(self.urls[server], self._lines(server, query), callers=callers, seconds=seconds, cores=self.cores)
        if figures.bytes < SMALLER * self.sizes[server][query]:
            raise BenchError(f"{server}, {query}: answers under load are smaller than right ones")
        return figures

    def _lines(self, server: str, query: str) -> Path:
        return self.folder / f"{'gateway' if server == 'gateway' else 'peers'}-{query}.txt"


@contextmanager
def staged(servers: Sequence[str], queries: Sequence[str]) -> Iterator[Stage]:
    """Raises `BenchError` when something is missing, does not start, or answers differently."""
    nodes = [name for name in servers if name in {"apollo", "mercurius"}]
    need_all(["gcc", "wrk", *(["node", "npm"] if nodes else [])])
    if nodes:
        peers.install()
    data_folder = data.prepared()
    cores = chosen_cores()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bench-")))
        found = stack.enter_context(sources.served(data_folder, cores))
        urls = {}
        for name in servers:
            if name == "gateway":
                port = stack.enter_context(gateway.served(gateway.write_settings(folder / "gateway.toml", found), cores))
            else:
                (port,) = free_ports(1)
                words, url = peers.command(name, port), f"http://127.0.0.1:{port}/graphql"
                environment = {**found.environment, "NODE_ENV": "production"}
                stack.enter_context(running(name, words, url, core=cores.server, environment=environment))
            urls[name] = f"http://127.0.0.1:{port}/graphql"
        expected = equality.Expected(data_folder)
        sizes = {name: equality.check(name, url, expected, queries) for name, url in urls.items()}
        for who in ("gateway", "peers"):
            for query in queries:
                write_bodies(folder / f"{who}-{query}.txt", query, queries_of(who)[query])
        yield Stage(folder, cores, found, urls, sizes)
