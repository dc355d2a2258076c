"""Read pages of the customers in a segment, of those of whom the request may be told.

A page looks at so many members as were asked for, and shows those who are admitted and still there. A cursor names a customer
who was shown, and how many members behind him were looked at: so it tells of nobody else, and goes on.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from connectors.contract import Position
from connectors.record_fields import Fields
from connectors.records import RECORD_NAMES, Customer
from gateway.errors import CallerError
from gateway.identity.node_ids import node_id
from gateway.stitching.admission_rule import AdmissionRule
from gateway.stitching.admitted_customers import AdmittedCustomer, admit_those
from gateway.stitching.customer import StitchedCustomer
from gateway.stitching.customer_notes import note_customers
from gateway.stitching.merged_customer import SET_SEPARATOR, MergedCustomer
from gateway.stitching.position import RecordPosition
from gateway.stitching.record_list import RecordPage
from gateway.stitching.selection import Selection
from gateway.stitching.stitcher import Stitcher
from gateway.store.store import Store
from gateway.tags.definitions import CustomerSegment

PLACE = "segment members"
"""Stands for a source in cursors. No source has such a name."""

_CUSTOMER = RECORD_NAMES[Customer]


class MemberPlace(msgspec.Struct, frozen=True):
    """Where a page begins: after a member who was shown, and behind so many others who were looked at."""

    after: str = ""
    skip: int = 0

    @property
    def position(self) -> RecordPosition:
        return RecordPosition(None, f"{self.skip} {self.after}", record=_CUSTOMER, source=PLACE)


class MemberPage(RecordPage, frozen=True, kw_only=True):
    """A page of members. It goes on at `place`, also where it shows nobody."""

    place: MemberPlace

    @property
    def last(self) -> RecordPosition | None:
        """Say where the next page goes on."""
        return self.place.position if self.has_more or self.records else None


def read_place(position: Position | None, segment: CustomerSegment) -> MemberPlace:
    """Read where a page begins. Raises `ValueError` for what is no place among members."""
    if position is None:
        return MemberPlace()
    if isinstance(position, RecordPosition) and position.source == PLACE:
        skip, _, after = position.id.partition(" ")
        if not skip.isdecimal() or len(skip) > 6:
            raise ValueError
        return MemberPlace(after, int(skip))
    if not isinstance(position, RecordPosition):
        raise ValueError
    # That of an edge, where one source has customers.
    return MemberPlace(node_id(position.source, position.id) if segment.is_list else position.id)


async def read_members(
    stitcher: Stitcher, store: Store, segment: CustomerSegment, place: MemberPlace, first: int, selection: Selection
) -> MemberPage:
    """Read a page of a segment's customers, by id.

    Raises `StoreError`, and `ValueError` for a place behind somebody of whom the caller may not be told: who chose such places
    could find out by them who is in the segment.
    """
    version = await _find_version(store, segment)
    ids = await _read_ids(store, segment, version, place, first + 1)
    has_more, ids = len(ids) > first, ids[:first]
    selection = selection | Selection(fields=Fields.from_paths("id"), members=stitcher.has_several_sources)
    if stitcher.rule is not None:
        selection = stitcher.rule.with_list_fields(selection)
    names = [own.partition(SET_SEPARATOR)[0] for own in ids]
    if place.after and stitcher.rule is not None and stitcher.rule.choose(stitcher.rule.confines, whole=False):
        names.append(place.after.partition(SET_SEPARATOR)[0])
    found = await stitcher.customers(names, selection) if names else []
    if len(names) > len(ids):
        _expect_shown(found.pop(), stitcher.rule)
    there = [own if isinstance(own, StitchedCustomer) else None for own in found]
    if stitcher.has_several_sources or not segment.is_list:
        there = await _those_still(store, segment, version, ids, there)
    shown: list[AdmittedCustomer] = []
    is_short, end = any(isinstance(own, CallerError) for own in found), MemberPlace(place.after, place.skip + len(ids))
    known = [own for own in there if own is not None]
    admitted = dict(zip(map(id, known), admit_those(known, stitcher.rule), strict=True))
    for number, (own, customer) in enumerate(zip(ids, there, strict=True), 1):
        member = None if customer is None else admitted[id(customer)]
        is_short |= customer is not None and member is None
        if member is not None:
            if isinstance(member, MergedCustomer):
                member.found_at = MemberPlace(own).position
            shown.append(member)
            end = MemberPlace(own, len(ids) - number)
    note_customers(stitcher, shown)
    return MemberPage(
        records=shown,
        owners=[member.source for member in shown],
        total=None,
        has_more=has_more,
        has_previous=place != MemberPlace(),
        partial=is_short,
        place=end,
    )


def _expect_shown(found: StitchedCustomer | CallerError | None, rule: AdmissionRule | None) -> None:
    """Raise `ValueError` unless the caller may be told of the customer."""
    if not isinstance(found, StitchedCustomer) or admit_those([found], rule) == [None]:
        raise ValueError


async def _find_version(store: Store, segment: CustomerSegment) -> str | None:
    """Find which version of a list is in force. None of one that was never uploaded, and of a condition."""
    if not segment.is_list:
        return None
    own = (await store.segment_lists.read([segment.key])).get(segment.key)
    return None if own is None else own.version


async def _read_ids(
    store: Store, segment: CustomerSegment, version: str | None, place: MemberPlace, first: int
) -> Sequence[str]:
    if not segment.is_list:
        return await store.segment_members.read_page(segment.key, place.after, place.skip, first)
    if version is None:
        return []
    return await store.segment_lists.read_page(segment.key, version, place.after, place.skip, first)


async def _those_still(
    store: Store,
    segment: CustomerSegment,
    version: str | None,
    ids: Sequence[str],
    found: Sequence[StitchedCustomer | None],
) -> list[StitchedCustomer | None]:
    """Leave out sets of records that are others' by now, and of a list further records of one customer."""
    if not segment.is_list:
        pairs = zip(ids, found, strict=True)
        return [None if customer is None or customer.tagged.id != own else customer for own, customer in pairs]
    names = {record.id.node_id for customer in found if customer is not None for record in customer.members}
    versions = {} if version is None else {segment.key: version}
    listed = {record for _, record in await store.segment_lists.find(versions, names)}
    return [
        customer
        if customer is not None and own == min({record.id.node_id for record in customer.members} & {*listed, own})
        else None
        for own, customer in zip(ids, found, strict=True)
    ]
