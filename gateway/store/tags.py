"""Computed tags in MongoDB, one document for each customer and tag.

    {_id: "<customer><U+001F><key>", customer, key, fingerprint, computedAt, expiresAt, deleteAt, staleAt?, json}

`json` is the `ComputedTag` and all that is read of it; the other fields are there to be searched by. A tag outlives its expiry
by `KEEP`, so that it can be served stale, and is then deleted by MongoDB.
"""

from collections.abc import Sequence
from datetime import timedelta

import msgspec
from pymongo import IndexModel, ReplaceOne
from pymongo.errors import BulkWriteError

from gateway.clock import Clock
from gateway.store.mongo import Database, Document, Mongo, already_there
from gateway.tags.model import ComputedTag

KEEP = timedelta(days=7)

_SEPARATOR = "\u001f"

_decoder = msgspec.json.Decoder(ComputedTag)
_encoder = msgspec.json.Encoder()


class TagCollection:
    """Reads and writes tags in batches. Every method raises `StoreError`, and only that, when MongoDB fails."""

    def __init__(self, mongo: Mongo, clock: Clock) -> None:
        self._mongo = mongo
        self._clock = clock
        mongo.index("tags", [IndexModel("deleteAt", expireAfterSeconds=0), IndexModel("customer")])

    async def read(self, customers: Sequence[str], keys: Sequence[str]) -> dict[tuple[str, str], ComputedTag]:
        """The tags that are kept, by customer and key, fresh or not, with one command.

        A document that cannot be read, say of another version of the gateway, counts as absent.
        """
        wanted = {_id_of(customer, key): (customer, key) for customer in customers for key in keys}
        if not wanted:
            return {}

        async def find(database: Database) -> list[Document]:
            # One more than there can be, so that the first batch is known to be the last.
            cursor = database.tags.find({"_id": {"$in": list(wanted)}}, {"json": 1, "staleAt": 1}, batch_size=len(wanted) + 1)
            return await cursor.to_list(None)

        found: dict[tuple[str, str], ComputedTag] = {}
        for document in await self._mongo.run(find):
            try:
                found[wanted[document["_id"]]] = _tag_of(document)
            except (msgspec.DecodeError, KeyError):
                continue
        return found

    async def write(self, tags: Sequence[tuple[str, ComputedTag]]) -> None:
        """Keep tags, each with its customer, in one bulk. A tag that is kept and was computed later stays."""
        if not tags:
            return
        upserts = [_upsert(customer, tag) for customer, tag in tags]

        async def replace(database: Database) -> None:
            try:
                await database.tags.bulk_write(upserts, ordered=False)
            except BulkWriteError as error:
                already_there(error)

        await self._mongo.run(replace)

    async def mark_stale(self, customers: Sequence[str]) -> int:
        """Make the customers' tags expire now; they stay to be served stale until they are renewed. Gives their number."""
        now = self._clock.now()
        result = await self._mongo.run(
            lambda database: database.tags.update_many({"customer": {"$in": list(customers)}}, {"$set": {"staleAt": now}})
        )
        return result.matched_count

    async def forget(self, customers: Sequence[str]) -> int:
        """Delete the customers' tags. Gives their number."""
        result = await self._mongo.run(lambda database: database.tags.delete_many({"customer": {"$in": list(customers)}}))
        return result.deleted_count


def _id_of(customer: str, key: str) -> str:
    return f"{customer}{_SEPARATOR}{key}"


def _tag_of(document: Document) -> ComputedTag:
    tag = _decoder.decode(document["json"])
    stale_at = document.get("staleAt")
    if stale_at is None or stale_at >= tag.expires_at:
        return tag
    return msgspec.structs.replace(tag, expires_at=stale_at)


def _upsert(customer: str, tag: ComputedTag) -> ReplaceOne[Document]:
    # Where a later one is kept, nothing matches and the insert that follows meets the `_id` of the later one: it stays.
    unless_later = {"_id": _id_of(customer, tag.key), "computedAt": {"$lte": tag.computed_at}}
    document = {
        "customer": customer,
        "key": tag.key,
        "fingerprint": tag.fingerprint,
        "computedAt": tag.computed_at,
        "expiresAt": tag.expires_at,
        "deleteAt": tag.expires_at + KEEP,
        "json": _encoder.encode(tag).decode(),
    }
    return ReplaceOne(unless_later, document, upsert=True)
