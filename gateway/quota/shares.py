"""Define where workers lease shares of quotas, and where it is counted which customers a caller was given."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any, Protocol

import msgspec

MARK_BYTES = 12
"""How long it is what stands for a customer."""


class Lease(msgspec.Struct, frozen=True):
    """A share of a quota. `leased` is what all workers have of it by now, never more than the limit."""

    granted: int
    leased: int


class Shares(Protocol):
    """What all workers count together. Methods raise `StoreError`."""

    async def lease(self, name: str, wanted: int, limit: int, ends_at: datetime) -> Lease:
        """Lease so much of a quota, or what is left of it. It is forgotten once its window has ended."""
        ...

    def mark(self, customer_id: str) -> bytes:
        """Give what stands for a customer where it is counted."""
        ...

    async def add_customers(self, name: str, marks: Collection[bytes], ends_at: datetime) -> int:
        """Note customers, each once, and count all of them. They are forgotten once the window has ended."""
        ...


class LocalShares:
    """Shares of a worker that has no MongoDB: it counts for itself."""

    def __init__(self) -> None:
        self._leased: dict[str, int] = {}
        self._marks: dict[str, set[bytes]] = {}

    async def lease(self, name: str, wanted: int, limit: int, ends_at: datetime) -> Lease:  # noqa: ARG002
        before = self._leased.get(name, 0)
        granted = max(0, min(wanted, limit - before))
        _make_room(self._leased)
        self._leased[name] = before + granted
        return Lease(granted, before + granted)

    def mark(self, customer_id: str) -> bytes:
        return customer_id.encode()

    async def add_customers(self, name: str, marks: Collection[bytes], ends_at: datetime) -> int:  # noqa: ARG002
        _make_room(self._marks)
        own = self._marks.setdefault(name, set())
        own.update(marks)
        return len(own)


MAX_WINDOWS = 1_000


def _make_room(by_window: dict[str, Any]) -> None:
    """Forget the oldest window where there are many."""
    if len(by_window) > MAX_WINDOWS:
        del by_window[next(iter(by_window))]
