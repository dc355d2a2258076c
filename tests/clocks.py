"""Clocks that tests move on by hand."""

from datetime import UTC, datetime, timedelta

from gateway.clock import Clock

START = datetime(2026, 7, 1, tzinfo=UTC)


class SteppedClock(Clock):
    """Time passes when somebody sleeps, or when a test says so. `slept` are the seconds of each sleep."""

    def __init__(self) -> None:
        super().__init__()
        self.passed_s = 0.0
        self.slept: list[float] = []

    def now(self) -> datetime:
        return START + timedelta(seconds=self.passed_s)

    def monotonic(self) -> float:
        return 1000.0 + self.passed_s

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.passed_s += seconds
