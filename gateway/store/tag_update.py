"""Write tags of a customer, and how their values changed, by one update of the document, whatever is stored meanwhile.

Mostly nothing later is, and the values are as before. So the first update takes that for granted: its filter finds no other
document, and the insert that follows then is refused, for the customer is there. The second update asks for each tag.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any

import msgspec
from pymongo import UpdateOne

from gateway.clock import CLOCK_TOLERANCE
from gateway.stitching.merged_customer import SET_SEPARATOR
from gateway.store.former_tags import PRESENT, records_of
from gateway.store.mongo import Document
from gateway.store.segment_members import MEMBERSHIP, RESTORED, first_membership, has_segments
from gateway.store.tag_outbox import MERGE_PATIENCE, added_entries, first_entries, leaving_from
from gateway.tags.computed_tag import ComputedTag
from gateway.tags.segment_keys import SEGMENT_PREFIX
from gateway.tags.tag_history import MAX_CHANGES, RULE_DIGITS, ChangeCause
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
    Changes of the tags `leaving` are written into the outbox of the document, too.
    """

    def __init__(
        self,
        customer: str,
        tags: Sequence[ComputedTag],
        marks: int | None,
        now: datetime,
        leaving: Collection[str] = frozenset(),
    ) -> None:
        self._customer = customer
        self._tags = tags
        self._may_leave = leaving
        self._leaving = [tag for tag in tags if tag.key in leaving]
        self._tells_segments = has_segments(tags)
        self._now = now
        self._credible_until = now + CLOCK_TOLERANCE
        # A document stays as long as one of its tags may be served, or is to be renewed.
        delete_at = max(max(tag.expires_at, tag.changes_at or tag.expires_at) for tag in tags) + KEEP
        # Pipelines, whose expressions see the document as it is kept.
        self._common: Document = {"deleteAt": latest("$deleteAt", delete_at, last_deletion(now)), "tries": "$$REMOVE"}
        self._common |= {"former": "$$REMOVE", "backAt": _back_at(tags)} | records_of(customer)
        self._values = {tag.key: self._values_of(tag, marks) for tag in tags}

    @property
    def customer(self) -> str:
        return self._customer

    def plain(self) -> UpdateOne:
        """Write the update where nothing later, no other value and no other rule is stored. Else its insert is refused."""
        condition: Document = {**PRESENT}
        values: Document = {}
        for tag in self._tags:
            own = self._values[tag.key]
            condition[f"at.{tag.key}"] = {"$not": {"$gt": tag.computed_at, "$lte": self._credible_until}}
            condition[f"now.{tag.key}"] = own["now"]["$literal"]
            values |= {f"{name}.{tag.key}": own[name] for name in ("tags", "at", "changes")}
        seen = {tag.key: self._values[tag.key]["seen"] for tag in self._tags}
        values["seen"] = {"$cond": [{"$gt": ["$marks", 0]}, {"$mergeObjects": ["$seen", seen]}, "$seen"]}
        # Of one who is there already both are as they are to be.
        now = {tag.key: self._values[tag.key]["now"]["$literal"] for tag in self._tags}
        first = {
            tag.key: [{"at": tag.computed_at, "from": None, "to": tag.value, "cause": ChangeCause.FIRST.value}]
            for tag in self._tags
        }
        values["now"], values["history"] = (
            {"$cond": [{"$gt": ["$history", None]}, f"${name}", {"$literal": own}]}
            for name, own in (("now", now), ("history", first))
        )
        if self._tells_segments:
            condition["segments"] = {"$exists": True}
            values["segments"] = first_membership(self._tags)
        out: Document = {}
        if self._leaving:
            values["outbox"] = first_entries([_entry(tag, None, ChangeCause.FIRST.value) for tag in self._leaving])
            out = leaving_from(self._now + (MERGE_PATIENCE if SET_SEPARATOR in self._customer else timedelta()))
        return self._update(condition, values, out)

    def guarded(self) -> UpdateOne:
        """Write the update that leaves each later tag as it is, and notes each other value."""
        later: Document = {}
        values: Document = {}
        for tag in self._tags:
            at = f"$at.{tag.key}"
            later[tag.key] = {"$and": [{"$gt": [at, tag.computed_at]}, {"$lte": [at, self._credible_until]}]}
            for name, value in (self._values[tag.key] | {"history": _history(tag)}).items():
                values[f"{name}.{tag.key}"] = {"$cond": [f"$later.{tag.key}", f"${name}.{tag.key}", value]}
        out: Document = {**MEMBERSHIP} if self._tells_segments else {}
        if self._leaving:
            values["outbox"] = added_entries([_added_entry(tag) for tag in self._leaving])
            out |= leaving_from(self._now)
        restored: Document = RESTORED if any(key.startswith(SEGMENT_PREFIX) for key in self._may_leave) else {}
        return self._update({}, values, out, restored | {"later": later})

    def _update(self, condition: Document, values: Document, out: Document, first: Document | None = None) -> UpdateOne:
        pipeline: list[Document] = [{"$set": self._common | values}, {"$set": NEXT_CHANGE | out}]
        if first is not None:
            pipeline = [{"$set": first}, *pipeline, {"$unset": "later"}]
        return UpdateOne({"_id": self._customer, **condition}, pipeline, upsert=True)

    def _values_of(self, tag: ComputedTag, marks: int | None) -> Document:
        return {
            "tags": _encoder.encode(tag).decode(),
            "at": tag.computed_at,
            "seen": {"$cond": [{"$gt": ["$marks", 0]}, _seen(tag, marks), f"$seen.{tag.key}"]},
            "changes": "$$REMOVE" if tag.changes_at is None else tag.changes_at,
            "now": {
                "$literal": {"value": tag.value, "rule": tag.fingerprint, **({"partial": True} if _is_unsure(tag) else {})}
            },
        }


