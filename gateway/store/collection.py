"""Define what every collection is that stores something of customers, so that all of it has an end and can be erased."""

import re
from collections.abc import Iterable
from datetime import timedelta
from typing import Protocol

from gateway.identity.records import RecordId
from gateway.store.mongo import Mongo


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
    names = [re.escape(name) for record in records for name in (record.node_id, record.id)]
    if not names:
        return 0
    in_a_set = {"_id": {"$regex": rf"(^|\n)({'|'.join(names)})(\n|$)"}}
    result = await mongo.run(lambda database: database[collection].delete_many(in_a_set), kind="write", in_background=True)
    return result.deleted_count
