"""Erase what is stored of customers, by the ids of their records."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from connectors.errors import ConfigurationError
from gateway.app import opened
from gateway.command_audit import audited_command
from gateway.erasure.person import FoundPerson, find_person
from gateway.identity.node_ids import SEPARATOR
from gateway.identity.records import RecordId
from gateway.lookups.deadline import Deadline
from gateway.lookups.loaders import Loaders
from gateway.services import Services
from gateway.stitching.customer_identity import IncompleteReason

MAX_WALK_S = 60.0
"""How long all records of the customers may be looked for, in seconds."""


class Erasure(msgspec.Struct, frozen=True):
    """The records of which all is erased, and the number of documents by collection.

    No source has the `unknown` ones. There may be more records because of `reasons`, and of `sources` that could not be asked.
    """

    records: Sequence[str]
    erased: Mapping[str, int]
    unknown: Sequence[str] = []
    reasons: Sequence[IncompleteReason] = []
    sources: Sequence[str] = []


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
            person = await find_person(
                services.router, named, Loaders(Deadline.within(services.clock, MAX_WALK_S), notes=notes)
            )
        erased = await services.store.forget(person.records)
    return Erasure(
        records=[id_.node_id for id_ in person.records],
        erased=erased,
        unknown=[id_.node_id for id_ in person.unknown],
        reasons=person.reasons,
        sources=person.sources,
    )


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
