"""API keys in MongoDB, one document for each, and the version of them all.

    api_keys  {_id: id, caller, digest, madeAt, endsAt}
    control   {_id: "api_keys", version}

A key is written before the version goes up, so who reads the version and then the keys has at least that version of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import msgspec
from pymongo import ReturnDocument

from gateway.access.api_keys import ApiKey
from gateway.errors import StoreError
from gateway.store.mongo import Database, Document, Mongo

COLLECTION = "api_keys"
CONTROL = "control"


class ApiKeyCollection:
    """Reads and writes keys. Every method raises `StoreError`, and only that, when MongoDB fails or has what is no key."""

    def __init__(self, mongo: Mongo) -> None:
        self._mongo = mongo

    async def version(self) -> int:
        async def find(database: Database) -> Document | None:
            return await database[CONTROL].find_one({"_id": COLLECTION})

        found = await self._mongo.run(find)
        return 0 if found is None else int(found["version"])

    async def read(self) -> Sequence[ApiKey]:
        async def find(database: Database) -> list[Document]:
            return await database[COLLECTION].find({}).to_list(None)

        return [_key(document) for document in await self._mongo.run(find)]

    async def add(self, key: ApiKey) -> None:
        document = {"_id": key.id, "caller": key.caller, "digest": key.digest, "madeAt": key.made_at, "endsAt": key.ends_at}

        async def insert(database: Database) -> None:
            await database[COLLECTION].insert_one(document)
            await _go_on(database)

        await self._mongo.run(insert, kind="write")

    async def end(self, id_: str, at: datetime) -> ApiKey | None:
        async def update(database: Database) -> Document | None:
            found: Document | None = await database[COLLECTION].find_one_and_update(
                {"_id": id_}, {"$set": {"endsAt": at}}, return_document=ReturnDocument.AFTER
            )
            if found is not None:
                await _go_on(database)
            return found

        found = await self._mongo.run(update, kind="write")
        return None if found is None else _key(found)


async def _go_on(database: Database) -> None:
    await database[CONTROL].update_one({"_id": COLLECTION}, {"$inc": {"version": 1}}, upsert=True)


def _key(document: Document) -> ApiKey:
    try:
        return msgspec.convert({**document, "id": document["_id"]}, ApiKey)
    except msgspec.ValidationError:
        raise StoreError(f"a document in {COLLECTION} is no key; `profile-gateway keys` writes them") from None
