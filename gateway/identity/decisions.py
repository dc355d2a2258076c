"""What people decided about records: which are one customer, and which are not. Pure: the log in, links and cuts out."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from enum import StrEnum
from itertools import combinations

import msgspec

from gateway.identity.records import RecordId

Pair = tuple[RecordId, RecordId]
"""Two records, in order."""


class LogAction(StrEnum):
    """LINK makes two records one customer, CUT keeps them apart, WITHDRAW takes either back."""

    LINK = "LINK"
    CUT = "CUT"
    WITHDRAW = "WITHDRAW"


class LogRule(StrEnum):
    """By what an entry was made: by a person, or by accepting a proposal."""

    OPERATOR = "OPERATOR"
    PROPOSAL = "PROPOSAL"


class LogEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One decision about two records. `anchor` is the record whose id their customer had, where it had one."""

    time: datetime
    action: LogAction
    records: Pair
    rule: LogRule
    who: str
    reason: str
    anchor: RecordId | None = None
    position: tuple[int, int] = (0, 0)
    """Its place in the log, once it is there."""

    def is_about(self, records: Collection[RecordId]) -> bool:
        """Tell whether it names any of the records."""
        return any(own in records for own in self.records) or self.anchor in records


class Decisions(msgspec.Struct, frozen=True):
    """What holds after the entries of a log: links with their rule, pairs that are cut, anchors, the earliest first."""

    links: Mapping[Pair, LogRule] = {}
    cuts: frozenset[Pair] = frozenset()
    anchors: tuple[RecordId, ...] = ()


NO_DECISIONS = Decisions()


def pair_of(one: RecordId, other: RecordId) -> Pair:
    """Put two records in order. Raises `ValueError` for one record twice."""
    if one == other:
        raise ValueError("a pair is of two records")
    return (one, other) if one < other else (other, one)


def pairs_of(records: Iterable[RecordId]) -> list[Pair]:
    """List all pairs of records, each in order."""
    return [*combinations(sorted(set(records)), 2)]


def decisions_of(entries: Iterable[LogEntry], until: datetime | None = None) -> Decisions:
    """Replay entries, those up to a time. They come in the order of the log.

    Of each pair the last entry holds, but that of a person before those of proposals, until a person takes it back.
    """
    last: dict[Pair, LogEntry] = {}
    anchors: dict[RecordId, None] = {}
    for entry in entries:
        if until is not None and entry.time > until:
            continue
        if entry.anchor is not None:
            anchors[entry.anchor] = None
        before = last.get(entry.records)
        if before is not None and before.rule is LogRule.OPERATOR and entry.rule is LogRule.PROPOSAL:
            continue
        if entry.action is LogAction.WITHDRAW:
            last.pop(entry.records, None)
        else:
            last[entry.records] = entry
    return Decisions(
        links={pair: entry.rule for pair, entry in last.items() if entry.action is LogAction.LINK},
        cuts=frozenset(pair for pair, entry in last.items() if entry.action is LogAction.CUT),
        anchors=tuple(anchors),
    )
