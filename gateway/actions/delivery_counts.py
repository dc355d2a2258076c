"""Count what became of deliveries, since the start of a worker."""

from __future__ import annotations

from collections import Counter

import msgspec


class DeliveryCounts(msgspec.Struct, eq=False):
    """Counts by rule and result: `sent`, `failed`, `dead`, or why somebody was left out. `lag_s` is by target."""

    results: Counter[tuple[str, str]] = msgspec.field(default_factory=Counter)
    lag_s: dict[str, float] = {}

    def add(self, rule: str, result: str, count: int = 1) -> None:
        """Add to a count."""
        self.results[rule, result] += count
