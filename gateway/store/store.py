"""The store of a worker: one client, its collections."""

from gateway.clock import Clock
from gateway.store.leases import Leases
from gateway.store.mongo import Mongo, MongoSettings
from gateway.store.tags import TagCollection


class Store:
    """Opened and closed with the worker."""

    def __init__(self, settings: MongoSettings, clock: Clock) -> None:
        self.mongo = Mongo(settings, clock)
        self.tags = TagCollection(self.mongo, clock)
        self.leases = Leases(self.mongo, clock)

    async def open(self) -> None:
        await self.mongo.open()

    async def aclose(self) -> None:
        await self.mongo.aclose()
