"""Write tags of a customer by one update of the document, whatever another worker has written meanwhile.

Mostly nobody has. So the first update takes that for granted: its filter finds no document where a later tag is stored, and the
insert that follows then is refused, for the customer is there. The second update asks for each tag.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import msgspec
from pymongo import UpdateOne

from gateway.clock import CLOCK_TOLERANCE
from gateway.store.mongo import Document
from gateway.tags.computed_tag import ComputedTag
from gateway.tags.tag_store import KEEP, MAX_TTL

MARK_TOLERANCE = timedelta(seconds=10)
"""By how much a kept answer must be later than a mark to be of after it: the clocks of two workers are compared then."""

MOMENTS: Document = {"$map": {"input": {"$objectToArray": "$changes"}, "in": "$$this.v"}}
"""The moments at which time alone changes a customer's tags."""

NEXT_CHANGE: Document = {"changesAt": {"$ifNull": [{"$min": MOMENTS}, "$$REMOVE"]}}
"""The moment at which time alone changes the first of a customer's tags. The field is not there where none ever changes."""

_NEVER_SEEN = -1

_encoder = msgspec.json.Encoder()


class TagUpdate:
    """The update that stores tags of a customer. A tag that is stored and was computed later stays.

    `marks` is how often the customer had been marked stale before the tags were computed; with None times are compared.
    """

    def __init__(self, customer: str, tags: Sequence[ComputedTag], marks: int | None, now: datetime) -> None:
        self._customer = customer
        self._tags = tags
        self._credible_until = now + CLOCK_TOLERANCE
        # A document stays as long as one of its tags may be served, or is to be renewed.
        delete_at = max(max(tag.expires_at, tag.changes_at or tag.expires_at) for tag in tags) + KEEP
        # Pipelines, whose expressions see the document as it is kept.
        self._common: Document = {"deleteAt": latest("$deleteAt", delete_at, last_deletion(now)), "tries": "$$REMOVE"}
        self._values = {tag.key: self._values_of(tag, marks) for tag in tags}

    def plain(self) -> UpdateOne:
        """Write the update where nothing later is stored. Else its insert is refused: the document is there."""
        nothing_later = {
            f"at.{tag.key}": {"$not": {"$gt": tag.computed_at, "$lte": self._credible_until}} for tag in self._tags
        }
        values = {f"{name}.{key}": value for key, own in self._values.items() for name, value in own.items()}
        return self._update(nothing_later, values)

    def guarded(self) -> UpdateOne:
        """Write the update that leaves each later tag as it is."""
        values: Document = {}
        for tag in self._tags:
            at = f"$at.{tag.key}"
            later = {"$and": [{"$gt": [at, tag.computed_at]}, {"$lte": [at, self._credible_until]}]}
            for name, value in self._values[tag.key].items():
                values[f"{name}.{tag.key}"] = {"$cond": [later, f"${name}.{tag.key}", value]}
        return self._update({}, values)

    def _update(self, condition: Document, values: Document) -> UpdateOne:
        pipeline = [{"$set": self._common | values}, {"$set": NEXT_CHANGE}]
        return UpdateOne({"_id": self._customer, **condition}, pipeline, upsert=True)

    def _values_of(self, tag: ComputedTag, marks: int | None) -> Document:
        return {
            "tags": _encoder.encode(tag).decode(),
            "at": tag.computed_at,
            "seen": {"$cond": [{"$gt": ["$marks", 0]}, _seen(tag, marks), f"$seen.{tag.key}"]},
            "changes": "$$REMOVE" if tag.changes_at is None else tag.changes_at,
        }


def latest(name: str, value: datetime, limit: datetime) -> Any:
    """Give the later value, unless the stored one is beyond a limit."""
    return {"$cond": [{"$gt": [name, limit]}, value, {"$max": [name, value]}]}


def last_deletion(now: datetime) -> datetime:
    """Say by when every document of now is deleted."""
    return now + MAX_TTL + KEEP + CLOCK_TOLERANCE


def _seen(tag: ComputedTag, marks: int | None) -> Any:
    """The mark that a tag has seen: that of before it was computed, unless some of its facts may be older still."""
    oldest = min((fact.as_of for fact in tag.evidence if fact.as_of is not None), default=tag.computed_at)
    if marks is not None and oldest >= tag.computed_at:
        return marks
    before = min(oldest, tag.computed_at) - MARK_TOLERANCE
    return {"$cond": [{"$lt": ["$staleAt", before]}, "$marks" if marks is None else marks, _NEVER_SEEN]}
