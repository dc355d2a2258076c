"""Find all records of customers, from nothing, and the keys by which they would be known again."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

import msgspec

from connectors.contract import KeyKind
from connectors.record_fields import Fields
from gateway.errors import InvalidArgumentError, StoreError
from gateway.identity.erasure_receipt import SourceHolding
from gateway.identity.keys import normalised
from gateway.identity.node_ids import SEPARATOR
from gateway.identity.records import Key, RecordId
from gateway.identity.resolution import components_of
from gateway.lookups.loaders import Loaders
from gateway.stitching.customer_identity import IncompleteReason
from gateway.stitching.customer_walk import CustomerWalk
from gateway.stitching.erased_customers import ErasedCustomers
from gateway.stitching.log_reader import LogReader
from gateway.stitching.source_router import SourceRouter
from gateway.stitching.walk_turns import walk_all


class FoundPerson(msgspec.Struct, frozen=True, kw_only=True):
    """The records of customers, and what is not known of them.

    No source has the `unknown` ones. There may be more records because of `reasons`, and of `sources` that could not be asked.
    """

    records: Sequence[RecordId]
    unknown: Sequence[RecordId] = []
    reasons: Sequence[IncompleteReason] = []
    sources: Sequence[str] = []
    holding: Sequence[SourceHolding] = []
    walks: Sequence[CustomerWalk] = []

    @property
    def incomplete(self) -> list[str]:
        """Say why there may be more records."""
        return [*(reason.value for reason in self.reasons), *(f"NOT_FOUND {id_.source}" for id_ in self.unknown)]


async def find_person(router: SourceRouter, named: Sequence[RecordId], loaders: Loaders) -> FoundPerson:
    """Find all records of the customers with these ids. Raises `StoreError`."""
    customers = router.customers
    walks = {id_: CustomerWalk(customers) for id_ in named}
    for id_, walk in walks.items():
        walk.begin_with_id(id_)
    log = LogReader(router.decisions, [*walks.values()])
    await walk_all([*walks.values()], customers, customers.fields(Fields.from_paths("id")), loaders, log)
    if any(walk.is_undecided for walk in walks.values()):
        raise StoreError("what people linked and cut could not be read")
    several = customers.are_several
    records = {*named, *(id_ for walk in walks.values() for id_ in _records_of(walk, several=several))}
    held = {member.id for walk in walks.values() for member in walk.members.values() if member.record is not None} & records
    failed = {failure.source for walk in walks.values() for failure in walk.failures}
    counts = {name: sum(id_.source == name for id_ in held) for name in sorted({id_.source for id_ in held} | failed)}
    return FoundPerson(
        records=sorted(records),
        unknown=[id_ for id_, walk in walks.items() if walk.members.keys().isdisjoint(walk.seeds)],
        reasons=sorted({reason for walk in walks.values() if several and (reason := _reason(walk)) is not None}),
        sources=sorted(failed),
        holding=[SourceHolding(name, None if name in failed else count) for name, count in counts.items()],
        walks=[*walks.values()],
    )


def person_keys(person: FoundPerson, erased: ErasedCustomers) -> set[Key]:
    """List the keys by which a person is known again: those of the records, without those that others have as well."""
    own = set(person.records)
    keys = {key for id_ in own for key in erased.keys_of_id(id_)}
    others: set[Key] = set()
    for walk in person.walks:
        for id_, member in walk.members.items():
            found = walk.keys_of(id_) | {*erased.keys_of_record(id_, member.record)}
            if id_ in own:
                keys |= found
            else:
                others |= found
        others |= walk.sharers.keys()
    return keys - others


def read_record(router: SourceRouter, text: str) -> RecordId:
    """Read the id of a record as people write it. Raises `InvalidArgumentError`."""
    ids, text = router.customer_ids, text.strip()
    read = ids.named(text) if SEPARATOR in text else ids.read(text)
    if read is None or read[0] is None or not read[1]:
        raise InvalidArgumentError("id: an id has the form SOURCE:ID, of a source that finds customers by id")
    return RecordId(read[0], normalised(KeyKind.CUSTOMER_ID, read[1]))


def read_names(names: Iterable[str]) -> list[RecordId]:
    """Read ids of records as they are stored."""
    return [RecordId(source, own_id) for source, separator, own_id in (name.partition(":") for name in names) if separator]


def _records_of(walk: CustomerWalk, *, several: bool) -> Collection[RecordId]:
    """List the records of the customer. Where one source has customers, each record is one."""
    if not several:
        return walk.seeds
    return [id_ for component in components_of(walk.components(), walk.seeds) for id_ in component.records]


def _reason(walk: CustomerWalk) -> IncompleteReason | None:
    reasons = [walk.incomplete_reason(component) for component in components_of(walk.components(), walk.seeds)]
    return next((reason for reason in reasons if reason is not None), None)
