"""Price the calls to sources that a field makes for its objects, as if nothing were cached and nobody else asked."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from itertools import islice

import msgspec

from connectors.contract import RECORD_KEYS, KeyKind
from connectors.records import Account, Customer, Record
from gateway.execution.field_metadata import FieldMetadata
from gateway.identity.key_kinds import KEY_KINDS
from gateway.identity.node_ids import ID_KINDS
from gateway.lookups.fetches import batch_of_page
from gateway.stitching.accounts import MAX_MEMBERS
from gateway.stitching.candidate_search import MAX_PLAIN_TEXTS
from gateway.stitching.customer_find import MAX_RECORDS, RECORDS_OF_MATCH
from gateway.stitching.source_router import SourceRouter
from gateway.stitching.typed_text import ID_KINDS as TRIED_KINDS
from gateway.stitching.typed_text import MAX_FORMS

_OWN, _NAMED = (KeyKind.CUSTOMER_ID,), (KeyKind.CUSTOMER_ID, KeyKind.EMAIL)
"""By which a walk begins from records that were found, and from those of customers whom other records name."""


class CallPrice(msgspec.Struct, frozen=True):
    """A lookup of a source: so many keys leave in one call, so often.

    `per_object` keys come of each object, and with `per_record` of each record of its page. `is_paged` says that fewer leave in
    one call where pages are long.
    """

    max_batch: int
    times: int = 1
    per_object: int = 1
    per_record: bool = False
    is_paged: bool = False


def calls_of(prices: Iterable[CallPrice], objects: int, page: int | None, records: int) -> int:
    """Count the calls for so many objects, with a page of so many records for each. None is for no page.

    `records` are those that all of them give at most.
    """
    bound = None if page is None else batch_of_page(page + 1)  # one more shows whether there are others
    calls = 0
    for price in prices:
        batch = min(price.max_batch, bound) if price.is_paged and bound is not None else price.max_batch
        keys = records if price.per_record else objects
        calls += price.times * -(-keys * price.per_object // batch)
    return calls


def prices_of(
    metadata: FieldMetadata,
    router: SourceRouter,
    kinds: Collection[KeyKind],
    *,
    has_rule: bool,
    members: bool,
    is_list: bool,
) -> Sequence[CallPrice]:
    """List what a field asks at the sources of a router, by these kinds of keys. As `CostModel` says.

    `is_list` says that it gives records, which no source can measure.
    """
    if metadata.tries_keys:
        return [*_trying(router)]
    if metadata.searches:
        return [*map(CallPrice, _batches(router, Customer, KeyKind.TEXT)), *_walk(router, _OWN, per_record=True)]
    if metadata.lists_customers:
        return [*_listing(router)]
    if metadata.finds is not None:
        return [own for record in metadata.finds.types.values() for own in _finding(router, record, kinds, has_rule=has_rule)]
    if metadata.of_account:
        return [own for record in metadata.of_account for own in _of_account(router, record, members=members)]
    reads = metadata.reads
    if reads is None:
        return ()
    records = ({*reads.stitches} - {Customer}) | (router.measured if reads.facts else frozenset())
    read = router.read_for_facts if reads.facts else frozenset()
    return [own for record in records for own in _of_customer(router, record, is_measured=not is_list, is_read=record in read)]


def _trying(router: SourceRouter) -> Iterator[CallPrice]:
    """Price a text that is looked for twice by its words, and tried as any key, and the customers of what is found."""
    for source in router.customers.searched:
        lookup = source.lookups[Customer, KeyKind.TEXT]
        yield CallPrice(lookup.max_batch, times=2, per_object=1 if lookup.finds_words else MAX_PLAIN_TEXTS)
    tried = (*TRIED_KINDS, KeyKind.EMAIL, KeyKind.PHONE)
    of_records = [kind for kind in tried if kind in RECORD_KEYS]
    for kind in of_records:
        yield from (CallPrice(batch, per_object=MAX_FORMS) for batch in _batches(router, RECORD_KEYS[kind], kind))
    for kind in tried:
        if kind not in RECORD_KEYS:
            yield from (CallPrice(batch, per_object=MAX_FORMS) for batch in _batches(router, Customer, kind))
    for kind in (KeyKind.CUSTOMER_ID, KeyKind.EXTERNAL_ID, KeyKind.EMAIL):
        for batch in _batches(router, Customer, kind):
            yield CallPrice(batch, times=len(of_records), per_object=MAX_FORMS)
    if router.customers.are_several:
        yield from _walk(router, _OWN, RECORDS_OF_MATCH, per_record=True)
        yield from _walk(router, _OWN, 2 * MAX_RECORDS)
    else:
        for batch in _batches(router, Customer, KeyKind.CUSTOMER_ID):
            yield from (CallPrice(batch, 1, RECORDS_OF_MATCH, True), CallPrice(batch, per_object=2 * MAX_RECORDS))


def _batches(router: SourceRouter, record: type[Record], kind: KeyKind) -> Iterator[int]:
    for source in router.sources.finders(record, kind):
        yield source.lookups[record, kind].max_batch


def _of_customer(
    router: SourceRouter, record: type[Record], per_object: int = 1, *, is_measured: bool = False, is_read: bool = False
) -> Iterator[CallPrice]:
    """Price the records that a customer's keys find, at each source that has such.

    Where a source measures them, those of customers with several keys are read beside; where they are read anyhow, of all.
    """
    for source, kind in router.sources.for_record(record):
        aggregate = source.aggregates.get((record, kind)) if is_measured else None
        if aggregate is not None:
            yield CallPrice(aggregate.max_batch, per_object=per_object)
        if aggregate is None or is_read or router.customers.are_several or KEY_KINDS[kind].multiple:
            yield CallPrice(source.lookups[record, kind].max_batch, per_object=per_object, is_paged=_is_paged(record))


def _is_paged(record: type[Record]) -> bool:
    """Tell whether a key finds a page of these records: of customers and accounts it finds one, or a few."""
    return record.time_field is not None


def _finding(
    router: SourceRouter, record: type[Record], kinds: Collection[KeyKind], *, has_rule: bool = False
) -> Iterator[CallPrice]:
    """Price finding customers by kinds of keys, and records by their own; for callers with a rule, also whose they are."""
    if record is not Customer:
        is_joined = router.orders.join(record) is not None  # as its customer's list has it
        for batch in _batches(router, record, ID_KINDS[record]):
            yield CallPrice(batch, times=2 if has_rule or is_joined else 1)
        if has_rule or is_joined:
            yield from _owners(router)
        if is_joined:
            yield from _of_customer(router, record)
        return
    of_records = [kind for kind in kinds if kind in RECORD_KEYS]
    for kind in of_records:
        yield from map(CallPrice, _batches(router, RECORD_KEYS[kind], kind))
    asked = [kind for kind in kinds if kind not in RECORD_KEYS]
    if router.customers.are_several:
        yield from _walk(router, {*asked, *(_NAMED if of_records else ())})
    else:
        for kind in asked:
            yield from islice(map(CallPrice, _batches(router, Customer, kind)), 1)
        if of_records:
            yield from _owners(router)


def _owners(router: SourceRouter) -> Iterator[CallPrice]:
    """Price finding the customers of records, which name them by an id or an address."""
    if router.customers.are_several:
        yield from _walk(router, _NAMED)
        return
    for kind in _NAMED:
        yield from islice(map(CallPrice, _batches(router, Customer, kind)), 1)


def _walk(
    router: SourceRouter, kinds: Collection[KeyKind], per_object: int = 1, *, per_record: bool = False
) -> Iterator[CallPrice]:
    """Price a walk over several sources of customers: in its first turn by the kinds of keys that it begins with.

    In each turn after that every source may be asked by ids, and by each kind of key that links its records.
    """
    customers = router.customers
    if not customers.are_several:
        return
    for kind in kinds:
        for batch in _batches(router, Customer, kind):
            yield CallPrice(batch, 1, per_object, per_record)
    for source in customers.all:
        for (record, kind), lookup in source.lookups.items():
            if record is Customer and (kind is KeyKind.CUSTOMER_ID or kind in customers.trusted[source.name]):
                yield CallPrice(lookup.max_batch, customers.max_turns, per_object, per_record)


def _listing(router: SourceRouter) -> Iterator[CallPrice]:
    """Price finding a page of customers by their ids."""
    if router.customers.are_several:
        yield from _walk(router, _OWN, per_record=True)
        return
    for batch in islice(_batches(router, Customer, KeyKind.CUSTOMER_ID), 1):
        yield CallPrice(batch, per_record=True)


def _of_account(router: SourceRouter, record: type[Record], *, members: bool) -> Iterator[CallPrice]:
    """Price what is found by the id of an account; with `members` also what is theirs."""
    kinds = (KeyKind.ACCOUNT, KeyKind.PARENT_ACCOUNT) if record is Account else (KeyKind.ACCOUNT,)
    for kind in kinds:
        yield from (CallPrice(batch, is_paged=_is_paged(record)) for batch in _batches(router, record, kind))
    if record is Customer:
        yield from _walk(router, _OWN, per_record=True)
    if members:
        yield from map(CallPrice, _batches(router, Customer, KeyKind.ACCOUNT))
        yield from _walk(router, _OWN, MAX_MEMBERS)
        yield from _of_customer(router, record, MAX_MEMBERS)
