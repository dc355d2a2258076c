"""What is wanted of a record and around it: the value that sources are asked with."""

from __future__ import annotations

import msgspec

from connectors.records import Record
from connectors.shapes import Fields


class Selection(msgspec.Struct, frozen=True, kw_only=True, cache_hash=True):
    """The selected fields of a record, whether the number of records is asked, and which records are stitched to it."""

    fields: Fields = Fields()
    count: bool = False
    stitches: frozenset[type[Record]] = frozenset()

    def __or__(self, other: Selection) -> Selection:
        return Selection(
            fields=self.fields | other.fields, count=self.count or other.count, stitches=self.stitches | other.stitches
        )
