"""Add up whole points for the bands of facts, and read a probability off their sum."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any

import msgspec

from gateway.scores.bands import band_of


class FactPoints(msgspec.Struct, frozen=True):
    """The points of a fact: one number for each band between the cut points, and one for customers without a value."""

    fact: str
    label: str
    cut_points: list[float]
    points: list[int]
    without: int

    def points_of(self, value: float | None) -> int:
        return self.without if value is None else self.points[band_of(self.cut_points, value) - 1]

    def words_of(self, value: float | None) -> str:
        """Write the band of a value in words, such as `over 90`."""
        if value is None:
            return "without a value"
        if not self.cut_points:
            return "with a value"
        band = band_of(self.cut_points, value)
        low = [f"over {_shown(self.cut_points[band - 2])}"] if band > 1 else []
        high = [f"up to {_shown(self.cut_points[band - 1])}"] if band <= len(self.cut_points) else []
        return " and ".join([*low, *high])


class Scorecard(msgspec.Struct, frozen=True):
    """Facts with their points, and the probability of each band of their sum: one more than there are `sums`."""

    facts: list[FactPoints]
    sums: list[int]
    probabilities: list[float]

    def __post_init__(self) -> None:
        if len(self.probabilities) != len(self.sums) + 1 or any(
            len(fact.points) != len(fact.cut_points) + 1 for fact in self.facts
        ):
            raise ValueError("a scorecard needs one number for each band")
        bounds: list[Sequence[float]] = [self.sums, *(fact.cut_points for fact in self.facts)]
        if any(low >= high for own in bounds for low, high in pairwise(own)):
            raise ValueError("sums and cut points must rise")
        if not all(0 <= probability <= 1 for probability in self.probabilities):
            raise ValueError("probabilities must be from 0 to 1")

    def total_points(self, values: Mapping[str, Any]) -> int:
        return sum(fact.points_of(values[fact.fact]) for fact in self.facts)

    def probability_at(self, points: int) -> float:
        return self.probabilities[bisect_left(self.sums, points)]

    def list_reasons(self, values: Mapping[str, Any]) -> list[str]:
        """Say which facts have given how many points, the most first: `+12: Days since the last order over 90`."""
        return [words for _, words in sorted(self._reasons(values), key=lambda reason: -abs(reason[0]))]

    def _reasons(self, values: Mapping[str, Any]) -> Iterator[tuple[int, str]]:
        for fact in self.facts:
            value = values[fact.fact]
            if points := fact.points_of(value):
                yield points, f"{points:+d}: {fact.label} {fact.words_of(value)}"


def _shown(number: float) -> str:
    return f"{number:,.2f}".rstrip("0").rstrip(".")
