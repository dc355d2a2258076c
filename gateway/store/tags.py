"""Computed tags in MongoDB, one document for each customer.

    {_id: "<customer>", tags: {<key>: json}, at: {<key>: computedAt}, deleteAt, staleAt?, marks?, seen?: {<key>: marks},
     changes?: {<key>: moment}, changesAt?, tries?,
     now: {<key>: {value, rule, partial?}}, history: {<key>: [{at, from, to, cause}]}, outbox?, changesOut?,
     records?, former?, backAt?, segments?: [+<segment>]}

`json` is the `ComputedTag`. `marks` counts how often a customer's tags were marked stale, and `seen` is the count that was read
before a tag was computed: a tag that has not seen the last mark expired when that was made (`staleAt`). So no two clocks are
compared, but for facts of answers that a worker had kept, which count only when they are of clearly later than the mark. A tag
outlives its expiry by `KEEP`, so that it can be served stale, and then counts as absent; MongoDB deletes the document when that
is so of all its tags.

`changes` are the moments at which time alone changes a tag next, and `changesAt` is the first of them, or the later one at
which that is tried again. So long the document stays, and `tries` counts how often it was tried in vain.

`now` is what a tag's value is, for queries over many customers, and by which rule (its fingerprint). `history` has the last
changes of it, written by the same update.

A clock may have been wrong. What is of the future, by more than `CLOCK_TOLERANCE`, counts as absent when it is read, and as
older when something is written.
"""

import asyncio
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Any, cast

import msgspec
from pymongo import IndexModel, UpdateOne
from pymongo.errors import BulkWriteError

from gateway.clock import CLOCK_TOLERANCE, Clock
from gateway.identity.records import RecordId
from gateway.stitching.merged_customer import SET_SEPARATOR
from gateway.store.collection import forget_sets
from gateway.store.former_tags import RECORDS_INDEX, find_unsettled, set_aside_former
from gateway.store.mongo import Database, Document, Mongo, already_there
from gateway.store.tag_merges import note_merges
from gateway.store.tag_outbox import OUTBOX_INDEX, TagOutbox
from gateway.store.tag_update import MOMENTS, NEXT_CHANGE, TagUpdate, last_deletion, latest
from gateway.tags.computed_tag import FORM, REASON_FORM, ComputedTag, StoredTag, Tag, TagReason
from gateway.tags.tag_history import ChangeCause, TagChange
from gateway.tags.tag_store import KEEP, MAX_TTL, DueTags, StoredTags

KEEP_MARK = timedelta(days=1)
"""As long as a worker may keep answers of sources."""

MAX_WRITES = 20
"""How many customers a write is of. Between writes there is time for reads, for which requests wait."""

_READ = {"tags": 1, "marks": 1, "staleAt": 1, "seen": 1}

_READ_DUE = {"changes": 1, "tries": 1}

