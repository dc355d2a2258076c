"""How many customers are in segments, in MongoDB, kept by the changes that leave the outbox.

    segment_counts  {_id: "<segment>", members, known, unknown, asOf, countedAt, turn, seen: [<digits of the id of a change>]}

Each change counts once, however often it is given: `seen` has those of the last changes, and one update looks there and counts.
`turn` goes up with each update. What no change tells of, such as documents that were deleted, comes right when all are counted
again: then changes that still wait in the outbox are taken off, as they count when they leave it.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import UTC, datetime

import msgspec
from pymongo import UpdateOne

from gateway.changes.tag_change import TagChanged
from gateway.clock import Clock
from gateway.errors import StoreError
from gateway.store.mongo import Database, Document, Mongo
from gateway.store.segment_members import COUNT_S, IN, OUT, UNKNOWN, SegmentMembers, mark_of
from gateway.tags.segment_keys import SEGMENT_PREFIX, segment_tag
from gateway.tags.tag_history import ChangeCause

COLLECTION = "segment_counts"

MAX_SEEN = 2_000
"""How many changes a segment remembers. Of those that come again it must be one of them."""

ID_DIGITS = 16

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
"""Before all moments: a comparison with it finds what has one by the index."""

_NEW = (ChangeCause.FIRST, ChangeCause.MERGE)
"""Causes of the first change of a document."""


class SegmentCount(msgspec.Struct, frozen=True, kw_only=True):
    """How many customers are `members`, of how many it is `known` whether they are, of how many not. As of a moment."""

    members: int
    known: int
    unknown: int
    as_of: datetime


class Delta(msgspec.Struct, frozen=True):
    """By how much a change counts."""

    members: int = 0
    known: int = 0
    unknown: int = 0

    def __add__(self, other: Delta) -> Delta:
        return Delta(self.members + other.members, self.known + other.known, self.unknown + other.unknown)

    def __sub__(self, other: Delta) -> Delta:
        return Delta(self.members - other.members, self.known - other.known, self.unknown - other.unknown)


class CountingTurn(msgspec.Struct, frozen=True):
    """How often changes of a segment were counted, and the ids of those that were counted last."""

    number: int
    seen: frozenset[str]


def delta_of(change: TagChanged) -> Delta:
    """Say by how much a change of a segment's tag counts."""
    after = _state(change.value)
    return after if change.cause in _NEW else after - _state(change.before)


def _state(value: str | None) -> Delta:
    mark = mark_of(value)
    return Delta(unknown=1) if mark == UNKNOWN else Delta(members=int(mark == IN), known=1)


