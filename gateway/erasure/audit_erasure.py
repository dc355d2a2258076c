"""Have erasures reach the audit."""

from __future__ import annotations

from collections.abc import Collection

from gateway.audit.reader import AuditReader
from gateway.audit.trail import AuditTrail
from gateway.erasure.erasure import Eraser
from gateway.erasure.recipients import list_recipients
from gateway.errors import StoreError
from gateway.identity.erasure_receipt import ErasureRecipient
from gateway.identity.records import RecordId


def follow_audit(eraser: Eraser, audit: AuditTrail, reader: AuditReader) -> None:
    """Have erasures remove customers from the audit, also from what was not delivered yet, and name recipients."""

    async def purge(records: Collection[RecordId]) -> None:
        if records:  # else caches alone are emptied
            try:
                await audit.forget([name for record in records for name in (record.node_id, record.id)])
            except OSError as error:
                raise StoreError(f"the spool of the audit cannot be changed: {error.strerror}") from error

    async def recipients(names: Collection[str]) -> list[ErasureRecipient]:
        return await list_recipients(reader, names)

    eraser.worker.purges.append(purge)
    eraser.recipients = recipients
