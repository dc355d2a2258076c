"""Define what every collection is that stores something of customers, so that all of it has an end and can be erased."""

import re
from collections.abc import Iterable
from datetime import timedelta
from typing import Protocol

from gateway.identity.records import RecordId, list_names
from gateway.store.mongo import Database, Document, Mongo

ERASE_S = 600.0
"""How long an erasure may take: member sets are found by reading all of them."""

MAX_NAMES = 40
"""How many ids member sets are looked for by at once. MongoDB takes patterns of 32,764 bytes."""


class CustomerCollection(Protocol):
    """A collection of MongoDB about customers. The store lists all of them."""

    @property
    def name(self) -> str: ...

    @property
    def retention(self) -> timedelta | None:
        """For how long something is stored at most; None for until it is erased."""
        ...

    async def forget(self, records: Iterable[RecordId], /) -> int:
        """Erase what is stored of these records. Gives the number of documents. Raises `StoreError`."""
        ...


async def forget_sets(mongo: Mongo, collection: str, records: Iterable[RecordId]) -> int:
    """Delete the documents of every member set with one of the records. Gives their number. Raises `StoreError`.

    Where one source has customers, a set is named by the own id of its record.
    """
    sets = match_sets(records)

    async def erase(database: Database) -> int:
        return sum([(await database[collection].delete_many(which)).deleted_count for which in sets])

    return await mongo.run(erase, kind="write", in_background=True, timeout_s=ERASE_S) if sets else 0


def match_sets(records: Iterable[RecordId]) -> list[Document]:
    """Write queries that find every member set with one of the records."""
    names = [re.escape(name) for name in list_names(records)]
    patterns = ["|".join(names[start : start + MAX_NAMES]) for start in range(0, len(names), MAX_NAMES)]
    return [{"_id": {"$regex": rf"(^|\n)({pattern})(\n|$)"}} for pattern in patterns]
