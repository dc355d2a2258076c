"""How long a worker is not started again that keeps ending."""

MIN_PAUSE_S = 1.0
MAX_PAUSE_S = 30.0

STABLE_S = 10.0
"""A worker that took requests for so long has started well, however it ends."""


class RestartBackoff:
    """Double the pause with each start that fails, from `MIN_PAUSE_S` to `MAX_PAUSE_S`."""

    def __init__(self) -> None:
        self.failures = 0

    def pause_s(self, ready_s: float) -> float:
        """Tell how long to wait after an end. `ready_s` is how long the worker took requests, 0 if it never did."""
        if ready_s >= STABLE_S:
            self.failures = 0
            return 0.0
        self.failures += 1
        return float(min(MAX_PAUSE_S, MIN_PAUSE_S * 2 ** (self.failures - 1)))
