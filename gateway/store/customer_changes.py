"""Changes of customers in MongoDB, for as long as those who ask for them may stay away.

An entry is {ids: ["source:id"...], kind, at, source?, records?, tags?}. Of somebody who is erased the entries become empty, and
one says that these records are erased: it has their ids, so that whoever keeps something of them can delete it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
from pymongo import ASCENDING, IndexModel

from gateway.changes.customer_change import ChangeKind, CustomerChange, LogPosition
from gateway.clock import Clock
from gateway.identity.records import RecordId
from gateway.store.collection import ERASE_S
from gateway.store.dense_log import MAX_BATCH, DenseLog
from gateway.store.mongo import Database, Document, Mongo

KEEP = timedelta(days=31)
NEVER = datetime(1970, 1, 1, tzinfo=UTC)


class CustomerChangeLog:
    """Writes and reads changes. Every method raises `StoreError` when MongoDB fails.

    Unless it `tells_erasures`, nobody asks for changes, and none is written.
    """

    name = "customer_changes"

    def __init__(self, mongo: Mongo, clock: Clock) -> None:
        self.log = DenseLog(mongo, self.name, KEEP, [IndexModel([("names", ASCENDING)], sparse=True)])
        self.tells_erasures = False
        self.withholds: Callable[[str], bool] | None = None
        """Tells of which records nothing is stored."""
        self._mongo = mongo
        self._clock = clock

    @property
    def retention(self) -> timedelta | None:
        """For how long an entry is stored."""
        return self.log.keep

    async def append(self, changes: Sequence[CustomerChange]) -> None:
        """Write changes in order."""
        if self.withholds is not None:
            changes = [shown for own in changes if (shown := _without(own, self.withholds)).ids]
        for start in range(0, len(changes), MAX_BATCH):
            some = changes[start : start + MAX_BATCH]
            names = sorted({id_ for change in some if change.kind is not ChangeKind.ERASED for id_ in change.ids})
            await self.log.append([*map(_written, some)], self._clock.now(), names)

    async def read_end(self) -> LogPosition:
        """Read where the log ends."""
        return await self.log.read_end()

    async def read_after(self, since: LogPosition, limit: int) -> list[CustomerChange]:
        """Read changes of as many documents behind a position, each of one change or more. Raises `PositionTooOldError`."""
        entries = await self.log.read_after(since, limit)
        return [read_change(LogPosition(since.log, number), own) for number, own in entries]

    async def forget(self, records: Iterable[RecordId]) -> int:
        """Empty the entries about the records, and say that they are erased. Gives the number of documents that had any."""
        ids = sorted({record.node_id for record in records})
        if not ids:
            return 0

        async def erase(database: Database) -> int:
            about, count = {"names": {"$in": ids}}, 0
            for document in await database[self.name].find(about).to_list(None):
                left = [
                    own if _is_erasure(own) or set(ids).isdisjoint(own["ids"]) else {"ids": []} for own in document["entries"]
                ]
                names = sorted({id_ for own in left if not _is_erasure(own) for id_ in own["ids"]})
                # The same entries as were read: others may erase from the document, too.
                which = {"_id": document["_id"], "entries": document["entries"]}
                result = await database[self.name].update_one(which, {"$set": {"entries": left, "names": names}})
                count += result.modified_count
            return count

        count: int = await self._mongo.run(erase, kind="write", in_background=True, timeout_s=ERASE_S)
        if self.tells_erasures:
            await self.append([CustomerChange(ids=tuple(ids), kind=ChangeKind.ERASED, at=self._clock.now())])
        return count


def read_change(position: LogPosition, entry: Document) -> CustomerChange:
    """Read an entry. One that was emptied, or that a later version wrote, is of nobody."""
    kind = next((own for own in ChangeKind if own.value == entry.get("kind")), None)
    if kind is None:
        return CustomerChange(ids=(), kind=ChangeKind.RECORDS, at=NEVER, position=position)
    return CustomerChange(
        ids=tuple(entry["ids"]),
        kind=kind,
        at=entry["at"],
        source=entry.get("source"),
        records=tuple(entry.get("records", ())),
        tags=tuple(entry.get("tags", ())),
        position=position,
    )


def _without(change: CustomerChange, withholds: Callable[[str], bool]) -> CustomerChange:
    """Leave the ids of records out of which nothing is stored. The others may have changed by that."""
    if change.kind is ChangeKind.ERASED or not any(map(withholds, change.ids)):
        return change
    return msgspec.structs.replace(change, ids=tuple(own for own in change.ids if not withholds(own)))


def _is_erasure(entry: Document) -> bool:
    return bool(entry.get("kind") == ChangeKind.ERASED.value)


def _written(change: CustomerChange) -> Document:
    more: dict[str, Any] = {"source": change.source, "records": [*change.records], "tags": [*change.tags]}
    own = {"ids": [*change.ids], "kind": change.kind.value, "at": change.at}
    return own | {name: value for name, value in more.items() if value}
