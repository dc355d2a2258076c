"""Find who was told of a customer, by the ids of all of his records."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

import msgspec

from connectors.errors import ConfigurationError
from gateway.app import opened
from gateway.audit.reader import Access, AuditReader
from gateway.errors import ErasedError, ErasuresUnknownError
from gateway.services import Services
from gateway.stitching.admitted_customers import find_admitted_by_id
from gateway.stitching.customer import StitchedCustomer
from gateway.stitching.selection import Selection
from gateway.stitching.stitcher import result_or_error


class AccessHistory(msgspec.Struct, frozen=True):
    """The accesses to a customer, the newest first, by these ids of his. There may be others where they are not `complete`."""

    ids: Sequence[str]
    complete: bool
    accesses: Sequence[Access]


async def list_accesses(services: Services, customer_id: str, since: datetime | None) -> AccessHistory:
    """List who was told of a customer, all or since a time.

    Raises `ConfigurationError` without a store, `ErasedError`, `ErasuresUnknownError`, `StoreError`.
    """
    if services.audit_reader is None:
        raise ConfigurationError(["mongodb: the audit is kept there; add its table to the settings"])
    async with opened(services):
        customer = await result_or_error(find_admitted_by_id, services.stitcher(), customer_id, Selection(members=True))
        if isinstance(customer, ErasedError | ErasuresUnknownError):
            raise customer
        ids = {customer_id}
        if isinstance(customer, StitchedCustomer):
            ids |= {customer.current_id, *(member.id.node_id for member in customer.members)}
        accesses = await _read_all(services.audit_reader, ids, since)
    is_whole = isinstance(customer, StitchedCustomer) and customer.identity.complete
    return AccessHistory(sorted(ids), is_whole, accesses)


async def _read_all(reader: AuditReader, ids: Collection[str], since: datetime | None) -> list[Access]:
    found = [access async for part in reader.read_all(ids, since) for access in part]
    found.sort(key=lambda access: access.at, reverse=True)
    return found
