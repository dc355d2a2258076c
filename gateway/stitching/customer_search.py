"""Show those whom `find` ranks as pages of a list."""

from __future__ import annotations

import msgspec

from connectors.contract import Ask
from connectors.records import Customer
from gateway.errors import InvalidArgumentError, SourceFailure
from gateway.stitching.customer_find import MAX_RECORDS, find_ranked, note_people
from gateway.stitching.find_rights import FindRights
from gateway.stitching.record_list import RecordPage
from gateway.stitching.selection import Selection
from gateway.stitching.stitcher import Stitcher


async def search_customers(stitcher: Stitcher, text: str, ask: Ask, selection: Selection, rights: FindRights) -> RecordPage:
    """Load a page of the customers who are meant by a text, the likeliest first.

    Raises `InvalidKeyError`, `InvalidArgumentError`, `PurposeWithheldError`, or `SourceFailure` where no source could be asked.
    """
    rule = stitcher.rule
    if rule is not None:
        rule.refuse_unjudged()
    selection = msgspec.structs.replace(selection, fields=selection.fields | ask.fields)
    found = await find_ranked(stitcher, text, MAX_RECORDS, selection, rights)
    if found.too_short:
        raise InvalidArgumentError("text: one letter finds everybody; look for two or more")
    searched = {source.name for source in stitcher.router.customers.searched}
    failures = [SourceFailure(source, error) for source, error in found.failures.items() if error is not None]
    if failures and not found.matches and searched <= found.failures.keys():
        raise failures[0]
    people = found.records
    places = [customer.position for customer in people]
    is_lost = ask.after is not None and ask.after not in places
    begin = 0 if ask.after is None else next((n for n, place in enumerate(places, 1) if place == ask.after), len(people))
    end = min(begin + (ask.first or MAX_RECORDS), len(people))
    note_people(stitcher, found, people[begin:end])
    is_whole = not (found.is_cut or found.failures or found.not_tried)
    return RecordPage(
        records=people[begin:end],
        owners=[place.source for place in places[begin:end]],
        total=(len(people) if rule is None else rule.count(len(people))) if is_whole else None,
        has_more=end < len(people),
        has_previous=ask.after is not None,
        unavailable=[*found.failures],
        contributions=[(Customer, outcome) for outcome in found.outcomes],
        partial=is_lost or not is_whole,
    )
