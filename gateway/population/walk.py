"""Walk over all customers, a batch at a time."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence

import msgspec

from connectors.contract import KeyKind
from connectors.errors import ConfigurationError
from connectors.record_fields import Fields
from connectors.records import Customer
from gateway.errors import ErasedError, SourceFailure
from gateway.identity.records import Key, RecordId
from gateway.linkage.customer_pages import list_customers
from gateway.lookups.deadline import Deadline
from gateway.lookups.loaders import Loaders
from gateway.lookups.sources import Source
from gateway.services import Services, hide_erased
from gateway.stitching.customer import StitchedCustomer
from gateway.stitching.customer_finder import find_owners
from gateway.stitching.customer_identity import IncompleteReason
from gateway.stitching.selection import Selection
from gateway.stitching.stitcher import FoundByKey, Stitcher

BATCH = 200
"""How many records a batch is of, unless it is said."""

BATCH_S = 60.0
"""How long the records and facts of a batch may take, in seconds: no caller waits behind it."""

TRIES, PAUSE_S = 3, 2.0
"""How often a customer is looked for whose sources cannot all be heard, and the first pause; the next one is twice as long."""

WITH_FACTS = Selection(fields=Fields.from_paths("id"), facts=True)
"""Select what facts need of a customer."""

_ID = Fields.from_paths("id")
_PASSING = frozenset({IncompleteReason.SOURCE_UNAVAILABLE, IncompleteReason.LINKS_UNAVAILABLE, IncompleteReason.OUT_OF_TIME})


class CustomerBatch(msgspec.Struct, frozen=True, kw_only=True):
    """Customers of one page of a source. `after` continues the walk behind it.

    `customers` are those whose batch this is; `others` have a record on the page, and are in the batch of another record.
    Of the `listed` records, `erased` are of people who are withheld, `gone` of nobody any more, `missing` of whom is
    not known, for a source could not be asked; `unreadable` came beside them.
    """

    customers: Sequence[StitchedCustomer]
    after: str
    listed: int
    source: str = ""
    others: Sequence[StitchedCustomer] = ()
    erased: int = 0
    gone: int = 0
    missing: int = 0
    unreadable: int = 0


class Place(msgspec.Struct, frozen=True, array_like=True):
    """Where a walk goes on: after a page of a source. Without a cursor its listing is over, and the next source begins."""

    source: str
    cursor: str | None


async def walk_customers(
    services: Services, *, batch: int = BATCH, after: str | None = None, selection: Selection = WITH_FACTS
) -> AsyncIterator[CustomerBatch]:
    """Walk over all customers of the sources that list them, each one once. The services are open.

    A customer of several sources comes with the first of his records that is listed. What is reached from some of his records
    alone (`ONE_WAY_KEYS`) may come once more, as the part that it is. One batch is held at a time.

    Raises `ConfigurationError` where no source lists customers and for an `after` of other ones, `SourceFailure` where a source
    cannot be listed, `ErasuresUnknownError` where it is not known who is erased.
    """
    sources = listed_sources(services)
    place = None if after is None else read_place(after, sources)
    begun = 0 if place is None else [source.name for source in sources].index(place.source)
    order = {source.name: number for number, source in enumerate(sources)}
    for source in sources[begun:]:
        cursor = None
        if place is not None and place.source == source.name:
            if place.cursor is None:
                continue
            cursor = place.cursor
        async for page in list_customers(source, _ID, services.clock, after=cursor, first=batch):
            ids = [RecordId(source.name, record.id) for record in page.records]
            yield await load_batch(
                services,
                ids,
                order,
                selection,
                after=write_place(Place(source.name, page.next)),
                unreadable=page.dropped,
                source=source.name,
            )


def listed_sources(services: Services) -> list[Source]:
    """List the sources whose customers are walked over, in order: they list them, and find them by id.

    First come those whose records are not found by all keys that they state: from others they may not be reached.

    Raises `ConfigurationError` where there is none.
    """
    customers = services.router.customers
    able = [source for source in customers.all if Customer in source.listings and customers.finds_ids(source.name)]
    if not able:
        raise ConfigurationError(
            ["sources: none of them lists customers, so there is no way over all of them; connect one of a kind that does"]
        )
    return sorted(able, key=lambda source: source.name not in customers.one_way)


def unlisted_sources(services: Services) -> list[str]:
    """Name the sources that find customers and cannot list them: customers whom they alone know are not walked over."""
    able = listed_sources(services)
    return [source.name for source in services.router.customers.all if source not in able]


def read_place(after: str, sources: Sequence[Source]) -> Place:
    """Read where a walk goes on. Raises `ConfigurationError` where that is of another walk."""
    try:
        place = msgspec.json.decode(after, type=Place)
    except msgspec.MsgspecError:
        raise ConfigurationError(["after: this is no place of a walk; begin it anew"]) from None
    if all(source.name != place.source for source in sources):
        names = ", ".join(source.name for source in sources)
        raise ConfigurationError(
            [f"after: {place.source} lists no customers by these settings ({names} do); begin the walk anew"]
        )
    return place


def write_place(place: Place) -> str:
    """Write where a walk goes on."""
    return msgspec.json.encode(place).decode()


def new_batch_stitcher(services: Services) -> Stitcher:
    """Create the stitcher of a batch. It hides who is erased."""
    router = services.router
    return Stitcher(router, Loaders(Deadline.within(services.clock, BATCH_S)), hide_erased(router))


async def load_batch(
    services: Services,
    ids: Sequence[RecordId],
    order: Mapping[str, int],
    selection: Selection = WITH_FACTS,
    *,
    after: str = "",
    unreadable: int = 0,
    source: str = "",
) -> CustomerBatch:
    """Find the customers of listed records. `order` has the places of the sources in the walk."""
    found = await find_patiently(services, [Key(KeyKind.CUSTOMER_ID, id_.node_id) for id_ in ids], selection)
    leading: dict[str, StitchedCustomer] = {}
    others: dict[str, StitchedCustomer] = {}
    erased = gone = missing = 0
    for id_, customer in zip(ids, found, strict=True):
        if isinstance(customer, ErasedError):
            erased += 1
        elif isinstance(customer, SourceFailure):
            missing += 1
        elif not isinstance(customer, StitchedCustomer):
            gone += 1
        elif _leads(id_, customer, order):
            leading.setdefault(customer.tagged.id, customer)
        else:
            others.setdefault(customer.tagged.id, customer)
    return CustomerBatch(
        customers=[*leading.values()],
        others=[customer for name, customer in others.items() if name not in leading],
        after=after,
        listed=len(ids),
        erased=erased,
        gone=gone,
        missing=missing,
        unreadable=unreadable,
        source=source,
    )


def _leads(id_: RecordId, customer: StitchedCustomer, order: Mapping[str, int]) -> bool:
    """Tell whether of a customer's records that are listed this is the first one: by the order of the sources, then by id."""
    listed = [member.id for member in customer.members if member.id.source in order]
    return id_ not in listed or id_ == min(listed, key=lambda own: (order[own.source], own.id))


