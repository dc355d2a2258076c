"""Erase customers from the audit, and find there who was told of them."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from gateway.audit.reader import AuditReader
from gateway.audit.trail import AuditTrail
from gateway.erasure.erasure import Eraser
from gateway.identity.erasure_receipt import ErasureRecipient
from gateway.identity.records import RecordId

PAGE = 1_000
"""How many accesses are read at once."""

NAMELESS = "anybody"
"""Stands for who asked where there are no callers."""


def follow_audit(eraser: Eraser, audit: AuditTrail, reader: AuditReader) -> None:
    """Have erasures remove customers from the audit, also from what this process has not delivered yet, and name recipients."""

    async def purge(records: Collection[RecordId]) -> None:
        await audit.forget([name for record in records for name in (record.node_id, record.id)])

    async def recipients(names: Collection[str]) -> list[ErasureRecipient]:
        return await find_recipients(reader, names)

    eraser.worker.purges.append(purge)
    eraser.recipients = recipients


async def find_recipients(reader: AuditReader, customer_ids: Collection[str]) -> list[ErasureRecipient]:
    """Find the callers who were told of a customer, by the ids of his records, and when last. Raises `StoreError`."""
    last: dict[str, datetime] = {}
    before: datetime | None = None
    while True:
        found = await reader.accesses(customer_ids, first=PAGE, before=before)
        for access in found:
            last.setdefault(access.caller or NAMELESS, access.at)  # the newest come first
        if len(found) < PAGE:
            return [ErasureRecipient(caller, at) for caller, at in sorted(last.items())]
        before = found[-1].at
