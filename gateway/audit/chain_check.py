"""Follow a chain link by link, and find where somebody changed it."""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from enum import StrEnum

import msgspec

from gateway.audit.link import AuditLink
from gateway.audit.stores import StoredLink


class Tampering(StrEnum):
    """What was done to a chain."""

    EDITED = "edited"
    INSERTED = "inserted"
    MISSING = "missing"
    REWRITTEN = "rewritten"
    UNREADABLE = "unreadable"


class Finding(msgspec.Struct, frozen=True):
    """A change of a chain, found at a link. `seq` is None where it is of no link, `chain` empty where it is of none."""

    chain: str
    seq: int | None
    change: Tampering
    reason: str


class ChainCheck:
    """Follows the links of a chain in their order. A change is told once: it does not make those behind it wrong.

    `heads` are the MACs that the log has seen, by the numbers of their links.
    """

    def __init__(self, chain: str, key: bytes, heads: Mapping[int, AbstractSet[str]] | None = None) -> None:
        self.chain = chain
        self.findings: list[Finding] = []
        self.first = 0
        self.last: AuditLink | None = None
        """The last link that is genuine."""
        self.entries = 0
        self.lost = 0
        self.commitments = 0
        self.is_ended = False
        self._key = key
        self._heads = heads or {}
        self._due = 0
        self._previous: str | None = ""
        """The MAC of the link before the one that is due. None where that is wrong, so that it is not known."""

    def begin_with_checkpoint(self, stored: StoredLink) -> None:
        """Begin where retention has cut."""
        link = stored.link
        if link is None or link.chain != self.chain or link.kind != "checkpoint" or not link.is_genuine(self._key):
            self._find(None, Tampering.EDITED, "its checkpoint is none that was sealed")
            return
        self.first = self._due = link.seq
        self._previous = link.previous

    def add(self, stored: StoredLink) -> None:
        """Check the next link."""
        link = stored.link
        if link is None:
            self._find(None, Tampering.UNREADABLE, f"{stored.name!r} has not the form of a link")
        elif link.seq < self.first:
            return  # retention is about to delete it
        elif not self._is_in_place(stored.name, link):
            self._find(link.seq, Tampering.INSERTED, f"{stored.name!r} is not where this link belongs")
        elif link.seq < self._due:
            if self.last is None or link != self.last:
                self._find(link.seq, Tampering.INSERTED, "another link has this number")
        else:
            self._check_due(link)

    def finish(self) -> None:
        """Check that what the log says of the end is there."""
        beyond = [seq for seq in self._heads if seq >= self._due]
        if beyond:
            self._find(self._due, Tampering.MISSING, f"the log has seen link {max(beyond)}, and this one is not there")

    def _is_in_place(self, name: str, link: AuditLink) -> bool:
        return name == f"{link.chain} {link.seq}" and link.chain == self.chain and link.kind != "checkpoint"

    def _check_due(self, link: AuditLink) -> None:
        if self.is_ended:
            self._find(link.seq, Tampering.INSERTED, "it is behind the end")
        if link.seq > self._due:
            self._find(self._due, Tampering.MISSING, f"links {self._due} to {link.seq - 1} are not there")
            self._previous = None
        self._due = link.seq + 1
        if not link.is_genuine(self._key):
            self._find(link.seq, Tampering.EDITED, "it is not as it was sealed")
            self._previous = None
            return
        seen = self._heads.get(link.seq)
        if seen is not None and seen != {link.mac}:
            self._find(link.seq, Tampering.REWRITTEN, "the log has seen another link with this number")
        elif self._previous is not None and link.previous != self._previous:
            self._find(link.seq, Tampering.REWRITTEN, "the link before it is not the one that it was sealed behind")
        self._previous, self.last = link.mac, link
        self.entries += len(link.entries)
        self.lost += link.lost
        self.commitments += len({customer for entry in link.entries for customer in entry.customers})
        self.is_ended = link.kind == "end"

    def _find(self, seq: int | None, change: Tampering, reason: str) -> None:
        self.findings.append(Finding(self.chain, seq, change, reason))
