"""Search customers by text, at one source or at several that may have records of the same person."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any, NamedTuple

import msgspec

from connectors.contract import Ask, KeyKind, Position
from connectors.records import Customer
from gateway.errors import SourceFailure
from gateway.identity.keys import normalised
from gateway.identity.records import RecordId
from gateway.lookups.loaders import Loaders
from gateway.lookups.outcome import Failed, Found
from gateway.lookups.sources import Source
from gateway.stitching.customer import StitchedCustomer
from gateway.stitching.customer_identity import LASTING_REASONS
from gateway.stitching.identity_lookup import IdentityLookup
from gateway.stitching.merged_customer import MergedCustomer
from gateway.stitching.position import RecordPosition, ask_of_source, position_of
from gateway.stitching.record_list import RecordPage, page_of_one
from gateway.stitching.selection import Selection
from gateway.stitching.source_router import SourceRouter

MAX_HITS = 1_000
"""How many records a search reads of each of several sources at once, to know those of earlier pages."""

MAX_COUNTED = 100
"""Of how many records of several sources the customers are found to count them."""


class Hit(NamedTuple):
    """A record that a search has found, with the answer that it came with."""

    record: Any
    outcome: Found

    @property
    def id(self) -> RecordId:
        return RecordId(self.outcome.source, self.record.id)


class Hits(NamedTuple):
    """Records in their order. `is_cut` says that the last source has more than these."""

    hits: list[Hit]
    is_cut: bool


Person = tuple[Hit, StitchedCustomer]
"""A customer, and the first record that a search has found of them."""


class CustomerSearch:
    """Searches customers for one request.

    Where several sources search, each is asked for its first records, whatever the page. They come by the rank of their
    source, then in its order; one whose customer has a record before it is left out.
    """

    def __init__(self, router: SourceRouter, loaders: Loaders) -> None:
        self._router = router
        self._loaders = loaders

    async def find(self, text: str, ask: Ask, selection: Selection) -> RecordPage:
        """Find customers by part of a name, address or phone number.

        Raises `InvalidKeyError`, or `SourceFailure` when no source could be asked.
        """
        key = normalised(KeyKind.TEXT, text)
        sources = self._router.customers.searched
        if len(sources) > 1:
            return await self._find_in_all(sources, key, self._with_fields(ask, selection), selection)
        source, _ = self._router.customer_fetch(KeyKind.TEXT, selection)
        return await self.page(source, KeyKind.TEXT, key, ask, selection)

    async def page(self, source: Source, kind: KeyKind, key: str, ask: Ask, selection: Selection) -> RecordPage:
        """Load a page of all customers that one source finds by a key. Raises `SourceFailure`."""
        ask = ask_of_source(self._with_fields(ask, selection), Customer, source.name)
        outcome = await self._ask(source, kind, key, ask)
        if isinstance(outcome, Failed):
            raise SourceFailure(outcome.source, outcome.error)
        people = await self._customers_of(_hits_of(outcome), selection)
        return msgspec.structs.replace(page_of_one(Customer, ask, outcome), records=people)

    async def _find_in_all(self, sources: Sequence[Source], key: str, ask: Ask, selection: Selection) -> RecordPage:
        whole = msgspec.structs.replace(ask, first=MAX_HITS, after=None, more=True)
        outcomes = await asyncio.gather(*(self._ask(source, KeyKind.TEXT, key, whole) for source in sources))
        contributions, rest = [*outcomes], [*outcomes]
        before: set[RecordId] = set()
        if ask.after is not None:
            place = _place_of(ask.after, sources)
            further = _records_after(outcomes[place], ask)
            if further is None:
                after = Position(None, ask.after.id)
                further = await self._ask(sources[place], KeyKind.TEXT, key, msgspec.structs.replace(whole, after=after))
                contributions.append(further)
            rest = [further, *outcomes[place + 1 :]]
            earlier = {hit.id for outcome in outcomes[: place + 1] for hit in _hits_of(outcome)}
            before = earlier - {hit.id for hit in _hits_of(further)}
        failed = [outcome for outcome in contributions if isinstance(outcome, Failed)]
        if len(failed) == len(contributions):
            raise SourceFailure(failed[0].source, failed[0].error)
        total, people, is_cut = await self._people(outcomes, rest, before, ask, selection)
        first = ask.first or MAX_HITS
        has_unknown = is_cut and not people  # there is nothing to go on from
        return RecordPage(
            records=[customer for _, customer in people[:first]],
            owners=[hit.id.source for hit, _ in people[:first]],
            total=None if failed else total,
            has_more=len(people) > first or (is_cut and not has_unknown),
            has_previous=ask.after is not None,
            unavailable=list(dict.fromkeys(outcome.source for outcome in failed)),
            contributions=[(Customer, outcome) for outcome in contributions],
            partial=(
                bool(failed)
                or has_unknown
                or any(own.partial for own in contributions if isinstance(own, Found))
                or any(_may_come_again(customer) for _, customer in people)
            ),
        )

    def _with_fields(self, ask: Ask, selection: Selection) -> Ask:
        return msgspec.structs.replace(ask, fields=ask.fields | self._router.fields(selection))

    async def _ask(self, source: Source, kind: KeyKind, key: str, ask: Ask) -> Found | Failed:
        (outcome,) = await self._loaders.leading(source, source.records(Customer, kind, ask), [key])
        assert isinstance(outcome, Found | Failed)
        return outcome

    async def _people(
        self,
        outcomes: Sequence[Found | Failed],
        rest: Sequence[Found | Failed],
        before: set[RecordId],
        ask: Ask,
        selection: Selection,
    ) -> tuple[int | None, list[Person], bool]:
        """Find the customers of the rest of the records, one more than a page has, and count those of all.

        Tells also whether there may be others behind the rest.
        """
        every, waiting = _hits_in_order(outcomes), _hits_in_order(rest)
        is_counted = ask.count and all(isinstance(own, Found) and own.total is not None for own in outcomes)
        total = _total_of_one(outcomes, self._router.customers.limits.records_per_source) if is_counted else None
        if is_counted and total is None and not every.is_cut and len(every.hits) <= MAX_COUNTED:
            people = await self._distinct(every.hits, set(), len(every.hits), selection)
            total = len(people) if all(customer.identity.reason is None for _, customer in people) else None
            ids = {hit.id for hit in waiting.hits}
            return total, [person for person in people if person[0].id in ids], waiting.is_cut
        people = await self._distinct(waiting.hits, before, (ask.first or MAX_HITS) + 1, selection)
        return total, people, waiting.is_cut

    async def _distinct(self, hits: Sequence[Hit], before: set[RecordId], most: int, selection: Selection) -> list[Person]:
        """Find so many customers of records in their order, each once, and none who has a record before these.

        Where many are left out, each turn finds more of them at once.
        """
        people: list[Person] = []
        seen, share = {*before}, 1
        while len(people) < most and (hits := [hit for hit in hits if hit.id not in seen]):
            count, share = share * (most - len(people)), 2 * share
            some, hits = hits[:count], hits[count:]
            for hit, customer in zip(some, await self._customers_of(some, selection), strict=True):
                ids = {hit.id, *(member.id for member in customer.members)}
                if seen.isdisjoint(ids):
                    people.append((hit, customer))
                seen |= ids
        return people

    async def _customers_of(self, hits: Sequence[Hit], selection: Selection) -> list[StitchedCustomer]:
        """Find the customers of records that sources have given. One that its id does not find has this record alone."""
        customers = self._router.customers
        found = [self._alone(hit) for hit in hits]
        for customer in found if selection.members else ():
            customer.selected = selection.shown
        if not customers.are_several:
            return found
        is_walked = {
            source: customers.finds_ids(source) and not customers.is_enough(source, selection)
            for source in {hit.id.source for hit in hits}
        }
        ids = [hit.id if is_walked[hit.id.source] else None for hit in hits]
        merged, _ = await IdentityLookup(self._router, self._loaders).find(ids, (), selection)
        for place, whole in enumerate(merged):
            if isinstance(whole, MergedCustomer):
                whole.found_at = position_of(hits[place].record, hits[place].id.source)
                found[place] = whole
        return found

    def _alone(self, hit: Hit) -> StitchedCustomer:
        outcome = msgspec.structs.replace(hit.outcome, records=[hit.record])
        return StitchedCustomer(hit.record, outcome.source, hit.record.id, self._loaders, outcome, self._router)


def _hits_of(outcome: Found | Failed) -> list[Hit]:
    return [Hit(record, outcome) for record in outcome.records] if isinstance(outcome, Found) else []


def _hits_in_order(outcomes: Sequence[Found | Failed]) -> Hits:
    """List the records of sources, up to the first source that has more than was read."""
    hits: list[Hit] = []
    for outcome in outcomes:
        hits += _hits_of(outcome)
        if isinstance(outcome, Found) and outcome.has_more:
            return Hits(hits, is_cut=True)
    return Hits(hits, is_cut=False)


def _may_come_again(customer: StitchedCustomer) -> bool:
    """Tell whether another record may be of the same customer, of which this time it is not known."""
    reason = customer.identity.reason
    return reason is not None and reason not in LASTING_REASONS


def _place_of(after: Position, sources: Sequence[Source]) -> int:
    """Find the source that a page goes on in: the first where the cursor names none of them."""
    names = [source.name for source in sources]
    return names.index(after.source) if isinstance(after, RecordPosition) and after.source in names else 0


def _records_after(outcome: Found | Failed, ask: Ask) -> Found | Failed | None:
    """Leave out the records before a page. None where its own may not all have been read."""
    if isinstance(outcome, Failed):
        return outcome
    ids = [record.id for record in outcome.records]
    if ask.after is None or ask.after.id not in ids:
        return None
    further = outcome.records[ids.index(ask.after.id) + 1 :]
    if outcome.has_more and len(further) <= (ask.first or MAX_HITS):
        return None
    return msgspec.structs.replace(outcome, records=further)


def _total_of_one(outcomes: Sequence[Found | Failed], records_per_source: int) -> int | None:
    """Count the records where each is of another customer: all are of one source, of which a customer has one."""
    totals = [outcome.total for outcome in outcomes if isinstance(outcome, Found) and outcome.total]
    return sum(totals) if len(totals) <= 1 and records_per_source == 1 else None
