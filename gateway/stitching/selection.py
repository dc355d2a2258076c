"""Select fields of a record, questions about its list, and records around it."""

from __future__ import annotations

import msgspec

from connectors.record_fields import Fields
from connectors.records import Record


class Selection(msgspec.Struct, frozen=True, kw_only=True, cache_hash=True):
    """The selected fields of a record, the questions about their list, and the records stitched to it."""

    fields: Fields = Fields()
    more: bool = False
    count: bool = False
    stitches: frozenset[type[Record]] = frozenset()

    def __or__(self, other: Selection) -> Selection:
        return Selection(
            fields=self.fields | other.fields,
            more=self.more or other.more,
            count=self.count or other.count,
            stitches=self.stitches | other.stitches,
        )
