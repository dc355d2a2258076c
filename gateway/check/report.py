"""Show what the check found: text that fits a terminal, or is whole in a pipe, and JSON for programs."""

import textwrap
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec

from connectors.contract import Connector, Push
from connectors.records import RECORD_NAMES
from gateway.check.data_checks import SampleSummary, sample_lines
from gateway.check.problems import Problem
from gateway.check.reachability import Reach, reach_lines
from gateway.settings import SourceSettings

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


def report_lines(
    report: Report, called: Mapping[str, SourceSettings], faults: str | None, width: int | None = None
) -> list[str]:
    """Write what a person reads beside the problems: lookups, how sources are called, active faults.

    What is longer than the `width` is wrapped; nothing is without one.
    """
    parts = [lookup_lines(report.lookups, width), calling_lines(called, width)]
    parts += [sample_lines(report.samples), reach_lines(report.reach)]
    lines = "\n\n".join("\n".join(part) for part in parts if part).splitlines()
    return [*lines, f"Faults are active: {faults}"] if faults is not None else lines


def lookup_lines(lookups: Sequence[LookupSummary], width: int | None = None) -> list[str]:
    """Write the table of lookups. A word is never cut; a name of unusual length makes its line longer."""
    if not lookups:
        return []
    rows = [HEADINGS, *((own.source, own.record, own.key, str(own.max_batch), _capabilities(own)) for own in lookups)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEADINGS) - 1)]
    before = sum(widths) + 2 * len(widths)
    left = None if width is None else max(width - before, len("capabilities"))
    lines: list[str] = []
    for row in rows:
        first = "".join(f"{cell:<{room}}  " for cell, room in zip(row, widths, strict=False))
        words = _wrap(row[-1], left)
        lines += [start + part for start, part in zip([first, *[" " * before] * len(words)], words, strict=False)]
    return lines


def calling_lines(called: Mapping[str, SourceSettings], width: int | None = None) -> list[str]:
    """Say of each source how it is called, and how its failures are met."""
    texts = [f"{name} ({source.kind}): {_manner(source)}" for name, source in called.items()]
    return [line for text in texts for line in _wrap(text, width, subsequent_indent="  ")]


def _wrap(text: str, width: int | None, subsequent_indent: str = "") -> list[str]:
    if width is None:
        return [text]
    return textwrap.wrap(text, width, subsequent_indent=subsequent_indent, break_long_words=False, break_on_hyphens=False)


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
