"""The per-request face of lookups: loads that are waiting at the same time leave as one call.

A loader exists per source, lookup and ask, for one request. A failure is a value here, so one failed future never
poisons the others.
"""

from collections.abc import Callable, Hashable
from functools import partial
from typing import Any

from strawberry.dataloader import DataLoader

from connectors.contract import Aggregate, Ask, Lookup, Measure
from gateway.lookups.deadline import Deadline
from gateway.lookups.outcome import Outcome
from gateway.lookups.sources import Source


class Loaders:
    """Loaders of one request (or of one renewal in the background)."""

    def __init__(self, deadline: Deadline) -> None:
        self.deadline = deadline
        self._loaders: dict[Hashable, DataLoader[str, Outcome]] = {}

    async def fetch(self, source: Source, lookup: Lookup, key: str, ask: Ask, *, leading: bool = False) -> Outcome:
        """Records of one key. `leading`: others wait for them, and keep half of the time that is left."""

        async def call(keys: list[str]) -> list[Outcome]:
            deadline = self.deadline.leading() if leading else self.deadline
            return await source.boundary.fetch(lookup, keys, ask, deadline)

        return await self._loader((source, lookup.record, lookup.by, ask), call, lookup.max_batch).load(key)

    async def measure(self, source: Source, aggregate: Aggregate, key: str, measures: tuple[Measure, ...]) -> Outcome:
        """Measures over the records of one key."""
        call = partial(source.boundary.measure, aggregate, measures=measures, deadline=self.deadline)
        return await self._loader((source, aggregate.record, aggregate.by, measures), call, aggregate.max_batch).load(key)

    def _loader(self, name: Hashable, call: Callable[..., Any], max_batch: int) -> DataLoader[str, Outcome]:
        loader = self._loaders.get(name)
        if loader is None:
            loader = self._loaders[name] = DataLoader(load_fn=call, max_batch_size=max_batch)
        return loader
