"""Export one customer."""

from __future__ import annotations

from collections.abc import Awaitable, Collection
from typing import TypeVar

from connectors.records import FieldClass
from gateway.app import opened
from gateway.command_audit import audited_command
from gateway.errors import StoreError
from gateway.export.access_history import AuditHistory, read_accesses
from gateway.export.customer_reader import CustomerReader
from gateway.export.document import CustomerExport, ExportedDecision, ExportedPurpose, ExportGap
from gateway.identity.node_ids import SEPARATOR
from gateway.identity.records import RecordId
from gateway.services import Services
from gateway.stitching.purpose_rule import read_purpose
from gateway.store.held_documents import HeldDocument, read_held_documents

T = TypeVar("T")

EXPORT = "customer export"
"""Who asked, in the audit, and what for."""


async def export_customer(services: Services, customer_id: str, history: AuditHistory | None = None) -> CustomerExport | None:
    """Export the customer with this id. `history` is that of the audit, where one is kept. None where nobody has the id.

    `missing` says what could not be read. Raises `CallerError`, or `SourceFailure` where that hides whether there is one.
    """
    async with opened(services), audited_command(services, EXPORT, fields=tuple(sorted(FieldClass))) as notes:
        reader = CustomerReader(services, notes)
        customer = await reader.read(customer_id)
        if customer is None:
            return None
        ids = {customer["id"], customer["currentId"], *customer["identity"]["records"]}
        gaps = list(reader.gaps)
        decisions = await _unless_away("decisions", _decisions(services, ids), gaps)
        held = await _unless_away("held", _held(services, ids), gaps)
        accesses = None if history is None else await _unless_away("accesses", read_accesses(history, ids), gaps)
    return CustomerExport(
        exported_at=services.clock.now(),
        customer=customer,
        purposes=_purposes(services),
        decisions=decisions,
        held=held,
        accesses=accesses,
        left_out=reader.types.left_out,
        missing=gaps,
    )


def _purposes(services: Services) -> list[ExportedPurpose]:
    """List the purposes of the settings, with the consents that each asks for."""
    return [
        ExportedPurpose(
            name=name,
            basis=own.basis.value,
            consent=None if (rule := read_purpose(name, own, frozenset())) is None else rule.consent,
            channels=None if own.channels is None else [channel.value for channel in own.channels],
        )
        for name, own in services.settings.purposes.items()
    ]


async def _decisions(services: Services, ids: Collection[str]) -> list[ExportedDecision]:
    """Read what people decided about the customer's records, without the records of others. Raises `StoreError`."""
    if services.store is None:
        return []
    entries = await services.store.identity_log.about(map(_read_id, ids))
    return [
        ExportedDecision(
            at=entry.time,
            action=entry.action.value,
            rule=entry.rule.value,
            records=[record.node_id for record in entry.records if record.node_id in ids],
            reason=entry.reason,
        )
        for entry in entries
    ]


async def _held(services: Services, ids: Collection[str]) -> list[HeldDocument]:
    return [] if services.store is None else await read_held_documents(services.store, [*map(_read_id, sorted(ids))])


async def _unless_away(part: str, reading: Awaitable[list[T]], gaps: list[ExportGap]) -> list[T]:
    """Wait for a part that comes from MongoDB. While that is away there is none of it, and it is missing."""
    try:
        return await reading
    except StoreError as error:
        gaps.append(ExportGap(part, error.code))
        return []


def _read_id(id_: str) -> RecordId:
    source, _, own_id = id_.partition(SEPARATOR)
    return RecordId(source, own_id)
