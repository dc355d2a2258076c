"""Keep what walks have found, behind their answers, so that later ones begin with it.

Only walks that could ask for all keys are kept. What is older than half of its time, or was found to be outdated, is walked
anew from nothing, and that takes the place of what was stored. Nobody waits for it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from datetime import timedelta

import structlog

from connectors.contract import KeyKind
from connectors.record_fields import Fields
from gateway.clock import Clock
from gateway.errors import StoreError
from gateway.identity.records import Key, RecordId, stated_id
from gateway.identity.stored_components import ComponentStore, KeyDigests, StoredComponent
from gateway.identity.tombstones import TombstoneTable
from gateway.lookups.loaders import Loaders
from gateway.lookups.store_reads import StoreBatch, StoreReads
from gateway.stitching.customer_sources import CustomerSources
from gateway.stitching.customer_walk import CustomerWalk
from gateway.stitching.log_reader import LogReader
from gateway.stitching.shared_keys import SharedKeys
from gateway.stitching.shared_log import SharedLog
from gateway.stitching.stored_evidence import Conclusion, StoredEvidence
from gateway.stitching.walk_turns import walk_all

KEEP_S = 2.0
"""For how long a worker gives what it has read again without asking MongoDB."""

MAX_QUEUED = 1_000
"""How many walks wait to be kept, and how many to be walked anew. Those beyond are left to later requests."""

MAX_CONCLUSIONS = 2_000
"""Of how many stored components it is kept in memory what follows from them. Each takes about 4 KB."""

MAX_AT_ONCE = 20
"""How many customers are walked anew together."""

PAUSE_S = 0.1
"""How long no walk is taken up anew after some were: requests come first."""

Batches = Mapping[str, StoreBatch[Sequence[StoredComponent]]]
log = structlog.get_logger()


class KnownCustomers:
    """What is stored of customers, for all requests of a worker. `new_loaders` is for work outside a request."""

    def __init__(
        self,
        store: ComponentStore,
        decisions: SharedLog,
        shared_keys: SharedKeys,
        customers: CustomerSources,
        clock: Clock,
        secret: str,
        max_age: timedelta,
        new_loaders: Callable[[], Loaders],
    ) -> None:
        self._digests = KeyDigests(secret, customers.fingerprint)
        self.digest = self._digests.of
        self.shared_keys = shared_keys
        self._store = store
        self._decisions = decisions
        self._customers = customers
        self._clock = clock
        self._max_age = max_age
        self._new_loaders = new_loaders
        self._reads: StoreReads[Sequence[StoredComponent]] = StoreReads(self._read, clock, KEEP_S)
        self._conclusions: dict[str, Conclusion] = {}
        self._walked: dict[Key, CustomerWalk] = {}
        self._again: dict[Key, None] = {}
        self._keeping: asyncio.Task[None] | None = None
        self._is_closing = False
        self.erased: TombstoneTable | None = None
        """The tombstones of those of whom nothing is kept."""

    def enqueue(self, walks: Sequence[CustomerWalk]) -> Batches:
        """Read what is stored of those whom the walks begin with. Nothing is waited for."""
        return self._reads.enqueue([self.digest(walk.began_with) for walk in walks])

    def is_here(self, batches: Batches) -> bool:
        """Tell whether it has been read."""
        return all(batch.done.done() for batch in batches.values())

    async def wait_for(self, batches: Batches, patience_s: float) -> None:
        """Wait until it has been read, unless that takes too long."""
        await self._reads.wait_for(batches, min(patience_s, self._store.timeout_s))

    def remind(self, walks: Sequence[CustomerWalk], batches: Batches) -> None:
        """Have walks go on with what has been read."""
        for walk in walks:
            digest = self.digest(walk.began_with)
            components = batches[digest].values.get(digest)
            if components:
                evidence = StoredEvidence(components, self.digest)
                evidence.conclusion = self._conclusions.get(evidence.version)
                walk.remember(evidence)

    def note(self, walks: Sequence[CustomerWalk]) -> None:
        """Take note of walks that have ended: of new ones what they found, of others whether what is stored is outdated."""
        walks = self._without_erased(walks)
        self.shared_keys.note(walks)
        due = self._clock.now() - self._max_age / 2
        for walk in walks:
            evidence = walk.evidence
            if evidence is None:
                if walk.members and not walk.failures and len(self._walked) < MAX_QUEUED:
                    self._walked[walk.began_with] = walk
            elif evidence.is_outdated or evidence.walked_at < due:
                known = next((id_ for id_ in walk.members if id_ in evidence.records), next(iter(evidence.records)))
                self._walk_again(stated_id(known))
            elif walk.concluded is None and (conclusion := walk.conclude()) is not None:
                self._remember(evidence.version, conclusion)
        self._keep_on()

    async def drop(self, keys: Collection[Key]) -> None:
        """Find the customers with these keys anew, and forget what was stored of them and of all who have a key of theirs.

        An id is a key as others state it. Raises `StoreError`; then some of it is still stored.
        """
        walks = await self._walk_all(keys)
        digests = {self.digest(key) for walk in walks for key in walk.known_keys}
        await self._store.drop(digests)
        self._reads.outdate_where(lambda stored: any(not digests.isdisjoint(own.keys) for own in stored))
        await self._write(walks)
        self._keep_on()

    def outdate_where(self, concerns: Callable[[str], bool]) -> None:
        """Read again what is stored of all with such a digest: another worker has dropped it."""
        self._reads.outdate([*filter(concerns, self._reads.keys)])
        self._reads.outdate_where(lambda stored: any(concerns(digest) for own in stored for digest in own.keys))

    async def drop_records(self, records: Collection[RecordId]) -> None:
        """Forget what is stored of these records, and find their customers anew behind it.

        Raises `StoreError`; then it is still stored.
        """
        await self._forget(records)
        for record in records:
            self._walk_again(stated_id(record))
        self._keep_on()

    async def _forget(self, records: Collection[RecordId]) -> None:
        await self._store.forget(records)
        forgotten = {*records}
        self._reads.outdate(self.digest(stated_id(record)) for record in records)
        self._reads.outdate_where(lambda stored: any(not forgotten.isdisjoint(own.records) for own in stored))

    async def clear_cache(self) -> None:
        """Forget what was read, found and concluded, and wait for what is being written."""
        self._walked.clear()
        self._again.clear()
        self._conclusions.clear()
        self._reads.clear()
        self.shared_keys.clear_cache()
        await self.join()

    def forget_digests(self) -> None:
        """Forget the keys that are remembered with their digests."""
        self._digests.of.cache_clear()
        self.shared_keys.forget_digests()

    async def join(self) -> None:
        """Wait until nothing is left to do behind the answers."""
        if self._keeping is not None:
            await asyncio.wait({self._keeping})

    async def aclose(self) -> None:
        """Keep what was found. Nothing is walked anew."""
        self._is_closing = True
        self._again.clear()
        await self.join()
        await self._reads.aclose()
        await self.shared_keys.aclose()

    def _remember(self, version: str, conclusion: Conclusion) -> None:
        """Keep a conclusion from what is stored in this version, and the latest of the others."""
        self._conclusions.pop(version, None)
        self._conclusions[version] = conclusion
        if len(self._conclusions) > MAX_CONCLUSIONS:
            del self._conclusions[next(iter(self._conclusions))]

    def _walk_again(self, key: Key) -> None:
        if len(self._again) < MAX_QUEUED and not self._is_closing:
            self._again[key] = None

    def _keep_on(self) -> None:
        if self._is_due and (self._keeping is None or self._keeping.done()):
            self._keeping = asyncio.create_task(self._keep())
            self._keeping.add_done_callback(_note_mistake)

    @property
    def _is_due(self) -> bool:
        return bool(self._walked or self._again) or self.shared_keys.is_due

    async def _keep(self) -> None:
        """Work off what is queued. What fails is left to later requests."""
        while self._is_due:
            walked, self._walked = [*self._walked.values()], {}
            again = [*self._again][:MAX_AT_ONCE]
            for key in again:
                del self._again[key]
            with suppress(StoreError):  # which the store logs
                await self._write(walked)
                await self._find_anew(again)
            with suppress(StoreError):
                await self.shared_keys.write()
            if again and not self._is_closing:
                await self._clock.sleep(PAUSE_S)

    async def _write(self, walks: Sequence[CustomerWalk]) -> None:
        """Store what was found. Whoever lost to another write is walked anew, for neither may have known all."""
        kept = self._without_erased(walks)
        components = [component for walk in kept if (component := walk.as_stored(self.digest)) is not None]
        if not components:
            return
        lost = await self._store.write(components, self._max_age)
        self._reads.outdate({digest for component in components for digest in component.keys})
        for component in lost:
            self._walk_again(stated_id(component.records[0]))

    async def _find_anew(self, keys: Collection[Key]) -> None:
        """Walk from keys from nothing. Where nobody is found, nothing stays stored."""
        walks = await self._walk_all(keys)
        gone = [self.digest(walk.began_with) for walk in walks if not walk.members]
        if gone:
            await self._store.drop(gone)
            self._reads.outdate(gone)
        await self._write(walks)

    async def _walk_all(self, keys: Collection[Key]) -> Sequence[CustomerWalk]:
        walks = [self._new_walk(key) for key in keys]
        fields = self._customers.fields(Fields.from_paths("id"))
        await walk_all(walks, self._customers, fields, self._new_loaders(), LogReader(self._decisions, walks))
        self.shared_keys.note(self._without_erased(walks))
        return walks

    def _without_erased(self, walks: Sequence[CustomerWalk]) -> Sequence[CustomerWalk]:
        """Leave out walks that have led to a key of somebody erased."""
        erased = self.erased
        if erased is None or not erased.stands:
            return walks
        return [walk for walk in walks if not erased.find(walk.known_keys)]

    def _new_walk(self, key: Key) -> CustomerWalk:
        walk = CustomerWalk(self._customers)
        name, _, own_id = key.value.partition(":")
        if key.kind is KeyKind.EXTERNAL_ID and self._customers.finds_ids(name):
            walk.begin_with_id(RecordId(name, own_id))
        else:
            walk.begin_with_key(*key)
        return walk

    async def _read(self, digests: Sequence[str]) -> dict[str, Sequence[StoredComponent]]:
        """Read the store for all requests. Nothing is known where it cannot be read."""
        try:
            return {**await self._store.read(digests)}
        except StoreError:
            return {}


def _note_mistake(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and (error := task.exception()) is not None:
        log.error("identity_failed", error=type(error).__name__)
