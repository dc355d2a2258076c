r"""How often callers were given tags, and since when rules are in force, in MongoDB. No customer is in it.

tag_usage  {_id: "<day>\n<tag>\n<caller>", day, tag, caller, asked, deleteAt}
tag_rules  {_id: "<tag>", fingerprint, changedAt, history: [{fingerprint, version, at}]}
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import date, datetime, timedelta
from inspect import isawaitable
from typing import Any

import msgspec
from pymongo import IndexModel, UpdateOne

from gateway.errors import StoreError
from gateway.store.former_tags import PRESENT
from gateway.store.mongo import Database, Document, Mongo
from gateway.tags.tag_history import MAX_RULE_CHANGES, RuleChange
from gateway.tags.tag_usage import NotedRule

USAGE, RULES, TAGS = "tag_usage", "tag_rules", "tags"

KEEP_DAYS = 400
"""For how long the counts of a day are kept."""

READ_S = 10.0
"""How long a report may read, in seconds."""


class TagUsageCollection:
    """Reads and writes counts. Every method raises `StoreError`, and only that, when MongoDB fails."""

    def __init__(self, mongo: Mongo) -> None:
        self._mongo = mongo
        mongo.index(USAGE, [IndexModel("deleteAt", expireAfterSeconds=0)])

    async def add(self, day: date, counts: Mapping[tuple[str, str], int], now: datetime) -> None:
        """Add counts of a day, by tag and caller. Those of other workers stay."""
        updates = [
            UpdateOne(
                {"_id": f"{day.isoformat()}\n{tag}\n{caller}"},
                {
                    "$inc": {"asked": count},
                    "$set": {"day": day.isoformat(), "tag": tag, "caller": caller, "deleteAt": now + timedelta(days=KEEP_DAYS)},
                },
                upsert=True,
            )
            for (tag, caller), count in counts.items()
        ]
        await self._mongo.run(
            lambda database: database[USAGE].bulk_write(updates, ordered=False), kind="write", in_background=True
        )

    async def note_rules(self, rules: Mapping[str, NotedRule], now: datetime) -> None:
        """Note the rules in force. The time of one that was in force before stays."""
        updates = [UpdateOne({"_id": tag}, [{"$set": _note_of(rule, now)}], upsert=True) for tag, rule in rules.items()]
        if updates:
            await self._mongo.run(
                lambda database: database[RULES].bulk_write(updates, ordered=False), kind="write", in_background=True
            )

    async def read(self, since: date) -> list[tuple[str, str, int]]:
        """Add up the counts from a day on: tag, caller and how often."""
        total = [
            {"$match": {"day": {"$gte": since.isoformat()}}},
            {"$group": {"_id": {"tag": "$tag", "caller": "$caller"}, "asked": {"$sum": "$asked"}}},
        ]
        found = await self._aggregate(USAGE, total)
        try:
            return [(own["_id"]["tag"], own["_id"]["caller"], int(own["asked"])) for own in found]
        except (KeyError, TypeError, ValueError):
            raise StoreError(f"a document in {USAGE} has another form") from None

    async def read_rules(self) -> dict[str, list[RuleChange]]:
        """Read which rules each tag had, and since when, the one in force first."""

        async def find(database: Database) -> list[Document]:
            return await database[RULES].find({}).to_list(None)

        found = await self._mongo.run(find, in_background=True, timeout_s=READ_S)
        try:
            return {own["_id"]: _changes_of(own) for own in found}
        except (KeyError, msgspec.ValidationError):
            raise StoreError(f"a document in {RULES} has another form") from None

    async def sample(self, size: int) -> Collection[str]:
        """Name some customers at random who have stored tags."""
        found = await self._aggregate(TAGS, [{"$sample": {"size": size}}, {"$match": PRESENT}, {"$project": {"_id": 1}}])
        return list(dict.fromkeys(own["_id"] for own in found))

    async def _aggregate(self, collection: str, stages: list[Document]) -> list[Document]:
        async def run(database: Database) -> list[Document]:
            # One driver waits to make a cursor, the other one does not.
            cursor = database[collection].aggregate(stages)
            made: Any = await cursor if isawaitable(cursor) else cursor
            found: list[Document] = await made.to_list(None)
            return found

        return await self._mongo.run(run, in_background=True, timeout_s=READ_S)


def _note_of(rule: NotedRule, now: datetime) -> Document:
    """Write the fields of a rule in force, of those that its document has.

    What was noted before there was a history begins it.
    """
    is_same = {"$eq": ["$fingerprint", rule.fingerprint]}
    first = [{"fingerprint": "$fingerprint", "at": "$changedAt"}]
    before = {"$ifNull": ["$history", {"$cond": [{"$eq": [{"$type": "$fingerprint"}, "missing"]}, [], first]}]}
    change = {"fingerprint": rule.fingerprint, "version": rule.version, "at": now}
    changed = {"$slice": [{"$concatArrays": [before, [change]]}, -MAX_RULE_CHANGES]}
    return {
        "history": {"$cond": [is_same, before, changed]},
        "changedAt": {"$cond": [is_same, "$changedAt", now]},
        "fingerprint": rule.fingerprint,
    }


def _changes_of(document: Document) -> list[RuleChange]:
    noted = document.get("history") or [{"fingerprint": document["fingerprint"], "at": document["changedAt"]}]
    return msgspec.convert(noted[::-1], list[RuleChange])
