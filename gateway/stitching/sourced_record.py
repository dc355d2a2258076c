"""A record with the source that owns it."""

from typing import Any

import msgspec

from gateway.identity.node_ids import node_id


class SourcedRecord(msgspec.Struct, eq=False):
    """A narrowed record and the name of its source. Other attributes are those of the record."""

    record: Any
    source: str

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        return getattr(self.record, name)

    @property
    def node_id(self) -> str:
        return node_id(self.source, self.id)

    @property
    def source_id(self) -> str:
        own_id: str = self.id
        return own_id
