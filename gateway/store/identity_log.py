"""The identity log in MongoDB: what people decided about records of customers. It is appended to, and not changed.

    {_id: number, time, records: ["source:id"...], entries: [{action, records, anchor?, rule, who, reason}]}

What is appended at once is one document, so it is there as a whole or not at all. Its number is one more than the last one: the
unique `_id` decides who was first, and who was not takes the next. So all workers read one order, whatever their clocks say.
"""

from collections.abc import Callable, Collection, Iterable, Sequence
from datetime import datetime, timedelta

import msgspec
from pymongo import ASCENDING, DESCENDING, IndexModel
from pymongo.errors import DuplicateKeyError

from gateway.identity.decisions import LogAction, LogEntry, LogRule
from gateway.identity.node_ids import SEPARATOR
from gateway.identity.records import RecordId
from gateway.store.collection import ERASE_S
from gateway.store.control import read_mark, write_mark
from gateway.store.mongo import Database, Document, Mongo

_TOLD = "links told"

MAX_ENTRIES = 2_000
"""How many entries are appended at once: they are one document, which is 16 MB at most."""

_DECISIONS = {"time": 1, **{f"entries.{name}": 1 for name in ("action", "records", "anchor", "rule")}}


class LogPage(msgspec.Struct, frozen=True):
    """Entries of the log in order, the number of the last document that was read, and whether none was behind it."""

    entries: Sequence[LogEntry]
    last: int
    is_end: bool


class IdentityLog:
    """Appends and reads entries. Every method raises `StoreError`, and only that, when MongoDB fails."""

    name = "identity_log"
    retention: timedelta | None = None
    """A cut holds until a person takes it back, so entries stay until their records are erased."""

    def __init__(self, mongo: Mongo) -> None:
        self._mongo = mongo
        self.withholds: Callable[[str], bool] | None = None
        """Tells of which records nothing is stored."""
        mongo.index(self.name, [IndexModel([("records", ASCENDING), ("_id", ASCENDING)])])

    @property
    def timeout_s(self) -> float:
        """How long an operation may take."""
        return self._mongo.timeout_s

    async def append(self, entries: Sequence[LogEntry]) -> None:
        """Append entries of one time, all or none. Raises `ValueError` when they are more than `MAX_ENTRIES`."""
        if self.withholds is not None:
            entries = [entry for entry in entries if not any(self.withholds(id_.node_id) for id_ in entry.records)]
        if not entries:
            return
        if len(entries) > MAX_ENTRIES:
            raise ValueError(f"{len(entries)} entries are more than {MAX_ENTRIES}")
        document = _document_of(entries)

        async def insert(database: Database) -> None:
            while True:
                last = await database.identity_log.find({}, {"_id": 1}, sort=[("_id", DESCENDING)], limit=1).to_list(1)
                try:
                    await database.identity_log.insert_one({"_id": last[0]["_id"] + 1 if last else 1, **document})
                except DuplicateKeyError:
                    continue
                return

        await self._mongo.run(insert, kind="write")

    async def about(self, records: Iterable[RecordId], until: datetime | None = None) -> list[LogEntry]:
        """Read the entries about any of the records, in the order of the log, with one command. `until` is a time.

        Entries that name one of them as their anchor are there, too.
        """
        ids = {record.node_id for record in records}
        if not ids:
            return []
        query: Document = {"records": {"$in": sorted(ids)}} | ({} if until is None else {"time": {"$lte": until}})

        async def find(database: Database) -> list[Document]:
            cursor = database.identity_log.find(query, {"entries": 1, "time": 1}, sort=[("_id", ASCENDING)])
            return await cursor.to_list(None)

        documents = await self._mongo.run(find)
        return [
            _entry_of(document, place)
            for document in documents
            for place, entry in enumerate(document["entries"])
            if not ids.isdisjoint(_names([entry]))
        ]

    async def after(self, number: int, limit: int) -> LogPage:
        """Read the entries of so many documents behind that of a number, without who made them and why. Nobody waits."""

        async def find(database: Database) -> list[Document]:
            cursor = database.identity_log.find({"_id": {"$gt": number}}, _DECISIONS, sort=[("_id", ASCENDING)], limit=limit)
            return await cursor.to_list(None)

        documents = await self._mongo.run(find, in_background=True)
        entries = [_entry_of(document, place) for document in documents for place in range(len(document["entries"]))]
        return LogPage(entries, documents[-1]["_id"] if documents else number, len(documents) < limit)

    async def last(self) -> int:
        """Read the number of the last document; 0 where there is none."""

        async def find(database: Database) -> list[Document]:
            return await database.identity_log.find({}, {"_id": 1}, sort=[("_id", DESCENDING)], limit=1).to_list(1)

        found = await self._mongo.run(find, in_background=True)
        return int(found[0]["_id"]) if found else 0

    async def read_links(self, number: int, limit: int) -> tuple[Sequence[LogEntry], int]:
        """Read the entries of so many documents behind that of a number, and the number of the last one."""
        page = await self.after(number, limit)
        return page.entries, page.last

    async def read_mark(self) -> int | None:
        """Read up to which number links are told of; None where that was never written."""
        return await read_mark(self._mongo, _TOLD)

    async def write_mark(self, number: int) -> None:
        """Write up to which number links are told of."""
        await write_mark(self._mongo, _TOLD, number)

    async def forget(self, records: Iterable[RecordId]) -> int:
        """Erase the entries about the records, for the sake of a person. Gives the number of documents that had any."""
        ids = {record.node_id for record in records}
        if not ids:
            return 0

        async def erase(database: Database) -> int:
            log, about = database.identity_log, {"records": {"$in": sorted(ids)}}
            numbers: set[int] = set()
            while documents := await log.find(about).to_list(None):
                for document in documents:
                    left = [_without_anchor(entry, ids) for entry in document["entries"] if ids.isdisjoint(entry["records"])]
                    # An empty document keeps its number, which no later one may get. Others may erase from it, too.
                    as_read = {"_id": document["_id"], "records": document["records"]}
                    await log.update_one(as_read, {"$set": {"entries": left, "records": sorted(_names(left))}})
                    numbers.add(document["_id"])
            return len(numbers)

        return await self._mongo.run(erase, kind="write", in_background=True, timeout_s=ERASE_S)


