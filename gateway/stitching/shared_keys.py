"""Keep which keys are shared, so that they link nobody while the source that showed it is down.

A walk that asks all sources sees by itself what is shared. So what is stored is read where a key could not be asked for
everywhere, and it is written behind the answers.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from gateway.clock import Clock
from gateway.errors import StoreError
from gateway.identity.records import Key, RecordId
from gateway.identity.shared_keys import KeySharers, SharedKeyStore, UnsharedKeys
from gateway.identity.stored_components import KeyDigests
from gateway.lookups.outcome import Found
from gateway.lookups.store_reads import StoreReads
from gateway.stitching.customer_walk import CustomerWalk

KEEP_S = 2.0
"""For how long a worker gives what it has read again without asking MongoDB."""

MAX_QUEUED = 1_000
"""How many keys wait to be kept, and how many walks to be compared with what is kept. Later ones bring the others."""


class SharedKeys:
    """The shared keys of all customers, for all requests of a worker. Those of another limit are others."""

    def __init__(self, store: SharedKeyStore, clock: Clock, secret: str, max_sharers: int) -> None:
        self._digests = KeyDigests(secret, f"shared by more than {max_sharers}")
        self._digest = self._digests.of
        self._store = store
        self._reads: StoreReads[bool] = StoreReads(self._read, clock, KEEP_S)
        self._shared: dict[Key, Found] = {}
        self._walks: list[CustomerWalk] = []

    async def recall(self, walks: Sequence[CustomerWalk], patience_s: float) -> None:
        """Have keys link nobody that are stored as shared, and could not be asked for everywhere."""
        doubtful = [(walk, keys) for walk in walks if (keys := walk.doubtful_keys)]
        if not doubtful:
            return
        batches = self._reads.enqueue({self._digest(key) for _, keys in doubtful for key in keys})
        stored = await self._reads.wait_for(batches, min(patience_s, self._store.timeout_s))
        for walk, keys in doubtful:
            walk.share([key for key in keys if stored.get(self._digest(key))])

    def note(self, walks: Sequence[CustomerWalk]) -> None:
        """Take note of keys that are shared, and of those that walks from nothing have found not to be."""
        for walk in walks:
            if walk.sharers and len(self._shared) < MAX_QUEUED:
                self._shared.update(walk.sharers)
            if walk.evidence is None and walk.members and len(self._walks) < MAX_QUEUED:
                self._walks.append(walk)

    def clear_cache(self) -> None:
        """Forget what was read and noted."""
        self._shared.clear()
        self._walks.clear()
        self._reads.clear()

    def forget_digests(self) -> None:
        """Forget the keys that are remembered with their digests."""
        self._digests.of.cache_clear()

    @property
    def is_due(self) -> bool:
        """Tell whether anything is to be written."""
        return bool(self._shared or self._walks)

    async def write(self) -> None:
        """Write what was noted. Raises `StoreError`; then later walks bring it again."""
        shared, self._shared = self._shared, {}
        walks, self._walks = self._walks, []
        keys = [self._shared_key(key, outcome) for key, outcome in shared.items()]
        unshared = [self._unshared_keys(walk) for walk in walks]
        await self._store.write(keys, [own for own in unshared if own.digests])
        self._reads.outdate([*(key.digest for key in keys), *(digest for own in unshared for digest in own.digests)])

    async def aclose(self) -> None:
        """End the reads."""
        await self._reads.aclose()

    def _shared_key(self, key: Key, outcome: Found) -> KeySharers:
        records = [RecordId(outcome.source, record.id) for record in outcome.records]
        return KeySharers(self._digest(key), records, outcome.as_of)

    def _unshared_keys(self, walk: CustomerWalk) -> UnsharedKeys:
        oldest = min(outcome.as_of for outcome in walk.outcomes)
        return UnsharedKeys([*map(self._digest, walk.unshared_keys)], oldest)

    async def _read(self, digests: Collection[str]) -> dict[str, bool]:
        """Read the store for all requests. Nothing is known where it cannot be read."""
        try:
            stored = await self._store.read(digests)
        except StoreError:
            return {}
        return {digest: digest in stored for digest in digests}
