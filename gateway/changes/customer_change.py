"""Define a change of a customer, as all workers hear of it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from enum import Enum
from typing import Protocol

import msgspec

from gateway.errors import InvalidArgumentError


class ChangeKind(Enum):
    """What changed of a customer."""

    RECORDS = "records"
    TAGS = "tags"
    LINKS = "links"
    ERASED = "erased"


class CustomerChange(msgspec.Struct, frozen=True, kw_only=True):
    """A change of a customer. `position` is its place in the log of changes: dense, each one more than the last.

    `records` names types of records, and none where they may be all. `tags` has keys, and `segment:KEY` for memberships.
    `ids` are those that the customer had or that its parts have now.
    """

    position: int
    customer: str
    kind: ChangeKind
    at: datetime
    source: str | None = None
    records: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    ids: tuple[str, ...] = ()


class LogPosition(msgspec.Struct, frozen=True):
    """The name of a log, and the number of an entry in it."""

    log: str
    position: int


class PositionTooOldError(InvalidArgumentError):
    """Changes behind a position are not in the log any more."""

    def __init__(self) -> None:
        super().__init__("since: what changed after it is not kept any more; read all customers anew, and begin without since")


class ChangeLog(Protocol):
    """Where changes are written, so that all workers hear of them. Every method raises `StoreError` when it fails."""

    async def append(self, changes: Sequence[CustomerChange]) -> list[CustomerChange]:
        """Write changes in order, all or none. Gives them with their positions."""
        ...

    async def read_since(self, position: int, limit: int) -> list[CustomerChange]:
        """Read so many changes behind a position. Raises `PositionTooOldError`."""
        ...
