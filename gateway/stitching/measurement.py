"""Measures that are asked for over a customer's records, and what came of them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

import msgspec

from connectors.contract import Measure
from connectors.errors import SourceError
from connectors.record_fields import Fields
from connectors.records import Record
from gateway.lookups.outcome import Failed
from gateway.stitching.gaps import Gaps
from gateway.stitching.source_reports import SourceState


class MeasureRequest(msgspec.Struct, frozen=True, kw_only=True):
    """Ask for measures over one record type. `fields` are those that measuring here would need."""

    record: type[Record]
    measures: tuple[Measure, ...]
    fields: Fields


class Measurement(msgspec.Struct, frozen=True, kw_only=True):
    """Hold one row of values per answer (of a source or key). Each row has one value per measure.

    `failure` is the first one; `stale` is why the first of the answers that are older than they may be is not newer; `cut` says
    that not all records were counted; `sources` is empty where none is configured. `gaps` has, for each row, what its source
    does not give; it is empty where each gives all.
    """

    rows: list[tuple[Any, ...]]
    sources: list[str]
    as_of: datetime | None = None
    failure: Failed | None = None
    stale: SourceError | None = None
    cut: bool = False
    gaps: tuple[Gaps, ...] = ()

    def rows_of(self, places: Sequence[int]) -> list[tuple[Any, ...]]:
        """List the values of measures, row by row, of the sources that give what all of them read."""
        if not self.gaps:
            return [tuple([row[place] for place in places]) for row in self.rows]
        return [
            tuple([row[place] for place in places])
            for row, gaps in zip(self.rows, self.gaps, strict=True)
            if gaps.absent.isdisjoint(places)
        ]

    def with_one_of(self, places: Collection[int]) -> Measurement:
        """Take measures for given where a source gives what at least one of them reads."""
        if not places:
            return self
        gaps = tuple(
            own if own.absent.issuperset(places) else Gaps(own.absent.difference(places), own.unsure) for own in self.gaps
        )
        return msgspec.structs.replace(self, gaps=gaps)

    def values(self, place: int) -> list[Any]:
        """List the values of a measure: those of the sources that give what it reads."""
        return [value for (value,) in self.rows_of((place,))]

    def lacks(self, places: Collection[int]) -> bool:
        """Tell whether a source does not give all that measures read."""
        return any(not (gaps.absent | gaps.unsure).isdisjoint(places) for gaps in self.gaps)

    def has_absent(self, place: int) -> bool:
        """Tell whether a source is not in the values of a measure, since it does not give what that reads."""
        return any(place in gaps.absent for gaps in self.gaps)

    @property
    def missing(self) -> str | None:
        """Why values are missing, or are of stale answers, as a code."""
        if not self.sources:
            return SourceState.NOT_CONFIGURED.value
        if self.failure is not None:
            return self.failure.error.code
        return self.stale.code if self.stale is not None else None
