"""List who was told of a customer, by the audit: they are to be told of the erasure (GDPR, Article 19)."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Protocol

from gateway.audit.reader import AccessReader
from gateway.identity.erasure_receipt import ErasureRecipient

NAMELESS = "anybody"
"""Stands for who asked where there are no callers."""


class RecordedAccess(Protocol):
    """One request that was told of a customer."""

    @property
    def at(self) -> datetime: ...

    @property
    def caller(self) -> str | None: ...


async def list_recipients(history: AccessReader[RecordedAccess], customer_ids: Collection[str]) -> list[ErasureRecipient]:
    """List the callers, each with the time when it was last told, by name."""
    last_at: dict[str, datetime] = {}
    async for part in history.read_all(customer_ids):
        for access in part:
            caller = access.caller or NAMELESS
            last_at[caller] = max(access.at, last_at.get(caller, access.at))
    return [ErasureRecipient(caller, at) for caller, at in sorted(last_at.items())]
