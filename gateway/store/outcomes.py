"""Outcomes of actions in MongoDB: what callers recorded of customers.

outcomes  {_id, rule, records: [<id of a record>], outcome, at, caller, recordedAt, deleteAt}
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta

from pymongo import IndexModel

from gateway.actions.action_outcome import ActionOutcome, OutcomeKind
from gateway.identity.records import RecordId, list_names
from gateway.store.collection import ERASE_S
from gateway.store.mongo import Database, Document, Mongo

READ_S = 60.0
"""How long a report may read, in seconds."""


class OutcomeCollection:
    """Reads and writes outcomes. Every method raises `StoreError`, and only that, when MongoDB fails."""

    name = "outcomes"
    retention: timedelta | None

    def __init__(self, mongo: Mongo, retention: timedelta = timedelta(days=400)) -> None:
        self._mongo = mongo
        self.retention = retention
        self.withholds: Callable[[str], bool] | None = None
        """Tells of which customers nothing is stored."""

    def ensure_indexes(self) -> None:
        """Have the collection indexed before anything is written."""
        indexes = [
            IndexModel([("rule", 1), ("outcome", 1)]),
            IndexModel("records"),
            IndexModel("deleteAt", expireAfterSeconds=0),
        ]
        self._mongo.index(self.name, indexes)

    async def add(self, outcome: ActionOutcome, now: datetime) -> bool:
        """Store an outcome. Gives false for one that is there already."""
        document = {
            "rule": outcome.rule,
            "records": list(outcome.records),
            "outcome": outcome.kind.value,
            "at": outcome.at,
            "caller": outcome.caller,
            "recordedAt": now,
            "deleteAt": now + (self.retention or timedelta()),
        }
        if self._is_withheld(outcome):
            return False
        result = await self._mongo.run(
            lambda database: database[self.name].update_one({"_id": outcome.id}, {"$setOnInsert": document}, upsert=True),
            kind="write",
        )
        if self._is_withheld(outcome):  # an erasure may have removed what there was while this was written
            await self._mongo.run(lambda database: database[self.name].delete_one({"_id": outcome.id}), kind="write")
            return False
        return result.upserted_id is not None

    def _is_withheld(self, outcome: ActionOutcome) -> bool:
        return self.withholds is not None and any(map(self.withholds, outcome.records))

    async def read(self, rule: str, kind: OutcomeKind) -> list[tuple[list[str], datetime]]:
        """Read the outcomes of a rule: the records of each customer, and when."""

        async def find(database: Database) -> list[Document]:
            which = {"rule": rule, "outcome": kind.value}
            return await database[self.name].find(which, {"records": 1, "at": 1}).to_list(None)

        found = await self._mongo.run(find, in_background=True, timeout_s=READ_S)
        return [(own["records"], own["at"]) for own in found]

    async def forget(self, records: Iterable[RecordId]) -> int:
        """Delete the outcomes of the records. Gives their number."""
        names = list_names(records)
        if not names:
            return 0
        which = {"records": {"$in": names}}
        result = await self._mongo.run(
            lambda database: database[self.name].delete_many(which), kind="write", in_background=True, timeout_s=ERASE_S
        )
        return result.deleted_count
