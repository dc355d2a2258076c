"""Have erasures reach the audit."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping

from gateway.audit.reader import AuditReader
from gateway.audit.trail import AuditTrail
from gateway.clock import Clock
from gateway.erasure.erasure import Eraser
from gateway.erasure.recipients import list_recipients
from gateway.errors import StoreError
from gateway.identity.erasure_receipt import ErasureRecipient
from gateway.identity.records import RecordId, list_names
from gateway.store.audit_people import COLLECTION

LOOK_S = 0.1
"""How often it is looked whether another process has closed a segment of the spool, in seconds."""


async def forget_spooled(audit: AuditTrail, records: Collection[RecordId], clock: Clock, seconds: float) -> int | None:
    """Erase customers from the audit, also from what other processes of this machine have not delivered yet.

    Gives how often they were there, and None where that may not be all after so many seconds. Raises `StoreError`.
    """
    names = list_names(records)
    ends = clock.monotonic() + seconds
    try:
        erased = await audit.forget(names)
        opened = await asyncio.to_thread(audit.list_open, names)  # later ones are of requests that came after it
        while any(path.exists() for path in opened):
            if clock.monotonic() >= ends:
                return None
            await clock.sleep(LOOK_S)
        return erased + (await audit.forget(names) if opened else 0)
    except OSError as error:
        raise _spool_error(error) from error


def follow_audit(eraser: Eraser, audit: AuditTrail, reader: AuditReader) -> None:
    """Have erasures remove customers from the audit, also from what was not delivered yet, and name recipients."""

    async def purge(records: Collection[RecordId]) -> Mapping[str, int]:
        if not records:  # caches alone are emptied
            return {}
        try:
            return {COLLECTION: await audit.forget(list_names(records))}
        except OSError as error:
            raise _spool_error(error) from error

    async def recipients(names: Collection[str]) -> list[ErasureRecipient]:
        return await list_recipients(reader, names)

    eraser.worker.purges.append(purge)
    eraser.recipients = recipients


def _spool_error(error: OSError) -> StoreError:
    return StoreError(f"the spool of the audit cannot be changed: {error.strerror}")
