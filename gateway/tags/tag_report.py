"""Report on tags to who governs them: who asks for them, what they say of customers, whose they are."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime, timedelta
from itertools import islice
from typing import Protocol

import msgspec

from gateway.clock import Clock
from gateway.tags.computed_tag import Tag, TagReason
from gateway.tags.definitions import Pack, TagDefinition, TagType
from gateway.tags.tag_history import RuleChange
from gateway.tags.tag_store import StoredTags
from gateway.tags.tag_usage import usage_by_caller
from gateway.tags.tag_values import value_texts

SAMPLE = 1_000
"""Of so many customers the stored tags are looked at."""

MAX_VALUES = 20
"""So many values are told of a tag, the most frequent ones."""

MIN_COUNT = 5
"""A value that is of no closed list is told when so many customers have it."""

MAX_AGE = timedelta(minutes=1)
"""How old a report may be that is given again."""

_BATCH = 100


class ReportTable(Protocol):
    """What reports are made of."""

    async def read(self, since: date) -> list[tuple[str, str, int]]: ...

    async def read_rules(self) -> dict[str, list[RuleChange]]: ...

    async def sample(self, size: int) -> Collection[str]: ...


class StoredTagTable(Protocol):
    """Reads stored tags."""

    async def read(self, customers: Sequence[str], keys: Collection[str]) -> dict[str, StoredTags]: ...


class ReportedValue(msgspec.Struct, frozen=True):
    value: str
    count: int


class CallerCount(msgspec.Struct, frozen=True):
    caller: str
    asked: int


class TagReport(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What is known of one tag.

    `asked` is how many customers' tags callers were given since the day of the report. `sampled` customers have the tag
    stored: `given` with a value, the rest without. `partial` and `failed` are among these. `changed_at` is since when its rule
    is in force, None where no worker has noted it; `history` has the rules before it, too. `segments` and `actions` read
    the tag.
    """

    key: str
    label: str
    owner: str
    version: int
    review: str | None
    changed_at: datetime | None
    asked: int
    callers: list[CallerCount]
    sampled: int
    given: int
    partial: int
    failed: int
    values: list[ReportedValue]
    history: list[RuleChange] = []
    segments: list[str] = []
    actions: list[str] = []


class SampledTag(msgspec.Struct):
    """What is stored of one tag for a sample of customers."""

    sampled: int = 0
    given: int = 0
    partial: int = 0
    failed: int = 0
    values: Counter[str] = msgspec.field(default_factory=Counter)

    def add(self, definition: TagDefinition, tag: Tag) -> None:
        """Count a stored tag."""
        self.sampled += 1
        self.given += tag.value is not None
        self.partial += tag.partial
        self.failed += tag.reason is TagReason.FAILED
        if tag.value is not None:
            self.values.update((value_texts(tag.value) if definition.type is TagType.LIST else None) or [tag.value])


Sample = Mapping[str, SampledTag]
"""What is stored of each tag, by key."""


async def report_tags(
    pack: Pack, table: ReportTable, tags: StoredTagTable, since: date, *, size: int = SAMPLE
) -> list[TagReport]:
    """Report on every tag of a pack. Raises `StoreError`."""
    return await _report_sample(pack, table, since, await sample_tags(pack, table, tags, size))


async def sample_tags(pack: Pack, table: ReportTable, tags: StoredTagTable, size: int = SAMPLE) -> Sample:
    """Count what is stored of customers at random. Raises `StoreError`."""
    customers = [*await table.sample(size)]
    sample = {key: SampledTag() for key in pack.tags}
    for start in range(0, len(customers), _BATCH):
        for own in (await tags.read(customers[start : start + _BATCH], pack.tags)).values():
            for key, tag in own.items():
                sample[key].add(pack.tags[key], tag)
    return sample


async def _report_sample(pack: Pack, table: ReportTable, since: date, sample: Sample) -> list[TagReport]:
    counts, rules = await table.read(since), await table.read_rules()
    return [_report(pack, tag, usage_by_caller(counts, key), rules.get(key, []), sample[key]) for key, tag in pack.tags.items()]


def reported_since(now: datetime, days: int) -> date:
    """Give the first of so many days, of which today is the last."""
    return (now - timedelta(days=days - 1)).date()


def _report(
    pack: Pack, tag: TagDefinition, callers: Mapping[str, int], history: list[RuleChange], sample: SampledTag
) -> TagReport:
    return TagReport(
        key=tag.key,
        label=tag.label,
        owner=tag.owner,
        version=tag.version,
        review=None if tag.review is None else tag.review.isoformat(),
        changed_at=history[0].at if history else None,
        asked=sum(callers.values()),
        callers=[CallerCount(caller, count) for caller, count in callers.items()],
        sampled=sample.sampled,
        given=sample.given,
        partial=sample.partial,
        failed=sample.failed,
        values=[ReportedValue(value, count) for value, count in islice(_shown(tag, sample.values), MAX_VALUES)],
        history=history,
        segments=[own.key for own in pack.segments.values() if tag.key in own.definition.tag_names],
        actions=[own.name for own in pack.actions.values() if own.trigger.key == tag.key],
    )


def _shown(tag: TagDefinition, values: Counter[str]) -> list[tuple[str, int]]:
    # A text that few have may say who they are. A word of a closed list says no more than the rule.
    # What is stored may be of a rule of before, which had no list.
    closed = {"true", "false"} if tag.type is TagType.BOOLEAN else {*tag.values}
    shown = [(value, count) for value, count in values.items() if value in closed or count >= MIN_COUNT]
    return sorted(shown, key=lambda entry: (-entry[1], entry[0]))


class TagReports:
    """Keeps reports for a minute, so that whoever asks often costs MongoDB nothing. Those of other days are of one sample."""

    def __init__(self, pack: Pack, clock: Clock) -> None:
        self._pack = pack
        self._clock = clock
        self._reports: dict[int, tuple[datetime, list[TagReport]]] = {}
        self._sample: tuple[datetime, Sample] | None = None
        self._reading = asyncio.Lock()

    async def read(self, table: ReportTable, tags: StoredTagTable, days: int) -> list[TagReport]:
        """Report on the tags that callers were given in so many days. Raises `StoreError`."""
        async with self._reading:
            now = self._clock.now()
            known = self._reports.get(days)
            if known is not None and now - MAX_AGE < known[0] <= now:
                return known[1]
            self._reports = {name: own for name, own in self._reports.items() if now - MAX_AGE < own[0] <= now}
            if self._sample is None or not now - MAX_AGE < self._sample[0] <= now:
                self._sample = now, await sample_tags(self._pack, table, tags)
            report = await _report_sample(self._pack, table, reported_since(now, days), self._sample[1])
            self._reports[days] = now, report
            return report
