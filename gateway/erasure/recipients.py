"""List who was told of a customer, by the audit: they are to be told of the erasure (GDPR, Article 19)."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Protocol

from gateway.identity.erasure_receipt import ErasureRecipient

PAGE = 1_000

NAMELESS = "anybody"
"""Stands for who asked where there are no callers."""


class RecordedAccess(Protocol):
    """One request that was told of a customer."""

    @property
    def at(self) -> datetime: ...

    @property
    def caller(self) -> str | None: ...


class AccessReader(Protocol):
    """Reads the accesses of the audit, the latest first."""

    async def accesses(
        self, customer_ids: Collection[str], *, first: int, before: datetime | None
    ) -> Sequence[RecordedAccess]: ...


async def list_recipients(reader: AccessReader, customer_ids: Collection[str]) -> list[ErasureRecipient]:
    """List the callers, each with the time when it was last told, by name."""
    last_at: dict[str, datetime] = {}
    before: datetime | None = None
    while True:
        page = await reader.accesses(customer_ids, first=PAGE, before=before)
        for access in page:
            caller = access.caller or NAMELESS
            last_at[caller] = max(access.at, last_at.get(caller, access.at))
        oldest = min((access.at for access in page), default=None)
        if len(page) < PAGE or oldest == before:
            return [ErasureRecipient(caller, at) for caller, at in sorted(last_at.items())]
        before = oldest
