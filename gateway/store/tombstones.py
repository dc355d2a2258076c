"""Tombstones of erased customers in MongoDB, one document for each.

    {_id, erasedAt, digests: [HMAC], endedAt, endedBy}

They have no end of their own. `control {_id: "tombstones", version}` tells of changes.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

import msgspec

from gateway.errors import StoreError
from gateway.identity.tombstones import Tombstone, TombstoneEnd
from gateway.store.control import raise_version, read_version
from gateway.store.mongo import Database, Document, Mongo

COLLECTION = "tombstones"


class TombstoneCollection:
    """Reads and writes tombstones. Every method raises `StoreError`, and only that, when MongoDB fails."""

    def __init__(self, mongo: Mongo) -> None:
        self._mongo = mongo

    async def version(self) -> int:
        """Tell the version of all: another one after each change."""
        return await read_version(self._mongo, COLLECTION)

    async def read(self) -> list[Tombstone]:
        """Read all. One that cannot be read fails all: without it an erased customer would be shown again."""

        async def find(database: Database) -> list[Document]:
            return await database[COLLECTION].find({}).to_list(None)

        try:
            return [_tombstone_of(document) for document in await self._mongo.run(find, in_background=True)]
        except (msgspec.ValidationError, KeyError):
            raise StoreError(f"a document in {COLLECTION} is no tombstone of this version") from None

    async def add(self, tombstones: Iterable[Tombstone]) -> int:
        """Keep tombstones. One that is there gets the keys and the end that it has not. Gives how many are new."""
        written = list(tombstones)

        async def write(database: Database) -> int:
            new = 0
            for own in written:
                fields: Document = {
                    "$addToSet": {"digests": {"$each": list(own.digests)}},
                    "$setOnInsert": {"erasedAt": own.erased_at},
                }
                if own.ended_at is not None and own.ended_by is not None:
                    fields["$set"] = {"endedAt": own.ended_at, "endedBy": own.ended_by.value}
                result = await database[COLLECTION].update_one({"_id": own.id}, fields, upsert=True)
                new += result.upserted_id is not None
            if written:
                await raise_version(database, COLLECTION)
            return new

        return await self._mongo.run(write, kind="write", in_background=True)

    async def end(self, ids: Sequence[str], by: TombstoneEnd, now: datetime) -> int:
        """End tombstones that stand. Gives their number."""
        which: Document = {"_id": {"$in": list(ids)}, "endedAt": {"$exists": False}}

        async def write(database: Database) -> int:
            result = await database[COLLECTION].update_many(which, {"$set": {"endedAt": now, "endedBy": by.value}})
            if result.modified_count:
                await raise_version(database, COLLECTION)
            return int(result.modified_count)

        return await self._mongo.run(write, kind="write")


def _tombstone_of(document: Document) -> Tombstone:
    ended_by = document.get("endedBy")
    return Tombstone(
        id=document["_id"],
        erased_at=document["erasedAt"],
        digests=tuple(map(str, document["digests"])),
        ended_at=document.get("endedAt"),
        ended_by=None if ended_by is None else TombstoneEnd(ended_by),
    )
