r"""Segments that are uploaded as lists, in MongoDB, one document for each record.

segment_lists    {_id: "<segment>", version, count, asOf}
segment_entries  {_id: "<segment>\n<version>\n<record>", record, deleteAt?}

An upload writes its entries under a version of its own, and then has the list be of that: so a list is the old or the new one,
whole. Entries of a version that never came into force are deleted by MongoDB a day later, and those of the one before after
some minutes: until then whoever has read which version is in force finds them.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
from uuid import uuid4

import msgspec
from pymongo import IndexModel, UpdateOne
from pymongo.errors import DuplicateKeyError

from gateway.clock import Clock
from gateway.identity.records import RecordId
from gateway.store.mongo import Database, Document, Mongo

LISTS, ENTRIES = "segment_lists", "segment_entries"

MAX_UPLOAD = timedelta(days=1)
"""For how long an upload may take. Entries that are in no list by then are deleted."""

KEEP_READ = timedelta(minutes=5)
"""For how long a list is there after another one took its place: whoever reads it goes on."""

DELETE_S = 600.0

_END = "\uffff"


class UploadedList(msgspec.Struct, frozen=True, kw_only=True):
    """A list in force: its version, how many records are on it, and since when."""

    version: str
    count: int
    as_of: datetime


class SegmentLists:
    """Reads and replaces lists. Every method raises `StoreError`, and only that, when MongoDB fails."""

    name = ENTRIES
    retention: timedelta | None = None

    def __init__(self, mongo: Mongo, clock: Clock) -> None:
        self._mongo = mongo
        self._clock = clock

    def ensure_indexes(self) -> None:
        """Have the indexes ensured. Without lists there are none."""
        self._mongo.index(ENTRIES, [IndexModel("record"), IndexModel("deleteAt", expireAfterSeconds=0)])

    def new_version(self) -> str:
        """Name the version of an upload that begins now. A later one is greater."""
        return f"{self._clock.now():%Y%m%dT%H%M%S%f}-{uuid4().hex[:8]}"

    async def add(self, key: str, version: str, records: Collection[str]) -> None:
        """Write entries of a version that is not in force yet."""
        delete_at = self._clock.now() + MAX_UPLOAD
        updates = [
            UpdateOne({"_id": _entry(key, version, record)}, {"$set": {"record": record, "deleteAt": delete_at}}, upsert=True)
            for record in records
        ]
        if updates:
            write = partial(_write, updates)
            await self._mongo.run(write, kind="write", in_background=True)

    async def put_in_force(self, key: str, version: str) -> bool:
        """Have a list be of this version. Tells whether no later upload came before."""
        own = _range(key, version)

        async def switch(database: Database) -> bool:
            await database[ENTRIES].update_many({"_id": own}, {"$unset": {"deleteAt": ""}})
            count = await database[ENTRIES].count_documents({"_id": own})
            values = {"version": version, "count": count, "asOf": self._clock.now()}
            try:
                await database[LISTS].update_one(
                    {"_id": key, "$or": [{"version": {"$lt": version}}, {"version": {"$exists": False}}]},
                    {"$set": values},
                    upsert=True,
                )
            except DuplicateKeyError:
                await database[ENTRIES].delete_many({"_id": own})
                return False
            earlier = {"_id": {"$gt": f"{key}\n", "$lt": f"{key}\n{version}\n"}, "deleteAt": {"$exists": False}}
            await database[ENTRIES].update_many(earlier, {"$set": {"deleteAt": self._clock.now() + KEEP_READ}})
            return True

        return await self._mongo.run(switch, kind="write", in_background=True, timeout_s=DELETE_S)

    async def read(self, keys: Collection[str]) -> Mapping[str, UploadedList]:
        """Read which lists are in force. One that was never uploaded is left out."""

        async def find(database: Database) -> list[Document]:
            return await database[LISTS].find({"_id": {"$in": [*keys]}, "version": {"$exists": True}}).to_list(None)

        found = await self._mongo.run(find)
        return {own["_id"]: UploadedList(version=own["version"], count=own["count"], as_of=own["asOf"]) for own in found}

    async def read_page(self, key: str, version: str, after: str, skip: int, first: int) -> Sequence[str]:
        """Read the records on a list, in their order: those after one, without the first ones of these."""
        own = _range(key, version, after)

        async def find(database: Database) -> list[Document]:
            return await database[ENTRIES].find({"_id": own}).sort("_id", 1).skip(skip).limit(first).to_list(None)

        return [document["record"] for document in await self._mongo.run(find)]

    async def find(self, versions: Mapping[str, str], records: Collection[str]) -> set[tuple[str, str]]:
        """Find which of the records are on which of the lists, by their versions: pairs of list and record."""
        names = {_entry(key, version, record): (key, record) for key, version in versions.items() for record in records}

        async def find(database: Database) -> list[Document]:
            return await database[ENTRIES].find({"_id": {"$in": [*names]}}, {"_id": 1}).to_list(None)

        return {names[own["_id"]] for own in await self._mongo.run(find)} if names else set()

    async def forget(self, records: Iterable[RecordId]) -> int:
        """Delete records from all lists. Gives the number of entries."""
        names = [record.node_id for record in records]

        async def erase(database: Database) -> int:
            deleted = (await database[ENTRIES].delete_many({"record": {"$in": names}})).deleted_count
            for own in await database[LISTS].find({}).to_list(None) if deleted else ():
                count = await database[ENTRIES].count_documents({"_id": _range(own["_id"], own["version"])})
                await database[LISTS].update_one({"_id": own["_id"], "version": own["version"]}, {"$set": {"count": count}})
            return int(deleted)

        return await self._mongo.run(erase, kind="write", in_background=True, timeout_s=DELETE_S) if names else 0


def _entry(key: str, version: str, record: str) -> str:
    return f"{key}\n{version}\n{record}"


def _range(key: str, version: str, after: str = "") -> Document:
    return {"$gt": _entry(key, version, after), "$lt": _entry(key, version, _END)}


async def _write(updates: Sequence[UpdateOne], database: Database) -> None:
    await database[ENTRIES].bulk_write(updates, ordered=False)
