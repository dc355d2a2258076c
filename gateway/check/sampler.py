"""Sample the lookups of sources: ask them for some of their own keys, and count what the gateway makes of the answers."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec

from connectors.contract import CUSTOMER_KEYS, Ask, Connector, KeyKind, Lookup
from connectors.errors import SourceError, SourceTimeoutError
from connectors.inspection import SampledKey
from connectors.record_fields import Fields, all_fields
from connectors.records import RECORD_NAMES, Customer, Record
from gateway.check.unmapped_words import count_unmapped
from gateway.clock import Clock
from gateway.errors import InvalidKeyError
from gateway.identity.keys import normalised, spellings
from gateway.lookups.answer_page import validate_page
from gateway.lookups.deadline import Deadline
from gateway.lookups.outcome import Failed, Found, Outcome
from gateway.lookups.post_filter import PostFilter
from gateway.lookups.source_call import SourceCaller

ROWS, DEEP_ROWS = 100, 1_000
"""How many rows of a lookup are sampled, and how many for a deep check."""

MAX_ROWS_OF_KEY = 10_000
"""A key of more rows is not read whole."""

MAX_SAMPLE_S = 60.0
"""How long each call for a sample may take, in seconds: a table without an index may be read whole for it."""

Advance = Callable[[str], None]
"""Told the source of each lookup that has been sampled."""


class LookupSample(msgspec.Struct, kw_only=True, eq=False):
    """What came of sampling one lookup. `is_sampled` says whether the source can list keys.

    `keys` are those of the source, `read` those of them whose records were read, whole. `unreadable` counts values by path and
    reason, `unmapped` the words of enums by path. `failure` says why there is no more.
    """

    connector: Connector[Any]
    lookup: Lookup
    is_sampled: bool = True
    keys: Sequence[SampledKey] = ()
    read: Mapping[str, list[Any]] = {}
    dropped: int = 0
    unreadable: Mapping[tuple[str, str], int] = {}
    unmapped: Mapping[str, Mapping[str, int]] = {}
    failure: SourceError | None = None

    @property
    def source(self) -> str:
        """Name the source."""
        return self.connector.name

    @property
    def setting(self) -> str:
        """Name the part of the settings that the record has."""
        return f"sources.{self.source}.records.{RECORD_NAMES[self.lookup.record]}"

    @property
    def key_setting(self) -> str:
        """Name the part of the settings that the key has."""
        return f"{self.setting}.keys.{self.lookup.by.value}"

    @property
    def records(self) -> list[Any]:
        """List the records that were read."""
        return [record for records in self.read.values() for record in records]

    @property
    def count(self) -> int:
        """Count the records that the source gave, with those that could not be read."""
        return len(self.records) + self.dropped


class Sampler:
    """Sample lookups, each by a caller of its own: what it counts is that lookup's alone.

    `phone_regions` are those of the sources' phone numbers.
    """

    def __init__(self, clock: Clock, rows: int = ROWS, phone_regions: Mapping[str, str | None] | None = None) -> None:
        self._clock = clock
        self.rows = rows
        self._phone_regions = phone_regions or {}

    async def sample(self, connectors: Sequence[Connector[Any]], advance: Advance = lambda _: None) -> list[LookupSample]:
        """Sample all lookups of open connectors, those of several sources side by side."""

        async def sample_source(connector: Connector[Any]) -> list[LookupSample]:
            samples = []
            for lookup in connector.lookups():
                samples.append(await self._sample(connector, lookup))
                advance(connector.name)
            return samples

        by_source = await asyncio.gather(*map(sample_source, connectors))
        return [sample for samples in by_source for sample in samples]

    async def fetch(self, lookup: Lookup, keys: Sequence[str], ask: Ask) -> dict[str, Outcome]:
        """Ask a lookup for keys as the gateway does."""
        return await self._fetch(SourceCaller("sample", self._clock), lookup, keys, ask)

    async def _sample(self, connector: Connector[Any], lookup: Lookup) -> LookupSample:
        sample = LookupSample(connector=connector, lookup=lookup)
        if lookup.sample is None:
            sample.is_sampled = False
            return sample
        try:
            async with asyncio.timeout(MAX_SAMPLE_S):
                given = await lookup.sample(self.rows)
        except (SourceError, TimeoutError) as error:
            sample.failure = error if isinstance(error, SourceError) else SourceTimeoutError()
            return sample
        sample.keys = given.keys
        caller, words = SourceCaller(connector.name, self._clock, connector.birth_dates), Counter[tuple[str, str]]()
        watched = msgspec.structs.replace(lookup, fetch=_watched(lookup, words))
        asked = keys_to_read(given.keys, self.rows)
        # Whole, for what has no time that can be read comes last.
        ask = Ask(fields=all_fields(lookup.record), first=MAX_ROWS_OF_KEY, more=False)
        outcomes = await self._fetch(caller, watched, asked, ask)
        found = {key: outcome for key, outcome in outcomes.items() if isinstance(outcome, Found)}
        failed = [outcome.error for outcome in outcomes.values() if isinstance(outcome, Failed)]
        sample.read = {key: outcome.records for key, outcome in found.items()}
        sample.dropped = sum(outcome.dropped for outcome in found.values())
        sample.unreadable = {(path, reason): count for (_, path, reason), (count, _) in caller.troubles.items()}
        sample.unmapped = _merge(words, given.unmapped)
        sample.failure = failed[0] if failed else None
        return sample

    async def _fetch(self, caller: SourceCaller, lookup: Lookup, keys: Sequence[str], ask: Ask) -> dict[str, Outcome]:
        outcomes: dict[str, Outcome] = {}
        for start in range(0, len(keys), lookup.max_batch):
            batch = keys[start : start + lookup.max_batch]
            deadline = Deadline.within(self._clock, MAX_SAMPLE_S)
            outcomes |= zip(batch, await caller.fetch(lookup, batch, PostFilter(ask, lookup), deadline), strict=True)
        await caller.aclose()
        return outcomes

    async def find_keys(self, lookup: Lookup, keys: Sequence[str]) -> dict[str, bool]:
        """Tell of each key whether it finds a record. Where that cannot be told, it counts as found."""
        outcomes = await self.fetch(lookup, keys, Ask(fields=Fields.from_paths("id"), first=1))
        return {key: not isinstance(outcome, Found) or bool(outcome.records) for key, outcome in outcomes.items()}

    async def finds_any(self, lookup: Lookup, keys: Sequence[str], **ask: Any) -> bool:
        """Tell whether any of the keys finds a record. Where that cannot be told, it counts as found."""
        only_id = Ask(fields=Fields.from_paths("id"), **ask)
        outcomes = await self.fetch(lookup, keys, only_id)
        return any(not isinstance(outcome, Found) or outcome.records for outcome in outcomes.values())

    def forms(self, sample: LookupSample, key: str) -> Sequence[str]:
        """List the forms in which the gateway asks for a key that a source has. It asks for none where it refuses the key."""
        kind, region = sample.lookup.by, self._phone_regions.get(sample.source)
        try:
            return spellings(kind, normalised(kind, key, region))
        except InvalidKeyError:
            return ()


def keys_to_read(keys: Sequence[SampledKey], rows: int) -> list[str]:
    """Choose the keys that find about so many rows. Where each finds more, the one of fewest."""
    chosen: list[str] = []
    total = 0
    for own in keys:
        if own.rows and total + own.rows <= rows:
            chosen.append(own.key)
            total += own.rows
    if not chosen and any(own.rows for own in keys):
        chosen.append(min((own for own in keys if own.rows), key=lambda own: own.rows).key)
    return chosen


def find_customers(samples: Sequence[LookupSample], kind: KeyKind) -> LookupSample | None:
    """Find the lookup that customers are found by, by a kind of key: that of the first source."""
    return next((own for own in samples if own.lookup.record is Customer and own.lookup.by is kind), None)


def find_strongest(samples: Sequence[LookupSample], source: str, record: type[Record]) -> LookupSample | None:
    """Find the lookup that a source is asked by for records of a customer."""
    own = {sample.lookup.by: sample for sample in samples if sample.source == source and sample.lookup.record is record}
    return next((own[kind] for kind in CUSTOMER_KEYS if kind in own), None)


def _watched(lookup: Lookup, words: Counter[tuple[str, str]]) -> Any:
    """Fetch, and count the words of enums that mean nothing."""

    async def fetch(keys: Sequence[str], ask: Ask) -> Any:
        answer = await lookup.fetch(keys, ask)
        for given in answer.values():
            if not isinstance(given, SourceError) and isinstance(records := validate_page(given).records, bytes):
                words.update(count_unmapped(lookup.record, records))
        return answer

    return fetch


def _merge(words: Counter[tuple[str, str]], given: Mapping[str, Mapping[str, int]]) -> dict[str, dict[str, int]]:
    merged = {path: dict(counts) for path, counts in given.items()}
    for (path, word), count in words.items():
        own = merged.setdefault(path, {})
        own[word] = own.get(word, 0) + count
    return merged
