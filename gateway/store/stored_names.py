"""List the ids of records that are stored anywhere, to find those of erased customers after a restore."""

from __future__ import annotations

from collections.abc import Callable

from gateway.store.collection import ERASE_S
from gateway.store.mongo import Database, Mongo

NAMING_FIELDS = {
    "tags": "_id",
    "leases": "_id",
    "identity_log": "records",
    "identity_components": "records",
    "identity_shared_keys": "records",
    "audit_people": "customer",
}
"""The field of each collection that has ids of records: one, several lines of them, or a list."""


async def find_names(mongo: Mongo, wanted: Callable[[str], bool]) -> set[str]:
    """Read all names in the store, and give those that are wanted. Raises `StoreError`."""

    async def scan(database: Database) -> set[str]:
        found: set[str] = set()
        for collection, field in NAMING_FIELDS.items():
            async for document in database[collection].find({}, {field: 1}):
                values = document.get(field) or ()
                for text in [values] if isinstance(values, str) else values:
                    found.update(name for name in str(text).split("\n") if wanted(name))
        return found

    return await mongo.run(scan, in_background=True, timeout_s=ERASE_S)
