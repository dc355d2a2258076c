"""Read from the audit who was shown data of a customer."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Protocol

from gateway.export.document import ExportedAccess

PAGE = 1_000
"""How many accesses are asked for at once."""

_TICK = timedelta(milliseconds=1)
"""MongoDB tells times apart by no less."""


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


class AuditHistory(Protocol):
    """Gives the accesses to customers, the latest first. Raises `StoreError`."""

    async def accesses(
        self, customer_ids: Collection[str], *, first: int, before: datetime | None
    ) -> Sequence[AuditedAccess]: ...


async def read_accesses(history: AuditHistory, customer_ids: Collection[str], page: int = PAGE) -> list[ExportedAccess]:
    """Read all accesses to a customer, the latest first. Raises `StoreError`.

    Several may be of one time: those of the last one of a page are asked for again with the next.
    """
    exported: list[ExportedAccess] = []
    first, before = page, None
    while True:
        found = await history.accesses(customer_ids, first=first, before=before)
        if len(found) < first:
            return [*exported, *map(_export, found)]
        last = found[-1].at
        before = last - timedelta(microseconds=last.microsecond % 1_000) + _TICK
        certain = [access for access in found if access.at >= before]
        exported += map(_export, certain)
        first = page if certain else 2 * first


def _export(access: AuditedAccess) -> ExportedAccess:
    return ExportedAccess(access.at, access.caller, access.purpose, access.fields, access.sources, access.answer)
