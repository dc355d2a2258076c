"""Computed tags in MongoDB, one document for each customer.

    {_id: "<customer>", tags: {<key>: json}, at: {<key>: computedAt}, deleteAt, staleAt?, marks?, seen?: {<key>: marks}}

`json` is the `ComputedTag`. `marks` counts how often a customer's tags were marked stale, and `seen` is the count that was read
before a tag was computed: a tag that has not seen the last mark expired when that was made (`staleAt`). So no two clocks are
compared, but for facts of answers that a worker had kept, which count only when they are of clearly later than the mark. A tag
outlives its expiry by `KEEP`, so that it can be served stale, and then counts as absent; MongoDB deletes the document when that
is so of all its tags.

A clock may have been wrong. What is of the future, by more than `CLOCK_TOLERANCE`, counts as absent when it is read, and as
older when something is written.
"""

import asyncio
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import msgspec
from pymongo import IndexModel, UpdateOne

from gateway.clock import CLOCK_TOLERANCE, Clock
from gateway.identity.records import RecordId
from gateway.store.collection import forget_sets
from gateway.store.mongo import Database, Document, Mongo
from gateway.tags.computed_tag import FORM, REASON_FORM, ComputedTag, StoredTag, Tag, TagReason
from gateway.tags.tag_store import KEEP, StoredTags

KEEP_MARK = timedelta(days=1)
"""As long as a worker may keep answers of sources."""

MARK_TOLERANCE = timedelta(seconds=10)
"""By how much a kept answer must be later than a mark to be of after it: the clocks of two workers are compared then."""

MAX_TTL = timedelta(days=366)
"""A document that is to be deleted later than after this time to live is of a clock that was wrong."""

MAX_WRITES = 20
"""How many customers a write is of. Between writes there is time for reads, for which requests wait."""

_NEVER_SEEN = -1

_READ = {"tags": 1, "marks": 1, "staleAt": 1, "seen": 1}

_decoder = msgspec.json.Decoder(StoredTag)
_whole_decoder = msgspec.json.Decoder(ComputedTag)
_encoder = msgspec.json.Encoder()


class TagCollection:
    """Reads and writes tags in batches. Every method raises `StoreError`, and only that, when MongoDB fails."""

    name = "tags"
    retention: timedelta | None = MAX_TTL + KEEP

    def __init__(self, mongo: Mongo, clock: Clock) -> None:
        self._mongo = mongo
        self._clock = clock
        self._writing = asyncio.Lock()
        self.withholds: Callable[[str], bool] | None = None
        """Tells of which customers nothing is stored."""
        mongo.index("tags", [IndexModel("deleteAt", expireAfterSeconds=0)])

    async def read(self, customers: Sequence[str], keys: Collection[str]) -> dict[str, StoredTags]:
        """Read stored tags by customer and key with one command. They may be fresh or stale.

        What cannot be read, say of another version of the gateway, counts as absent.
        """
        if not customers or not keys:
            return {}

        async def find(database: Database) -> list[Document]:
            # One more than there can be, so that the first batch is known to be the last.
            cursor = database.tags.find({"_id": {"$in": list(customers)}}, _READ, batch_size=len(customers) + 1)
            return await cursor.to_list(None)

        documents = await self._mongo.run(find)
        now = self._clock.now()
        return {document["_id"]: _tags_of(document, keys, now) for document in documents}

    async def write(self, tags: Sequence[tuple[str, ComputedTag]], marks: Mapping[str, int] | None = None) -> None:
        """Keep tags, each with its customer, a few customers at a time. A tag that is kept and was computed later stays.

        `marks` are those that were read before the tags were computed. Of customers who are not in it times are compared.
        """
        if self.withholds is not None:
            tags = [pair for pair in tags if not self.withholds(pair[0])]
        if not tags:
            return
        by_customer: dict[str, list[ComputedTag]] = {}
        for customer, tag in tags:
            by_customer.setdefault(customer, []).append(tag)
        now, seen = self._clock.now(), marks or {}
        upserts = [_upsert(customer, own, seen.get(customer), now) for customer, own in by_customer.items()]
        async with self._writing:
            for start in range(0, len(upserts), MAX_WRITES):
                some = upserts[start : start + MAX_WRITES]
                await self._mongo.run(partial(_write, some), kind="write", in_background=True)

    async def wait_written(self) -> None:
        """Wait for the writes that have begun."""
        async with self._writing:
            pass

    async def mark_stale(self, customers: Sequence[str]) -> int:
        """Expire the customers' tags now. They stay to be served stale until they are renewed.

        So do tags that are not written yet, of facts from before. Gives the number of customers who were there.
        """
        if self.withholds is not None:
            customers = [customer for customer in customers if not self.withholds(customer)]
        now = self._clock.now()
        mark = {
            "marks": {"$add": [{"$ifNull": ["$marks", 0]}, 1]},
            "staleAt": _latest("$staleAt", now, now + CLOCK_TOLERANCE),
            "deleteAt": _latest("$deleteAt", now + KEEP_MARK, _last_deletion(now)),
        }
        marks = [UpdateOne({"_id": customer}, [{"$set": mark}], upsert=True) for customer in customers]
        if not marks:
            return 0
        result = await self._mongo.run(lambda database: database.tags.bulk_write(marks, ordered=False), kind="write")
        return result.matched_count

    async def forget(self, records: Iterable[RecordId]) -> int:
        """Delete the tags of every member set with one of the records. Gives the number of sets."""
        return await forget_sets(self._mongo, self.name, records)