class SegmentCounts:
    """Keeps counts. Every method raises `StoreError`, and only that, when MongoDB fails."""

    def __init__(self, mongo: Mongo, members: SegmentMembers, clock: Clock) -> None:
        self._mongo = mongo
        self._members = members
        self._clock = clock

    async def read(self, keys: Collection[str]) -> dict[str, SegmentCount]:
        """Read the counts of segments. One that was never counted is left out."""

        async def find(database: Database) -> list[Document]:
            return await database[COLLECTION].find({"_id": {"$in": [*keys]}, "asOf": {"$ne": None}}, {"seen": 0}).to_list(None)

        return {own["_id"]: _read_count(own) for own in await self._mongo.run(find)}

    async def take_changes(self, changes: Sequence[TagChanged]) -> None:
        """Count changes of segments. Those that were counted before change nothing."""
        by_key: dict[str, list[Document]] = {}
        for change in changes:
            if change.key.startswith(SEGMENT_PREFIX):
                delta = msgspec.structs.asdict(delta_of(change))
                by_key.setdefault(change.key.removeprefix(SEGMENT_PREFIX), []).append({"id": change.id[:ID_DIGITS], **delta})
        now = self._clock.now()
        updates = [UpdateOne({"_id": key}, _counting(own, now), upsert=True) for key, own in by_key.items()]
        if updates:
            await self._mongo.run(
                lambda database: database[COLLECTION].bulk_write(updates, ordered=False), kind="write", in_background=True
            )

    async def count(self, key: str, after: str = "", until: str | None = None) -> Delta:
        """Count a segment by the documents of tags, with the changes that still wait: after an id and up to another one."""
        counted = await self._members.count(key, after, until)
        return Delta(counted[IN], counted[IN] + counted[OUT], counted[UNKNOWN])

    async def replace(self, key: str, count: Delta, turn: CountingTurn | None) -> bool:
        """Replace a count. Tells whether no change was counted since the `turn` was read."""
        now = self._clock.now()
        values = msgspec.structs.asdict(count) | {"asOf": now, "countedAt": now}

        async def write(database: Database) -> bool:
            if turn is None:
                await database[COLLECTION].update_one({"_id": key}, {"$setOnInsert": {"turn": 0}}, upsert=True)
            found = await database[COLLECTION].update_one(
                {"_id": key, "turn": 0 if turn is None else turn.number}, {"$set": values}
            )
            return bool(found.matched_count)

        return await self._mongo.run(write, kind="write", in_background=True)

    async def read_turn(self, key: str) -> CountingTurn | None:
        """Read how often changes were counted, and which ones last. None where nothing was ever counted."""
        shown = {"turn": 1, "seen": 1}
        found = await self._mongo.run(lambda database: database[COLLECTION].find_one({"_id": key}, shown))
        return None if found is None else CountingTurn(int(found.get("turn", 0)), frozenset(found.get("seen", ())))

    async def read_counted(self, keys: Collection[str]) -> dict[str, datetime]:
        """Read when segments were counted anew. One that never was is left out."""

        async def find(database: Database) -> list[Document]:
            query = {"_id": {"$in": [*keys]}, "countedAt": {"$ne": None}}
            return await database[COLLECTION].find(query, {"countedAt": 1}).to_list(None)

        return {own["_id"]: own["countedAt"] for own in await self._mongo.run(find)}

    async def has_leaving(self) -> bool:
        """Tell whether changes wait that may leave by now."""
        which = {"changesOut": {"$lte": self._clock.now()}}
        return await self._mongo.run(lambda own: own.tags.find_one(which, {"_id": 1}), in_background=True) is not None

    async def read_pending(
        self, key: str, after: str = "", until: str | None = None, turn: CountingTurn | None = None
    ) -> dict[str, Delta]:
        """Read by how much changes of a segment count that still wait, by their ids, of customers between two ids.

        Those are left out that were counted before the turn: who counted them has not removed them yet, or died before.
        """
        counted: Collection[str] = () if turn is None else turn.seen
        tag = segment_tag(key)

        async def find(database: Database) -> list[Document]:
            return await database.tags.find({"changesOut": {"$gt": EPOCH}}, {"outbox": 1}).to_list(None)

        found = await self._mongo.run(find, in_background=True, timeout_s=COUNT_S)
        within = [own for own in found if own["_id"] > after and (until is None or own["_id"] <= until)]
        entries = [(own["_id"], entry) for own in within for entry in own.get("outbox", ()) if entry["key"] == tag]
        changes = [TagChanged.read(customer, entry) for customer, entry in entries]
        return {change.id: delta_of(change) for change in changes if change.id[:ID_DIGITS] not in counted}


def _counting(changes: Sequence[Document], now: datetime) -> list[Document]:
    """Write the update that counts those of the changes that were not counted before."""
    fresh = {
        "$filter": {
            "input": {"$literal": [*changes]},
            "cond": {"$not": [{"$in": ["$$this.id", {"$ifNull": ["$seen", []]}]}]},
        }
    }
    counted = {
        name: {"$add": [{"$ifNull": [f"${name}", 0]}, {"$sum": {"$map": {"input": "$fresh", "in": f"$$this.{name}"}}}]}
        for name in ("members", "known", "unknown")
    }
    seen = {"$concatArrays": [{"$ifNull": ["$seen", []]}, {"$map": {"input": "$fresh", "in": "$$this.id"}}]}
    return [
        {"$set": {"fresh": fresh}},
        {
            "$set": counted
            | {
                "seen": {"$slice": [seen, -MAX_SEEN]},
                "turn": {"$add": [{"$ifNull": ["$turn", 0]}, 1]},
                # Until all are counted for the first time, nothing is known of those from before.
                "asOf": {"$cond": [{"$gt": ["$asOf", None]}, now, "$$REMOVE"]},
            }
        },
        {"$unset": "fresh"},
    ]


def _read_count(document: Document) -> SegmentCount:
    try:
        return SegmentCount(
            members=max(0, document["members"]),
            known=max(0, document["known"]),
            unknown=max(0, document["unknown"]),
            as_of=document["asOf"],
        )
    except (KeyError, TypeError):
        raise StoreError(f"a document in {COLLECTION} has another form") from None
