"""Find the customers who are meant by what somebody has typed."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence

import msgspec

from connectors.contract import KeyKind
from connectors.errors import SourceError
from gateway.errors import InvalidArgumentError, SourceFailure
from gateway.identity.keys import words
from gateway.identity.records import Key, RecordId
from gateway.lookups.outcome import Outcome
from gateway.stitching.admitted_customers import AdmittedCustomer, admit_those
from gateway.stitching.candidate_match import ALL_WORDS, Match, MatchedBy
from gateway.stitching.candidate_search import Candidate, CandidateSearch
from gateway.stitching.customer import MissingRecord, StitchedCustomer
from gateway.stitching.customer_finder import find_owners
from gateway.stitching.find_rights import FindRights
from gateway.stitching.merged_customer import MergedCustomer
from gateway.stitching.search_gaps import NotTried, list_gaps
from gateway.stitching.selection import Selection
from gateway.stitching.stitcher import Stitcher
from gateway.stitching.typed_text import TypedText, read_text

MAX_MATCHES = 20
"""How many customers are found at most. Who is not among them is asked for by more words."""

RECORDS_OF_MATCH = 3
"""Of so many records for each match the customers are found first: several may be of one."""

MAX_RECORDS = RECORDS_OF_MATCH * MAX_MATCHES
"""Of so many records customers are found at most, where too few of the first are of somebody of whom the caller is told."""


class FindMatch(msgspec.Struct, frozen=True):
    """A customer who may be meant."""

    customer: AdmittedCustomer
    match: Match

    @property
    def matched_by(self) -> MatchedBy:
        return self.match.by

    @property
    def exact(self) -> bool:
        return self.match.exact


class FoundCustomers(msgspec.Struct, frozen=True):
    """The customers who may be meant, the likeliest first, and where nobody could look.

    `failures` are the sources that could not be asked, with the reason, or None where older answers stand in. `is_cut` says
    that there are records of which the customers were not found, `outcomes` are the answers of sources of customers, `tried` is
    the text, and the keys that it may be, by their kinds.
    """

    matches: Sequence[FindMatch]
    failures: Mapping[str, SourceError | None] = {}
    not_tried: Sequence[NotTried] = ()
    too_short: bool = False
    is_cut: bool = False
    outcomes: Sequence[Outcome] = ()
    tried: Sequence[tuple[str, str]] = ()

    @property
    def unavailable(self) -> Sequence[str]:
        """List the sources that could not be asked."""
        return [*self.failures]

    @property
    def records(self) -> Sequence[AdmittedCustomer]:
        """List the customers."""
        return [match.customer for match in self.matches]


async def find_matches(stitcher: Stitcher, text: str, first: int, selection: Selection, rights: FindRights) -> FoundCustomers:
    """Find customers by a text: by all keys that it may be, and by its words.

    Raises `InvalidKeyError` and `InvalidArgumentError`.
    """
    if not 1 <= first <= MAX_MATCHES:
        raise InvalidArgumentError(f"first: {first} is not from 1 to {MAX_MATCHES}; ask by more words for others")
    found = await find_ranked(stitcher, text, first, selection, rights)
    note_people(stitcher, found, found.records)
    return found


async def find_ranked(stitcher: Stitcher, text: str, first: int, selection: Selection, rights: FindRights) -> FoundCustomers:
    """Find up to `first` customers by a text, the likeliest first. Raises `InvalidKeyError`."""
    rule = stitcher.rule
    if rule is not None:
        selection = rule.with_list_fields(selection)
    router = stitcher.router
    regions = [*dict.fromkeys((router.default_region, *router.customers.phone_regions.values()))]
    typed = read_text(text, regions, [source.name for source in router.sources.all], rights)
    if typed.is_too_short:
        found = FoundCustomers((), too_short=True)
    elif rule is not None and rule.hides_by_consent:
        how = "by no purpose that asks for consents is anybody searched for"
        found = FoundCustomers((), not_tried=[NotTried(source.name, how) for source in router.customers.all])
    else:
        found = await _find_typed(stitcher, typed, first, selection, rights)
    tried = [(kind.value, values[0]) for kind, values in typed.keys.items()]
    return msgspec.structs.replace(found, tried=[(KeyKind.TEXT.value, text.strip()), *tried])


def note_people(stitcher: Stitcher, found: FoundCustomers, people: Sequence[AdmittedCustomer]) -> None:
    """Note the customers of whom is told, or the text and what it was tried as, where that gave nobody."""
    notes = stitcher.loaders.notes
    if notes is not None and people:
        notes.add_customers([customer.current_id for customer in people])
    elif notes is not None and not found.matches:
        notes.add_attempts(found.tried)


async def _find_typed(
    stitcher: Stitcher, typed: TypedText, first: int, selection: Selection, rights: FindRights
) -> FoundCustomers:
    rule = stitcher.rule
    search = CandidateSearch(stitcher, typed, rights, selection)
    ranked = await _ranked_candidates(search, stitcher.router.customers.rank, always_near=rule is not None and rule.confines)
    matches = await _customers_of(stitcher, search, ranked, first, selection)
    if ranked and not matches:  # those who have the words are hidden: others are found as if these were not there
        ranked = await _ranked_candidates(search, stitcher.router.customers.rank, always_near=True)
        matches = await _customers_of(stitcher, search, ranked, first, selection)
    gaps = list_gaps(stitcher.router, typed, rights)
    gaps += [NotTried(source, f"it refuses what was typed as {words(kind)}") for source, kind in search.refused]
    return FoundCustomers(
        matches,
        search.unavailable,
        gaps,
        is_cut=len(ranked) > MAX_RECORDS or len(matches) == first,
        outcomes=search.outcomes,
    )


async def _ranked_candidates(search: CandidateSearch, rank: dict[str, int], *, always_near: bool) -> list[Candidate]:
    """Rank the records of all sources. Words that are only nearly right are looked for where no record has them all.

    Or in any case, where it would tell of others whom the caller may not see.
    """
    by_key, by_words = await asyncio.gather(search.find_by_keys(), search.find_by_words(near=False))
    near: list[Candidate] = []
    if always_near or not (by_key or any(own.match.score >= ALL_WORDS for own in by_words)):
        near = await search.find_by_words(near=True)
    best: dict[RecordId, Candidate] = {}
    for candidate in (*by_key, *by_words, *near):
        known = best.get(candidate.id)
        if known is None or candidate.match.place < known.match.place:
            best[candidate.id] = candidate
    return sorted(best.values(), key=lambda own: (own.match.place, rank.get(own.id.source, len(rank)), own.id.id))


async def _customers_of(
    stitcher: Stitcher, search: CandidateSearch, ranked: Sequence[Candidate], first: int, selection: Selection
) -> list[FindMatch]:
    """Find the customers of the best records, each once, of whom the caller may be told.

    Where these are too few, those of the records behind them are found.
    """
    customers, rule = stitcher.router.customers, stitcher.rule
    if rule is not None and not customers.are_several:
        ranked = [own for own in ranked if rule.decide(own.id.node_id) is not False]
    kept: dict[str, FindMatch] = {}
    count = min(RECORDS_OF_MATCH * first, MAX_RECORDS)
    for part in (ranked[:count], ranked[count:MAX_RECORDS]):
        for found in await _matches_of(stitcher, search, part, selection) if len(kept) < first else ():
            kept.setdefault(found.customer.current_id, found)
    return [*kept.values()][:first]


async def _matches_of(
    stitcher: Stitcher, search: CandidateSearch, ranked: Sequence[Candidate], selection: Selection
) -> list[FindMatch]:
    """Find the customers of records, of whom the caller may be told."""
    customers, rule = stitcher.router.customers, stitcher.rule
    by_id = [Key(KeyKind.CUSTOMER_ID, own.id.node_id) for own in ranked if customers.finds_ids(own.id.source)]
    found = await find_owners(stitcher, by_id, selection) if by_id else {}
    whole: list[StitchedCustomer] = []
    matches: list[Match] = []
    for own in ranked:
        key = Key(KeyKind.CUSTOMER_ID, own.id.node_id)
        customer = found.get(key, None) if customers.finds_ids(own.id.source) else _alone(stitcher, own)
        if isinstance(customer, SourceFailure):
            search.unavailable.setdefault(own.id.source)
        if isinstance(customer, StitchedCustomer):
            whole.append(customer)
            matches.append(own.match)
    kept: list[FindMatch] = []
    for judged, customer, match in zip(whole, admit_those(whole, rule), matches, strict=True):
        if customer is not None or rule is None or not rule.confines:
            _note_failures(search, judged)  # what is away for somebody else would tell of him
        if customer is not None:
            kept.append(FindMatch(customer, match))
    return kept


def _alone(stitcher: Stitcher, own: Candidate) -> StitchedCustomer:
    """Give the customer of a record that its id does not find: it has this record alone."""
    outcome = msgspec.structs.replace(own.outcome, records=[own.record])
    return StitchedCustomer(own.record, own.id.source, own.id.id, stitcher.loaders, outcome, stitcher.router)


def _note_failures(search: CandidateSearch, customer: StitchedCustomer) -> None:
    if isinstance(customer.record, MissingRecord):
        search.unavailable.setdefault(customer.source)
    if isinstance(customer, MergedCustomer):
        for failed in customer.failures:
            search.unavailable.setdefault(failed.source, failed.error)