async def _write(upserts: Sequence[UpdateOne], database: Database) -> None:
    await database.tags.bulk_write(upserts, ordered=False)


def _tags_of(document: Document, keys: Collection[str], now: datetime) -> StoredTags:
    """Read a document's tags. Left out are unreadable ones, those beyond its time, and those long expired."""
    tags, after, until = StoredTags(), now - KEEP, now + CLOCK_TOLERANCE
    texts = document.get("tags", {})
    for key in keys:
        text = texts.get(key)
        if text is None:
            continue
        try:
            tag: Tag = _decoder.decode(text)
            if tag.form != FORM:
                tag = _decode_whole(text, tag.form)
        except (msgspec.DecodeError, TypeError):
            continue
        if tag.expires_at > after and tag.computed_at <= until:
            tags[key] = tag
    if "marks" in document:
        _mark(document, tags, now)
    return tags


def _decode_whole(text: str, form: int) -> Tag:
    """Decode a tag of another form, or raise `msgspec.DecodeError` when not all of it can be read.

    One of before reasons were written has the one that it looks like.
    """
    tag = _whole_decoder.decode(text)
    if form < REASON_FORM and tag.value is None and tag.partial:
        return msgspec.structs.replace(tag, reason=TagReason.UNKNOWN)
    return tag


def _mark(document: Document, tags: StoredTags, now: datetime) -> None:
    """Have tags be as marks left them."""
    tags.marks, seen = document["marks"], document.get("seen", {})
    stale_at = min(document["staleAt"], now)
    for key, tag in tags.items():
        if seen.get(key) != tags.marks:
            tags[key] = msgspec.structs.replace(tag, expires_at=min(tag.expires_at, stale_at))


def _upsert(customer: str, tags: Sequence[ComputedTag], marks: int | None, now: datetime) -> UpdateOne:
    # A pipeline, whose expressions see the document as it is kept.
    delete_at = max(tag.expires_at for tag in tags) + KEEP
    values: dict[str, Any] = {"deleteAt": _latest("$deleteAt", delete_at, _last_deletion(now))}
    for tag in tags:
        at = f"$at.{tag.key}"
        later = {"$and": [{"$gt": [at, tag.computed_at]}, {"$lte": [at, now + CLOCK_TOLERANCE]}]}
        seen = {"$cond": [{"$gt": ["$marks", 0]}, _seen(tag, marks), f"$seen.{tag.key}"]}
        new = {"tags": _encoder.encode(tag).decode(), "at": tag.computed_at, "seen": seen}
        values |= {f"{name}.{tag.key}": {"$cond": [later, f"${name}.{tag.key}", value]} for name, value in new.items()}
    return UpdateOne({"_id": customer}, [{"$set": values}], upsert=True)


def _seen(tag: ComputedTag, marks: int | None) -> Any:
    """The mark that a tag has seen: that of before it was computed, unless some of its facts may be older still."""
    oldest = min((fact.as_of for fact in tag.evidence if fact.as_of is not None), default=tag.computed_at)
    if marks is not None and oldest >= tag.computed_at:
        return marks
    before = min(oldest, tag.computed_at) - MARK_TOLERANCE
    return {"$cond": [{"$lt": ["$staleAt", before]}, "$marks" if marks is None else marks, _NEVER_SEEN]}


def _latest(name: str, value: datetime, limit: datetime) -> Any:
    """Give the later value, unless the stored one is beyond a limit."""
    return {"$cond": [{"$gt": [name, limit]}, value, {"$max": [name, value]}]}


def _last_deletion(now: datetime) -> datetime:
    return now + MAX_TTL + KEEP + CLOCK_TOLERANCE
