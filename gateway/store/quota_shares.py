"""Shares of quotas in MongoDB, and whom callers were given.

quota_shares     {_id: "CALLER UNIT WINDOW", leased, deleteAt}
quota_customers  {_id: "CALLER customers DAY MARK", mark, deleteAt}
"""

from __future__ import annotations

import hmac
from collections.abc import Collection, Iterable
from contextlib import suppress
from datetime import datetime, timedelta
from hashlib import blake2b

from pymongo import IndexModel, ReturnDocument
from pymongo.errors import BulkWriteError, DuplicateKeyError

from gateway.clock import CLOCK_TOLERANCE
from gateway.errors import StoreError
from gateway.identity.records import RecordId, list_names
from gateway.quota.shares import MARK_BYTES, Lease
from gateway.store.mongo import Database, Document, Mongo, already_there

SHARES, CUSTOMERS = "quota_shares", "quota_customers"
MAX_ATTEMPTS = 3
"""Of two workers that begin a window at once one may find the other's document in its way, and asks again."""

_INDEX = IndexModel("deleteAt", expireAfterSeconds=0)


class QuotaShares:
    """Leases shares, and counts customers by marks that need a secret. Methods raise `StoreError`, and only that."""

    name = CUSTOMERS
    retention: timedelta | None = timedelta(days=1) + 2 * CLOCK_TOLERANCE

    def __init__(self, mongo: Mongo) -> None:
        self._mongo = mongo
        self._key: bytes | None = None

    def keyed_by(self, secret: str) -> QuotaShares:
        """Mark customers under a secret from now on."""
        if self._key is None:
            self._mongo.index(SHARES, [_INDEX])
            self._mongo.index(CUSTOMERS, [_INDEX, IndexModel("mark")])
        self._key = hmac.digest(secret.encode(), b"customers of quotas", "sha256")
        return self

    async def lease(self, name: str, wanted: int, limit: int, ends_at: datetime) -> Lease:
        async def add(database: Database) -> int:
            document = await _add(database, name, wanted, ends_at)
            return int(document["leased"]) - wanted

        before = await self._mongo.run(add, kind="lease")
        granted = max(0, min(wanted, limit - before))
        return Lease(granted, min(limit, before + granted))

    def mark(self, customer_id: str) -> bytes:
        return blake2b(customer_id.encode(), key=self._key or b"", digest_size=MARK_BYTES).digest()

    async def add_customers(self, name: str, marks: Collection[bytes], ends_at: datetime) -> int:
        own = {"deleteAt": ends_at + CLOCK_TOLERANCE}
        documents = [{"_id": f"{name} {mark.hex()}", "mark": mark.hex(), **own} for mark in marks]

        async def add(database: Database) -> int:
            new = len(documents)
            try:
                if documents:
                    await database[CUSTOMERS].insert_many(documents, ordered=False)
            except BulkWriteError as error:
                new -= len(already_there(error))
            return int((await _add(database, name, new, ends_at))["leased"])

        return await self._mongo.run(add, kind="write")

    async def forget(self, records: Iterable[RecordId]) -> int:
        """Delete the marks of customers with one of these records. How many there were stays counted."""
        marks = [self.mark(name).hex() for name in list_names(records)]
        delete = {"mark": {"$in": marks}}

        async def erase(database: Database) -> int:
            return int((await database[CUSTOMERS].delete_many(delete)).deleted_count)

        return await self._mongo.run(erase, kind="write", in_background=True)


async def _add(database: Database, name: str, amount: int, ends_at: datetime) -> Document:
    """Add to the count of a window, and give it. Raises `StoreError`."""
    change = {"$inc": {"leased": amount}, "$set": {"deleteAt": ends_at + CLOCK_TOLERANCE}}
    for _ in range(MAX_ATTEMPTS):
        with suppress(DuplicateKeyError):
            document: Document | None = await database[SHARES].find_one_and_update(
                {"_id": name}, change, upsert=True, return_document=ReturnDocument.AFTER
            )
            if document is not None:
                return document
    raise StoreError(f"a document in {SHARES} can neither be found nor made")
