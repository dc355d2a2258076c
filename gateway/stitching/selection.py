"""Select fields of a record, of its list, and related records."""

from __future__ import annotations

import msgspec

from connectors.record_fields import Fields
from connectors.records import Record


class Selection(msgspec.Struct, frozen=True, kw_only=True, cache_hash=True):
    """Hold a record's selected fields, its list's, and records stitched to it.

    `unseen` are fields that are read for others and not shown. `members` asks which records a customer is made of.
    """

    fields: Fields = Fields()
    unseen: Fields = Fields()
    more: bool = False
    count: bool = False
    stitches: frozenset[type[Record]] = frozenset()
    members: bool = False

    def __or__(self, other: Selection) -> Selection:
        return Selection(
            fields=self.fields | other.fields,
            unseen=self.unseen | other.unseen,
            more=self.more or other.more,
            count=self.count or other.count,
            stitches=self.stitches | other.stitches,
            members=self.members or other.members,
        )
