"""Components of identity in MongoDB, one document for records that were found together.

    {_id: "<first record>", records: ["<source>:<id>"], keys: [digest], again: [digest], shared: [digest],
     walkedAt, version, deleteAt}

They are a cache, which each request compares with the records of the sources: two documents may have the same record for a
while, and any may be missing. A write replaces those that it touches in the version in which it has read them, unless one is
of a later walk. MongoDB deletes a document at `deleteAt`, and from then on it counts as absent.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Any
from uuid import uuid4

from pymongo import DeleteOne, IndexModel, ReplaceOne
from pymongo.errors import BulkWriteError, DuplicateKeyError

from gateway.clock import CLOCK_TOLERANCE, Clock
from gateway.identity.records import RecordId
from gateway.identity.stored_components import StoredComponent
from gateway.settings.customer_settings import MAX_AGE_S
from gateway.store.mongo import Database, Document, Mongo, already_there

COLLECTION = "identity_components"

MAX_WRITES = 20
"""How many components a write is of. Between writes there is time for reads, for which requests wait."""

_INDEXES = (IndexModel("keys"), IndexModel("records"), IndexModel("deleteAt", expireAfterSeconds=0))
_READ = {"_id": 0, "deleteAt": 0}
_TOUCHED = {"records": 1, "walkedAt": 1, "version": 1}


class ComponentCollection:
    """Reads and writes components in batches. Every method raises `StoreError`, and only that, when MongoDB fails."""

    name = COLLECTION
    retention: timedelta | None = timedelta(seconds=MAX_AGE_S)

    def __init__(self, mongo: Mongo, clock: Clock) -> None:
        self._mongo = mongo
        self._clock = clock
        self._writing = asyncio.Lock()

    def ensure_indexes(self) -> None:
        """Have its indexes ensured. Where nothing is stored of components, there are none."""
        self._mongo.index(self.name, _INDEXES)

    @property
    def timeout_s(self) -> float:
        """How long a read may take."""
        return self._mongo.timeout_s

    async def read(self, digests: Sequence[str]) -> dict[str, list[StoredComponent]]:
        """Read components by the digests of keys with one command.

        One whose time is over counts as absent, and so does one of the future.
        """
        now = self._clock.now()
        wanted = set(digests)

        async def find(database: Database) -> list[Document]:
            return (
                await database[COLLECTION].find({"keys": {"$in": list(digests)}, "deleteAt": {"$gt": now}}, _READ).to_list(None)
            )

        found: dict[str, list[StoredComponent]] = {}
        for document in await self._mongo.run(find):
            if document["walkedAt"] <= now + CLOCK_TOLERANCE:
                component = _component_of(document)
                for digest in wanted & component.keys:
                    found.setdefault(digest, []).append(component)
        return found

    async def write(self, components: Sequence[StoredComponent], keep: timedelta) -> list[StoredComponent]:
        """Keep components until so long after their walks, in the place of all that have records of them.

        Gives those that lost: another was written meanwhile, or is of a later walk.
        """
        lost: list[StoredComponent] = []
        async with self._writing:
            for start in range(0, len(components), MAX_WRITES):
                some = components[start : start + MAX_WRITES]
                lost += await self._mongo.run(partial(_write, some, keep, self._clock.now()), kind="write", in_background=True)
        return lost

    async def drop(self, digests: Collection[str]) -> int:
        """Delete the components that have one of these keys. Gives their number."""
        return await self._delete({"keys": {"$in": list(digests)}})

    async def forget(self, records: Iterable[RecordId]) -> int:
        """Delete the components of records. Gives their number."""
        return await self._delete({"records": {"$in": [record.node_id for record in records]}})

    async def _delete(self, which: Document) -> int:
        result = await self._mongo.run(lambda database: database[COLLECTION].delete_many(which), kind="write")
        return result.deleted_count


async def _write(
    components: Sequence[StoredComponent], keep: timedelta, now: datetime, database: Database
) -> list[StoredComponent]:
    """Write the latest of those with the same first record. Those that touch nothing are written together."""
    collection = database[COLLECTION]
    latest = {own.records[0]: own for own in sorted(components, key=lambda own: own.walked_at)}
    records = [record.node_id for own in latest.values() for record in own.records]
    stored = await collection.find({"records": {"$in": records}}, _TOUCHED).to_list(None)
    new: list[StoredComponent] = []
    lost: list[StoredComponent] = []
    for own in latest.values():
        ids = {record.node_id for record in own.records}
        touched = [document for document in stored if not ids.isdisjoint(document["records"])]
        if not touched:
            new.append(own)
        elif not await _replace(collection, own, touched, keep, now):
            lost.append(own)
    if not new:
        return lost
    try:
        await collection.insert_many([_document_of(own, keep) for own in new], ordered=False)
    except BulkWriteError as error:
        lost += [new[place] for place in already_there(error)]
    return lost


async def _replace(
    collection: Any, component: StoredComponent, touched: Sequence[Document], keep: timedelta, now: datetime
) -> bool:
    """Put a component in the place of others. Tells whether it is known now: no other walk found otherwise meanwhile."""
    own = _document_of(component, keep)
    later = [document for document in touched if component.walked_at < document["walkedAt"] <= now + CLOCK_TOLERANCE]
    if later:
        return all(document["records"] == own["records"] for document in later)
    unchanged = [{"_id": document["_id"], "version": document["version"]} for document in touched]
    others = [DeleteOne(which) for which in unchanged if which["_id"] != own["_id"]]
    mine = [ReplaceOne(which, own) for which in unchanged if which["_id"] == own["_id"]]
    result = await collection.bulk_write([*others, *mine], ordered=False)
    if result.deleted_count + result.matched_count < len(touched):
        return False
    if not mine:
        try:
            await collection.insert_one(own)
        except DuplicateKeyError:
            return False
    return True


def _document_of(component: StoredComponent, keep: timedelta) -> Document:
    records = [record.node_id for record in component.records]
    return {
        "_id": records[0],
        "records": records,
        "keys": sorted(component.keys),
        "again": sorted(component.asked_again),
        "shared": sorted(component.shared),
        "walkedAt": component.walked_at,
        "version": uuid4().hex,
        "deleteAt": component.walked_at + keep,
    }


def _component_of(document: Document) -> StoredComponent:
    return StoredComponent(
        records=tuple([_record_id(text) for text in document["records"]]),
        keys=frozenset(document["keys"]),
        asked_again=frozenset(document["again"]),
        shared=frozenset(document["shared"]),
        walked_at=document["walkedAt"],
        version=document["version"],
    )


def _record_id(text: str) -> RecordId:
    source, _, own_id = text.partition(":")
    return RecordId(source, own_id)
