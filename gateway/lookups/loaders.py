"""The per-request face of lookups: loads that are waiting at the same time leave as one call.

A loader exists per source, lookup and ask, for one request. A failure is a value here, so one failed future never
poisons the others.
"""

from strawberry.dataloader import DataLoader

from connectors.contract import Aggregate, Ask, Lookup, Measure
from gateway.lookups.batching import MeasuresQuestion, Question, RecordsQuestion
from gateway.lookups.deadline import Deadline
from gateway.lookups.outcome import Outcome
from gateway.lookups.sources import Source


class Loaders:
    """Loaders of one request (or of one renewal in the background)."""

    def __init__(self, deadline: Deadline) -> None:
        self.deadline = deadline
        self._loaders: dict[tuple[Source, Question, bool], DataLoader[str, Outcome]] = {}

    async def fetch(self, source: Source, lookup: Lookup, key: str, ask: Ask, *, leading: bool = False) -> Outcome:
        """Records of one key. `leading`: others wait for them, and keep half of the time that is left."""
        return await self._loader(source, RecordsQuestion(lookup, ask), leading=leading).load(key)

    async def measure(self, source: Source, aggregate: Aggregate, key: str, measures: tuple[Measure, ...]) -> Outcome:
        """Measures over the records of one key."""
        return await self._loader(source, MeasuresQuestion(aggregate, measures)).load(key)

    def _loader(self, source: Source, question: Question, *, leading: bool = False) -> DataLoader[str, Outcome]:
        loader = self._loaders.get((source, question, leading))
        if loader is None:

            async def load(keys: list[str]) -> list[Outcome]:
                deadline = self.deadline.leading() if leading else self.deadline
                return await source.batching.ask(question, keys, deadline)

            loader = self._loaders[source, question, leading] = DataLoader(load_fn=load)
        return loader
