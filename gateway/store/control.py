"""Versions of what workers follow, and how far they have come, one document for each.

    control {_id: name, version} or {_id: name, mark}

What changes is written before its version goes up, so who reads the version and then the rest has at least that version of it.
"""

from gateway.store.mongo import Database, Document, Mongo

CONTROL = "control"


async def read_version(mongo: Mongo, name: str) -> int:
    """Read the version of a collection; 0 where nothing was written to it yet. Raises `StoreError`."""

    async def find(database: Database) -> Document | None:
        return await database[CONTROL].find_one({"_id": name})

    found = await mongo.run(find)
    return 0 if found is None else int(found["version"])


async def raise_version(database: Database, name: str) -> None:
    """Tell that a collection has changed. Raises errors of the driver."""
    await database[CONTROL].update_one({"_id": name}, {"$inc": {"version": 1}}, upsert=True)


async def read_mark(mongo: Mongo, name: str) -> int | None:
    """Read how far a log was followed; None where that was never written. Raises `StoreError`."""

    async def find(database: Database) -> Document | None:
        return await database[CONTROL].find_one({"_id": name})

    found = await mongo.run(find, in_background=True)
    return None if found is None else int(found["mark"])


async def write_mark(mongo: Mongo, name: str, number: int) -> None:
    """Write how far a log was followed. Raises `StoreError`."""

    async def write(database: Database) -> None:
        await database[CONTROL].update_one({"_id": name}, {"$set": {"mark": number}}, upsert=True)

    await mongo.run(write, kind="write", in_background=True)
