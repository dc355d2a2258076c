"""Give a request one deadline, and each lookup the remaining time."""

import msgspec

from gateway.clock import Clock

ASSEMBLY_S = 0.05
"""What is kept back for putting the answer together, in seconds."""

LEADING_SHARE = 0.5
"""How much of what is left a lookup may take that others wait for."""


class Deadline(msgspec.Struct, eq=False, kw_only=True):
    """Hold the time by when the caller needs an answer. `ends` is in seconds of the monotonic clock."""

    clock: Clock
    ends: float

    @staticmethod
    def within(clock: Clock, budget_s: float, began: float | None = None) -> "Deadline":
        """Give a request so many seconds from its start, or from now."""
        kept_back_s = ASSEMBLY_S if budget_s > 4 * ASSEMBLY_S else budget_s / 4
        return Deadline(clock=clock, ends=(clock.monotonic() if began is None else began) + budget_s - kept_back_s)

    def leading(self) -> "Deadline":
        """Set a deadline for a lookup that others wait for: when it hangs, they still have their time."""
        return Deadline(clock=self.clock, ends=self.ends - self.remaining_s() * (1 - LEADING_SHARE))

    def expire(self) -> None:
        """End now: the caller has gone."""
        self.ends = float("-inf")

    def of_call(self, max_s: float | None) -> "Deadline":
        """The deadline of a call that may take so long at most."""
        if max_s is None or max_s >= self.remaining_s():
            return self
        return Deadline(clock=self.clock, ends=self.clock.monotonic() + max_s)

    def remaining_s(self) -> float:
        """Seconds left for lookups, never negative."""
        left = self.ends - self.clock.monotonic()
        return left if left > 0 else 0.0
