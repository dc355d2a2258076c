"""Links of the audit in MongoDB, one document for each.

audit_links  {_id: "CHAIN SEQ", chain, seq, at, kind, entries, lost, previous, mac}
             {_id: "CHAIN checkpoint", chain, seq, at, kind, entries, lost, previous, mac, deleteAt}
"""

from __future__ import annotations

import re
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import suppress
from datetime import datetime
from typing import TypeVar

import msgspec
from pymongo import IndexModel
from pymongo.errors import BulkWriteError, DuplicateKeyError

from gateway.audit.link import CHAIN_PATTERN, AuditLink
from gateway.audit.stores import StoredLink
from gateway.store.mongo import Database, Document, Mongo, already_there

COLLECTION = "audit_links"

MAX_DOCUMENTS = 50
"""How many documents a read is of. Each has up to 250 entries."""

WRITE_S = 30.0
READ_S = 60.0
"""How long an operation may take that looks at all links."""

T = TypeVar("T")

_IS_NUMBER: Document = {"$type": "number"}

_INDEXES = [
    IndexModel([("chain", 1), ("seq", 1)]),
    IndexModel("entries.customers"),
    IndexModel("at"),
    IndexModel("deleteAt", expireAfterSeconds=0),
]


class AuditLinkCollection:
    """Reads and writes links. Every method raises `StoreError`, and only that, when MongoDB fails."""

    def __init__(self, mongo: Mongo) -> None:
        self._mongo = mongo

    def ensure_indexes(self) -> None:
        """Have the indexes made at the next contact."""
        self._mongo.index(COLLECTION, _INDEXES)

    async def add(self, links: Sequence[AuditLink]) -> None:
        documents = [_document_of(f"{link.chain} {link.seq}", link) for link in links]

        async def insert(database: Database) -> None:
            try:
                if documents:
                    await database[COLLECTION].insert_many(documents, ordered=False)
            except BulkWriteError as error:
                already_there(error)

        await self._mongo.run(insert, kind="write", in_background=True, timeout_s=WRITE_S)

    async def list_chains(self) -> list[str]:
        return await self._distinct_chains({})

    async def list_chains_before(self, at: datetime) -> list[str]:
        return await self._distinct_chains({"at": {"$lt": at}, "kind": {"$ne": "checkpoint"}})

    async def count_strangers(self) -> int:
        strange = {"chain": {"$not": {"$regex": CHAIN_PATTERN}}}
        return await self._read(lambda database: database[COLLECTION].count_documents(strange))

    async def read_last_seq(self, chain: str) -> int:
        own = {**_links_of(chain), "seq": _IS_NUMBER}
        latest = [("seq", -1)]
        found = await self._read(lambda database: database[COLLECTION].find(own, {"seq": 1}).sort(latest).limit(1).to_list(1))
        seq = found[0]["seq"] if found else -1
        return seq if isinstance(seq, int) else sys.maxsize  # somebody has made another number of it: all is read

    async def read_checkpoint(self, chain: str) -> StoredLink | None:
        own = {"_id": _checkpoint_name(chain)}
        found = await self._read(lambda database: database[COLLECTION].find_one(own))
        return None if found is None else _stored(found)

    async def read(self, chain: str) -> AsyncIterator[StoredLink]:
        own = _links_of(chain)
        for document in await self._find({**own, "seq": {"$not": _IS_NUMBER}}):
            yield _stored(document)
        due: Document = _IS_NUMBER
        while documents := await self._find({**own, "seq": due}, MAX_DOCUMENTS):
            last = documents[-1]["seq"]
            same = await self._find({**own, "seq": last})  # somebody may have inserted more than fit
            for document in (*(found for found in documents if found["seq"] != last), *same):
                yield _stored(document)
            due = {"$gt": last}

    async def cut(self, checkpoint: AuditLink) -> int:
        document = _document_of(_checkpoint_name(checkpoint.chain), checkpoint)
        own = {"_id": document["_id"], "seq": {"$lt": checkpoint.seq}}
        before = {**_links_of(checkpoint.chain), "seq": {"$lt": checkpoint.seq}}

        async def replace(database: Database) -> int:
            with suppress(DuplicateKeyError):  # another process has cut further
                await database[COLLECTION].replace_one(own, document, upsert=True)
            return int((await database[COLLECTION].delete_many(before)).deleted_count)

        return await self._mongo.run(replace, kind="write", in_background=True, timeout_s=READ_S)

    async def _distinct_chains(self, which: Document) -> list[str]:
        found = await self._read(lambda database: database[COLLECTION].distinct("chain", which))
        return sorted(name for name in found if isinstance(name, str) and re.search(CHAIN_PATTERN, name))

    async def _find(self, which: Document, limit: int = 0) -> list[Document]:
        in_order = [("seq", 1)]
        return await self._read(lambda database: database[COLLECTION].find(which, sort=in_order, limit=limit).to_list(None))

    async def _read(self, operation: Callable[[Database], Awaitable[T]]) -> T:
        return await self._mongo.run(operation, in_background=True, timeout_s=READ_S)


def _links_of(chain: str) -> Document:
    """Select what claims to be a link of a chain. Its checkpoint is known by the name alone."""
    return {"chain": chain, "_id": {"$ne": _checkpoint_name(chain)}}


def _checkpoint_name(chain: str) -> str:
    return f"{chain} checkpoint"


def _document_of(name: str, link: AuditLink) -> Document:
    document: Document = msgspec.to_builtins(link, builtin_types=(datetime,))
    return {"_id": name, **document}


def _stored(document: Document) -> StoredLink:
    """Read a document. What is not in a link must not be in it, either."""
    content = {name: value for name, value in document.items() if name not in ("_id", "deleteAt")}
    try:
        return StoredLink(str(document["_id"]), msgspec.convert(content, AuditLink))
    except (msgspec.ValidationError, ValueError):
        return StoredLink(str(document["_id"]), None)
