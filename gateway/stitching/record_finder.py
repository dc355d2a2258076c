"""Find records by their own ids, and objects of any type."""

import asyncio
from collections.abc import Awaitable, Mapping, Sequence

import msgspec

from connectors.contract import KeyKind
from connectors.records import RECORD_NAMES, Account, Customer, Record
from gateway.errors import CallerError, InvalidKeyError, SourceFailure
from gateway.identity.keys import normalised
from gateway.identity.node_ids import ID_KINDS
from gateway.identity.records import Key
from gateway.stitching.admitted_customers import find_admitted_node, is_record_admitted
from gateway.stitching.customer import MissingRecord
from gateway.stitching.customer_finder import OWNER_FIELDS
from gateway.stitching.customer_notes import note_record
from gateway.stitching.order_finder import OrderFinder
from gateway.stitching.order_trace import trace_orders
from gateway.stitching.record_loader import ask_by_own_keys, records_of
from gateway.stitching.selection import Selection
from gateway.stitching.sourced_record import SourcedRecord
from gateway.stitching.stitcher import Stitcher, result_or_error

Selections = Mapping[type[Record], Selection]
"""What is selected of each type that an object may be, the one that it most likely is first."""


def find_record(
    stitcher: Stitcher, record: type[Record], record_id: str, selection: Selection, *, as_asked: bool = False
) -> Awaitable[SourcedRecord | None]:
    """Find the record with this id, with or without its source. Where several sources know it, it is what lists have.

    `as_asked` shows it under this id.

    None when there is none, or it is of a customer of whom the request may not be told.
    Raises `InvalidKeyError`, or `SourceFailure` when its source could not be asked.
    """
    finding, notes = _find_record(stitcher, record, record_id, selection, as_asked=as_asked), stitcher.loaders.notes
    return finding if notes is None else note_record(stitcher, notes, Key(ID_KINDS[record], record_id), finding)


async def _find_record(
    stitcher: Stitcher, record: type[Record], record_id: str, selection: Selection, *, as_asked: bool
) -> SourcedRecord | None:
    rule = stitcher.rule
    if stitcher.loaders.notes is not None and record is not Account:
        selection = msgspec.structs.replace(selection, fields=selection.fields | OWNER_FIELDS)
    if rule is None:
        return await _load_record(stitcher, record, record_id, selection, as_asked=as_asked)
    admitted = await is_record_admitted(stitcher, rule, record, record_id)
    found = None if admitted is False else await _load_record(stitcher, record, record_id, selection, as_asked=as_asked)
    if found is not None and admitted is None:
        rule.refuse_unjudged()
    return found


async def _load_record(
    stitcher: Stitcher, record: type[Record], record_id: str, selection: Selection, *, as_asked: bool
) -> SourcedRecord | None:
    by, router = ID_KINDS[record], stitcher.router
    if not router.sources.finders(record, by):
        raise InvalidKeyError(f"no source finds records of {RECORD_NAMES[record]} by id")
    source_name, own_id = router.node_ids[record].read(record_id) or (None, record_id)
    source = None if source_name is None else router.sources.named(source_name)
    if source is None:
        return None
    orders = router.orders.join(record)
    if orders is not None and source.name in orders.rank:
        own_id = normalised(by, own_id, router.default_region)
        return await OrderFinder(stitcher, orders, selection).find((source.name, own_id), as_asked=as_asked)
    (outcome,) = await ask_by_own_keys(stitcher, [(source, own_id)], record, by, selection.fields)
    records = records_of(outcome)
    if selection.origins is not None:
        records = trace_orders([(own, source.name) for own in records], [outcome], selection.origins)
    return SourcedRecord(records[0], source.name) if records else None


def find_node(stitcher: Stitcher, selections: Selections, node_id: str) -> Awaitable[SourcedRecord | None]:
    """Find the object with this id, of whichever type. An id without a source is a customer's.

    All types that the source finds by id are asked at once. An id of several is of the first in the order of `selections`.
    Raises as `find_record` and `Stitcher.customer` do, when nothing is found.
    """
    finding, notes = _find_node(stitcher, selections, node_id), stitcher.loaders.notes
    return finding if notes is None else note_record(stitcher, notes, Key(KeyKind.CUSTOMER_ID, node_id), finding)


async def _find_node(stitcher: Stitcher, selections: Selections, node_id: str) -> SourcedRecord | None:
    ids = stitcher.router.node_ids
    possible = [
        record
        for record in (selections if ids[Customer].names_source(node_id) else [Customer])
        if record is Customer or ids[record].read(node_id) is not None
    ]
    if possible == [Customer]:
        return await find_admitted_node(stitcher, node_id, selections[Customer])
    finding = (result_or_error(_find, stitcher, record, node_id, selections[record]) for record in possible)
    return _first_known(await asyncio.gather(*finding))


def _find(stitcher: Stitcher, record: type[Record], node_id: str, selection: Selection) -> Awaitable[SourcedRecord | None]:
    if record is Customer:
        return find_admitted_node(stitcher, node_id, selection)
    return _find_record(stitcher, record, node_id, selection, as_asked=True)


def _first_known(results: Sequence[SourcedRecord | CallerError | SourceFailure | None]) -> SourcedRecord | None:
    """Choose the first object. A customer without its record stands behind all that may have the id."""
    missing: SourcedRecord | None = None
    error: Exception | None = None
    for result in results:
        if isinstance(result, Exception):
            error = error or result
        elif result is not None and isinstance(result.record, MissingRecord):
            missing = result
        elif result is not None:
            return result
    if error is not None:
        raise error
    return missing
