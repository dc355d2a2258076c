"""Show what the check found: a table that fits a terminal and is whole in a pipe, and JSON for programs."""

import textwrap
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec

from connectors.contract import Connector, Push
from connectors.records import RECORD_NAMES
from gateway.check.data_checks import SampleSummary, sample_lines
from gateway.check.problems import Problem
from gateway.check.reachability import Reach, reach_lines
from gateway.settings import Settings, SourceSettings

WIDTH = 80
"""Columns of a terminal."""

HEADINGS = ("Source", "Record", "Key", "Batch", "The source applies")


class LookupSummary(msgspec.Struct, frozen=True):
    """What a source finds by one kind of key: keys in a call, what it applies of an ask, whether it measures."""

    source: str
    kind: str
    record: str
    key: str
    max_batch: int
    pushdown: Sequence[str]
    measures: bool


class ListingSummary(msgspec.Struct, frozen=True):
    """A record type that a source can list whole, and the most records of one page."""

    source: str
    record: str
    max_first: int


class Report(msgspec.Struct, frozen=True):
    """All that a check has found. Its JSON has these names, and none of them goes or changes its meaning.

    `warnings` are slow or look wrong, and are no problems. `samples` say at how much of the data was looked, `reach` which
    sources a caller's key leads to.
    """

    problems: Sequence[Problem]
    lookups: Sequence[LookupSummary]
    warnings: Sequence[Problem] = ()
    samples: Sequence[SampleSummary] = ()
    reach: Sequence[Reach] = ()
    listings: Sequence[ListingSummary] = ()

    def json(self) -> str:
        """Write the report as JSON, for programs."""
        return msgspec.json.format(msgspec.json.encode(self), indent=2).decode()


def summarise_lookups(connectors: Iterable[Connector[Any]]) -> list[LookupSummary]:
    """List what the sources are asked for."""
    return [
        LookupSummary(
            source=connector.name,
            kind=connector.kind,
            record=RECORD_NAMES[lookup.record],
            key=lookup.by.value,
            max_batch=lookup.max_batch,
            pushdown=[push.value for push in Push if push in lookup.pushdown],
            measures=any((own.record, own.by) == (lookup.record, lookup.by) for own in connector.aggregates()),
        )
        for connector in connectors
        for lookup in connector.lookups()
    ]


def summarise_listings(connectors: Iterable[Connector[Any]]) -> list[ListingSummary]:
    """List what the sources can list whole."""
    return [
        ListingSummary(source=connector.name, record=RECORD_NAMES[lister.record], max_first=lister.max_first)
        for connector in connectors
        for lister in connector.listings()
    ]


def report_lines(report: Report, settings: Settings | None, faults: str | None) -> list[str]:
    """Write what a person reads beside the problems: lookups, how sources are called, active faults."""
    lines = lookup_lines(report.lookups) if report.lookups else []
    lines += ["", *listing_lines(report.listings)] if report.listings else []
    lines += ["", *calling_lines(settings)] if settings is not None else []
    lines += ["", *sample_lines(report.samples)] if report.samples else []
    lines += ["", *reach_lines(report.reach)] if report.reach else []
    return [*lines, f"Faults are active: {faults}"] if faults is not None else lines


def lookup_lines(lookups: Sequence[LookupSummary]) -> list[str]:
    """Write the table of lookups. A word is never cut; a name of unusual length makes its line longer."""
    rows = [HEADINGS, *((own.source, own.record, own.key, str(own.max_batch), _capabilities(own)) for own in lookups)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEADINGS) - 1)]
    before = sum(widths) + 2 * len(widths)
    lines: list[str] = []
    for row in rows:
        first = "".join(f"{cell:<{width}}  " for cell, width in zip(row, widths, strict=False))
        words = textwrap.wrap(row[-1], max(WIDTH - before, len("capabilities")), break_long_words=False)
        lines += [start + part for start, part in zip([first, *[" " * before] * len(words)], words, strict=False)]
    return lines


def listing_lines(listings: Sequence[ListingSummary]) -> list[str]:
    """Say of each record type which sources list it whole."""
    sources: dict[str, list[str]] = {}
    for own in listings:
        sources.setdefault(own.record, []).append(own.source)
    lines: list[str] = []
    for record, names in sources.items():
        words = f"Every {record} is listed by: {', '.join(names)}"
        lines += textwrap.wrap(words, WIDTH, subsequent_indent="  ", break_long_words=False, break_on_hyphens=False)
    return lines


def calling_lines(settings: Settings) -> list[str]:
    """Say of each source how it is called, and how its failures are met."""
    lines: list[str] = []
    for name, source in settings.sources.items():
        words = f"{name} ({source.kind}): {_manner(source)}"
        lines += textwrap.wrap(words, WIDTH, subsequent_indent="  ", break_long_words=False, break_on_hyphens=False)
    return lines


def _capabilities(lookup: LookupSummary) -> str:
    """Name what is applied at the source; the rest is done by the gateway."""
    words = [*lookup.pushdown, *(["measures"] if lookup.measures else [])]
    return "all" if len(words) == len(Push) + 1 else " ".join(words) or "nothing"


def _manner(source: SourceSettings) -> str:
    paused = source.breaker
    words = [f"up to {source.max_calls} calls at once"]
    words += [f"{source.calls_per_s:g} a second"] if source.calls_per_s else []
    words += [f"{source.timeout_s:g} s each"] if source.timeout_s else []
    words.append(f"{source.retries} retries")
    words += ["hedged"] if source.hedge else []
    if paused.enabled:
        share = f"{paused.failure_rate:.0%} of {paused.min_calls} calls in {paused.window_s:g} s"
        words.append(f"left alone for {paused.pause_s:g} s when {share} failed")
    words += _by_record("kept for", source.cache_s)
    words += _by_record("given stale for", source.stale_s)
    return ", ".join(words)


def _by_record(words: str, seconds: Mapping[str, float]) -> list[str]:
    return [f"{record} {words} {own:g} s" for record, own in seconds.items()]
