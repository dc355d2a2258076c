"""A record with the source that owns it."""

from typing import Any

import msgspec

from gateway.identity.node_ids import node_id
from gateway.stitching.position import RecordPosition, position_of


class SourcedRecord(msgspec.Struct, eq=False):
    """A narrowed record and the name of its source."""

    record: Any
    source: str

    @property
    def id(self) -> str:
        """Its own id at the source."""
        own_id: str = self.record.id
        return own_id

    @property
    def position(self) -> RecordPosition:
        """Its position in a list."""
        return position_of(self.record, self.source)

    @property
    def node_id(self) -> str:
        return node_id(self.source, self.id)

    @property
    def source_id(self) -> str:
        return self.id


def record_of(value: Any) -> Any:
    """The record itself, of one with its source or of one without."""
    return value.record if isinstance(value, SourcedRecord) else value