async def find_patiently(services: Services, keys: Sequence[Key], selection: Selection) -> list[FoundByKey]:
    """Find customers by keys, in order, again after a pause where a source could not be heard about them."""
    found = await _find(services, keys, selection)
    for attempt in range(1, TRIES):
        weak = [place for place, customer in enumerate(found) if is_unheard(customer)]
        if not weak:
            break
        await services.clock.sleep(PAUSE_S * 2 ** (attempt - 1))
        again = await _find(services, [keys[place] for place in weak], selection)
        for place, customer in zip(weak, again, strict=True):
            found[place] = customer
    return found


def is_unheard(customer: FoundByKey) -> bool:
    """Tell whether there may be more of a customer than could be had now."""
    if isinstance(customer, SourceFailure):
        return True
    return isinstance(customer, StitchedCustomer) and (customer.identity.reason in _PASSING or customer.stale is not None)


async def _find(services: Services, keys: Sequence[Key], selection: Selection) -> list[FoundByKey]:
    if not keys:
        return []
    stitcher = new_batch_stitcher(services)
    found = await find_owners(stitcher, keys, selection)
    return [_admit(stitcher, found[key]) for key in keys]


def _admit(stitcher: Stitcher, customer: FoundByKey) -> FoundByKey:
    """Give a customer, or `ErasedError` for one who is erased."""
    if stitcher.rule is None or not isinstance(customer, StitchedCustomer):
        return customer
    try:
        stitcher.rule.admits(customer)
    except ErasedError as error:
        return error
    return customer
