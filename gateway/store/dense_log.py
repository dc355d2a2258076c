"""A log in MongoDB whose entries have dense numbers, read by all workers in one order, and kept for a while.

    <name>     {_id: number of the first entry, next: number behind the last, log, deleteAt, entries: [{...}], names?: [...]}
    log_heads  {_id: <name>, next, log}

What is appended at once is one document. Its number is that behind the last one: the unique `_id` decides who was first, and
who was not takes the next. So whoever has number n has had all before it. The head says where a log goes on of which all
documents were too old; `log` is drawn when it begins, so that numbers of one that was lost are not taken for those of another.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from pymongo import ASCENDING, DESCENDING, IndexModel, ReadPreference, WriteConcern
from pymongo.errors import DuplicateKeyError

from gateway.changes.customer_change import LogPosition, PositionTooOldError
from gateway.store.mongo import Database, Document, Mongo

HEADS = "log_heads"
_BY_MOST = WriteConcern("majority")

MAX_BATCH = 1_000
"""How many entries a document has."""


class DenseLog:
    """Appends and reads entries. Every method raises `StoreError` when MongoDB fails."""

    def __init__(self, mongo: Mongo, name: str, keep: timedelta, indexes: Sequence[IndexModel] = ()) -> None:
        self.name = name
        self._mongo = mongo
        self.keep = keep
        mongo.index(name, [IndexModel("deleteAt", expireAfterSeconds=0), *indexes])

    async def append(self, entries: Sequence[Document], now: datetime, names: Sequence[str] = ()) -> int:
        """Append at most `MAX_BATCH` entries, all or none. Gives the number of the first."""
        if len(entries) > MAX_BATCH:
            raise ValueError(f"{len(entries)} entries are more than {MAX_BATCH}")
        document = {"deleteAt": now + self.keep, "entries": [*entries]} | ({"names": [*names]} if names else {})

        async def insert(database: Database) -> int:
            while True:
                end = await self._end(database)
                number = end.position + 1
                numbers = {"_id": number, "next": number + len(entries), "log": end.log}
                # The head first: a number that was given once is not given again, whatever ends in between.
                await self._heads(database).update_one({"_id": self.name}, {"$max": {"next": number + len(entries)}})
                try:
                    await self._entries(database).insert_one(numbers | document)
                except DuplicateKeyError:
                    continue
                return number

        return await self._mongo.run(insert, kind="write")

    async def read_end(self) -> LogPosition:
        """Read where the log ends. It begins here where it is not there."""

        async def read(database: Database) -> LogPosition:
            end = await self._end(database)
            await self._heads(database).update_one({"_id": self.name}, {"$max": {"next": end.position + 1}})
            return end

        return await self._mongo.run(read, kind="write", in_background=True)

    async def read_after(self, since: LogPosition, limit: int) -> list[tuple[int, Document]]:
        """Read entries behind a position with their numbers, of so many documents at most.

        Raises `PositionTooOldError` where some of them are gone, or the log was lost.
        """
        position = since.position

        async def find(database: Database) -> list[Document] | None:
            later = await self._find(database, {"_id": {"$gt": position}}, limit)
            if later and later[0]["_id"] == position + 1:
                return later
            end = await self._end(database)
            if end == since and not later:
                return later
            if end.log != since.log or end.position <= position:
                return None
            # It was appended in between, or the position is within a document.
            within = {"_id": {"$gt": position - MAX_BATCH}, "next": {"$gt": position + 1}}
            return await self._find(database, within, limit) or None

        documents = await self._mongo.run(find, in_background=True)
        if (
            documents is None
            or (documents and documents[0]["_id"] > position + 1)
            or any(document["log"] != since.log for document in documents)
        ):
            raise PositionTooOldError
        return [
            (number, entry)
            for document in documents
            for number, entry in enumerate(document["entries"], document["_id"])
            if number > position
        ]

    async def _find(self, database: Database, which: Document, limit: int) -> list[Document]:
        found: list[Document] = await self._entries(database).find(which, sort=[("_id", ASCENDING)], limit=limit).to_list(None)
        return found

    def _entries(self, database: Database) -> Any:
        """Give the collection of the log. A replica that lags would seem to have lost entries."""
        return database.get_collection(self.name, read_preference=ReadPreference.PRIMARY, write_concern=_BY_MOST)

    def _heads(self, database: Database) -> Any:
        return database.get_collection(HEADS, read_preference=ReadPreference.PRIMARY, write_concern=_BY_MOST)

    async def _end(self, database: Database) -> LogPosition:
        """Read the position of the last entry."""
        last = await self._entries(database).find({}, {"next": 1, "log": 1}, sort=[("_id", DESCENDING)], limit=1).to_list(1)
        if last:
            return LogPosition(last[0]["log"], last[0]["next"] - 1)
        begun = {"$setOnInsert": {"next": 1, "log": uuid4().hex}}
        heads, own = self._heads(database), {"_id": self.name}
        head = await heads.find_one(own)
        if head is None:
            await heads.update_one(own, begun, upsert=True)
            head = await heads.find_one(own)
        return LogPosition("", 0) if head is None else LogPosition(head["log"], head["next"] - 1)