def _names(entries: Iterable[Document]) -> set[str]:
    return {name for entry in entries for name in (*entry["records"], entry.get("anchor")) if name is not None}


def _without_anchor(entry: Document, ids: Collection[str]) -> Document:
    return {name: value for name, value in entry.items() if name != "anchor" or value not in ids}


def _document_of(entries: Sequence[LogEntry]) -> Document:
    written = [_written(entry) for entry in entries]
    return {"time": entries[0].time, "records": sorted(_names(written)), "entries": written}


def _written(entry: LogEntry) -> Document:
    return {
        "action": entry.action.value,
        "records": [record.node_id for record in entry.records],
        **({} if entry.anchor is None else {"anchor": entry.anchor.node_id}),
        "rule": entry.rule.value,
        "who": entry.who,
        "reason": entry.reason,
    }


def _entry_of(document: Document, place: int) -> LogEntry:
    written = document["entries"][place]
    one, other = map(_record_of, written["records"])
    return LogEntry(
        time=document["time"],
        action=LogAction(written["action"]),
        records=(one, other),
        rule=LogRule(written["rule"]),
        who=written.get("who", ""),
        reason=written.get("reason", ""),
        anchor=_record_of(written["anchor"]) if "anchor" in written else None,
        position=(document["_id"], place),
    )


def _record_of(name: str) -> RecordId:
    """Read the id of a record. No source has a colon in its name."""
    source, _, own_id = name.partition(SEPARATOR)
    return RecordId(source, own_id)
