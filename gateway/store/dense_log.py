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
from uuid import uuid4

from pymongo import ASCENDING, DESCENDING, IndexModel
from pymongo.errors import DuplicateKeyError

from gateway.changes.customer_change import LogPosition, PositionTooOldError
from gateway.store.mongo import Database, Document, Mongo

HEADS = "log_heads"

MAX_BATCH = 1_000
"""How many entries a document has."""


class DenseLog:
    """Appends and reads entries. Every method raises `StoreError` when MongoDB fails."""

    def __init__(self, mongo: Mongo, name: str, keep: timedelta, indexes: Sequence[IndexModel] = ()) -> None:
        self.name = name
        self._mongo = mongo
        self._keep = keep
        mongo.index(name, [IndexModel("deleteAt", expireAfterSeconds=0), *indexes])

    async def append(self, entries: Sequence[Document], now: datetime, names: Sequence[str] = ()) -> int:
        """Append at most `MAX_BATCH` entries, all or none. Gives the number of the first."""
        if len(entries) > MAX_BATCH:
            raise ValueError(f"{len(entries)} entries are more than {MAX_BATCH}")
        document = {"deleteAt": now + self._keep, "entries": [*entries]} | ({"names": [*names]} if names else {})

        async def insert(database: Database) -> int:
            while True:
                end = await self._end(database)
                number = end.position + 1
                numbers = {"_id": number, "next": number + len(entries), "log": end.log}
                try:
                    await database[self.name].insert_one(numbers | document)
                except DuplicateKeyError:
                    continue
                await database[HEADS].update_one({"_id": self.name}, {"$max": {"next": number + len(entries)}})
                return number

        return await self._mongo.run(insert, kind="write")

    async def read_end(self) -> LogPosition:
        """Read where the log ends. It begins here where it is not there."""

        async def read(database: Database) -> LogPosition:
            end = await self._end(database)
            await database[HEADS].update_one({"_id": self.name}, {"$max": {"next": end.position + 1}})
            return end

        return await self._mongo.run(read, kind="write", in_background=True)

    async def read_after(self, since: LogPosition, limit: int) -> list[tuple[int, Document]]:
        """Read entries behind a position with their numbers, of so many documents at most.

        Raises `PositionTooOldError` where some of them are gone, or the log was lost.
        """
        position = since.position

        async def find(database: Database) -> tuple[list[Document], LogPosition | None]:
            later = {"_id": {"$gt": position - MAX_BATCH}, "next": {"$gt": position + 1}}
            found = await database[self.name].find(later, sort=[("_id", ASCENDING)], limit=limit).to_list(None)
            return found, None if found else await self._end(database)

        documents, end = await self._mongo.run(find, in_background=True)
        is_here = documents[0]["_id"] <= position + 1 if documents else end == since
        if not is_here or any(document["log"] != since.log for document in documents):
            raise PositionTooOldError
        return [
            (number, entry)
            for document in documents
            for number, entry in enumerate(document["entries"], document["_id"])
            if number > position
        ]

    async def _end(self, database: Database) -> LogPosition:
        """Read the position of the last entry."""
        last = await database[self.name].find({}, {"next": 1, "log": 1}, sort=[("_id", DESCENDING)], limit=1).to_list(1)
        if last:
            return LogPosition(last[0]["log"], last[0]["next"] - 1)
        begun = {"$setOnInsert": {"next": 1, "log": uuid4().hex}}
        heads, own = database[HEADS], {"_id": self.name}
        head = await heads.find_one(own)
        if head is None:
            await heads.update_one(own, begun, upsert=True)
            head = await heads.find_one(own)
        return LogPosition("", 0) if head is None else LogPosition(head["log"], head["next"] - 1)
