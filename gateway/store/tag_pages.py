"""Read stored tags of all customers from MongoDB, a page at a time."""

from collections.abc import AsyncIterator, Sequence
from functools import partial
from inspect import isawaitable
from typing import Any

from gateway.store.former_tags import PRESENT
from gateway.store.mongo import Database, Document, Mongo

PAGE = 1_000


async def read_tag_pages(mongo: Mongo, page: int = PAGE) -> AsyncIterator[Sequence[dict[str, str]]]:
    """Read the stored texts of tags by key, of each customer, in pages by the id. Raises `StoreError`."""
    after = ""
    while True:
        documents = await mongo.run(partial(_find, after, page), in_background=True)
        if not documents:
            return
        yield [document.get("tags", {}) for document in documents]
        after = documents[-1]["_id"]


async def sample_sets(mongo: Mongo, count: int) -> Sequence[str]:
    """Choose so many ids of customers whose tags are stored, by chance, fewer where there are fewer. Raises `StoreError`."""

    async def choose(database: Database) -> list[Document]:
        # Filtered afterwards, so that MongoDB can draw without reading all.
        stages = [{"$sample": {"size": count}}, {"$match": PRESENT}, {"$project": {"_id": 1}}]
        cursor: Any = database.tags.aggregate(stages)
        documents: list[Document] = await (await cursor if isawaitable(cursor) else cursor).to_list(None)
        return documents

    return list(dict.fromkeys(document["_id"] for document in await mongo.run(choose, in_background=True)))


async def _find(after: str, page: int, database: Database) -> list[Document]:
    # Who was only marked stale has a document as well.
    query = {"_id": {"$gt": after}, "tags": {"$exists": True}, **PRESENT}
    return await database.tags.find(query, {"tags": 1}).sort("_id", 1).limit(page).to_list(None)