_decoder = msgspec.json.Decoder(StoredTag)
_whole_decoder = msgspec.json.Decoder(ComputedTag)


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
        self.leaving: Collection[str] = frozenset()
        """The tags whose changes are written into the outbox, too."""
        self.outbox = TagOutbox(mongo)
        expiry, schedule = IndexModel("deleteAt", expireAfterSeconds=0), IndexModel("changesAt", sparse=True)
        mongo.index("tags", [expiry, schedule, OUTBOX_INDEX, RECORDS_INDEX])

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
        seen, customers = marks or {}, [*by_customer]
        async with self._writing:
            for start in range(0, len(customers), MAX_WRITES):
                now = self._clock.now()  # which may be much later than for those before
                some = customers[start : start + MAX_WRITES]
                updates = [TagUpdate(own, by_customer[own], seen.get(own), now, self.leaving) for own in some]
                await self._mongo.run(partial(_write_tags, updates, now), kind="write", in_background=True)

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
            "staleAt": latest("$staleAt", now, now + CLOCK_TOLERANCE),
            "deleteAt": latest("$deleteAt", now + KEEP_MARK, last_deletion(now)),
        }
        marks = [UpdateOne({"_id": customer}, [{"$set": mark}], upsert=True) for customer in customers]
        if not marks:
            return 0
        result = await self._mongo.run(lambda database: database.tags.bulk_write(marks, ordered=False), kind="write")
        return result.matched_count

    async def read_history(self, pairs: Collection[tuple[str, str]]) -> dict[tuple[str, str], list[TagChange]]:
        """Read how tags changed, by customer and key, the newest change first. There is none of a tag that is not stored."""
        if not pairs:
            return {}
        customers, shown = sorted({customer for customer, _ in pairs}), {f"history.{key}": 1 for _, key in pairs}

        async def find(database: Database) -> list[Document]:
            return await database.tags.find({"_id": {"$in": customers}}, shown).to_list(None)

        found = {document["_id"]: document.get("history", {}) for document in await self._mongo.run(find)}
        return {pair: [_change(own) for own in reversed(found.get(pair[0], {}).get(pair[1], ()))] for pair in pairs}

    async def read_due(self, now: datetime, limit: int) -> list[DueTags]:
        """Read customers with a tag that time alone has changed by now, those who wait longest first."""

        async def find(database: Database) -> list[Document]:
            cursor = database.tags.find({"changesAt": {"$lte": now}}, _READ_DUE, sort=[("changesAt", 1)], limit=limit)
            return await cursor.to_list(None)

        return [_read_due(document, now) for document in await self._mongo.run(find, in_background=True)]

    async def postpone(self, due: Mapping[str, datetime], now: datetime) -> None:
        """Have tags that are still due be so again at a later moment, by customer."""
        # What changes meanwhile comes at its own moment.
        coming = {"$min": {"$filter": {"input": MOMENTS, "cond": {"$gt": ["$$this", now]}}}}
        updates = [
            UpdateOne(
                {"_id": customer, "changesAt": {"$lte": now}},
                [{"$set": {"changesAt": {"$min": [at, coming]}, "tries": {"$add": [{"$ifNull": ["$tries", 0]}, 1]}}}],
            )
            for customer, at in due.items()
        ]
        await self._update(updates)

    async def unschedule(self, pairs: Iterable[tuple[str, str]], now: datetime) -> None:
        """Have tags be due no more, each with its customer. They change when somebody asks for them."""
        keys: dict[str, list[str]] = {}
        for customer, key in pairs:
            keys.setdefault(customer, []).append(key)
        # One that was renewed meanwhile is due at another moment.
        updates = [
            UpdateOne(
                {"_id": customer},
                [
                    {"$set": {f"changes.{key}": {"$cond": [{"$lte": [f"$changes.{key}", now]}, "$$REMOVE", f"$changes.{key}"]}}}
                    for key in own
                ]
                + [{"$set": NEXT_CHANGE}],
            )
            for customer, own in keys.items()
        ]
        await self._update(updates)

    async def _update(self, updates: Sequence[UpdateOne]) -> None:
        if updates:
            await self._mongo.run(partial(_write, updates), kind="write", in_background=True)

    async def forget(self, records: Iterable[RecordId]) -> int:
        """Delete the tags of every member set with one of the records. Gives the number of sets."""
        return await forget_sets(self._mongo, self.name, records)


async def _write_tags(updates: Sequence[TagUpdate], now: datetime, database: Database) -> None:
    refused: list[int] = []
    written: Mapping[str, Any]
    try:
        written = (await database.tags.bulk_write([update.plain() for update in updates], ordered=False)).bulk_api_result
    except BulkWriteError as error:
        refused, written = already_there(error), cast(Mapping[str, Any], error.details)
    new = [own["_id"] for own in written["upserted"]]
    if refused:
        new += await find_unsettled(database, [updates[place].customer for place in refused])
        await database.tags.bulk_write([updates[place].guarded() for place in refused], ordered=False)
    if merged := [customer for customer in new if SET_SEPARATOR in customer]:
        await note_merges(database, merged, now)
    if new:
        await set_aside_former(database, new, now)


async def _write(updates: Sequence[UpdateOne], database: Database) -> None:
    await database.tags.bulk_write(updates, ordered=False)


def _change(stored: Document) -> TagChange:
    return TagChange(stored["at"], stored["from"], stored["to"], ChangeCause(stored["cause"]))


def _read_due(document: Document, now: datetime) -> DueTags:
    changes: Mapping[str, datetime] = document.get("changes", {})
    keys = tuple(key for key, at in changes.items() if at <= now)
    since = min((changes[key] for key in keys), default=now)
    return DueTags(document["_id"], keys, since, document.get("tries", 0))


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
