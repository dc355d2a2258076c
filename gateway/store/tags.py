"""Computed tags in MongoDB, one document for each customer.

    {_id: "<customer>", tags: {<key>: json}, at: {<key>: computedAt}, deleteAt, staleAt?, marks?, seen?: {<key>: marks}}

`json` is the `ComputedTag`. What a customer's tags were marked stale with is counted in `marks`, and `seen` is the count when a
tag was written whose facts are all of after `staleAt`: a tag that has not seen the last mark expired then. A tag outlives its
expiry by `KEEP`, so that it can be served stale, and then counts as absent; MongoDB deletes the document when that is so of all
its tags.
"""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any

import msgspec
from pymongo import IndexModel, UpdateOne

from gateway.clock import Clock
from gateway.store.mongo import Database, Document, Mongo
from gateway.tags.model import FORM, ComputedTag, KeptTag, Tag

KEEP = timedelta(days=7)
KEEP_MARK = timedelta(days=1)
"""As long as a worker may keep answers of sources."""

_READ = {"tags": 1, "marks": 1, "staleAt": 1, "seen": 1}

_decoder = msgspec.json.Decoder(KeptTag)
_whole_decoder = msgspec.json.Decoder(ComputedTag)
_encoder = msgspec.json.Encoder()


class TagCollection:
    """Reads and writes tags in batches. Every method raises `StoreError`, and only that, when MongoDB fails."""

    def __init__(self, mongo: Mongo, clock: Clock) -> None:
        self._mongo = mongo
        self._clock = clock
        mongo.index("tags", [IndexModel("deleteAt", expireAfterSeconds=0)])

    async def read(self, customers: Sequence[str], keys: Collection[str]) -> dict[str, dict[str, Tag]]:
        """The tags that are kept, by customer and by key, fresh or not, with one command.

        What cannot be read, say of another version of the gateway, counts as absent.
        """
        if not customers or not keys:
            return {}

        async def find(database: Database) -> list[Document]:
            # One more than there can be, so that the first batch is known to be the last.
            cursor = database.tags.find({"_id": {"$in": list(customers)}}, _READ, batch_size=len(customers) + 1)
            return await cursor.to_list(None)

        documents = await self._mongo.run(find)
        after = self._clock.now() - KEEP
        return {document["_id"]: _tags_of(document, keys, after) for document in documents}

    async def write(self, tags: Sequence[tuple[str, ComputedTag]]) -> None:
        """Keep tags, each with its customer, in one bulk. A tag that is kept and was computed later stays."""
        if not tags:
            return
        by_customer: dict[str, list[ComputedTag]] = {}
        for customer, tag in tags:
            by_customer.setdefault(customer, []).append(tag)
        upserts = [_upsert(customer, own) for customer, own in by_customer.items()]
        await self._mongo.run(lambda database: database.tags.bulk_write(upserts, ordered=False))

    async def mark_stale(self, customers: Sequence[str]) -> int:
        """Make the customers' tags expire now; they stay to be served stale until they are renewed.

        So do tags that are not written yet, of facts from before. Gives the number of customers who were there.
        """
        now = self._clock.now()
        mark = {"$max": {"staleAt": now, "deleteAt": now + KEEP_MARK}, "$inc": {"marks": 1}}
        marks = [UpdateOne({"_id": customer}, mark, upsert=True) for customer in customers]
        if not marks:
            return 0
        result = await self._mongo.run(lambda database: database.tags.bulk_write(marks, ordered=False))
        return result.matched_count

    async def forget(self, customers: Sequence[str]) -> int:
        """Delete the customers' tags. Gives the number of customers who had any."""
        result = await self._mongo.run(lambda database: database.tags.delete_many({"_id": {"$in": list(customers)}}))
        return result.deleted_count


def _tags_of(document: Document, keys: Collection[str], after: datetime) -> dict[str, Tag]:
    """The tags of a document that can be read and expired after a time, if at all."""
    found: dict[str, Tag] = {}
    texts = document.get("tags", {})
    for key in keys:
        text = texts.get(key)
        if text is None:
            continue
        try:
            tag: Tag = _decoder.decode(text)
            if tag.form != FORM:
                tag = _whole_decoder.decode(text)  # which finds out whether all of it can be read
        except (msgspec.DecodeError, TypeError):
            continue
        if tag.expires_at > after:
            found[key] = tag
    return _marked(document, found) if "marks" in document else found


def _marked(document: Document, tags: dict[str, Tag]) -> dict[str, Tag]:
    """Tags as marks left them."""
    marks, stale_at, seen = document["marks"], document["staleAt"], document.get("seen", {})
    return {
        key: tag if seen.get(key) == marks else msgspec.structs.replace(tag, expires_at=min(tag.expires_at, stale_at))
        for key, tag in tags.items()
    }


def _upsert(customer: str, tags: Sequence[ComputedTag]) -> UpdateOne:
    # A pipeline, whose expressions see the document as it is kept.
    values: dict[str, Any] = {"deleteAt": {"$max": ["$deleteAt", max(tag.expires_at for tag in tags) + KEEP]}}
    for tag in tags:
        later = {"$gt": [f"$at.{tag.key}", tag.computed_at]}
        # What another worker has kept may be of before the mark, and what it computes of that as well.
        oldest = min((fact.as_of for fact in tag.evidence if fact.as_of is not None), default=tag.computed_at)
        seen = {"$cond": [{"$lte": [oldest, "$staleAt"]}, f"$seen.{tag.key}", "$marks"]}
        new = {"tags": _encoder.encode(tag).decode(), "at": tag.computed_at, "seen": seen}
        values |= {f"{name}.{tag.key}": {"$cond": [later, f"${name}.{tag.key}", value]} for name, value in new.items()}
    return UpdateOne({"_id": customer}, [{"$set": values}], upsert=True)
