"""Read from the audit who was shown data of a customer."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Protocol

from gateway.audit.reader import PAGE, AccessPages, read_pages
from gateway.export.document import ExportedAccess


class AuditedAccess(Protocol):
    """An access as the audit has it. Who the end user was is not looked at."""

    @property
    def at(self) -> datetime: ...
    @property
    def caller(self) -> str | None: ...
    @property
    def purpose(self) -> str | None: ...
    @property
    def fields(self) -> Sequence[str]: ...
    @property
    def sources(self) -> Sequence[str]: ...
    @property
    def answer(self) -> str: ...


AuditHistory = AccessPages[AuditedAccess]
"""Gives the accesses to customers."""


async def read_accesses(history: AuditHistory, customer_ids: Collection[str], page: int = PAGE) -> list[ExportedAccess]:
    """Read all accesses to a customer, the latest first. Raises `StoreError`."""
    return [_export(access) async for found in read_pages(history, customer_ids, page) for access in found]


def _export(access: AuditedAccess) -> ExportedAccess:
    return ExportedAccess(access.at, access.caller, access.purpose, access.fields, access.sources, access.answer)
