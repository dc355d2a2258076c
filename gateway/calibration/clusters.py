"""Group customers by k-means over their facts, and describe each group."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray
from sklearn.cluster import KMeans
from sklearn.metrics import silhouette_score

from connectors.errors import ConfigurationError

Numbers = NDArray[np.float64]

MIN_PER_CLUSTER = 50
"""So many customers are needed for each cluster that is asked for."""

TRIED = range(2, 9)
"""How many clusters are tried where nobody says how many."""

MAX_JUDGED = 3_000
"""So many customers are looked at to tell how well the clusters are apart: it takes their square."""

SKEWED = 1.0
"""Facts with a larger skewness, and nothing below 0, are taken by their logarithm: else a few large customers are a cluster."""

DIFFERS, DIFFERS_MUCH = 0.4, 1.0
"""By so many standard deviations the mean of a cluster differs from that of all where it is worth a word."""


class FactInCluster(msgspec.Struct, frozen=True):
    """The median of a fact in a cluster and in all. `distance` is that of the means, in standard deviations."""

    label: str
    median: float
    median_of_all: float
    distance: float


class ClusterDescription(msgspec.Struct, frozen=True):
    """A cluster: how many customers it has, and its facts, those first by which it differs most."""

    customers: int
    share: float
    facts: list[FactInCluster]

    def words(self) -> str:
        """Describe the cluster by the facts in which it differs."""
        told = [_words_of(fact) for fact in self.facts if abs(fact.distance) >= DIFFERS]
        return "; ".join(told) or "as all customers are"


class Clustering(NamedTuple):
    """Clusters, the largest first. `separation` is their mean silhouette: 1 is far apart, 0 is touching."""

    clusters: list[ClusterDescription]
    separation: float
    left_out: int


def find_clusters(columns: Mapping[str, Numbers], labels: Mapping[str, str], count: int | None) -> Clustering:
    """Group customers by their facts, by name (NaN or infinite: without a known value, which leaves a customer out).

    Without a `count` that number is taken whose clusters are the farthest apart. Raises `ConfigurationError` for too few
    customers, or facts that all have alike.
    """
    table = np.column_stack([*columns.values()])
    known = table[np.isfinite(table).all(axis=1)]
    needed = MIN_PER_CLUSTER * (count or TRIED.stop - 1)
    if len(known) < needed:
        words = f"{len(known):,} customers have a value of each fact, {needed:,} are needed; ask for fewer clusters or facts"
        raise ConfigurationError([f"clusters: {words}"])
    scaled = np.column_stack([_scale(name, column) for name, column in zip(columns, known.T, strict=True)])
    judged = np.random.default_rng(0).permutation(len(scaled))[:MAX_JUDGED]
    tried = [_group(scaled, judged, number) for number in (TRIED if count is None else [count])]
    groups, separation = max(tried, key=lambda found: found[1])
    names = [labels[name] for name in columns]
    described = [_describe(known, scaled, groups == number, names) for number in range(int(groups.max()) + 1)]
    return Clustering(sorted(described, key=lambda own: -own.customers), separation, len(table) - len(known))


def _group(scaled: Numbers, judged: NDArray[np.int64], count: int) -> tuple[NDArray[np.int64], float]:
    groups = KMeans(n_clusters=count, n_init=5, random_state=0).fit_predict(scaled)
    is_several = len(np.unique(groups[judged])) > 1
    separation = float(silhouette_score(scaled[judged], groups[judged])) if is_several else 0.0
    return np.asarray(groups, dtype=np.int64), separation


def _scale(name: str, column: Numbers) -> Numbers:
    """Bring a fact to mean 0 and standard deviation 1."""
    deviation = float(column.std())
    if not deviation:
        raise ConfigurationError([f"clusters: all customers have the same {name}; leave it out"])
    skewness = float((((column - column.mean()) / deviation) ** 3).mean())
    values = np.log1p(column) if skewness > SKEWED and column.min() >= 0 else column
    return np.asarray((values - values.mean()) / values.std(), dtype=np.float64)


def _describe(known: Numbers, scaled: Numbers, is_in: NDArray[np.bool_], names: Sequence[str]) -> ClusterDescription:
    facts = [
        FactInCluster(
            name,
            float(np.median(known[is_in, place])),
            float(np.median(known[:, place])),
            float(scaled[is_in, place].mean()),
        )
        for place, name in enumerate(names)
    ]
    size = int(is_in.sum())
    return ClusterDescription(size, size / len(known), sorted(facts, key=lambda fact: -abs(fact.distance)))


def _words_of(fact: FactInCluster) -> str:
    much = "very " if abs(fact.distance) >= DIFFERS_MUCH else ""
    word = "high" if fact.distance > 0 else "low"
    return f"{fact.label} {much}{word} (median {fact.median:,.6g}, of all {fact.median_of_all:,.6g})"
