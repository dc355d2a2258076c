"""A clock for documents that MongoDB must not delete while a test runs."""

from datetime import UTC, datetime, timedelta

from tests.support.fixtures_mongodb import HandClock

NOON = datetime(2040, 5, 4, 12, tzinfo=UTC)
"""Of a clock that is ahead: MongoDB deletes by its own, and nothing of this is over by that."""


class NoonClock(HandClock):
    """Stands so long after that noon."""

    def __init__(self, after: timedelta = timedelta()) -> None:
        super().__init__()
        self._now = NOON + after
