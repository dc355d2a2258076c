"""Changes of tags that have not left, in the document of the customer whose tags they are.

    {_id: "<customer>", ..., outbox?: [{key, from, to, at, cause, rule}], changesOut?: moment}

An entry is written by the update that writes the change, and removed when all have taken it. `changesOut` is the moment from
which the entries may leave. Where there is none the field is not there.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from pymongo import IndexModel, UpdateOne

from gateway.changes.tag_change import OutboxPage
from gateway.store.mongo import Database, Document, Mongo

MAX_ENTRIES = 1_000
"""How many changes of a customer wait. Where nobody takes them the oldest go."""

MERGE_PATIENCE = timedelta(seconds=10)
"""For how long the first changes of several records wait, so that it can be noted that they were several customers before."""

OUTBOX_INDEX = IndexModel("changesOut", sparse=True)


class TagOutbox:
    """Reads and removes changes that leave. Every method raises `StoreError`, and only that, when MongoDB fails."""

    def __init__(self, mongo: Mongo) -> None:
        self._mongo = mongo

    async def read_page(self, now: datetime, limit: int) -> OutboxPage:
        """Read the changes of customers whose changes may leave, those first who wait longest."""

        async def find(database: Database) -> list[Document]:
            shown = {"outbox": 1, "changesOut": 1}
            cursor = database.tags.find({"changesOut": {"$lte": now}}, shown, sort=[("changesOut", 1)], limit=limit)
            return await cursor.to_list(None)

        found = await self._mongo.run(find, in_background=True)
        return OutboxPage(
            {document["_id"]: document.get("outbox", ()) for document in found},
            min((document["changesOut"] for document in found), default=None),
        )

    async def remove(self, taken: Mapping[str, Sequence[Mapping[str, Any]]]) -> None:
        """Remove entries that all have taken. Others that came meanwhile stay."""
        await self._update(
            [
                UpdateOne(
                    {"_id": customer},
                    [
                        {
                            "$set": {
                                "outbox": {
                                    "$filter": {
                                        "input": {"$ifNull": ["$outbox", []]},
                                        "cond": {"$not": [{"$in": ["$$this", {"$literal": list(entries)}]}]},
                                    }
                                }
                            }
                        },
                        {"$set": CHANGES_OUT},
                    ],
                )
                for customer, entries in taken.items()
            ]
        )

    async def postpone(self, customers: Sequence[str], at: datetime) -> None:
        """Have the changes of customers leave at a later moment."""
        is_waiting = {"changesOut": {"$exists": True}}
        await self._update([UpdateOne({"_id": own, **is_waiting}, {"$set": {"changesOut": at}}) for own in customers])

    async def _update(self, updates: Sequence[UpdateOne]) -> None:
        if updates:
            await self._mongo.run(partial(_write, updates), kind="write", in_background=True)


def leaving_from(now: datetime) -> Document:
    """Write the fields that say when entries leave: now, unless others wait already."""
    return {"outbox": _OUTBOX, "changesOut": {"$cond": [_HAS_ENTRIES, {"$ifNull": ["$changesOut", now]}, "$$REMOVE"]}}


def first_entries(entries: Sequence[Document]) -> Document:
    """Write the entries of a document that is new."""
    return {"$cond": [{"$gt": ["$history", None]}, "$outbox", {"$literal": list(entries)}]}


def added_entries(entries: Sequence[Document]) -> Document:
    """Write the entries of a document with others, each a list that an expression gives."""
    return {"$slice": [{"$concatArrays": [{"$ifNull": ["$outbox", []]}, *entries]}, -MAX_ENTRIES]}


def note_merge(values: Mapping[str, str | None], cause: str, first: str, now: datetime) -> Document:
    """Write the entries of a customer who was several before, by key of the tag, unless they may have left."""
    is_first = {"$and": [{"$eq": ["$$this.cause", first]}, {"$gt": ["$changesOut", now]}]}
    merged = [
        {"case": {"$eq": ["$$this.key", key]}, "then": {"$mergeObjects": ["$$this", {"from": _literal(value), "cause": cause}]}}
        for key, value in values.items()
    ]
    noted = {"$cond": [is_first, {"$switch": {"branches": merged, "default": "$$this"}}, "$$this"]}
    return {"outbox": {"$map": {"input": "$outbox", "in": noted}}, "changesOut": now}


def _literal(value: str | None) -> Document:
    return {"$literal": value}


async def _write(updates: Sequence[UpdateOne], database: Database) -> None:
    await database.tags.bulk_write(updates, ordered=False)


_HAS_ENTRIES: Document = {"$gt": [{"$size": {"$ifNull": ["$outbox", []]}}, 0]}
_OUTBOX: Document = {"$cond": [_HAS_ENTRIES, "$outbox", "$$REMOVE"]}
CHANGES_OUT: Document = {"outbox": _OUTBOX, "changesOut": {"$cond": [_HAS_ENTRIES, "$changesOut", "$$REMOVE"]}}
"""Have both fields be there only while entries wait."""
