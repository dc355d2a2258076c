"""Note in the history of tags that the customer was several before: that is why he has these values."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import UTC, datetime
from itertools import combinations

from pymongo import UpdateOne

from gateway.stitching.merged_customer import SET_SEPARATOR
from gateway.store.mongo import Database
from gateway.store.segment_members import leave_segments
from gateway.store.tag_outbox import note_merge
from gateway.tags.tag_history import ChangeCause

MAX_RECORDS = 6
"""Of how many records a set may be whose parts are all looked for. Of a larger one the single records are."""


_LONG_AGO = datetime.min.replace(tzinfo=UTC)


async def note_merges(database: Database, customers: Collection[str], now: datetime) -> None:
    """Note for customers whose document is new which values their parts had. Raises errors of the driver.

    Their changes leave then: who was several before has not become what he is. The parts are in no segment any more.
    """
    parts = {part: customer for customer in customers for part in _parts(customer)}
    if not parts:
        return
    found = await database.tags.find({"_id": {"$in": [*parts]}}, {"now": 1, "at": 1, "segments": 1}).to_list(None)
    values: dict[tuple[str, str], str | None] = {}
    for document in sorted(found, key=lambda own: max(own.get("at", {}).values(), default=_LONG_AGO)):
        values |= {(parts[document["_id"]], key): own["value"] for key, own in document.get("now", {}).items()}
    updates = [update for (customer, key), value in values.items() for update in _history_updates(customer, key, value)]
    by_customer: dict[str, dict[str, str | None]] = {}
    for (customer, key), value in values.items():
        by_customer.setdefault(customer, {})[key] = value
    updates += [
        UpdateOne(
            {"_id": customer, "changesOut": {"$gt": now}},
            [{"$set": note_merge(own, ChangeCause.MERGE.value, ChangeCause.FIRST.value, now)}],
        )
        for customer, own in by_customer.items()
    ]
    if updates:
        await database.tags.bulk_write(updates, ordered=False)
    if any("segments" in document for document in found):
        which, how = leave_segments([document["_id"] for document in found])
        await database.tags.update_many(which, how)


def _history_updates(customer: str, key: str, value: str | None) -> Iterator[UpdateOne]:
    """Write that a value was another one before, or take back that it changed where it was the same.

    A customer who was there before has a history of his own.
    """
    first = {"_id": customer, f"history.{key}.0.cause": ChangeCause.FIRST.value, "backAt": {"$exists": False}}
    yield UpdateOne(first | {f"history.{key}.0.to": value}, {"$pop": {f"history.{key}": -1}})
    merged = {f"history.{key}.0.cause": ChangeCause.MERGE.value, f"history.{key}.0.from": value}
    yield UpdateOne(first | {f"history.{key}.0.to": {"$ne": value}}, {"$set": merged})


def _parts(customer: str) -> Iterator[str]:
    """List the sets of some of a customer's records."""
    records = customer.split(SET_SEPARATOR)
    sizes = range(1, len(records)) if len(records) <= MAX_RECORDS else (1,)
    for size in sizes:
        yield from (SET_SEPARATOR.join(own) for own in combinations(records, size))
