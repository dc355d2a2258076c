"""Define a change of a customer, as all workers hear of it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from enum import Enum
from typing import Protocol

import msgspec

from gateway.errors import CallerError


class ChangeKind(Enum):
    """What changed of a customer."""

    RECORDS = "records"
    TAGS = "tags"
    LINKS = "links"
    ERASED = "erased"


class LogPosition(msgspec.Struct, frozen=True):
    """The name of a log, and the number of an entry in it."""

    log: str
    position: int


UNWRITTEN = LogPosition("", 0)


class CustomerChange(msgspec.Struct, frozen=True, kw_only=True):
    """A change of whoever has records with these `ids`: those of one customer, when it was written.

    `records` names types of records, and none where they may be all. `tags` has keys, and `segment:KEY` for memberships.
    """

    ids: tuple[str, ...]
    kind: ChangeKind
    at: datetime
    source: str | None = None
    records: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    position: LogPosition = UNWRITTEN


class ChangePage(msgspec.Struct, frozen=True):
    """Changes in the order of the log, the place behind them as its caller reads it, and whether there are more."""

    nodes: Sequence[object]
    cursor: str
    has_more: bool


class PositionTooOldError(Exception):
    """Changes behind a position are not in the log any more, or it is of another log."""


class ChangesMissedError(CallerError):
    """A follower cannot hear of all changes: they are gone, or he was too slow."""

    code = "CHANGES_MISSED"

    def __init__(self) -> None:
        super().__init__("since: some changes after it cannot be told; read anew what you keep, and begin without since")


class ChangeLog(Protocol):
    """Where changes are written, so that all workers hear of them. Every method raises `StoreError` when it fails."""

    async def append(self, changes: Sequence[CustomerChange]) -> None:
        """Write changes in order."""
        ...

    async def read_end(self) -> LogPosition:
        """Read where the log ends."""
        ...

    async def read_after(self, since: LogPosition, limit: int) -> list[CustomerChange]:
        """Read about so many changes behind a position: fewer only at the end. Raises `PositionTooOldError`."""
        ...
