"""Which keys webhooks told of, in MongoDB for some minutes, so that each worker makes what it keeps of them stale.

An entry is {worker, source, record?, by, bucket}, {worker, customer} for one whose tags are to be renewed, or
{worker, identity} for one whose records are to be found anew. No key is there: a worker looks for those that it keeps in the
same one of `BUCKETS`, and asks for some more anew that only share it.
"""

from __future__ import annotations

import asyncio
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
        self._waiting: list[Document] = []
        self._writing: asyncio.Task[None] | None = None
        self._next: asyncio.Task[None] | None = None

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
        if not entries:
            return
        self._waiting += [{"worker": self.worker, **entry} for entry in entries]
        if self._next is None:
            self._next = asyncio.create_task(self._write_next(self._writing))
            self._next.add_done_callback(_look_at)  # who waits may be gone when it fails
        await asyncio.shield(self._next)

    async def _write_next(self, before: asyncio.Task[None] | None) -> None:
        """Write all that waits, after the write before it: the writers of a worker do not race for numbers."""
        if before is not None:
            await asyncio.wait({before})
        entries, self._waiting = self._waiting, []
        self._writing, self._next = self._next, None
        for start in range(0, len(entries), MAX_BATCH):
            await self.log.append(entries[start : start + MAX_BATCH], self._clock.now())


def _look_at(writing: asyncio.Task[None]) -> None:
    if not writing.cancelled():
        writing.exception()
