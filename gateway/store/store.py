"""The store of a worker: one client, its collections."""

from collections.abc import Callable, Iterable, Sequence

from gateway.clock import Clock
from gateway.identity.records import RecordId
from gateway.settings import MongoSettings
from gateway.store.api_keys import ApiKeyCollection
from gateway.store.audit_accesses import AuditAccesses
from gateway.store.audit_links import AuditLinkCollection
from gateway.store.audit_people import AuditPeopleCollection
from gateway.store.collection import CustomerCollection
from gateway.store.customer_changes import CustomerChangeLog
from gateway.store.deliveries import DeliveryCollection
from gateway.store.erasures import ErasureCollection
from gateway.store.identity_components import ComponentCollection
from gateway.store.identity_log import IdentityLog
from gateway.store.leases import Leases
from gateway.store.log_replica import LogReplica
from gateway.store.mongo import Mongo
from gateway.store.outcomes import OutcomeCollection
from gateway.store.quota_shares import QuotaShares
from gateway.store.revoked_tokens import RevokedTokenCollection
from gateway.store.segment_counts import SegmentCounts
from gateway.store.segment_lists import SegmentLists
from gateway.store.segment_members import SegmentMembers
from gateway.store.shared_keys import SharedKeyCollection
from gateway.store.stale_keys import StaleKeys
from gateway.store.store_statistics import StoreStatistics
from gateway.store.tag_usage import TagUsageCollection
from gateway.store.tags import TagCollection
from gateway.store.tombstones import TombstoneCollection


class Store:
    """The store of tags and links, opened and closed with the worker.

    Raises `ConfigurationError` for an address that cannot be read.
    """

    def __init__(self, settings: MongoSettings, clock: Clock) -> None:
        self.mongo = Mongo(settings, clock)
        self.tags = TagCollection(self.mongo, clock)
        self.identity_log = IdentityLog(self.mongo)
        self.decisions = LogReplica(self.identity_log, clock)
        self.components = ComponentCollection(self.mongo, clock)
        self.shared_keys = SharedKeyCollection(self.mongo, clock)
        self.api_keys = ApiKeyCollection(self.mongo)
        self.revoked_tokens = RevokedTokenCollection(self.mongo)
        self.leases = Leases(self.mongo, clock)
        self.quota_shares = QuotaShares(self.mongo)
        self.audit_links = AuditLinkCollection(self.mongo)
        self.audit_people = AuditPeopleCollection(self.mongo)
        self.tombstones = TombstoneCollection(self.mongo)
        self.erasures = ErasureCollection(self.mongo)
        self.audit_accesses = AuditAccesses(self.mongo)
        self.tag_usage = TagUsageCollection(self.mongo)
        self.segment_members = SegmentMembers(self.mongo)
        self.segment_counts = SegmentCounts(self.mongo, self.segment_members, clock)
        self.segment_lists = SegmentLists(self.mongo, clock)
        self.deliveries = DeliveryCollection(self.mongo)
        self.outcomes = OutcomeCollection(self.mongo)
        self.stale_keys = StaleKeys(self.mongo, clock)
        self.customer_changes = CustomerChangeLog(self.mongo, clock)
        self.collections: Sequence[CustomerCollection] = [
            self.tags,
            self.identity_log,
            self.components,
            self.shared_keys,
            self.leases,
            self.quota_shares,
            self.audit_people,
            self.segment_lists,
            self.deliveries,
            self.outcomes,
            self.customer_changes,
        ]
        """All that is stored of customers."""

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

    async def forget(self, records: Iterable[RecordId]) -> dict[str, int]:
        """Erase all that is stored of these records. Gives the number of documents by collection. Raises `StoreError`."""
        erased = [*records]
        return {collection.name: await collection.forget(erased) for collection in self.collections}

    def withhold(self, withholds: Callable[[str], bool] | None) -> None:
        """Store nothing of the customers of whom this is true, by the ids of their member sets. With None all is stored."""
        self.tags.withholds = self.leases.withholds = self.identity_log.withholds = withholds
        self.deliveries.withholds = self.outcomes.withholds = self.customer_changes.withholds = withholds

    async def open(self) -> None:
        await self.mongo.open()

    async def aclose(self) -> None:
        await self.decisions.aclose()
        await self.mongo.aclose()
