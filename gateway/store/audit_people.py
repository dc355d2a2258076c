"""Whom the commitments of the audit are of, in MongoDB. It is no part of the chains, so it can be erased.

audit_people  {_id: commitment, nonce, customer, at, deleteAt}
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Iterable, Sequence
from datetime import timedelta

import msgspec
from pymongo import IndexModel
from pymongo.errors import BulkWriteError

from gateway.audit.entry import Person
from gateway.identity.records import RecordId, list_names
from gateway.store.mongo import Database, Document, Mongo, already_there

COLLECTION = "audit_people"

MAX_RETENTION = timedelta(days=3_650)
"""The setting `audit.retention_days` is at most this."""

WRITE_S = 30.0
READ_S = 60.0
MAX_DOCUMENTS = 10_000
"""How many documents a read is of."""

_INDEXES = [IndexModel([("customer", 1), ("at", -1)]), IndexModel("deleteAt", expireAfterSeconds=0)]


class AuditPeopleCollection:
    """Reads and writes people. Every method raises `StoreError`, and only that, when MongoDB fails."""

    name = COLLECTION
    retention: timedelta | None = MAX_RETENTION

    def __init__(self, mongo: Mongo) -> None:
        self._mongo = mongo

    def ensure_indexes(self) -> None:
        """Have the indexes made at the next contact."""
        self._mongo.index(COLLECTION, _INDEXES)

    async def add(self, people: Sequence[Person], retention: timedelta) -> None:
        documents = [
            {"_id": own.commitment, "nonce": own.nonce, "customer": own.customer, "at": own.at, "deleteAt": own.at + retention}
            for own in people
        ]

        async def insert(database: Database) -> None:
            try:
                if documents:
                    await database[COLLECTION].insert_many(documents, ordered=False)
            except BulkWriteError as error:
                already_there(error)

        await self._mongo.run(insert, kind="write", in_background=True, timeout_s=WRITE_S)

    async def read(self) -> AsyncIterator[Person | None]:
        after: Document = {}
        while documents := await self._read_page(after):
            for document in documents:
                yield _person_of(document)
            after = {"_id": {"$gt": documents[-1]["_id"]}}

    async def forget(self, records: Iterable[RecordId]) -> int:
        """Delete what is there of the customers with these records: they are named by the id of one of them."""
        return await self.forget_customers(list_names(records))

    async def forget_customers(self, ids: Collection[str]) -> int:
        which = {"customer": {"$in": list(ids)}}

        async def erase(database: Database) -> int:
            return int((await database[COLLECTION].delete_many(which)).deleted_count)

        return await self._mongo.run(erase, kind="write", in_background=True, timeout_s=WRITE_S)

    async def _read_page(self, which: Document) -> list[Document]:
        async def find(database: Database) -> list[Document]:
            return await database[COLLECTION].find(which, sort=[("_id", 1)], limit=MAX_DOCUMENTS).to_list(None)

        return await self._mongo.run(find, in_background=True, timeout_s=READ_S)


def _person_of(document: Document) -> Person | None:
    """Read a document. None where somebody has made something else of it."""
    try:
        return msgspec.convert({**document, "commitment": document["_id"]}, Person)
    except msgspec.ValidationError:
        return None
