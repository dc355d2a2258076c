"""Find clusters in the population of a gateway's sources."""

from __future__ import annotations

from collections.abc import Sequence

from connectors.errors import ConfigurationError
from connectors.suggestions import did_you_mean
from gateway.app import opened
from gateway.calibration.calibration_plan import Column
from gateway.calibration.clusters import Clustering, find_clusters
from gateway.calibration.population_sample import PopulationSample, Progress, fill_sample
from gateway.population.walk import BATCH
from gateway.services import Services
from gateway.tags.expressions.types import NUMBERS
from gateway.tags.fact_types import fact_types


async def cluster_customers(
    services: Services, names: Sequence[str], count: int | None, progress: Progress, batch: int = BATCH
) -> Clustering:
    """Walk over the population, and group it by facts of the pack: by all that are numbers where none is named.

    Raises `ConfigurationError` for a name of no such fact, and where there is too little to group.
    """
    facts = services.tags.pack.facts
    types = fact_types(facts)
    able = [name for name, type_ in types.items() if type_.type in NUMBERS]
    for name in names:
        if name not in able:
            wrong = f"'{name}' is {types[name].type}, not a number" if name in types else f"unknown fact '{name}'"
            raise ConfigurationError([f"--facts: {wrong}{did_you_mean(name, able)}"])
    now = services.clock.reference()
    sample = PopulationSample([Column(name, now) for name in (names or able)])
    async with opened(services):
        await fill_sample(services, sample, batch, progress, set(services.tags.pack.tags))
    matrix = sample.matrix()
    columns = {column.fact: matrix[:, place] for place, column in enumerate(sample.columns)}
    return find_clusters(columns, {name: facts[name].label for name in columns}, count)
