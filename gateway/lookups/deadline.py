"""One budget for a request; each lookup gets what is left."""

from collections.abc import Sequence
from operator import attrgetter

from gateway.clock import Clock

ASSEMBLY_S = 0.05
"""What is kept back for putting the answer together, in seconds."""

LEADING_SHARE = 0.5
"""How much of what is left a lookup may take that others wait for."""


class Deadline:
    """The time by which the caller has an answer. `ends` is in seconds of the monotonic clock."""

    __slots__ = ("_clock", "ends")

    def __init__(self, clock: Clock, budget_s: float) -> None:
        self._clock = clock
        self.ends = clock.monotonic() + budget_s - (ASSEMBLY_S if budget_s > 4 * ASSEMBLY_S else budget_s / 4)

    def leading(self) -> "Deadline":
        """A deadline for a lookup that others wait for: when it hangs, they still have their time."""
        leading = Deadline(self._clock, 0)
        leading.ends = self.ends - self.remaining_s() * (1 - LEADING_SHARE)
        return leading

    @staticmethod
    def latest(deadlines: "Sequence[Deadline]") -> "Deadline":
        """The one that ends last."""
        return max(deadlines, key=attrgetter("ends"))

    def remaining_s(self) -> float:
        """Seconds left for lookups, never negative."""
        left = self.ends - self._clock.monotonic()
        return left if left > 0 else 0.0
