"""Receipts of erasures, and the workers that have to acknowledge them, in MongoDB.

    erasures         {_id, state, erasedAt, completedAt, reason, workers, removed: {<collection>: count}, holding, ...}
    erasure_workers  {_id: worker, at, deleteAt}

A receipt has ids of the customer's records in `pending` until it is complete. Workers are live that were heard of lately, so
clocks should agree to well within `LIVE`.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import msgspec
from pymongo import IndexModel

from gateway.identity.erasure_receipt import ErasureReceipt, ErasureRecipient, ErasureState, SourceHolding, StoreRemoval
from gateway.store.mongo import Database, Document, Mongo

RECEIPTS, WORKERS = "erasures", "erasure_workers"

_NOT_BEGUN = frozenset({"id", "stores", "waiting", "completedAt"})
"""What a receipt that begins does not have, or has in another form."""

LIVE = timedelta(seconds=60)
"""For how long a worker counts as live that has not said that it ends."""


class ErasureCollection:
    """Reads and writes receipts. Every method raises `StoreError`, and only that, when MongoDB fails."""

    def __init__(self, mongo: Mongo) -> None:
        self._mongo = mongo

    def ensure_indexes(self) -> None:
        """Have its indexes ensured. Where nobody can be erased there are none."""
        self._mongo.index(RECEIPTS, [IndexModel("state")])
        self._mongo.index(WORKERS, [IndexModel("deleteAt", expireAfterSeconds=0)])

    async def begin(self, receipt: ErasureReceipt) -> None:
        """Keep a receipt that is not there yet."""
        written = msgspec.to_builtins(receipt, builtin_types=(datetime,))
        fields = {name: value for name, value in written.items() if name not in _NOT_BEGUN} | {"removed": {}}
        write = {"$setOnInsert": fields}
        await self._mongo.run(
            lambda database: database[RECEIPTS].update_one({"_id": receipt.id}, write, upsert=True), kind="write"
        )

    async def read(self, id_: str) -> ErasureReceipt | None:
        """Read a receipt; None where there is none with this id."""
        document = await self._mongo.run(lambda database: database[RECEIPTS].find_one({"_id": id_}))
        return None if document is None else _receipt_of(document)

    async def running(self) -> list[ErasureReceipt]:
        """List the receipts that are not complete."""

        async def find(database: Database) -> list[Document]:
            return await database[RECEIPTS].find({"state": ErasureState.RUNNING.value}).to_list(None)

        return [_receipt_of(document) for document in await self._mongo.run(find, in_background=True)]

    async def acknowledge(self, ids: Collection[str], worker: str) -> None:
        """Note that a worker has taken up erasures."""
        which, write = {"_id": {"$in": list(ids)}}, {"$addToSet": {"workers": worker}}
        await self._mongo.run(lambda database: database[RECEIPTS].update_many(which, write), kind="write")

    async def count(self, id_: str, removed: Mapping[str, int]) -> None:
        """Add to the numbers of documents that were removed."""
        write = {"$inc": {f"removed.{name}": count for name, count in removed.items()}}
        await self._mongo.run(lambda database: database[RECEIPTS].update_one({"_id": id_}, write), kind="write")

    async def add_recipients(self, id_: str, recipients: Sequence[ErasureRecipient]) -> bool:
        """Add callers who were told of the customer, to a receipt that is complete, too. Tells whether it is there."""
        told = msgspec.to_builtins(recipients, builtin_types=(datetime,))
        write = {"$push": {"recipients": {"$each": told}}}
        result = await self._mongo.run(
            lambda database: database[RECEIPTS].update_one({"_id": id_}, write), kind="write", in_background=True
        )
        return bool(result.matched_count)

    async def complete(self, id_: str, now: datetime) -> bool:
        """Complete a receipt, which has nothing of the customer from then on. Tells whether it was running."""
        write = {"$set": {"state": ErasureState.COMPLETE.value, "completedAt": now}, "$unset": {"pending": ""}}
        which = {"_id": id_, "state": ErasureState.RUNNING.value}
        result = await self._mongo.run(lambda database: database[RECEIPTS].update_one(which, write), kind="write")
        return bool(result.modified_count)

    async def hear(self, worker: str, now: datetime) -> None:
        """Note that a worker lives."""
        write = {"$set": {"at": now, "deleteAt": now + 2 * LIVE}}
        await self._mongo.run(
            lambda database: database[WORKERS].update_one({"_id": worker}, write, upsert=True), kind="write", in_background=True
        )

    async def leave(self, worker: str) -> None:
        """Note that a worker has ended."""
        await self._mongo.run(lambda database: database[WORKERS].delete_one({"_id": worker}), kind="write")

    async def live(self, now: datetime) -> set[str]:
        """List the live workers."""

        async def find(database: Database) -> list[Document]:
            return await database[WORKERS].find({"at": {"$gt": now - LIVE}}, {"_id": 1}).to_list(None)

        return {str(document["_id"]) for document in await self._mongo.run(find, in_background=True)}


def _receipt_of(document: Document) -> ErasureReceipt:
    removed: Mapping[str, Any] = document.get("removed", {})
    return ErasureReceipt(
        id=document["_id"],
        state=ErasureState(document["state"]),
        erased_at=document["erasedAt"],
        reason=document["reason"],
        completed_at=document.get("completedAt"),
        workers=sorted(document["workers"]),
        stores=[StoreRemoval(name, int(count)) for name, count in removed.items()],
        sources_still_hold=_convert(document["sourcesStillHold"], list[SourceHolding]),
        incomplete=document["incomplete"],
        recipients=_last_told(_convert(document["recipients"], list[ErasureRecipient])),
        recipients_known=document["recipientsKnown"],
        recordings=document["recordings"],
        pending=document.get("pending", ()),
    )


def _last_told(told: Sequence[ErasureRecipient]) -> list[ErasureRecipient]:
    """List each caller once, by name, with the time when it was last told."""
    by_time = sorted(told, key=lambda one: one.last_at)
    return [own for _, own in sorted({own.caller: own for own in by_time}.items())]


def _convert(values: Sequence[Document], kind: Any) -> Any:
    return msgspec.convert(values, kind)
