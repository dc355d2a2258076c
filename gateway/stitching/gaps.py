"""What sources do not give of the fields that measures read: it is told, and not taken for nothing."""

from __future__ import annotations

from collections.abc import Sequence
from collections.abc import Set as AbstractSet

import msgspec

from connectors.contract import Measure


class Gaps(msgspec.Struct, frozen=True):
    """What a source does not give, by the places of measures.

    `absent`: it does not have the field, or one that must have a value. `unsure`: it does not have one that must not have a
    value, so that its records all count.
    """

    absent: frozenset[int]
    unsure: frozenset[int]

    def __bool__(self) -> bool:
        return bool(self.absent or self.unsure)


NO_GAPS = Gaps(frozenset(), frozenset())


def find_gaps(measures: Sequence[Measure], absent: AbstractSet[str]) -> Gaps:
    """Find the measures that read fields which a source does not have."""
    if not absent:
        return NO_GAPS
    gone: set[int] = set()
    unsure: set[int] = set()
    for place, measure in enumerate(measures):
        if measure.field in absent:
            gone.add(place)
        for condition in measure.where:
            if condition.field in absent:
                (unsure if condition.negated else gone).add(place)
    return Gaps(frozenset(gone), frozenset(unsure)) if gone or unsure else NO_GAPS


def common_gaps(gaps: Sequence[Gaps]) -> Gaps:
    """Find what no source gives, where the value of one is enough."""
    if not all(gaps):
        return NO_GAPS
    absent = frozenset[int].intersection(*(own.absent for own in gaps))
    unsure = frozenset[int].intersection(*(own.absent | own.unsure for own in gaps)) - absent
    return Gaps(absent, unsure)
