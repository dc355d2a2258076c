"""Read from the audit who was shown data of a customer."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Protocol

from gateway.audit.reader import AccessReader
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


AuditHistory = AccessReader[AuditedAccess]
"""Gives the accesses to customers."""


async def read_accesses(history: AuditHistory, customer_ids: Collection[str]) -> list[ExportedAccess]:
    """Read all accesses to a customer, the latest first. Raises `StoreError`."""
    found = [_export(access) async for part in history.read_all(customer_ids) for access in part]
    found.sort(key=lambda access: access.at, reverse=True)
    return found


def _export(access: AuditedAccess) -> ExportedAccess:
    return ExportedAccess(access.at, access.caller, access.purpose, access.fields, access.sources, access.answer)
