"""Tell changes to a caller: what he may know of them, and of whom he may be told."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import msgspec

from gateway.changes.change_cursors import seal_position
from gateway.changes.customer_change import ChangeKind, CustomerChange
from gateway.context import RequestContext
from gateway.errors import CallerError, ErasedError, SourceFailure
from gateway.identity.node_ids import SEPARATOR
from gateway.stitching.admission_rule import AdmissionRule
from gateway.stitching.admitted_customers import AdmittedCustomer, find_admitted_by_id, find_all_admitted_by_id
from gateway.stitching.selection import Selection
from gateway.stitching.stitcher import Stitcher, result_or_error

_MEMBERS = Selection(members=True)


class ToldChange(msgspec.Struct, frozen=True):
    """A change as a caller is told it, with the cursor of its place for him."""

    ids: tuple[str, ...]
    kind: ChangeKind
    at: datetime
    source: str | None
    records: tuple[str, ...]
    tags: tuple[str, ...]
    cursor: str


async def tell_changes(context: RequestContext, changes: Sequence[CustomerChange]) -> list[ToldChange | None]:
    """Tell changes, in order: None in the place of one that the caller is not to hear of.

    Raises `SourceFailure` where it cannot be told of whom he may be told.
    """
    stitcher = context.stitcher
    names = {source.name for source in stitcher.router.sources.all}
    all_names = {source.name for source in context.services.sources.all}
    told = [_show(context, change, all_names - names) for change in changes]
    rule = stitcher.rule
    if rule is not None and rule.confines:
        told = await _confine(stitcher, rule, told)
    if stitcher.loaders.notes is not None and told:
        stitcher.loaders.notes.add_customers(own.ids[0] for own in told if own is not None)
    return told


def _show(context: RequestContext, change: CustomerChange, hidden_sources: set[str]) -> ToldChange | None:
    """Show what of a change is not withheld. None where nothing is left, or its source is."""
    ids = tuple(own for own in change.ids if own.partition(SEPARATOR)[0] not in hidden_sources)
    records = tuple(own for own in change.records if own not in context.hidden_records)
    tags = tuple(own for own in change.tags if own not in context.hidden_tags)
    if not ids or change.source in hidden_sources or (change.records and not records) or (change.tags and not tags):
        return None
    cursor = seal_position(change.position, context.caller.name)
    return ToldChange(ids, change.kind, change.at, change.source, records, tags, cursor)


async def _confine(stitcher: Stitcher, rule: AdmissionRule, told: Sequence[ToldChange | None]) -> list[ToldChange | None]:
    """Leave out whom the caller may not be told of. Of who is erased he is told where ids alone decide."""
    asked = list(dict.fromkeys(id_ for own in told if own is not None and own.kind is not ChangeKind.ERASED for id_ in own.ids))
    admitted: set[str] = set()
    for found in await find_all_admitted_by_id(stitcher, asked, _MEMBERS) if asked else ():
        if isinstance(found, SourceFailure):
            raise found
        if found is not None and not isinstance(found, CallerError):
            admitted.update(member.id.node_id for member in found.members)
    shown: list[ToldChange | None] = []
    for own in told:
        ids: tuple[str, ...] = ()
        if own is not None and own.kind is ChangeKind.ERASED:
            ids = tuple(id_ for id_ in own.ids if rule.decide(id_))
        elif own is not None:
            ids = tuple(id_ for id_ in own.ids if id_ in admitted)
        shown.append(msgspec.structs.replace(own, ids=ids) if own is not None and ids else None)
    return shown


async def find_changed_customer(stitcher: Stitcher, change: ToldChange, selection: Selection) -> AdmittedCustomer | None:
    """Find the customer of the first record of a change that is anybody's now. None where there is none.

    Raises `SourceFailure`, and `CallerError` for one who may not be shown.
    """
    failure: SourceFailure | None = None
    for id_ in change.ids:
        found = await result_or_error(find_admitted_by_id, stitcher, id_, selection)
        if isinstance(found, SourceFailure):
            failure = found
        elif isinstance(found, CallerError) and not isinstance(found, ErasedError):
            raise found
        elif found is not None and not isinstance(found, CallerError):
            return found
    if failure is not None:
        raise failure
    return None
