"""Say which records a customer is made of, and why. No keys, only their kinds."""

from collections.abc import Sequence
from enum import StrEnum

import msgspec

from connectors.contract import KeyKind
from gateway.identity.records import RecordId
from gateway.identity.resolution import WithheldReason


class IncompleteReason(StrEnum):
    """Why a customer may have more records than are known."""

    SOURCE_UNAVAILABLE = "SOURCE_UNAVAILABLE"
    TOO_MANY_RECORDS = "TOO_MANY_RECORDS"
    OUT_OF_TIME = "OUT_OF_TIME"
    OUT_OF_TURNS = "OUT_OF_TURNS"
    ONE_WAY_KEYS = "ONE_WAY_KEYS"


class IdentityLink(msgspec.Struct, frozen=True):
    """Two records by their ids, and the kind of key that they have in common. A withheld one has a reason."""

    by: KeyKind
    records: Sequence[str]
    reason: WithheldReason | None = None


class CustomerIdentity(msgspec.Struct, frozen=True, kw_only=True):
    """The records of a customer. `complete` says that there are no others, else `reason` says why there may be."""

    reason: IncompleteReason | None
    members: Sequence[RecordId]
    links: Sequence[IdentityLink] = ()
    withheld: Sequence[IdentityLink] = ()

    @property
    def records(self) -> list[str]:
        """List the ids of the records."""
        return [member.node_id for member in self.members]

    @property
    def complete(self) -> bool:
        return self.reason is None
