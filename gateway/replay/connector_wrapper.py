"""Wrap a connector: the same lookups and aggregates, with a change to each call."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import msgspec

from connectors.contract import Aggregate, Answer, Ask, Connector, Keys, Lister, Listing, Lookup, Measure, Measured, PoolUsage
from connectors.inspection import MissingIndex
from connectors.record_fields import Fields
from connectors.records import Record


class ConnectorWrapper(Connector[Any]):
    """Passes everything through. Subclasses say what happens to a call."""

    def __init__(self, inner: Connector[Any]) -> None:
        super().__init__(inner.name, inner.settings)
        self.inner = inner
        self.any_case = inner.any_case
        self.birth_dates = inner.birth_dates

    async def open(self) -> None:
        await self.inner.open()

    async def aclose(self) -> None:
        await self.inner.aclose()

    def pool_usage(self) -> PoolUsage | None:
        return self.inner.pool_usage()

    def quota_left(self) -> int | None:
        return self.inner.quota_left()

    async def check(self) -> list[str]:
        return await self.inner.check()

    def absent_fields(self, record: type[Record]) -> frozenset[str]:
        return self.inner.absent_fields(record)

    def has_update_times(self, record: type[Record]) -> bool:
        return self.inner.has_update_times(record)

    async def missing_indexes(self) -> Sequence[MissingIndex]:
        return await self.inner.missing_indexes()

    def search_gaps(self) -> Sequence[str]:
        return self.inner.search_gaps()

    def links(self) -> Mapping[str, str]:
        return self.inner.links()

    def lookups(self) -> Sequence[Lookup]:
        return [msgspec.structs.replace(lookup, fetch=partial(self.fetched, lookup)) for lookup in self.inner.lookups()]

    def aggregates(self) -> Sequence[Aggregate]:
        return [
            msgspec.structs.replace(aggregate, measure=partial(self.measured, aggregate))
            for aggregate in self.inner.aggregates()
        ]

    def listings(self) -> Sequence[Lister]:
        return [msgspec.structs.replace(lister, fetch=partial(self.listed, lister)) for lister in self.inner.listings()]

    async def fetched(self, lookup: Lookup, keys: Keys, ask: Ask) -> Answer:
        return await lookup.fetch(keys, ask)

    async def measured(
        self, aggregate: Aggregate, keys: Keys, measures: Sequence[Measure], remaining_s: float | None = None
    ) -> Measured:
        return await aggregate.measure(keys, measures, remaining_s)

    async def listed(
        self, lister: Lister, fields: Fields, after: str | None, first: int, remaining_s: float | None = None
    ) -> Listing:
        return await lister.fetch(fields, after, first, remaining_s)