def _back_at(tags: Sequence[ComputedTag]) -> Document:
    """Write from when on a former customer is one again. His other tags are of before that."""
    return {"$cond": ["$former", min(tag.computed_at for tag in tags), "$backAt"]}


def latest(name: str, value: datetime, limit: datetime) -> Any:
    """Give the later value, unless the stored one is beyond a limit."""
    return {"$cond": [{"$gt": [name, limit]}, value, {"$max": [name, value]}]}


def last_deletion(now: datetime) -> datetime:
    """Say by when every document of now is deleted."""
    return now + MAX_TTL + KEEP + CLOCK_TOLERANCE


def _history(tag: ComputedTag) -> Any:
    """Write the changes of a tag, with this one where its value is another one."""
    now, history, value = f"$now.{tag.key}", f"$history.{tag.key}", {"$literal": tag.value}
    change = {"at": tag.computed_at, "from": {"$ifNull": [f"{now}.value", None]}, "to": value, "cause": _cause(tag)}
    with_change = {"$slice": [{"$concatArrays": [{"$ifNull": [history, []]}, [change]]}, -MAX_CHANGES]}
    return {"$cond": [{"$ne": [f"{now}.value", value]}, with_change, history]}


def _entry(tag: ComputedTag, before: Any, cause: Any) -> Document:
    to: Any = tag.value if before is None else {"$literal": tag.value}
    return {"key": tag.key, "from": before, "to": to, "at": tag.computed_at, "cause": cause, "rule": tag.fingerprint}


def _added_entry(tag: ComputedTag) -> Document:
    """Write the change of a tag as a list: of one entry where it is one, else of none."""
    value = f"$now.{tag.key}.value"
    is_change = {"$and": [{"$not": [f"$later.{tag.key}"]}, {"$ne": [value, {"$literal": tag.value}]}]}
    return {"$cond": [is_change, [_entry(tag, {"$ifNull": [value, None]}, _cause(tag))], []]}


def _is_unsure(tag: ComputedTag) -> bool:
    """Tell whether a tag is of evidence that lacks something, or is stale. What it is without that is no change of facts."""
    return tag.partial or tag.expires_at <= tag.computed_at


def _cause(tag: ComputedTag) -> Any:
    """Write why a value is another one than before."""
    now, rule = f"$now.{tag.key}", f"$now.{tag.key}.rule"
    own: Any = {"$cond": [f"{now}.partial", ChangeCause.PARTIAL.value, ChangeCause.FACTS.value]}
    if tag.expires_at <= tag.computed_at:
        own = ChangeCause.STALE.value
    elif tag.partial:
        own = ChangeCause.PARTIAL.value
    is_rule = {"$eq": [{"$substrBytes": [{"$ifNull": [rule, ""]}, 0, RULE_DIGITS]}, tag.fingerprint[:RULE_DIGITS]]}
    definition = {"$cond": [is_rule, ChangeCause.CALIBRATION.value, ChangeCause.RULE.value]}
    later = {"$cond": [{"$ne": [rule, tag.fingerprint]}, definition, own]}
    # Meanwhile the records were those of another customer, whose changes were told.
    later = {"$cond": [{"$or": ["$former", {"$lt": [f"$at.{tag.key}", "$backAt"]}]}, ChangeCause.MERGE.value, later]}
    return {"$cond": [{"$eq": [{"$type": now}, "missing"]}, ChangeCause.FIRST.value, later]}


def _seen(tag: ComputedTag, marks: int | None) -> Any:
    """The mark that a tag has seen: that of before it was computed, unless some of its facts may be older still."""
    oldest = min((fact.as_of for fact in tag.evidence if fact.as_of is not None), default=tag.computed_at)
    if marks is not None and oldest >= tag.computed_at:
        return marks
    before = min(oldest, tag.computed_at) - MARK_TOLERANCE
    return {"$cond": [{"$lt": ["$staleAt", before]}, "$marks" if marks is None else marks, _NEVER_SEEN]}
