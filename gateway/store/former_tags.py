"""Set the documents of former customers aside: of records that are linked to others by now, or are cut from them.

    {_id: "<customer>", ..., records?: ["<source>:<id>"], former?: true, backAt?: moment}

A customer is named by his set of records, which `records` lists where they are several. Once another set with one of these
records is stored, the document is `former`: it is not counted, and in no segment, until it is written again. Where its records
are all among those of the other set, time changes it no more, and MongoDB deletes it when the tags could not be given any more.
`backAt` is when it was written again last: what its tags were before is not what the customer was.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, datetime

from pymongo import IndexModel, UpdateOne

from gateway.stitching.merged_customer import SET_SEPARATOR
from gateway.store.mongo import Database, Document
from gateway.tags.tag_store import KEEP

PRESENT: Document = {"former": {"$exists": False}}
"""Finds the documents of customers as they are by now."""

RECORD_SIGN = ":"
"""Stands in the id of a record behind that of its source."""

RECORDS_INDEX = IndexModel("records", sparse=True)

_SET_ASIDE: Document = {"$set": {"former": True}, "$unset": {"segments": ""}}

_LONG_AGO = datetime.min.replace(tzinfo=UTC)


def records_of(customer: str) -> Document:
    """Write the field that lists the records of a customer. None of it where that is one alone."""
    return {"records": {"$literal": customer.split(SET_SEPARATOR)}} if SET_SEPARATOR in customer else {}


def can_share_records(customer: str) -> bool:
    """Tell whether a record of his may be another customer's, too. Where one source has customers, none is."""
    return RECORD_SIGN in customer


async def find_unsettled(database: Database, customers: Collection[str]) -> list[str]:
    """Name those of stored customers who are former, or of whom no tag is stored. Raises errors of the driver."""
    named = [customer for customer in customers if can_share_records(customer)]
    if not named:
        return []
    is_unsettled = [{"former": True}, {"tags": {"$exists": False}}]
    found = await database.tags.find({"_id": {"$in": named}, "$or": is_unsettled}, {"_id": 1}).to_list(None)
    return [document["_id"] for document in found]


async def set_aside_former(database: Database, customers: Collection[str], now: datetime) -> None:
    """Set aside all but the last document of those that share records with these customers. Raises errors of the driver.

    Of two that are written at once each write sees at least the other one.
    """
    named = [customer for customer in customers if can_share_records(customer)]
    if not named:
        return
    records = sorted({record for customer in named for record in customer.split(SET_SEPARATOR)})
    touching = {"$or": [{"_id": {"$in": records}}, {"records": {"$in": records}}], **PRESENT}
    found = await database.tags.find(touching, {"at": 1}).to_list(None)
    ranked = sorted(found, key=_rank)
    sets = {document["_id"]: frozenset(document["_id"].split(SET_SEPARATOR)) for document in ranked}
    updates = []
    for place, document in enumerate(ranked):
        own = sets[document["_id"]]
        over = [sets[later["_id"]] for later in ranked[place + 1 :] if not own.isdisjoint(sets[later["_id"]])]
        if over:
            # Not one that is written again meanwhile.
            which = {"_id": document["_id"], "at": document.get("at", {"$exists": False})}
            is_part = any(own < later for later in over)
            updates.append(UpdateOne(which, _aside(now) if is_part else _SET_ASIDE))
    if updates:
        await database.tags.bulk_write(updates, ordered=False)


def _rank(document: Document) -> tuple[datetime, int, str]:
    customer: str = document["_id"]
    return max(document.get("at", {}).values(), default=_LONG_AGO), customer.count(SET_SEPARATOR), customer


def _aside(now: datetime) -> Document:
    return {
        "$set": {"former": True},
        "$unset": {"segments": "", "changes": "", "changesAt": "", "tries": ""},
        "$min": {"deleteAt": now + KEEP},
    }
