"""Find entries of the audit by the customers in them: in `audit_people` their commitments, in `audit_links` the entries."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection
from datetime import datetime
from typing import TypeVar

import msgspec

from gateway.audit.reader import StoredEntry
from gateway.errors import StoreError
from gateway.store.mongo import Database, Document, Mongo

PEOPLE, LINKS = "audit_people", "audit_links"

READ_S = 10.0
"""How long one read may take, in seconds: somebody waits for it."""

MAX_COMMITMENTS = 20
"""How many commitments entries are read by at once: each entry of their links is compared with all of them."""

T = TypeVar("T")


class AuditAccesses:
    """Reads the audit. Every method raises `StoreError`, and only that."""

    def __init__(self, mongo: Mongo) -> None:
        self._mongo = mongo

    async def find_oldest(self, customer_ids: Collection[str], first: int, until: datetime | None) -> datetime | None:
        own = {"customer": {"$in": list(customer_ids)}, **({} if until is None else {"at": {"$lt": until}})}
        found = await self._read(
            lambda database: database[PEOPLE].find(own, {"at": 1}, sort=[("at", -1)], limit=first).to_list(None)
        )
        return _convert(found[-1]["at"], datetime) if found else None

    async def list_commitments(self, customer_ids: Collection[str], since: datetime, until: datetime | None) -> list[str]:
        at: Document = {"$gte": since} if until is None else {"$gte": since, "$lt": until}
        own = {"customer": {"$in": list(customer_ids)}, "at": at}
        found = await self._read(lambda database: database[PEOPLE].find(own, {"_id": 1}).to_list(None))
        return [document["_id"] for document in found]

    async def list_entries(self, commitments: Collection[str]) -> list[StoredEntry]:
        listed = list(commitments)
        found: list[StoredEntry] = []
        seen: set[str] = set()
        for start in range(0, len(listed), MAX_COMMITMENTS):
            part = listed[start : start + MAX_COMMITMENTS]
            found += [entry for entry in await self._list_some(part) if seen.isdisjoint(entry.customers)]
            seen.update(part)
        return found

    async def _list_some(self, own: list[str]) -> list[StoredEntry]:
        # A link has up to thousands of entries, and one of them may be about these.
        has_one = {"$gt": [{"$size": {"$setIntersection": ["$$entry.customers", own]}}, 0]}
        shown = {"entries": {"$filter": {"input": "$entries", "as": "entry", "cond": has_one}}}
        which = {"entries.customers": {"$in": own}}
        found = await self._read(lambda database: database[LINKS].find(which, shown).to_list(None))
        return [entry for document in found for entry in _convert(document["entries"], list[StoredEntry])]

    async def _read(self, operation: Callable[[Database], Awaitable[T]]) -> T:
        return await self._mongo.run(operation, in_background=True, timeout_s=READ_S)


def _convert(value: object, kind: type[T]) -> T:
    try:
        return msgspec.convert(value, kind)
    except msgspec.ValidationError:
        raise StoreError("a link of the audit has another form; profile-gateway audit verify says which") from None
