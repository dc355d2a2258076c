"""API keys in MongoDB, one document for each, and the version of them all.

api_keys  {_id: id, caller, digest, madeAt, endsAt, isRevoked}
control   {_id: "api_keys", version}
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import msgspec
import structlog
from pymongo import ReturnDocument

from gateway.access.api_keys import ApiKey
from gateway.store.control import raise_version, read_version
from gateway.store.mongo import Database, Document, Mongo

COLLECTION = "api_keys"

log = structlog.get_logger()


class ApiKeyCollection:
    """Reads and writes keys. Every method raises `StoreError`, and only that, when MongoDB fails."""

    def __init__(self, mongo: Mongo) -> None:
        self._mongo = mongo

    async def version(self) -> int:
        return await read_version(self._mongo, COLLECTION)

    async def read(self) -> Sequence[ApiKey]:
        async def find(database: Database) -> list[Document]:
            return await database[COLLECTION].find({}).to_list(None)

        found = map(_key, await self._mongo.run(find))
        return [key for key in found if key is not None]

    async def add(self, key: ApiKey) -> None:
        fields = msgspec.to_builtins(key, builtin_types=(datetime,))
        document = {"_id": fields.pop("id"), **fields}

        async def insert(database: Database) -> None:
            await database[COLLECTION].insert_one(document)
            await raise_version(database, COLLECTION)

        await self._mongo.run(insert, kind="write")

    async def end(self, id_: str, at: datetime, *, is_revoked: bool = False) -> ApiKey | None:
        async def update(database: Database) -> Document | None:
            found: Document | None = await database[COLLECTION].find_one_and_update(
                {"_id": id_}, {"$set": {"endsAt": at, "isRevoked": is_revoked}}, return_document=ReturnDocument.AFTER
            )
            if found is not None:
                await raise_version(database, COLLECTION)
            return found

        found = await self._mongo.run(update, kind="write")
        return None if found is None else _key(found)


def _key(document: Document) -> ApiKey | None:
    """Read a key. None where a document is none, which costs no other."""
    try:
        return msgspec.convert({**document, "id": document["_id"]}, ApiKey)
    except msgspec.ValidationError:
        log.warning("key_not_read", id=str(document["_id"])[:40])
        return None
