"""Find customers by any kind of key. Keys of a record find the record first, and then its customer."""

import asyncio
from collections.abc import Collection, Iterable, Sequence

from connectors.contract import RECORD_KEYS, KeyKind
from connectors.record_fields import Fields
from connectors.records import Customer, Record
from gateway.errors import AmbiguousIdentityError, CallerError, InvalidKeyError, SourceFailure
from gateway.identity.keys import normalised_or_plain, words
from gateway.identity.node_ids import ID_KINDS, node_id
from gateway.identity.records import Key
from gateway.lookups.outcome import Failed, Found
from gateway.stitching.customer import StitchedCustomer
from gateway.stitching.record_loader import ask_by_own_keys, load_by_own_key
from gateway.stitching.selection import Selection
from gateway.stitching.source_router import SourceRouter
from gateway.stitching.sourced_record import SourcedRecord
from gateway.stitching.stitcher import FoundByKey, Stitcher, result_or_error

OWNER_FIELDS = Fields.from_paths("customer_id", "customer_email")
"""The fields of a record that say whose it is."""


async def find_customer(stitcher: Stitcher, kind: KeyKind, value: str, selection: Selection) -> StitchedCustomer | None:
    """Find the customer with a key of any kind. As `Stitcher.customer`."""
    (result,) = await find_customers(stitcher, [(kind, value)], selection)
    if isinstance(result, Exception):
        raise result
    return result


async def find_customers(stitcher: Stitcher, keys: Sequence[tuple[KeyKind, str]], selection: Selection) -> list[FoundByKey]:
    """Find customers by keys of any kinds, in order. In the place of a key that finds none for a reason stands that reason.

    The records that keys name are found first, so that each source is asked for customers once by each kind.
    """
    owners = await list_owners(stitcher, keys)
    found = await find_owners(stitcher, [owner for own in owners if isinstance(own, list) for owner in own], selection)
    return [
        only_one(kind, [found[owner] for owner in own]) if isinstance(own, list) else own
        for (kind, _), own in zip(keys, owners, strict=True)
    ]


async def list_owners(stitcher: Stitcher, keys: Sequence[tuple[KeyKind, str]]) -> list[list[Key] | CallerError | SourceFailure]:
    """List for each key the keys of its customers: itself, or those that the records say which it names."""
    by_record = [place for place, (kind, _) in enumerate(keys) if kind in RECORD_KEYS]
    loading = (result_or_error(load_owners, stitcher, *keys[place]) for place in by_record)
    loaded = dict(zip(by_record, await asyncio.gather(*loading), strict=True))
    return [loaded[place] if place in loaded else [Key(*key)] for place, key in enumerate(keys)]


async def find_owners(stitcher: Stitcher, owners: Collection[Key], selection: Selection) -> dict[Key, FoundByKey]:
    """Find the customers with these keys. Of ids they are as callers write them."""
    ids = list(dict.fromkeys(key for key in owners if key.kind is KeyKind.CUSTOMER_ID))
    others = list(dict.fromkeys(key for key in owners if key.kind is not KeyKind.CUSTOMER_ID))
    by_id, by_key = await stitcher.by_keys([key.value for key in ids], others, selection)
    return {**dict(zip(ids, by_id, strict=True)), **dict(zip(others, by_key, strict=True))}


async def load_owners(stitcher: Stitcher, kind: KeyKind, value: str) -> list[Key]:
    """Load the records with a key, from all sources that find them by it, and list the keys of their customers."""
    record, sources = RECORD_KEYS[kind], stitcher.router.sources
    finders = sources.finders(record, kind)
    if not finders:
        raise InvalidKeyError(f"no source finds customers by {words(kind)}")
    if kind is ID_KINDS[record]:
        return await _load_owners_by_id(stitcher, record, value)
    records = await load_by_own_key(stitcher, finders, record, kind, value, OWNER_FIELDS, leads=True)
    return _owners_of(records, stitcher.router)


async def _load_owners_by_id(stitcher: Stitcher, record: type[Record], value: str) -> list[Key]:
    """List the keys of the customers of a record by its id, which is of one source and those that know its ids: first its own.

    Raises `SourceFailure` when none of those that could be asked says whose it is.
    """
    router, kind = stitcher.router, ID_KINDS[record]
    source_name, own_id = router.node_ids[record].read(value) or (None, value)
    orders = router.orders.join(record)
    names = [source_name] if orders is None or source_name not in orders.rank else orders.same_ids(source_name)
    finders = {source.name: source for source in router.sources.finders(record, kind)}
    keys = [(finders[name], own_id) for name in names if name in finders]
    outcomes = await ask_by_own_keys(stitcher, keys, record, kind, OWNER_FIELDS, leads=True)
    found = [SourcedRecord(own, answer.source) for answer in outcomes if isinstance(answer, Found) for own in answer.records]
    owners = _owners_of(found, router)
    failed = next((answer for answer in outcomes if isinstance(answer, Failed)), None)
    if failed is not None and not owners:
        raise SourceFailure(failed.source, failed.error)
    return owners


def _owners_of(records: Iterable[SourcedRecord], router: SourceRouter) -> list[Key]:
    return list(dict.fromkeys(owner for own in records if (owner := owner_of(own, router)) is not None))


def owner_of(own: SourcedRecord, router: SourceRouter) -> Key | None:
    """Read the key of a record's customer. None of a record that is nobody's.

    An own id is one of the same source, where that has customers; of the source whose ids it finds the records by; or else an
    external id.
    """
    sources = router.sources
    source, customer_id = sources.named(own.source), own.record.customer_id
    assert source is not None
    if customer_id and (Customer, KeyKind.CUSTOMER_ID) in source.lookups:
        return Key(KeyKind.CUSTOMER_ID, node_id(source.name, customer_id))
    if customer_id and (own.record.record_type, KeyKind.CUSTOMER_ID) in source.lookups:
        space = router.customers.id_space(source.name)
        return Key(KeyKind.CUSTOMER_ID, customer_id if space is None else node_id(space, customer_id))
    email = own.record.customer_email
    if email and (not customer_id or sources.customers_by(KeyKind.EXTERNAL_ID) is None) and not _is_nobodys(email, router):
        return Key(KeyKind.EMAIL, email)
    return Key(KeyKind.EXTERNAL_ID, f"{source.name}:{customer_id}") if customer_id else None


def _is_nobodys(email: str, router: SourceRouter) -> bool:
    """Tell whether an address links nobody, so that no list has records by it."""
    customers = router.customers
    return customers.are_several and Key(KeyKind.EMAIL, normalised_or_plain(KeyKind.EMAIL, email)) in customers.blocked


def only_one(kind: KeyKind, results: Sequence[FoundByKey]) -> FoundByKey:
    """Choose the customer that a key means. Several are an error, and so is one that may be another."""
    error = next((result for result in results if isinstance(result, Exception)), None)
    if error is not None:
        return error
    by_id = {result.node_id: result for result in results if isinstance(result, StitchedCustomer)}
    if len(by_id) > 1:
        return AmbiguousIdentityError(words(kind), [*by_id], [customer.id for customer in by_id.values()])
    return next(iter(by_id.values()), None)
