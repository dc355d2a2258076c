"""Load records by keys of their own."""

import asyncio
from collections.abc import Sequence

import msgspec

from connectors.contract import KeyKind
from connectors.record_fields import Fields
from connectors.records import Record
from gateway.errors import SourceFailure
from gateway.identity.keys import normalised
from gateway.identity.node_ids import ID_KINDS
from gateway.lookups.outcome import Failed, Found, Outcome, fail_unreadable
from gateway.lookups.sources import Source
from gateway.stitching.sourced_record import SourcedRecord
from gateway.stitching.stitcher import Stitcher


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
    """Load the records that have a key themselves, from all of these sources. As `ask_by_own_keys`.

    Raises `InvalidKeyError`, or `SourceFailure` when a source could not be asked: it may have another such record.
    """
    outcomes = await ask_by_own_keys(stitcher, [(source, key) for source in sources], record, by, fields, leads=leads)
    return [SourcedRecord(own, outcome.source) for outcome in outcomes for own in records_of(outcome)]


async def ask_by_own_keys(
    stitcher: Stitcher,
    keys: Sequence[tuple[Source, str]],
    record: type[Record],
    by: KeyKind,
    fields: Fields,
    *,
    leads: bool = False,
) -> list[Outcome]:
    """Ask sources for the records that have a key themselves. Where that `leads` to more lookups, it leaves them half the time.

    Raises `InvalidKeyError`.
    """
    loaders, router = stitcher.loaders, stitcher.router
    normal = [(source, normalised(by, key, router.default_region)) for source, key in keys]
    asking = [(source, router.record_fetch(source, record, by, fields), [key]) for source, key in normal]
    loaded: Sequence[Sequence[Outcome]]
    if leads:
        loaded = await asyncio.gather(*(loaders.leading(*asked) for asked in asking))
    else:
        loaded = await loaders.wait_all([loaders.enqueue(*asked) for asked in asking])
    is_id = by is ID_KINDS[record]
    return [_readable(outcome, key if is_id else None) for (_, key), (outcome,) in zip(normal, loaded, strict=True)]


def records_of(outcome: Outcome) -> Sequence[object]:
    """List the records of an outcome. Raises `SourceFailure`."""
    if isinstance(outcome, Failed):
        raise SourceFailure(outcome.source, outcome.error)
    assert isinstance(outcome, Found)
    return outcome.records


def _readable(outcome: Outcome, own_id: str | None) -> Outcome:
    """Fail an outcome whose record cannot be read. What a database finds by an id in other letters is another record."""
    outcome = fail_unreadable(outcome)
    if not isinstance(outcome, Found) or own_id is None or all(record.id == own_id for record in outcome.records):
        return outcome
    return msgspec.structs.replace(outcome, records=[record for record in outcome.records if record.id == own_id])
