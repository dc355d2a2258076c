"""The only place that reads the clock, and that waits for it."""

import asyncio
import time
from datetime import UTC, datetime, timedelta

CLOCK_TOLERANCE = timedelta(minutes=1)
"""How far the clocks of two machines may be apart. What is of later than that is of a clock that was wrong."""


class Clock:
    """Tell wall time, the reference time of windows, and monotonic time.

    `pinned` moves the reference time alone: "the last 90 days" of a historical data set end there, while what was
    computed is still as old as it is.
    """

    def __init__(self, pinned: datetime | None = None) -> None:
        self._pinned = pinned

    def now(self) -> datetime:
        """The time of day: aware, UTC."""
        return datetime.now(UTC)

    def reference(self) -> datetime:
        """The end of every window: aware, UTC, the next whole minute, so that requests of a minute ask equal questions."""
        return self._pinned or self.now().replace(second=0, microsecond=0) + timedelta(minutes=1)

    def timestamp(self) -> float:
        """The time of day in seconds, in a tenth of the time that `now` takes."""
        return time.time()

    monotonic = staticmethod(time.monotonic)
    """Seconds that only grow."""

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)
