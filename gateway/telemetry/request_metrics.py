"""Count requests by operation and by code."""

from collections import Counter
from collections.abc import Collection

import msgspec

from gateway.histogram import Histogram
from gateway.operations import Operation
from gateway.telemetry.samples import Sampled, distribution, number

MAX_OPERATIONS = 50
"""How many operations metrics name when the settings name none: the first ones that run."""

MAX_NAME_LENGTH = 64

NONE, ANONYMOUS, OTHER = "none", "anonymous", "other"
"""Labels of a request without a valid operation, of one without a name, and of those whose names are not in the list."""


class OperationCounts(msgspec.Struct, eq=False):
    """The requests for one operation: how many by code, and how long they took."""

    label: str
    codes: Counter[str] = msgspec.field(default_factory=Counter)
    durations: Histogram = msgspec.field(default_factory=Histogram)

    def add(self, code: str, seconds: float) -> None:
        """Count a request that ended."""
        self.codes[code] += 1
        self.durations.observe(seconds)


class OperationNames:
    """The operations that metrics and traces name: the listed ones, or else the first that run."""

    def __init__(self, listed: Collection[str]) -> None:
        self._names = set(listed)
        self._is_closed = bool(listed)

    def label(self, operation: Operation | None) -> str:
        """Name an operation. Names are few, whatever callers send."""
        if operation is None:
            return NONE
        node = operation.definition.name
        if node is None:
            return ANONYMOUS
        name = node.value
        if not self._is_closed and len(self._names) < MAX_OPERATIONS and len(name) <= MAX_NAME_LENGTH:
            self._names.add(name)
        return name if name in self._names else OTHER


class RequestMetrics:
    """The requests of a worker, by the label of their operation."""

    def __init__(self) -> None:
        self._by_label: dict[str, OperationCounts] = {}

    def counts(self, label: str) -> OperationCounts:
        """Find the counts of an operation."""
        counts = self._by_label.get(label)
        if counts is None:
            counts = self._by_label[label] = OperationCounts(label)
        return counts

    def samples(self) -> Sampled:
        """Read the counts. Callers have no names yet."""
        for label, counts in self._by_label.items():
            for code, count in counts.codes.items():
                yield number("gateway_requests_total", count, label, code, OTHER)
            yield distribution("gateway_request_duration_seconds", counts.durations, label)
