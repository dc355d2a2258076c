"""Which keys webhooks told of, in MongoDB for some minutes, so that each worker makes what it keeps of them stale.

An entry is {worker, source, record?, by, bucket}, {worker, customer} for one whose tags are to be renewed, or
{worker, identity} for one whose records are to be found anew. No key is there: a worker looks for those that it keeps in the
same one of `BUCKETS`, and asks for some more anew that only share it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import timedelta
from uuid import uuid4
from zlib import crc32

from connectors.contract import Change
from connectors.records import RECORDS, Record
from gateway.clock import Clock
from gateway.lookups.read_cache import folded
from gateway.store.dense_log import MAX_BATCH, DenseLog
from gateway.store.mongo import Document, Mongo

KEEP = timedelta(minutes=10)
"""A worker that does not hear of them for as long makes all stale."""

BUCKETS = 1 << 16
"""How many there are: of as many keys that a worker keeps about one is in that of another."""

_NAMES: dict[type[Record], str] = {record: name for name, record in RECORDS.items()}


def bucket_of(key: str) -> int:
    """Find the bucket of a key, the same one in all its spellings."""
    return crc32(folded(key).encode()) % BUCKETS


class StaleKeys:
    """Appends what has become stale; `log` has it. Every method raises `StoreError` when MongoDB fails."""

    def __init__(self, mongo: Mongo, clock: Clock) -> None:
        self.worker = uuid4().hex
        self.log = DenseLog(mongo, "stale_keys", KEEP)
        self._clock = clock

    async def append(
        self, source: str, changes: Iterable[Change], customers: Collection[str], identities: Collection[str]
    ) -> None:
        """Tell other workers of changes that a source reported, of customers with stale tags, and of digests of keys."""
        told = dict.fromkeys((change.record, change.by, bucket_of(change.key)) for change in changes)
        entries: list[Document] = [
            {"source": source, "by": by.value, "bucket": bucket} | ({} if record is None else {"record": _NAMES[record]})
            for record, by, bucket in told
        ]
        entries += [{"customer": bucket} for bucket in sorted(set(map(bucket_of, customers)))]
        entries += [{"identity": bucket} for bucket in sorted(set(map(bucket_of, identities)))]
        for start in range(0, len(entries), MAX_BATCH):
            some = [{"worker": self.worker, **entry} for entry in entries[start : start + MAX_BATCH]]
            await self.log.append(some, self._clock.now())
