"""Define the log of what people decided, as finding customers needs it."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Protocol

from gateway.identity.decisions import LogEntry
from gateway.identity.records import RecordId


class DecisionLog(Protocol):
    """An append-only log. Every method raises `StoreError`, and only that, when the store fails."""

    async def append(self, entries: Sequence[LogEntry]) -> None:
        """Append entries of one time, all or none."""
        ...

    async def about(self, records: Iterable[RecordId], until: datetime | None = None) -> list[LogEntry]:
        """Read the entries that name any of the records, up to a time, in the order of the log."""
        ...


class KnownDecisions(Protocol):
    """What is known of the log without asking it. `read_at` is when it was last read to its end, None before."""

    read_at: datetime | None

    async def start(self) -> None:
        """Follow the log from now on."""
        ...

    async def refresh(self) -> None:
        """Read what was appended. Raises `StoreError`."""
        ...

    async def reread(self) -> None:
        """Read all of the log anew: something of it was erased. Raises `StoreError`."""
        ...

    def add(self, entries: Iterable[LogEntry]) -> None:
        """Hold entries that were read."""
        ...

    def about(self, records: Iterable[RecordId]) -> list[LogEntry]:
        """List the entries that name any of the records, in the order of the log."""
        ...
