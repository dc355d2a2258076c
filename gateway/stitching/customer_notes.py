"""Note the customers that ways in give to a request, and the keys that give it nobody, where the audit wants to know."""

from __future__ import annotations

from collections.abc import Awaitable, Iterable, Sequence
from typing import TypeVar

from connectors.contract import KeyKind
from connectors.records import Account
from gateway.errors import AmbiguousIdentityError, CallerError, SourceFailure
from gateway.identity.keys import normalised_or_plain
from gateway.identity.node_ids import node_id
from gateway.identity.records import Key
from gateway.lookups.access_notes import AccessNotes
from gateway.stitching.customer import StitchedCustomer
from gateway.stitching.customer_finder import find_owners, owner_of
from gateway.stitching.selection import Selection
from gateway.stitching.sourced_record import SourcedRecord
from gateway.stitching.stitcher import FoundByKey, Stitcher

C = TypeVar("C", bound=StitchedCustomer)
R = TypeVar("R", bound=SourcedRecord)
F = TypeVar("F", bound=FoundByKey)


def note_attempt(stitcher: Stitcher, kind: KeyKind, value: str) -> None:
    """Note a key that gives the request nobody, whatever it does with the customer."""
    notes = stitcher.loaders.notes
    if notes is not None:
        notes.add_attempts([(kind.value, normalised_or_plain(kind, value, stitcher.router.default_region))])


async def note_found(
    stitcher: Stitcher, notes: AccessNotes, kind: KeyKind, value: str, finding: Awaitable[C | None]
) -> C | None:
    """Wait for the customer that a key finds, and note him, or the key."""
    try:
        customer = await finding
    except (CallerError, SourceFailure) as error:
        note_result(stitcher, notes, Key(kind, value), error)
        raise
    if customer is None:
        note_result(stitcher, notes, Key(kind, value), None)
    else:
        notes.add_customer(customer.current_id)
    return customer


async def note_all_found(
    stitcher: Stitcher, notes: AccessNotes, keys: Sequence[Key], finding: Awaitable[Sequence[F]]
) -> Sequence[F]:
    """Wait for what each key finds, and note the customers, and the keys that find none."""
    results = await finding
    for key, result in zip(keys, results, strict=True):
        note_result(stitcher, notes, key, result)
    return results


async def note_record(stitcher: Stitcher, notes: AccessNotes, key: Key, finding: Awaitable[R | None]) -> R | None:
    """Wait for the record that an id finds, and note whose it is, or the id."""
    try:
        record = await finding
    except (CallerError, SourceFailure) as error:
        note_result(stitcher, notes, key, error)
        raise
    if record is None or isinstance(record, StitchedCustomer):
        note_result(stitcher, notes, key, record)
    else:
        await _note_owner(stitcher, notes, record)
    return record


def note_customers(stitcher: Stitcher, customers: Iterable[StitchedCustomer]) -> None:
    """Note customers that were found together."""
    notes = stitcher.loaders.notes
    if notes is not None:
        notes.add_customers([customer.current_id for customer in customers])


def note_result(stitcher: Stitcher, notes: AccessNotes, key: Key, result: FoundByKey) -> None:
    """Note the customer that a key has found, or the key in its normal form.

    Whose key is that of several customers is told their ids, and so they are noted, too.
    """
    if isinstance(result, StitchedCustomer):
        notes.add_customer(result.current_id)
        return
    notes.add_attempts([(key.kind.value, normalised_or_plain(key.kind, key.value, stitcher.router.default_region))])
    if isinstance(result, AmbiguousIdentityError):
        notes.add_customers(result.candidates)


async def _note_owner(stitcher: Stitcher, notes: AccessNotes, found: SourcedRecord) -> None:
    """Note whose a record is. That of an order which several sources know was noted when it was found."""
    record, router = found.record.record_type, stitcher.router
    orders = router.orders.join(record)
    if record is Account or (orders is not None and found.source in orders.rank):
        return
    owner = owner_of(found, router)
    if owner is None:
        return
    read = router.customer_ids.read(owner.value) if owner.kind is KeyKind.CUSTOMER_ID else None
    if read is not None and read[0] is not None:
        notes.add_customer(node_id(read[0], read[1]))
    else:
        result = (await find_owners(stitcher, [owner], Selection()))[owner]
        note_result(stitcher, notes, owner, result)
