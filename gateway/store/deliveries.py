"""Deliveries in MongoDB: one document for each change that a rule tells its target.

deliveries     {_id: webhook-id, rule, target, customer, records: [<id of a record>], key, from, to, at, cause, state, reason?,
                group?, attempts, createdAt, nextAt?, body?, decidedAt?, sentAt?, failure?, waitsSince?, deleteAt}
action_counts  {_id: rule, <reason>: count}

`body` is there while a delivery waits that may be sent. `decidedAt` is when it was decided that a customer is told of, or held
out. `waitsSince` is from when on it is not known whether it may be sent. `action_counts` counts those of whom there is no
document.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from pymongo import IndexModel, UpdateOne

from gateway.actions.webhook_delivery import ExperimentGroup, LeftOut, WebhookDelivery, WebhookState
from gateway.identity.records import RecordId, list_names
from gateway.store.collection import ERASE_S
from gateway.store.mongo import Database, Document, Mongo

COUNTS = "action_counts"
WAITING = WebhookState.WAITING.value
READ_S = 60.0
"""How long a command may read, in seconds."""

NO_TARGET = "no_target"
"""Why a delivery is dead whose target the settings do not have."""

BATCH = 500

_KNOWN: Document = {"waitsSince": ""}
_AGAIN: Document = {"nextAt": "", "body": "", **_KNOWN}


class DeliveryCollection:
    """Reads and writes deliveries. Every method raises `StoreError`, and only that, when MongoDB fails."""

    name = "deliveries"
    retention: timedelta | None

    def __init__(self, mongo: Mongo, retention: timedelta = timedelta(days=400)) -> None:
        self._mongo = mongo
        self.retention = retention
        self.withholds: Callable[[str], bool] | None = None
        """Tells of which customers nothing is stored."""

    def ensure_indexes(self) -> None:
        """Have the collection indexed before anything is written."""
        self._mongo.index(
            self.name,
            [
                IndexModel([("target", 1), ("state", 1), ("nextAt", 1)]),
                IndexModel([("records", 1), ("rule", 1)]),
                IndexModel([("rule", 1), ("state", 1)]),
                IndexModel("deleteAt", expireAfterSeconds=0),
            ],
        )

    def is_withheld(self, customer: str) -> bool:
        """Tell whether nothing may be stored of a customer."""
        return self.withholds is not None and self.withholds(customer)

    async def add(self, deliveries: Sequence[WebhookDelivery]) -> None:
        """Store deliveries. One that is there stays as it is."""
        updates = [UpdateOne({"_id": own.id}, {"$setOnInsert": self._document(own)}, upsert=True) for own in deliveries]
        if updates:
            await self._run(lambda database: database[self.name].bulk_write(updates, ordered=False))
            # An erasure may have removed what there was while this was written.
            if erased := [own.id for own in deliveries if self.is_withheld(own.customer)]:
                await self.remove(erased)

    def _document(self, delivery: WebhookDelivery) -> Document:
        return {
            "rule": delivery.rule,
            "target": delivery.target,
            "customer": delivery.customer,
            "records": list(delivery.records),
            "key": delivery.key,
            "from": delivery.before,
            "to": delivery.value,
            "at": delivery.at,
            "cause": delivery.cause,
            "state": delivery.state.value,
            "attempts": 0,
            "createdAt": delivery.created_at,
            "nextAt": delivery.next_at,
            "deleteAt": delivery.created_at + (self.retention or timedelta()),
        }

    async def count_left_out(self, counts: Mapping[tuple[str, LeftOut], int]) -> None:
        """Count who was left out of whom no delivery is stored, by rule and reason."""
        updates = [
            UpdateOne({"_id": rule}, {"$inc": {reason.value: count}}, upsert=True) for (rule, reason), count in counts.items()
        ]
        if updates:
            await self._run(lambda database: database[COUNTS].bulk_write(updates, ordered=False))

    async def read_due(self, target: str, now: datetime, limit: int) -> Sequence[WebhookDelivery]:
        """Read deliveries that are due, those first that wait longest."""

        async def find(database: Database) -> list[Document]:
            due = {"target": target, "state": WAITING, "nextAt": {"$lte": now}}
            return await database[self.name].find(due, sort=[("nextAt", 1)], limit=limit).to_list(None)

        return [_read(document) for document in await self._mongo.run(find, in_background=True)]

    async def admit(
        self, id_: str, body: bytes, records: Collection[str], group: ExperimentGroup | None, now: datetime
    ) -> bool:
        """Note that a customer may be told of. Gives false where the delivery does not wait any more."""
        noted = {"body": body, "records": list(records), "decidedAt": now, **_group(group)}
        return await self._note(id_, {"$set": noted, "$unset": _KNOWN})

    async def leave_out(
        self, id_: str, reason: LeftOut, records: Collection[str], group: ExperimentGroup | None, now: datetime
    ) -> None:
        """Note that a customer is left out."""
        noted = {"state": WebhookState.LEFT_OUT.value, "reason": reason.value, "records": list(records), **_group(group)}
        if reason is LeftOut.HOLDOUT:
            noted["decidedAt"] = now
        await self._note(id_, {"$set": noted, "$unset": _AGAIN})

    async def note_sent(self, id_: str, now: datetime) -> None:
        """Note that the target has a delivery."""
        noted = {"state": WebhookState.SENT.value, "sentAt": now}
        await self._note(id_, {"$set": noted, "$inc": {"attempts": 1}, "$unset": {**_AGAIN, "failure": ""}})

    async def note_failed(self, id_: str, next_at: datetime, failure: str) -> None:
        """Note an attempt in vain, and when the next one is."""
        await self._note(id_, {"$set": {"nextAt": next_at, "failure": failure}, "$inc": {"attempts": 1}, "$unset": _KNOWN})

    async def note_dead(self, id_: str, failure: str) -> None:
        """Note that nobody tries any more. What was to be sent stays, so that it can be replayed."""
        noted = {"state": WebhookState.DEAD.value, "failure": failure}
        await self._note(id_, {"$set": noted, "$inc": {"attempts": 1}, "$unset": {"nextAt": "", **_KNOWN}})

    async def remove(self, ids: Collection[str]) -> None:
        """Delete deliveries."""
        which = {"_id": {"$in": list(ids)}}
        await self._run(lambda database: database[self.name].delete_many(which))

    async def postpone(self, ids: Collection[str], next_at: datetime, now: datetime) -> None:
        """Have deliveries be due at a later moment, without an attempt, and note since when they wait so."""
        which = {"_id": {"$in": list(ids)}, "state": WAITING}
        later = [{"$set": {"nextAt": next_at, "waitsSince": {"$ifNull": ["$waitsSince", now]}}}]
        await self._run(lambda database: database[self.name].update_many(which, later))

    async def count_told(self, rule: str, records: Collection[str], since: datetime) -> int:
        """Count how often a customer was told of, or held out, by a rule since."""
        which = {"records": {"$in": list(records)}, "rule": rule, "decidedAt": {"$gt": since}}
        return await self._mongo.run(lambda database: database[self.name].count_documents(which), in_background=True)

    async def read_groups(self, rule: str, records: Collection[str]) -> set[ExperimentGroup]:
        """Read the parts that a customer had in the experiment of a rule, by any of his records."""
        which = {"records": {"$in": list(records)}, "rule": rule, "group": {"$exists": True}}

        async def find(database: Database) -> list[Document]:
            return await database[self.name].find(which, {"group": 1}).to_list(None)

        return {ExperimentGroup(own["group"]) for own in await self._mongo.run(find, in_background=True)}

    async def end_orphans(self, targets: Collection[str], before: datetime) -> int:
        """Note that those are dead whose target is none of these, and which were due before a moment. Gives their number."""
        which = {"state": WAITING, "nextAt": {"$lt": before}, "target": {"$nin": list(targets)}}
        dead = {"$set": {"state": WebhookState.DEAD.value, "failure": NO_TARGET}, "$unset": {"nextAt": ""}}
        result = await self._run(lambda database: database[self.name].update_many(which, dead))
        return int(result.modified_count)

    async def read_counts(self) -> list[tuple[str, str, str | None, int]]:
        """Count deliveries by rule, state and reason, with those of whom there is no document."""
        found: dict[tuple[str, str, str | None], int] = {}
        async for own in self._stream({}, {"rule": 1, "state": 1, "reason": 1}):
            place = own["rule"], own["state"], own.get("reason")
            found[place] = found.get(place, 0) + 1

        async def find(database: Database) -> list[Document]:
            return await database[COUNTS].find({}).to_list(None)

        for document in await self._mongo.run(find, in_background=True, timeout_s=READ_S):
            for reason, count in document.items():
                if reason != "_id":
                    place = document["_id"], WebhookState.LEFT_OUT.value, reason
                    found[place] = found.get(place, 0) + int(count)
        return [(*place, count) for place, count in sorted(found.items(), key=str)]

    async def read_some(self, which: Document, limit: int) -> list[WebhookDelivery]:
        """Read deliveries of a rule, a state or an id, the newest first."""

        async def find(database: Database) -> list[Document]:
            return await database[self.name].find(which, sort=[("createdAt", -1)], limit=limit).to_list(None)

        return [_read(document) for document in await self._mongo.run(find, in_background=True, timeout_s=READ_S)]

    async def replay(self, which: Document, now: datetime) -> int:
        """Have dead deliveries be sent again, with the same ids. Gives their number."""
        again = {"$set": {"state": WAITING, "nextAt": now, "attempts": 0, "createdAt": now}}
        dead = {**which, "state": WebhookState.DEAD.value}
        result = await self._run(lambda database: database[self.name].update_many(dead, again), READ_S)
        return int(result.modified_count)

    async def drop(self, which: Document) -> int:
        """Delete deliveries that wait or are dead. Gives their number."""
        own = {**which, "state": {"$in": [WAITING, WebhookState.DEAD.value]}}
        result = await self._run(lambda database: database[self.name].delete_many(own), READ_S)
        return int(result.deleted_count)

    def read_parts(self, rule: str) -> AsyncIterator[Document]:
        """Read who was told of or held out by a rule, in no order: records, group, decidedAt."""
        which = {"rule": rule, "group": {"$exists": True}, "decidedAt": {"$exists": True}}
        return self._stream(which, {"records": 1, "group": 1, "decidedAt": 1})

    async def list_told(self, records: Collection[str]) -> dict[str, datetime]:
        """List the targets that may have been told of a customer, each with the last time.

        An attempt may be under way, or its worker may have died before it was noted.
        """
        which = {
            "records": {"$in": list(records)},
            "decidedAt": {"$exists": True},
            "reason": {"$ne": LeftOut.HOLDOUT.value},
        }

        async def find(database: Database) -> list[Document]:
            return await database[self.name].find(which, {"target": 1, "decidedAt": 1, "sentAt": 1}).to_list(None)

        told: dict[str, datetime] = {}
        for own in await self._mongo.run(find, in_background=True, timeout_s=READ_S):
            at: datetime = own["sentAt"] if "sentAt" in own else own["decidedAt"]
            told[own["target"]] = max(at, told.get(own["target"], at))
        return told

    async def forget(self, records: Iterable[RecordId]) -> int:
        """Delete the deliveries that name one of the records. Gives their number."""
        names = list_names(records)
        if not names:
            return 0
        which = {"records": {"$in": names}}
        result = await self._run(lambda database: database[self.name].delete_many(which), ERASE_S)
        return int(result.deleted_count)

    async def _stream(self, which: Document, shown: Document) -> AsyncIterator[Document]:
        """Read documents in pages, each within its own time."""
        after: str | None = None
        while True:
            page = which if after is None else {**which, "_id": {"$gt": after}}

            async def find(database: Database, page: Document = page) -> list[Document]:
                return await database[self.name].find(page, shown, sort=[("_id", 1)], limit=BATCH).to_list(None)

            found = await self._mongo.run(find, in_background=True, timeout_s=READ_S)
            for document in found:
                yield document
            if len(found) < BATCH:
                return
            after = found[-1]["_id"]

    async def _note(self, id_: str, update: Document) -> bool:
        """Note what became of a delivery, where it is there and waits."""
        which = {"_id": id_, "state": WAITING}
        result = await self._run(lambda database: database[self.name].update_one(which, update))
        return bool(result.matched_count)

    async def _run(self, operation: Callable[[Database], Any], timeout_s: float | None = None) -> Any:
        return await self._mongo.run(operation, kind="write", in_background=True, timeout_s=timeout_s)


def _group(group: ExperimentGroup | None) -> Document:
    return {} if group is None else {"group": group.value}


def _read(document: Document) -> WebhookDelivery:
    group = document.get("group")
    return WebhookDelivery(
        id=document["_id"],
        rule=document["rule"],
        target=document["target"],
        customer=document["customer"],
        records=document["records"],
        key=document["key"],
        before=document["from"],
        value=document["to"],
        at=document["at"],
        cause=document["cause"],
        state=WebhookState(document["state"]),
        reason=document.get("reason") or document.get("failure"),
        group=None if group is None else ExperimentGroup(group),
        attempts=document["attempts"],
        created_at=document["createdAt"],
        next_at=document.get("nextAt"),
        body=document.get("body"),
        waits_since=document.get("waitsSince"),
    )
