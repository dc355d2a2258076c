"""Erase what is stored of customers, by the ids of their records."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from connectors.errors import ConfigurationError
from connectors.record_fields import Fields
from gateway.app import opened
from gateway.errors import StoreError
from gateway.identity.node_ids import SEPARATOR
from gateway.identity.records import RecordId
from gateway.identity.resolution import components_of
from gateway.lookups.deadline import Deadline
from gateway.lookups.loaders import Loaders
from gateway.services import Services
from gateway.stitching.customer_identity import IncompleteReason
from gateway.stitching.customer_walk import CustomerWalk
from gateway.stitching.log_reader import LogReader
from gateway.stitching.walk_turns import walk_all

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
    named = [_read(services, text, as_written=records_only) for text in ids]
    async with opened(services):
        walks = {} if records_only else await _walks(services, named)
        records = {*named, *(id_ for walk in walks.values() for id_ in _records_of(services, walk))}
        erased = await services.store.forget(sorted(records))
    several = services.router.customers.are_several
    return Erasure(
        records=[id_.node_id for id_ in sorted(records)],
        erased=erased,
        unknown=[id_.node_id for id_, walk in walks.items() if walk.members.keys().isdisjoint(walk.seeds)],
        reasons=sorted({reason for walk in walks.values() if several and (reason := _reason(walk)) is not None}),
        sources=sorted({failure.source for walk in walks.values() for failure in walk.failures}),
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


async def _walks(services: Services, named: Sequence[RecordId]) -> dict[RecordId, CustomerWalk]:
    """Find all records of each customer, from nothing."""
    router, customers = services.router, services.router.customers
    walks = {id_: CustomerWalk(customers) for id_ in named}
    for id_, walk in walks.items():
        walk.begin_with_id(id_)
    loaders, log = Loaders(Deadline.within(services.clock, MAX_WALK_S)), LogReader(router.decisions, [*walks.values()])
    await walk_all([*walks.values()], customers, customers.fields(Fields.from_paths("id")), loaders, log)
    if any(walk.is_undecided for walk in walks.values()):
        raise StoreError("what people linked and cut could not be read")
    return walks


def _records_of(services: Services, walk: CustomerWalk) -> Sequence[RecordId]:
    """List the records of the customer. Where one source has customers, each record is one."""
    if not services.router.customers.are_several:
        return walk.seeds
    return [id_ for component in components_of(walk.components(), walk.seeds) for id_ in component.records]


def _reason(walk: CustomerWalk) -> IncompleteReason | None:
    reasons = [walk.incomplete_reason(component) for component in components_of(walk.components(), walk.seeds)]
    return next((reason for reason in reasons if reason is not None), None)
