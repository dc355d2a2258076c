"""Count the operations of MongoDB, and what came of them."""

from collections import Counter, defaultdict
from typing import Literal

import msgspec

from gateway.histogram import Histogram

OperationKind = Literal["read", "write", "lease", "ping"]
OperationOutcome = Literal["ok", "failed", "skipped"]
"""An operation is skipped while MongoDB is known to be away."""


class StoreStatistics(msgspec.Struct, eq=False):
    """The counts of a store since it was set up."""

    operations: Counter[tuple[OperationKind, OperationOutcome]] = msgspec.field(default_factory=Counter)
    durations: defaultdict[OperationKind, Histogram] = msgspec.field(default_factory=lambda: defaultdict(Histogram))

    def add(self, kind: OperationKind, outcome: OperationOutcome, seconds: float) -> None:
        """Count an operation that ended."""
        self.operations[kind, outcome] += 1
        if outcome != "skipped":
            self.durations[kind].observe(seconds)
