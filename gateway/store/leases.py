"""Leases in MongoDB: of all gateways in the fleet, one does a piece of work.

    {_id: name, owner, turn, until, deleteAt}

The unique `_id` decides who wins, so a lease is an insert; only what is left over from an owner that never came back is taken
over by an update. Gateways compare `until` with their own clocks, so these should agree to well within the time of a lease. One
that ends later than any lease could, by more than `CLOCK_TOLERANCE`, is of a clock that was wrong, and is left over as well.
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import timedelta
from itertools import count
from uuid import uuid4

from pymongo import IndexModel
from pymongo.errors import BulkWriteError

from gateway.clock import CLOCK_TOLERANCE, Clock
from gateway.identity.records import RecordId
from gateway.store.collection import forget_sets
from gateway.store.mongo import Database, Mongo, already_there

_KEEP = timedelta(hours=1)
"""MongoDB deletes by its own clock, which may run ahead of that of an owner."""


class Leases:
    """The leases of one owner. Every method raises `StoreError`, and only that, when MongoDB fails.

    They are of the tags of customers, so their names are those of member sets.
    """

    name = "leases"
    retention: timedelta | None = _KEEP + timedelta(hours=1)
    """No lease is longer than an hour."""

    def __init__(self, mongo: Mongo, clock: Clock) -> None:
        self._mongo = mongo
        self._clock = clock
        self._owner = uuid4().hex
        self._turns = count(1)
        self.withholds: Callable[[str], bool] | None = None
        """Tells of which customers nothing is stored, so that nobody wins their leases."""
        mongo.index(self.name, [IndexModel("deleteAt", expireAfterSeconds=0)])

    async def acquire(self, names: Sequence[str], *, hold: timedelta) -> set[str]:
        """Take the names that are free, for the time of `hold`.

        Gives those that were won; the others are held, here or elsewhere.
        """
        wanted = [name for name in dict.fromkeys(names) if self.withholds is None or not self.withholds(name)]
        if not wanted:
            return set()
        now = self._clock.now()
        # The turn tells what this call takes over from what another task of the same owner holds.
        grant = {"owner": self._owner, "turn": next(self._turns)}
        lease = {**grant, "until": now + hold, "deleteAt": now + hold + _KEEP}

        async def insert_or_take_over(database: Database) -> set[str]:
            leases = database.leases
            try:
                await leases.insert_many([{"_id": name, **lease} for name in wanted], ordered=False)
            except BulkWriteError as error:
                held = [wanted[position] for position in already_there(error)]
            else:
                return set(wanted)
            won = set(wanted) - set(held)
            running = {"$gte": now, "$lte": now + hold + CLOCK_TOLERANCE}
            result = await leases.update_many({"_id": {"$in": held}, "until": {"$not": running}}, {"$set": lease})
            if result.modified_count:
                taken_over = await leases.find({"_id": {"$in": held}, **grant}, {"_id": 1}).to_list(None)
                won.update(document["_id"] for document in taken_over)
            return won

        return await self._mongo.run(insert_or_take_over, kind="lease")

    async def renew(self, names: Sequence[str], *, hold: timedelta) -> set[str]:
        """Hold those of the names that this owner has for the time of `hold` from now. Gives them."""
        now, own = self._clock.now(), {"_id": {"$in": list(names)}, "owner": self._owner}

        async def renew(database: Database) -> set[str]:
            await database.leases.update_many(own, {"$set": {"until": now + hold, "deleteAt": now + hold + _KEEP}})
            return {document["_id"] for document in await database.leases.find(own, {"_id": 1}).to_list(None)}

        return await self._mongo.run(renew, kind="lease", in_background=True)

    async def release(self, names: Sequence[str]) -> None:
        """Give up those of the names that this owner holds."""
        own = {"_id": {"$in": list(names)}, "owner": self._owner}
        await self._mongo.run(lambda database: database.leases.delete_many(own), kind="lease")

    async def forget(self, records: Iterable[RecordId]) -> int:
        """Delete the leases on every member set with one of the records. Gives their number."""
        return await forget_sets(self._mongo, self.name, records)
