"""Find records by keys of their own, and objects of any type by id."""

import asyncio
from collections.abc import Awaitable, Mapping, Sequence
from typing import Any

from connectors.contract import KeyKind
from connectors.record_fields import Fields
from connectors.records import RECORD_NAMES, Customer, Record
from gateway.errors import CallerError, InvalidKeyError, SourceFailure
from gateway.identity.keys import normalised
from gateway.identity.node_ids import ID_KINDS
from gateway.lookups.outcome import Failed, Found, Outcome, fail_unreadable
from gateway.lookups.sources import Source
from gateway.stitching.customer import MissingRecord
from gateway.stitching.selection import Selection
from gateway.stitching.sourced_record import SourcedRecord
from gateway.stitching.stitcher import Stitcher, result_or_error

Selections = Mapping[type[Record], Selection]
"""What is selected of each type that an object may be, the one that it most likely is first."""


async def find_record(stitcher: Stitcher, record: type[Record], record_id: str, selection: Selection) -> SourcedRecord | None:
    """Find the record with this id, with or without its source.

    None when there is none. Raises `InvalidKeyError`, or `SourceFailure` when its source could not be asked.
    """
    by = ID_KINDS[record]
    if not stitcher.router.sources.finders(record, by):
        raise InvalidKeyError(f"no source finds records of {RECORD_NAMES[record]} by id")
    read = stitcher.router.node_ids[record].read(record_id)
    source = None if read is None or read[0] is None else stitcher.router.sources.named(read[0])
    if read is None or source is None:
        return None
    found = await load_by_own_key(stitcher, [source], record, by, read[1], selection.fields)
    return found[0] if found else None


async def find_node(stitcher: Stitcher, selections: Selections, node_id: str) -> SourcedRecord | None:
    """Find the object with this id, of whichever type. An id without a source is a customer's.

    All types that the source finds by id are asked at once. An id of several is of the first in the order of `selections`.
    Raises as `find_record` and `Stitcher.customer` do, when nothing is found.
    """
    ids = stitcher.router.node_ids
    possible = [
        record
        for record in (selections if ids[Customer].names_source(node_id) else [Customer])
        if record is Customer or ids[record].read(node_id) is not None
    ]
    if possible == [Customer]:
        return await stitcher.node(node_id, selections[Customer])
    finding = (result_or_error(_find, stitcher, record, node_id, selections[record]) for record in possible)
    return _first_known(await asyncio.gather(*finding))


async def load_by_own_key(
    stitcher: Stitcher,
    sources: Sequence[Source],
    record: type[Record],
    by: KeyKind,
    key: str,
    fields: Fields,
    *,
    leads: bool = False,
) -> list[SourcedRecord]:
    """Load the records that have a key themselves, from all of these sources.

    Where it `leads` to more lookups, it leaves them half of the time.

    Raises `InvalidKeyError`, or `SourceFailure` when a source could not be asked: it may have another such record.
    """
    key = normalised(by, key, stitcher.router.default_region)
    loaders, router = stitcher.loaders, stitcher.router
    asking = [(source, router.record_fetch(source, record, by, fields), [key]) for source in sources]
    loaded: Sequence[Sequence[Outcome]]
    if leads:
        loaded = await asyncio.gather(*(loaders.leading(*asked) for asked in asking))
    else:
        loaded = await loaders.wait_all([loaders.enqueue(*asked) for asked in asking])
    outcomes = [outcome for (outcome,) in loaded]
    records = [SourcedRecord(own, outcome.source) for outcome in outcomes for own in _records_of(outcome)]
    # A database may find an id in other letters, too: that is another record's.
    return [own for own in records if own.id == key] if by is ID_KINDS[record] else records


def _records_of(outcome: Outcome) -> Sequence[Any]:
    outcome = fail_unreadable(outcome)
    if isinstance(outcome, Failed):
        raise SourceFailure(outcome.source, outcome.error)
    assert isinstance(outcome, Found)
    return outcome.records


def _find(stitcher: Stitcher, record: type[Record], node_id: str, selection: Selection) -> Awaitable[SourcedRecord | None]:
    if record is Customer:
        return stitcher.node(node_id, selection)
    return find_record(stitcher, record, node_id, selection)


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
