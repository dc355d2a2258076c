"""Ask sources for customers who may be meant by what was typed: by each key that it may be, and by its words."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from itertools import chain
from typing import Any

import msgspec

from connectors.contract import RECORD_KEYS, Ask, KeyKind, WordSearch
from connectors.errors import SourceError, SourceRejectedError
from connectors.records import Account, Customer, Record
from connectors.toolkit.loop_turns import Turn
from gateway.identity.keys import spellings
from gateway.identity.node_ids import ID_KINDS, node_id
from gateway.identity.records import Key, RecordId
from gateway.lookups.outcome import Failed, Found, Outcome, fail_unreadable
from gateway.lookups.sources import Source
from gateway.stitching.candidate_match import RANKED_FIELDS, Match, match_of_key, match_words
from gateway.stitching.customer_finder import OWNER_FIELDS, owner_of
from gateway.stitching.find_rights import FindRights
from gateway.stitching.selection import Selection
from gateway.stitching.sourced_record import SourcedRecord
from gateway.stitching.stitcher import Stitcher
from gateway.stitching.typed_text import TypedText

MAX_CANDIDATES = 200
"""How many records a source is asked for by the words of a text."""

MAX_OF_KEY = 20
"""How many records of customers one key names at most."""

MAX_PLAIN_TEXTS = 6
"""How many texts a source is asked for that does not look for words: each may be a call of its own."""

REFUSABLE = (KeyKind.EMAIL, KeyKind.PHONE, KeyKind.TEXT)
"""The kinds of keys that are known by their form. Who refuses one has not been asked."""

_MIN_PART = 3


class Candidate(msgspec.Struct, frozen=True):
    """A record that may be of the customer who is meant, with the answer that it came with."""

    record: Any
    outcome: Found
    match: Match

    @property
    def id(self) -> RecordId:
        return RecordId(self.outcome.source, self.record.id)


class CandidateSearch:
    """Asks for candidates for one request.

    `unavailable` are the sources that could not be asked so far, and why, or gave older answers; `refused` those that took what
    was typed for no address, number or text of theirs, so that they have not said that nobody has it. `outcomes` are all
    answers of customers so far.
    """

    def __init__(self, stitcher: Stitcher, typed: TypedText, rights: FindRights, selection: Selection) -> None:
        self._stitcher = stitcher
        self._router = stitcher.router
        self._typed = typed
        self._rights = rights
        self._selection = selection
        self.unavailable: dict[str, SourceError | None] = {}
        self.refused: dict[tuple[str, KeyKind], None] = {}
        self.outcomes: list[Outcome] = []

    async def find_by_keys(self) -> list[Candidate]:
        """Find the customers who have one of the keys, and those whose orders or tickets have one."""
        keys = self._typed.keys
        own = [self._of_customers(kind, values) for kind, values in keys.items() if kind not in RECORD_KEYS]
        of_records = [self._of_records(kind, values) for kind, values in keys.items() if kind in RECORD_KEYS]
        return [*chain.from_iterable(await asyncio.gather(*own, *of_records))]

    async def find_by_words(self, *, near: bool) -> list[Candidate]:
        """Find the customers who have the words, or some that are nearly these. Who was away just now is not asked again."""
        sources = [source for source in self._router.customers.searched if source.name not in self.unavailable]
        text = self._typed.text or self._typed.digits
        if not text or (near and not self._typed.words):
            return []
        outcomes = await asyncio.gather(*(self._ask_for_words(source, text, near=near) for source in sources))
        found: dict[RecordId, Candidate] = {}
        turn = Turn()
        for outcome in chain.from_iterable(outcomes):
            for record in self._records_of(outcome, KeyKind.TEXT)[:MAX_CANDIDATES]:
                await turn.end_if_long()  # others have the loop between
                match = match_words(record, self._typed, self._rights)
                if match is not None and isinstance(outcome, Found):
                    candidate = Candidate(record, outcome, match)
                    found.setdefault(candidate.id, candidate)
        return [*found.values()]

    async def _ask_for_words(self, source: Source, text: str, *, near: bool) -> Sequence[Any]:
        lookup = source.lookups[Customer, KeyKind.TEXT]
        words = WordSearch(self._rights.fields, near) if lookup.finds_words else None
        if words is not None:
            texts = [text]
        elif self._rights.fields is None or self._rights.allows(KeyKind.TEXT):
            texts = parts_of_words(self._typed) if near else plain_texts(self._typed)
        else:
            texts = []  # it looks wherever it likes
        if not texts:
            return ()
        ask = Ask(fields=self._fields(source), first=MAX_CANDIDATES, more=False, words=words)
        return await self._stitcher.loaders.leading(source, source.records(Customer, KeyKind.TEXT, ask), texts)

    async def _of_customers(self, kind: KeyKind, values: Sequence[str]) -> list[Candidate]:
        if kind is KeyKind.CUSTOMER_ID:
            return await self._of_ids(kind, values)
        sources = self._router.customers.asked_by(kind)
        if kind is KeyKind.ACCOUNT:
            values = [*dict.fromkeys(read[1] for read in map(self._router.node_ids[Account].read, values) if read)]
        return await self._ask([(source, kind, values) for source in sources], kind)

    async def _of_ids(self, shown: KeyKind, values: Sequence[str]) -> list[Candidate]:
        """Find customers by ids. One without a source may be of any that finds customers by id."""
        asked: dict[Source, list[str]] = {}
        for value in values:
            named = self._router.customer_ids.named(value)
            sources = self._router.customers.all if named is None else self._router.customers.by_id(named[0])
            for source in sources:
                own_id = value if named is None else named[1]
                if self._router.customers.finds_ids(source.name) and self._may_ask(shown, source, own_id):
                    asked.setdefault(source, []).append(own_id)
        return await self._ask([(source, KeyKind.CUSTOMER_ID, [*dict.fromkeys(own)]) for source, own in asked.items()], shown)

    def _may_ask(self, shown: KeyKind, source: Source, own_id: str) -> bool:
        """Tell whether an id is asked for. One that was typed, of somebody of whom the caller is not told, costs no call."""
        rule = self._stitcher.rule
        return shown is not KeyKind.CUSTOMER_ID or rule is None or rule.decide(node_id(source.name, own_id)) is not False

    async def _of_records(self, kind: KeyKind, values: Sequence[str]) -> list[Candidate]:
        """Find the customers of the records that have a key themselves."""
        record = RECORD_KEYS[kind]
        asking = []
        for source in self._router.sources.finders(record, kind):
            own = self._ids_at(source, record, values) if kind is ID_KINDS[record] else values
            fetch = self._router.record_fetch(source, record, kind, OWNER_FIELDS)
            asking.append(self._stitcher.loaders.leading(source, fetch, own))
        outcomes = chain.from_iterable(await asyncio.gather(*asking))
        found = [SourcedRecord(own, outcome.source) for outcome in outcomes for own in self._records_of(outcome, kind)]
        owners = dict.fromkeys(owner for own in found if (owner := owner_of(own, self._router)) is not None)
        asked: dict[KeyKind, list[str]] = {}
        for owner in owners:
            asked.setdefault(owner.kind, []).append(owner.value)
        of_owners = [self._of_owners(kind, own, values) for own, values in asked.items()]
        return [*chain.from_iterable(await asyncio.gather(*of_owners))]

    def _ids_at(self, source: Source, record: type[Record], values: Sequence[str]) -> list[str]:
        """List the own ids that a source may have: one that names another source is not of it."""
        read = [(self._router.node_ids[record].named(value), value) for value in values]
        return [
            *dict.fromkeys(
                value if named is None else named[1] for named, value in read if named is None or named[0] == source.name
            )
        ]

    async def _of_owners(self, shown: KeyKind, kind: KeyKind, values: Sequence[str]) -> list[Candidate]:
        if kind is KeyKind.CUSTOMER_ID:
            return await self._of_ids(shown, values)
        sources = {source: None for value in values for source in self._router.customers.asked_for(Key(kind, value))}
        spelled = [
            form for value in values for form in spellings(kind, value.strip().lower() if kind is KeyKind.EMAIL else value)
        ]
        return await self._ask([(source, kind, spelled) for source in sources if (Customer, kind) in source.lookups], shown)

    async def _ask(self, asked: Iterable[tuple[Source, KeyKind, Sequence[str]]], shown: KeyKind) -> list[Candidate]:
        asking = []
        for source, kind, values in asked:
            if not values:
                continue
            ask = Ask(fields=self._fields(source), first=MAX_OF_KEY, more=False)
            asking.append(self._stitcher.loaders.leading(source, source.records(Customer, kind, ask), values))
        match = match_of_key(shown)
        return [
            Candidate(record, outcome, match)
            for outcome in chain.from_iterable(await asyncio.gather(*asking))
            for record in self._records_of(outcome, shown)
            if isinstance(outcome, Found)
        ]

    def _fields(self, source: Source) -> Any:
        """Name the fields to ask for: those that are compared. What is found by its id is asked for once more, as a whole."""
        if self._router.customers.finds_ids(source.name):
            return RANKED_FIELDS
        return RANKED_FIELDS | self._router.walk_fields(self._selection)

    def _records_of(self, outcome: Outcome, kind: KeyKind) -> Sequence[Any]:
        """List the records of an outcome, and note a source that could not be asked by this kind of key.

        What is tried as an id may be refused by one that has other ids.
        """
        outcome = fail_unreadable(outcome)
        if kind not in RECORD_KEYS:
            self.outcomes.append(outcome)
        if isinstance(outcome, Failed):
            if not isinstance(outcome.error, SourceRejectedError):
                self.unavailable[outcome.source] = outcome.error
            elif kind in REFUSABLE:
                self.refused[outcome.source, kind] = None
            return ()
        assert isinstance(outcome, Found)
        if outcome.stale is not None:
            self.unavailable[outcome.source] = None
        return outcome.records


def plain_texts(typed: TypedText) -> list[str]:
    """List the texts to ask a source for that takes any text: all of the words, then each, the longest first."""
    words = sorted((word.written for word in typed.words), key=len, reverse=True)
    parts = [word for word in words if len(word) >= _MIN_PART or has_one_part(word)]
    return [*dict.fromkeys((typed.text or typed.digits, *parts))][:MAX_PLAIN_TEXTS]


def has_one_part(word: str) -> bool:
    """Tell whether a short word is a whole one, as in Chinese."""
    return not word.isascii()


def parts_of_words(typed: TypedText) -> list[str]:
    """List parts of words, one of which is right where one letter is not: halves, and the word with its middle exchanged."""
    parts: list[str] = []
    for word in sorted((word.written for word in typed.words), key=len, reverse=True):
        half = max(len(word) // 2, _MIN_PART)
        if len(word) > _MIN_PART:
            swapped = word[: half - 1] + word[half] + word[half - 1] + word[half + 1 :]
            parts += [swapped, word[:half], word[-half:]]
    return [*dict.fromkeys(parts)][:MAX_PLAIN_TEXTS]
