"""The store of a worker: one client, its collections."""

from functools import cached_property

from gateway.clock import Clock
from gateway.settings import MongoSettings
from gateway.store.identity_components import ComponentCollection
from gateway.store.leases import Leases
from gateway.store.mongo import Mongo
from gateway.store.store_statistics import StoreStatistics
from gateway.store.tags import TagCollection


class Store:
    """The store of tags, opened and closed with the worker. Raises `ConfigurationError` for an address that cannot be read."""

    def __init__(self, settings: MongoSettings, clock: Clock) -> None:
        self.mongo = Mongo(settings, clock)
        self._clock = clock
        self.tags = TagCollection(self.mongo, clock)
        self.leases = Leases(self.mongo, clock)

    @cached_property
    def components(self) -> ComponentCollection:
        """What is known of customers of several sources. It has its indexes once it is used."""
        return ComponentCollection(self.mongo, self._clock)

    @property
    def timeout_s(self) -> float:
        """How long an operation may take."""
        return self.mongo.timeout_s

    @property
    def available(self) -> bool:
        """Tell whether the last contact was good."""
        return self.mongo.available

    @property
    def statistics(self) -> StoreStatistics:
        """Count the operations."""
        return self.mongo.statistics

    async def open(self) -> None:
        await self.mongo.open()

    async def aclose(self) -> None:
        await self.mongo.aclose()
