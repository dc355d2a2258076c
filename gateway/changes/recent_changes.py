"""Keep the last changes in memory, where there is no MongoDB: those of one worker, until it ends."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from uuid import uuid4

import msgspec

from gateway.changes.change_hub import ChangeHub
from gateway.changes.customer_change import CustomerChange, LogPosition, PositionTooOldError

MAX_RECENT = 10_000


class RecentChanges:
    """A log in memory of `most` changes. Followers of the `hub` hear of each at once."""

    def __init__(self, hub: ChangeHub, most: int = MAX_RECENT) -> None:
        self._hub = hub
        self._log = uuid4().hex
        self._end = 0
        self._recent: deque[CustomerChange] = deque(maxlen=most)

    async def append(self, changes: Sequence[CustomerChange]) -> None:
        """Write changes in order, and tell of them."""
        written = []
        for change in changes:
            self._end += 1
            written.append(msgspec.structs.replace(change, position=LogPosition(self._log, self._end)))
        self._recent += written
        self._hub.publish(written)

    async def read_end(self) -> LogPosition:
        """Read where the log ends."""
        return LogPosition(self._log, self._end)

    async def read_after(self, since: LogPosition, limit: int) -> list[CustomerChange]:
        """Read so many changes behind a position. Raises `PositionTooOldError`."""
        oldest = self._end - len(self._recent)
        if since.log != self._log or not oldest <= since.position <= self._end:
            raise PositionTooOldError
        first = since.position - oldest
        return [self._recent[place] for place in range(first, min(first + limit, len(self._recent)))]
