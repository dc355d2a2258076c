"""Say which records a customer is made of, and why. No keys, only their kinds."""

from collections.abc import Sequence
from enum import StrEnum

import msgspec

from gateway.identity.records import RecordId
from gateway.identity.resolution import Component, Link, LinkBasis, WithheldReason


class IncompleteReason(StrEnum):
    """Why a customer may have more records than are known."""

    SOURCE_UNAVAILABLE = "SOURCE_UNAVAILABLE"
    LINKS_UNAVAILABLE = "LINKS_UNAVAILABLE"
    KEY_REFUSED = "KEY_REFUSED"
    TOO_MANY_RECORDS = "TOO_MANY_RECORDS"
    OUT_OF_TIME = "OUT_OF_TIME"
    OUT_OF_TURNS = "OUT_OF_TURNS"
    ONE_WAY_KEYS = "ONE_WAY_KEYS"


LASTING_REASONS = frozenset({IncompleteReason.ONE_WAY_KEYS, IncompleteReason.KEY_REFUSED})
"""Why a customer may have more records whenever it is asked for."""


class IdentityLink(msgspec.Struct, frozen=True):
    """Two records by their ids, and why they may be one customer. A withheld one has a reason."""

    by: LinkBasis
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


def shown_link(link: Link) -> IdentityLink:
    """Show a link."""
    return IdentityLink(link.by, [id_.node_id for id_ in link.records])


def links_of(component: Component) -> tuple[list[IdentityLink], list[IdentityLink]]:
    """Show the links of a component, and those that are withheld."""
    links = [shown_link(link) for link in component.links]
    return links, [IdentityLink(own.by, [id_.node_id for id_ in own.records], own.reason) for own in component.withheld]
