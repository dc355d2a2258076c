"""Read from MongoDB whose tags were marked stale."""

from collections.abc import Sequence
from datetime import datetime

from pymongo import IndexModel

from gateway.store.mongo import Database, Document, Mongo


def ensure_mark_index(mongo: Mongo) -> None:
    """Have the times of marks indexed. Who never asks for them has no such index."""
    mongo.index("tags", [IndexModel("staleAt", sparse=True)])


async def read_marked(mongo: Mongo, since: datetime, after: str, first: int) -> Sequence[str]:
    """Read the ids of member sets that were marked since a time, in order, those after one. Raises `StoreError`."""

    async def find(database: Database) -> list[Document]:
        query = {"staleAt": {"$gte": since}, "_id": {"$gt": after}}
        return await database.tags.find(query, {"_id": 1}).sort("_id", 1).limit(first).to_list(None)

    return [document["_id"] for document in await mongo.run(find)]
