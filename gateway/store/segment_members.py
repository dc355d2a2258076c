"""Who is in a segment, as the documents of tags say: `segments` has `+KEY`, `-KEY` or `?KEY` for each that was computed.

It is written by the update that writes the tags, and only with tags of segments. One index finds members, others and those who
cannot be told, in the order of their ids.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from pymongo import IndexModel

from gateway.store.mongo import Database, Document, Mongo
from gateway.tags.computed_tag import ComputedTag
from gateway.tags.segment_keys import SEGMENT_PREFIX

IN, OUT, UNKNOWN = "+", "-", "?"
"""What stands before the key of a segment: the customer is in it, is not, or cannot be told."""

INDEX = IndexModel([("segments", 1), ("_id", 1)])

COUNT_S = 600.0
"""How long it may take to count some customers of a segment, in seconds."""

_LENGTH = len(SEGMENT_PREFIX)
_IS_SEGMENT: Document = {"$eq": [{"$substrBytes": ["$$this.k", 0, _LENGTH]}, SEGMENT_PREFIX]}
_MARK: Document = {
    "$cond": [{"$eq": ["$$this.v.value", "true"]}, IN, {"$cond": [{"$gt": ["$$this.v.value", None]}, OUT, UNKNOWN]}]
}

MEMBERSHIP: Document = {
    "segments": {
        "$map": {
            "input": {"$filter": {"input": {"$objectToArray": "$now"}, "cond": _IS_SEGMENT}},
            "in": {"$concat": [_MARK, {"$substrBytes": ["$$this.k", _LENGTH, -1]}]},
        }
    }
}
"""The field of a document, by the values that tags have after the update."""

RESTORED: Document = {"segments": {"$cond": [{"$eq": ["$former", True]}, MEMBERSHIP["segments"], "$segments"]}}
"""The field of a document before an update: of a former customer who is one again, by the values that he had."""


def has_segments(tags: Iterable[ComputedTag]) -> bool:
    """Tell whether any of the tags is that of a segment."""
    return any(tag.key.startswith(SEGMENT_PREFIX) for tag in tags)


def mark_of(value: str | None) -> str:
    """Give the mark of a value of the tag of a segment."""
    return UNKNOWN if value is None else IN if value == "true" else OUT


def first_membership(tags: Iterable[ComputedTag]) -> Document:
    """Write the field of a document that is new."""
    own = [f"{mark_of(tag.value)}{tag.key[_LENGTH:]}" for tag in tags if tag.key.startswith(SEGMENT_PREFIX)]
    return {"$cond": [{"$gt": ["$history", None]}, "$segments", {"$literal": own}]}


def leave_segments(customers: Collection[str]) -> tuple[Document, Document]:
    """Write what takes customers out of all segments: their records are those of others by now."""
    return {"_id": {"$in": [*customers]}, "segments": {"$exists": True}}, {"$unset": {"segments": ""}}


class SegmentMembers:
    """Reads who is in segments. Every method raises `StoreError`, and only that, when MongoDB fails."""

    def __init__(self, mongo: Mongo) -> None:
        self._mongo = mongo

    def ensure_indexes(self) -> None:
        """Have the index ensured. Without segments there is none."""
        self._mongo.index("tags", [INDEX])

    async def read_page(self, key: str, after: str, skip: int, first: int) -> Sequence[str]:
        """Read the ids of member sets in a segment, in their order: those after one, without the first ones of these."""

        async def find(database: Database) -> list[Document]:
            cursor = database.tags.find(page_query(key, after), {"_id": 1}).sort("_id", 1)
            return await cursor.skip(skip).limit(first).to_list(None)

        return [document["_id"] for document in await self._mongo.run(find)]

    async def count(self, key: str, after: str = "", until: str | None = None) -> Mapping[str, int]:
        """Count a segment's customers by mark, by the index: those after an id and up to another one."""
        bounds: Document = {"$gt": after} if until is None else {"$gt": after, "$lte": until}

        async def count_all(database: Database) -> dict[str, int]:
            return {
                mark: await database.tags.count_documents({"segments": f"{mark}{key}", "_id": bounds})
                for mark in (IN, OUT, UNKNOWN)
            }

        return await self._mongo.run(count_all, in_background=True, timeout_s=COUNT_S)

    async def read_bounds(self, step: int, after: str = "", until: str | None = None) -> list[str]:
        """Read each so many-th id of all documents, in their order: after an id and before another one."""
        bounds = [after]

        async def find(database: Database) -> list[Document]:
            rest: Document = {"$gt": bounds[-1]} if until is None else {"$gt": bounds[-1], "$lt": until}
            return await database.tags.find({"_id": rest}, {"_id": 1}).sort("_id", 1).skip(step - 1).limit(1).to_list(None)

        while found := await self._mongo.run(find, in_background=True, timeout_s=COUNT_S):
            bounds.append(found[0]["_id"])
        return bounds[1:]


def page_query(key: str, after: str) -> dict[str, Any]:
    """Write the query of a page of members."""
    return {"segments": f"{IN}{key}", "_id": {"$gt": after}}
