"""Walk over the customers who changed since a time, a batch at a time."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from typing import Any

import msgspec

from connectors.contract import KeyKind
from connectors.errors import ConfigurationError
from connectors.record_fields import Fields
from connectors.records import RECORD_NAMES, Customer, Record
from gateway.errors import AmbiguousIdentityError, ErasedError, SourceFailure
from gateway.identity.node_ids import node_id
from gateway.identity.records import Key
from gateway.linkage.customer_pages import fetch_pages
from gateway.lookups.outcome import Listed
from gateway.lookups.sources import Source
from gateway.population.walk import CustomerBatch, Place, find_patiently, write_place
from gateway.services import Services
from gateway.stitching.customer import StitchedCustomer
from gateway.stitching.customer_finder import OWNER_FIELDS, owner_of
from gateway.stitching.merged_customer import SET_SEPARATOR
from gateway.stitching.selection import Selection
from gateway.stitching.sourced_record import SourcedRecord
from gateway.store.store import Store
from gateway.store.tag_marks import read_marked

MARKS = ""
"""Stands in a place for the marks of the store, where others have a source."""

_ID = Fields.from_paths("id")


def changing_sources(services: Services) -> tuple[list[tuple[Source, type[Record]]], list[str]]:
    """List the sources and records of which it is known who changed, and name those of which it is not."""
    router = services.router
    asked: list[tuple[Source, type[Record]]] = [(source, Customer) for source in router.customers.all]
    asked += [(source, record) for record in _measured(services) for source, _ in router.sources.for_record(record)]
    able = [(source, record) for source, record in asked if record in source.change_listings]
    unable = [f"{RECORD_NAMES[record]} of {source.name}" for source, record in asked if record not in source.change_listings]
    return able, unable


def _measured(services: Services) -> list[type[Record]]:
    return sorted(services.router.measured - {Customer}, key=lambda record: RECORD_NAMES[record])


async def walk_changed(
    services: Services, store: Store, since: datetime, *, batch: int, after: str | None, selection: Selection
) -> AsyncIterator[CustomerBatch]:
    """Walk over the customers with records that changed, by the sources that tell, and over those who were marked.

    A customer comes with each page that has a record of his. Raises as `walk_customers`, and `StoreError`.
    """
    able, _ = changing_sources(services)
    names = [MARKS, *(_name(source, record) for source, record in able)]
    place = Place(MARKS, "") if after is None else _read_place(after, names)
    if place.source == MARKS and place.cursor is not None:
        async for page, keys in _list_marked(store, since, place.cursor, batch):
            yield await _batch_of(services, keys, selection, page)
    for source, record in able[max(names.index(place.source) - 1, 0) :]:
        name = _name(source, record)
        if name == place.source and place.cursor is None:
            continue
        cursor = place.cursor if name == place.source else None
        async for listed in _list_changes(services, source, record, since, cursor, batch):
            keys = [key for own in listed.records if (key := _key_of(services, source, record, own)) is not None]
            count = len(listed.records)
            page = _Page(Place(name, listed.next), count, count - len(keys), listed.dropped)
            yield await _batch_of(services, [*dict.fromkeys(keys)], selection, page)


class _Page(msgspec.Struct, frozen=True):
    """Where a page ended, and how many of its records are listed, nobody's, and cannot be read."""

    place: Place
    listed: int
    nobodys: int = 0
    unreadable: int = 0


async def _list_marked(store: Store, since: datetime, after: str, batch: int) -> AsyncIterator[tuple[_Page, Sequence[Key]]]:
    cursor: str | None = after
    while cursor is not None:
        sets = await read_marked(store.mongo, since, cursor, batch)
        cursor = sets[-1] if len(sets) == batch else None
        keys = [Key(KeyKind.CUSTOMER_ID, own.partition(SET_SEPARATOR)[0]) for own in sets]
        yield _Page(Place(MARKS, cursor), len(sets)), keys


def _name(source: Source, record: type[Record]) -> str:
    return f"{source.name} {RECORD_NAMES[record]}"


def _read_place(after: str, names: Sequence[str]) -> Place:
    try:
        place = msgspec.json.decode(after, type=Place)
    except msgspec.MsgspecError:
        place = None
    if place is None or place.source not in names:
        raise ConfigurationError(["--resume: the sources that tell changes are others by now; remove the file to begin anew"])
    return place


def _list_changes(
    services: Services, source: Source, record: type[Record], since: datetime, after: str | None, batch: int
) -> AsyncIterator[Listed]:
    fields = _ID if record is Customer else OWNER_FIELDS | _ID
    size = min(batch, source.change_listings[record].max_first)
    return fetch_pages(
        source.name,
        lambda cursor, deadline: source.list_changes(record, fields, since, cursor, size, deadline),
        after,
        services.clock,
    )


def _key_of(services: Services, source: Source, record: type[Record], own: Any) -> Key | None:
    """Read the key of a record's customer. None of one that is nobody's."""
    if record is Customer:
        return Key(KeyKind.CUSTOMER_ID, node_id(source.name, own.id))
    return owner_of(SourcedRecord(own, source.name), services.router)


async def _batch_of(services: Services, keys: Sequence[Key], selection: Selection, page: _Page) -> CustomerBatch:
    """Find the customers with keys. Of a key that several customers have, all of them."""
    found = await find_patiently(services, keys, selection)
    several = [own for own in found if isinstance(own, AmbiguousIdentityError)]
    if several:
        ids = dict.fromkeys(Key(KeyKind.CUSTOMER_ID, id_) for own in several for id_ in own.candidates)
        found = [own for own in found if not isinstance(own, AmbiguousIdentityError)]
        found += await find_patiently(services, [*ids], selection)
    customers = {own.tagged.id: own for own in found if isinstance(own, StitchedCustomer)}
    erased = sum(isinstance(own, ErasedError) for own in found)
    missing = sum(isinstance(own, SourceFailure) for own in found)
    known = sum(isinstance(own, StitchedCustomer) for own in found)
    return CustomerBatch(
        customers=[*customers.values()],
        after=write_place(page.place),
        listed=page.listed,
        source=page.place.source,
        erased=erased,
        missing=missing,
        gone=len(found) - known - erased - missing + page.nobodys,
        unreadable=page.unreadable,
    )
