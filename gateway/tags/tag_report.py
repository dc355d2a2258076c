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

    async def read_rules(self) -> dict[str, datetime]: ...

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
    is in force, None where no worker has noted it.
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


async def report_tags(
    pack: Pack, table: ReportTable, tags: StoredTagTable, since: date, *, sample: int = SAMPLE
) -> list[TagReport]:
    """Report on every tag of a pack. Raises `StoreError`."""
    counts, rules = await table.read(since), await table.read_rules()
    customers = [*await table.sample(sample)]
    stored: dict[str, list[Tag]] = {key: [] for key in pack.tags}
    for start in range(0, len(customers), _BATCH):
        for own in (await tags.read(customers[start : start + _BATCH], pack.tags)).values():
            for key, tag in own.items():
                stored[key].append(tag)
    return [_report(tag, usage_by_caller(counts, key), rules.get(key), stored[key]) for key, tag in pack.tags.items()]


def reported_since(now: datetime, days: int) -> date:
    """Give the first of so many days, of which today is the last."""
    return (now - timedelta(days=days - 1)).date()


def _report(tag: TagDefinition, callers: Mapping[str, int], changed_at: datetime | None, stored: Sequence[Tag]) -> TagReport:
    values: Counter[str] = Counter()
    for own in stored:
        if own.value is not None:
            values.update((value_texts(own.value) if tag.type is TagType.LIST else None) or [own.value])
    return TagReport(
        key=tag.key,
        label=tag.label,
        owner=tag.owner,
        version=tag.version,
        review=None if tag.review is None else tag.review.isoformat(),
        changed_at=changed_at,
        asked=sum(callers.values()),
        callers=[CallerCount(caller, count) for caller, count in callers.items()],
        sampled=len(stored),
        given=sum(own.value is not None for own in stored),
        partial=sum(own.partial for own in stored),
        failed=sum(own.reason is TagReason.FAILED for own in stored),
        values=[ReportedValue(value, count) for value, count in islice(_shown(tag, values), MAX_VALUES)],
    )


def _shown(tag: TagDefinition, values: Counter[str]) -> list[tuple[str, int]]:
    # A text that few have may say who they are. A word of a closed list says no more than the rule.
    # What is stored may be of a rule of before, which had no list.
    closed = {"true", "false"} if tag.type is TagType.BOOLEAN else {*tag.values}
    shown = [(value, count) for value, count in values.items() if value in closed or count >= MIN_COUNT]
    return sorted(shown, key=lambda entry: (-entry[1], entry[0]))


class TagReports:
    """Keeps reports for a minute, so that whoever asks often costs MongoDB nothing."""

    def __init__(self, pack: Pack, clock: Clock) -> None:
        self._pack = pack
        self._clock = clock
        self._reports: dict[int, tuple[datetime, list[TagReport]]] = {}
        self._reading = asyncio.Lock()

    async def read(self, table: ReportTable, tags: StoredTagTable, days: int) -> list[TagReport]:
        """Report on the tags that callers were given in so many days. Raises `StoreError`."""
        async with self._reading:
            now = self._clock.now()
            known = self._reports.get(days)
            if known is not None and now - MAX_AGE < known[0] <= now:
                return known[1]
            self._reports = {name: own for name, own in self._reports.items() if now - MAX_AGE < own[0] <= now}
            report = await report_tags(self._pack, table, tags, reported_since(now, days))
            self._reports[days] = now, report
            return report
