"""Find conditions of tags whose words no sampled record has."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from difflib import get_close_matches
from typing import Any

from connectors.contract import Condition
from connectors.record_fields import leaf_field
from connectors.records import RECORD_NAMES, Record
from gateway.check.problems import Problem
from gateway.check.sample_findings import MAX_WORD, MAX_WORDS_OF_ENUM, shown_words
from gateway.check.sampler import LookupSample, Sampler, find_strongest
from gateway.tags.definitions import Fact, Pack

MIN_VALUES = 5
"""Of fewer values nothing can be said."""


async def find_unmet_conditions(
    samples: Sequence[LookupSample], pack: Pack, file: str | None, sampler: Sampler
) -> list[Problem]:
    """Say which free texts of conditions are in no sampled record, where all sources of the record could be sampled.

    A word is doubtful where another one is much like it, or where none of its condition is there.
    """
    problems = []
    for fact in pack.facts.values():
        asked = asked_lookups(samples, fact.record)
        if not asked or not all(sample.is_sampled for sample in asked):
            continue
        for setting, condition in conditions_of(fact):
            counts = values_of(asked, condition.field)
            if not _is_closed(fact.record, condition.field, counts):
                continue
            absent = [value for value in condition.values if value not in counts]
            is_empty = len(absent) == len(condition.values) and not condition.negated
            for value in absent:
                near = get_close_matches(value.lower(), [text.lower() for text in counts], n=1)
                if (near or is_empty) and not await _is_there(asked, condition.field, value, sampler):
                    problems.append(_problem(fact, f"{setting}.{condition.field}", value, counts, file))
    return problems


def conditions_of(fact: Fact) -> Iterator[tuple[str, Condition]]:
    """List the conditions of a fact, each with the setting that it stands in."""
    for condition in fact.where:
        yield "except" if condition.negated else "where", condition
    yield from (("parts", condition) for condition in fact.part_where)
    yield from (("share_of", condition) for condition in fact.share_of)


def asked_lookups(samples: Sequence[LookupSample], record: type[Record]) -> list[LookupSample]:
    """List the lookups that the sources are asked by for records of a customer."""
    sources = dict.fromkeys(sample.source for sample in samples)
    asked = (find_strongest(samples, source, record) for source in sources)
    return [sample for sample in asked if sample is not None]


def _is_closed(record: type[Record], path: str, counts: Counter[str]) -> bool:
    """Tell whether a field is a free text of few words, which says nothing of a person."""
    field = leaf_field(record, path)
    if field is None or field.personal is not None or field.leaf is not str:
        return False
    total = counts.total()
    is_few = len(counts) <= min(MAX_WORDS_OF_ENUM, total / 2)
    return total >= MIN_VALUES and is_few and all(len(text) <= MAX_WORD for text in counts)


def values_of(samples: Sequence[LookupSample], path: str) -> Counter[str]:
    """Count the values at a path of the sampled records."""
    return Counter(
        text for sample in samples for record in sample.records for text in _texts(record, path.split(".")) if text is not None
    )


def _texts(value: Any, names: list[str]) -> Iterator[Any]:
    if isinstance(value, list):
        for item in value:
            yield from _texts(item, names)
    elif names and value is not None:
        yield from _texts(getattr(value, names[0]), names[1:])
    else:
        yield value


async def _is_there(samples: Sequence[LookupSample], field: str, value: str, sampler: Sampler) -> bool:
    """Ask for the word under all sampled keys, which find more records than were read."""
    where = (Condition(field, (value,)),)
    for sample in samples:
        keys = [own.key for own in sample.keys if own.rows]
        if keys and await sampler.finds_any(sample.lookup, keys, where=where, first=1):
            return True
    return False


def _problem(fact: Fact, setting: str, value: str, counts: Counter[str], file: str | None) -> Problem:
    name, path = RECORD_NAMES[fact.record], setting.partition(".")[2]
    message = f"none of {counts.total()} sampled values of {path} of {name} records is '{value}'"
    near = get_close_matches(value, list(counts), n=1)
    fix = f"did you mean '{near[0]}'? " if near else ""
    return Problem(file, None, f"facts.{fact.name}.{setting}", message, f"{fix}most common: {shown_words(counts)}")
