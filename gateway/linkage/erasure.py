"""Erase what is stored of customers, in MongoDB and in the spools of the audit, by the ids of their records."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from connectors.errors import ConfigurationError
from gateway.app import opened
from gateway.command_audit import audited_command
from gateway.erasure.audit_erasure import forget_spooled
from gateway.erasure.person import FoundPerson, find_person
from gateway.identity.erasure_receipt import ErasureState
from gateway.identity.node_ids import SEPARATOR
from gateway.identity.records import RecordId
from gateway.lookups.deadline import Deadline
from gateway.lookups.loaders import Loaders
from gateway.services import Services
from gateway.stitching.customer_identity import IncompleteReason

SPOOL = "audit_spool"
"""How the spool is called among the collections."""

SPOOL_S, WORKERS_S = 20.0, 90.0
"""How long it is waited for segments of the spool to be closed, and for workers to acknowledge, in seconds."""

MAX_WALK_S = 60.0
"""How long all records of the customers may be looked for, in seconds."""


class Erasure(msgspec.Struct, frozen=True):
    """The records of which all is erased, and the number of documents by collection.

    No source has the `unknown` ones. There may be more records because of `reasons`, and of `sources` that could not be asked.
    `left` says what was not reached yet, and what to do.
    """

    records: Sequence[str]
    erased: Mapping[str, int]
    unknown: Sequence[str] = []
    reasons: Sequence[IncompleteReason] = []
    sources: Sequence[str] = []
    left: str | None = None


async def forget_customers(services: Services, ids: Sequence[str], *, records_only: bool) -> Erasure:
    """Erase what is stored of the customers with these ids, or of these records only: then no source is asked.

    Raises `ConfigurationError` for ids of nobody and without a store, `StoreError`.
    """
    if services.store is None:
        raise ConfigurationError(["mongodb: customers are stored there; add its table to the settings"])
    async with opened(services), audited_command(services, "identity forget", ids) as notes:
        named = [_read(services, text, as_written=records_only) for text in ids]
        if records_only:
            person = FoundPerson(records=sorted(set(named)))
        else:
            loaders = Loaders(Deadline.within(services.clock, MAX_WALK_S), notes=notes)
            try:
                person = await find_person(services.router, named, loaders)
            finally:
                notes.add_sources(loaders.list_sources())
        erased = await services.store.forget(person.records)
        is_left = await _forget_elsewhere(services, person.records, erased)
    return Erasure(
        records=_shown_ids(services, named, person.records),
        erased=erased,
        unknown=[id_.node_id for id_ in person.unknown],
        reasons=person.reasons,
        sources=person.sources,
        left=is_left,
    )


def _shown_ids(services: Services, named: Sequence[RecordId], records: Sequence[RecordId]) -> list[str]:
    """List the ids of records that are told: of who is erased those that were named alone."""
    erased = services.router.erased
    hidden = () if erased is None else [id_ for id_ in records if erased.table.find(erased.keys_of_id(id_))]
    return [id_.node_id for id_ in records if id_ in named or id_ not in hidden]


async def _forget_elsewhere(services: Services, records: Sequence[RecordId], erased: dict[str, int]) -> str | None:
    """Erase what the spools of the audit and other workers have of records, and add to the numbers.

    Tells what could not be waited for. Raises `StoreError`.
    """
    audit, eraser = services.audit, services.eraser
    if audit is not None:
        spooled = await forget_spooled(audit, records, services.clock, SPOOL_S)
        if spooled is None:
            return "audit: a segment of the spool is not closed; run this again when MongoDB takes the audit"
        erased[SPOOL] = spooled
    if eraser is not None:
        receipt = await eraser.forget(records, "identity forget")
        receipt = await eraser.wait_complete(receipt.id, WORKERS_S)
        if receipt.state is ErasureState.RUNNING:
            return f"erasure: {receipt.waiting} workers have not acknowledged it; profile-gateway customer receipt {receipt.id}"
        for removal in receipt.stores:
            erased[removal.name] = erased.get(removal.name, 0) + removal.removed
    return None


def _read(services: Services, text: str, *, as_written: bool) -> RecordId:
    """Read an id. `as_written` it names a source also if none is configured by this name any more."""
    source, separator, own_id = text.strip().partition(SEPARATOR)
    if as_written and separator and source and own_id:
        return RecordId(source, own_id)
    read = services.router.customer_ids.read(text.strip())
    if read is None or read[0] is None or not read[1]:
        raise ConfigurationError(
            [f"{text!r}: an id has the form SOURCE:ID, of a source that finds customers by id; --records-only takes any source"]
        )
    return RecordId(read[0], read[1])
