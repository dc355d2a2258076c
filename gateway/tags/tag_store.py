"""Define the store that tags need: to read, write and mark them, and leases, by which one worker of a fleet renews them.

Every method raises `StoreError`, and only that, when the store fails.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Protocol

import msgspec

from gateway.tags.computed_tag import ComputedTag, Tag
from gateway.tags.tag_history import TagChange

KEEP = timedelta(days=7)
"""How long after its expiry a tag is there to be served stale."""

MAX_TTL = timedelta(days=366)
"""For no longer time a tag is stored before it expires or is renewed. What goes beyond that is of a clock that was wrong."""


class StoredTags(dict[str, Tag]):
    """The stored tags of a customer by key. `marks` counts how often they were marked stale."""

    marks: int = 0


NOTHING = StoredTags()
"""Of a customer of whom nothing is stored."""


class DueTags(msgspec.Struct, frozen=True):
    """The tags of a customer that time alone has changed: since when, and how often they were renewed in vain."""

    customer: str
    keys: tuple[str, ...]
    since: datetime
    tries: int = 0


class TagTable(Protocol):
    """Tags by customer and key, in batches."""

    async def read(self, customers: Sequence[str], keys: Collection[str]) -> dict[str, StoredTags]:
        """Read the tags that are stored, fresh or not. What cannot be read counts as absent."""
        ...

    async def write(self, tags: Sequence[tuple[str, ComputedTag]], marks: Mapping[str, int] | None = None) -> None:
        """Store tags, each with its customer, unless a later one is there. `marks` were read before they were computed."""
        ...

    async def mark_stale(self, customers: Sequence[str]) -> int:
        """Expire the customers' tags now. Gives the number of customers who had any."""
        ...

    async def read_history(self, pairs: Collection[tuple[str, str]]) -> Mapping[tuple[str, str], Sequence[TagChange]]:
        """Read how tags changed, by customer and key, the newest change first."""
        ...

    async def read_due(self, now: datetime, limit: int) -> Sequence[DueTags]:
        """Read customers with a tag that time alone has changed by now, those who wait longest first."""
        ...

    async def postpone(self, due: Mapping[str, datetime], now: datetime) -> None:
        """Have tags that are still due be so again at a later moment, by customer."""
        ...

    async def unschedule(self, pairs: Iterable[tuple[str, str]], now: datetime) -> None:
        """Have tags be due no more, each with its customer."""
        ...

    async def wait_written(self) -> None:
        """Wait for the writes that have begun."""
        ...


class LeaseTable(Protocol):
    """Leases: of all workers, one holds a name at a time."""

    async def acquire(self, names: Sequence[str], *, hold: timedelta) -> set[str]:
        """Take the names that nobody holds, for the time of `hold`."""
        ...

    async def renew(self, names: Sequence[str], *, hold: timedelta) -> set[str]:
        """Hold those of the names that this worker has for the time of `hold` from now, and no longer. Gives them."""
        ...

    async def release(self, names: Sequence[str]) -> None:
        """Give up those of the names that this worker holds."""
        ...


class TagStore(Protocol):
    """A store of tags. `timeout_s` is the longest that one operation takes, `available` says whether the last one succeeded."""

    @property
    def tags(self) -> TagTable: ...

    @property
    def leases(self) -> LeaseTable: ...

    @property
    def timeout_s(self) -> float: ...

    @property
    def available(self) -> bool: ...
