"""How fast the gateway is beside its peers: interleaved rounds, medians, and ratios within a round."""

import random
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import median

from bench.load import Figures, driven
from bench.stage import Stage

FLOORS = {
    "Q1": {"strawberry": 20.0, "apollo": 7.0, "mercurius": 2.0, "rest": 2.8},
    "Q2": {"strawberry": 10.0, "apollo": 2.5, "mercurius": 1.2, "rest": 2.5},
    "Q3": {"strawberry": 40.0, "apollo": 10.0, "mercurius": 3.2, "rest": 3.0},
}
"""How many times as fast as each peer the gateway is to be, by query, with 32 callers."""
ONE_CALLER_FLOORS = {"Q1": {"mercurius": 1.0, "rest": 1.15}}

_ALONE = {
    "crm": "/crm/customers?ids=c00042",
    "orders": "/orders/by-customer?ids=c00042&limit=20",
    "tickets": "/support/by-customer?ids=c00042&limit=10",
    "events": "/behaviour/events?ids=c00042&limit=20",
}
"""The calls that one Q1 makes."""


@dataclass
class Measured:
    """The rounds of one query at one number of callers."""

    query: str
    callers: int
    rounds: dict[str, list[Figures]] = field(default_factory=lambda: defaultdict(list))
    calls: list[dict[str, float]] = field(default_factory=list)
    """Calls to each source for a request to the gateway, by round."""

    def median(self, server: str, figure: str) -> float:
        return float(median(getattr(one, figure) for one in self.rounds[server]))

    def ratios(self, peer: str) -> list[float]:
        """The gateway's requests per second over the peer's, by round; none beside itself, or where one was not driven."""
        if peer == "gateway" or not {peer, "gateway"} <= self.rounds.keys():
            return []
        return [ours.rps / theirs.rps for ours, theirs in zip(self.rounds["gateway"], self.rounds[peer], strict=True)]

    def calls_per_request(self) -> dict[str, float]:
        return {kind: median(one[kind] for one in self.calls) for kind in self.calls[0]}


def compared(
    stage: Stage, wanted: Sequence[tuple[str, int]], *, rounds: int, seconds: int, warm_up: int, seed: int = 1
) -> list[Measured]:
    """Each query at each number of callers. In a round each server has its turn, in random order: a noisy minute hits all."""
    order, draw = list(stage.urls), random.Random(seed)
    found = [Measured(query, callers) for query, callers in wanted]
    for _ in range(rounds):
        for one in found:
            draw.shuffle(order)
            for server in order:
                stage.warmed(server, one.query, callers=one.callers, seconds=warm_up)
                before = stage.sources.calls()
                figures = stage.driven(server, one.query, callers=one.callers, seconds=seconds)
                one.rounds[server].append(figures)
                if server == "gateway":
                    after = stage.sources.calls()
                    one.calls.append({kind: (after[kind] - before[kind]) / figures.requests for kind in after})
    return found


def slowest_source(stage: Stage, *, seconds: int) -> tuple[str, float]:
    """The source that takes longest for what Q1 asks of it, alone and with one caller, and its median in milliseconds."""
    found = {}
    for kind, path in _ALONE.items():
        lines = stage.folder / f"source-{kind}.txt"
        lines.write_text(path + "\n")
        found[kind] = driven(stage.sources.url(kind), lines, callers=1, seconds=seconds, cores=stage.cores).p50_ms
    slowest = max(found, key=lambda kind: found[kind])
    return slowest, found[slowest]
