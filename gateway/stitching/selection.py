"""Select fields of a record, of its list, and related records."""

from __future__ import annotations

import msgspec

from connectors.record_fields import Fields
from connectors.records import Record


class Selection(msgspec.Struct, frozen=True, kw_only=True, cache_hash=True):
    """Hold a record's selected fields, its list's, and records stitched to it.

    `fields` are those that are read, `shown` those of them that the caller sees. `members` asks which records it is made of,
    `facts` for the records that facts of tags measure.
    """

    fields: Fields = Fields()
    shown: Fields = Fields()
    more: bool = False
    count: bool = False
    stitches: frozenset[type[Record]] = frozenset()
    members: bool = False
    facts: bool = False

    def __or__(self, other: Selection) -> Selection:
        return Selection(
            fields=self.fields | other.fields,
            shown=self.shown | other.shown,
            more=self.more or other.more,
            count=self.count or other.count,
            stitches=self.stitches | other.stitches,
            members=self.members or other.members,
            facts=self.facts or other.facts,
        )

    @property
    def origins(self) -> Fields | None:
        """The fields that the caller sees, where he asks whose values they are."""
        return self.shown if self.members else None
