"""Keys that link nobody in MongoDB, one document for each.

    {_id: digest, records: ["<source>:<id>"], seenAt, deleteAt}

`records` are those of one source that have the key, so that it is erased with any of them. MongoDB deletes a document at
`deleteAt`, and from then on it counts as absent.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import timedelta

from pymongo import DeleteMany, IndexModel, UpdateOne

from gateway.clock import Clock
from gateway.identity.records import RecordId
from gateway.identity.shared_keys import KeySharers, UnsharedKeys
from gateway.store.mongo import Database, Document, Mongo

COLLECTION = "identity_shared_keys"

KEEP = timedelta(days=30)
"""For how long a key links nobody after it was last found to be shared."""

_INDEXES = (IndexModel("records"), IndexModel("deleteAt", expireAfterSeconds=0))


class SharedKeyCollection:
    """Reads and writes shared keys. Every method raises `StoreError`, and only that, when MongoDB fails."""

    name = COLLECTION
    retention: timedelta | None = KEEP

    def __init__(self, mongo: Mongo, clock: Clock) -> None:
        self._mongo = mongo
        self._clock = clock

    def ensure_indexes(self) -> None:
        """Have its indexes ensured. Where no key is stored there are none."""
        self._mongo.index(self.name, _INDEXES)

    @property
    def timeout_s(self) -> float:
        """How long a read may take."""
        return self._mongo.timeout_s

    async def read(self, digests: Collection[str]) -> set[str]:
        """Give those of the digests that are of shared keys, with one command."""
        query: Document = {"_id": {"$in": list(digests)}, "deleteAt": {"$gt": self._clock.now()}}

        async def find(database: Database) -> list[Document]:
            return await database[COLLECTION].find(query, {"_id": 1}).to_list(None)

        return {document["_id"] for document in await self._mongo.run(find)}

    async def write(self, shared: Iterable[KeySharers], unshared: Iterable[UnsharedKeys]) -> None:
        """Keep shared keys, and drop those that were found to be unshared later than shared."""
        writes: list[UpdateOne | DeleteMany] = [_keep(key) for key in shared]
        writes += [DeleteMany({"_id": {"$in": [*keys.digests]}, "seenAt": {"$lt": keys.seen_at}}) for keys in unshared]
        if writes:
            await self._mongo.run(lambda database: database[COLLECTION].bulk_write(writes), kind="write", in_background=True)

    async def forget(self, records: Iterable[RecordId]) -> int:
        """Delete the keys that any of the records was found by. Gives their number."""
        names = [record.node_id for record in records]
        result = await self._mongo.run(
            lambda database: database[COLLECTION].delete_many({"records": {"$in": names}}), kind="write"
        )
        return result.deleted_count


def _keep(key: KeySharers) -> UpdateOne:
    latest = {"seenAt": key.seen_at, "deleteAt": key.seen_at + KEEP}
    return UpdateOne(
        {"_id": key.digest},
        {"$set": {"records": [record.node_id for record in key.records]}, "$max": latest},
        upsert=True,
    )
