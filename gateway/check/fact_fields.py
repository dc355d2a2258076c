"""Find facts of tags that no source can give: over records that no source has, or over fields that none of them gives."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from connectors.contract import Connector, KeyKind
from connectors.records import RECORD_NAMES, Record
from gateway.check.problems import Problem
from gateway.check.sampler import LookupSample
from gateway.check.tag_conditions import asked_lookups, conditions_of, values_of
from gateway.tags.definitions import Fact

MIN_RECORDS = 5
"""Of fewer sampled records nothing can be said."""


def find_unknown_facts(
    facts: Mapping[str, Fact], connectors: Sequence[Connector[Any]], file: str, lines: Mapping[str, int]
) -> list[Problem]:
    """Say which facts can never be known, or only in part. `lines` are those of the settings in the file of tags."""
    found: list[Problem] = []
    for fact in facts.values():
        asked = _connectors_of(fact.record, connectors)
        if not asked:
            message = f"no source has {RECORD_NAMES[fact.record]} records, so '{fact.name}' can never be known"
            found.append(
                _problem(file, lines, f"facts.{fact.name}.record", message, "add a source of them, or delete the fact")
            )
            continue
        for path, setting in _read_fields(fact):
            lacking = [connector for connector in asked if path in connector.absent_fields(fact.record)]
            if lacking:
                found.append(_problem(file, lines, setting, *_words(fact, path, setting, lacking, asked)))
    return found


def find_empty_fields(samples: Sequence[LookupSample], facts: Iterable[Fact], file: str | None) -> list[Problem]:
    """Say which measured fields no sampled record has, where all sources of the record could be sampled."""
    found = []
    for fact in facts:
        asked = asked_lookups(samples, fact.record)
        count = sum(len(sample.records) for sample in asked)
        is_known = any(fact.field in sample.connector.absent_fields(fact.record) for sample in asked)
        if fact.field is None or is_known or count < MIN_RECORDS or not all(sample.is_sampled for sample in asked):
            continue
        if not values_of(asked, fact.field):
            name = f"{RECORD_NAMES[fact.record]}.{fact.field}"
            message = f"none of {count} sampled records has {name}, so '{fact.name}' says nothing of their customers"
            fix = "say in the source's settings where it is, or delete the fact"
            found.append(Problem(file, None, f"facts.{fact.name}.field", message, fix))
    return found


def _connectors_of(record: type[Record], connectors: Sequence[Connector[Any]]) -> list[Connector[Any]]:
    return [
        connector
        for connector in connectors
        if any(lookup.record is record and lookup.by is not KeyKind.TEXT for lookup in connector.lookups())
    ]


def _read_fields(fact: Fact) -> Iterator[tuple[str, str]]:
    """List the paths that a fact reads, each with its setting."""
    if fact.field is not None:
        yield fact.field, f"facts.{fact.name}.field"
    for setting, condition in conditions_of(fact):
        yield condition.field, f"facts.{fact.name}.{setting}.{condition.field}"


def _words(
    fact: Fact, path: str, setting: str, lacking: Sequence[Connector[Any]], asked: Sequence[Connector[Any]]
) -> tuple[str, str]:
    is_all = len(lacking) == len(asked)
    name = f"{RECORD_NAMES[fact.record]}.{path}"
    names = ", ".join(connector.name for connector in lacking)
    settings = ", ".join(f"sources.{connector.name}.records.{RECORD_NAMES[fact.record]}" for connector in lacking)
    what = f"no source gives {name}" if is_all else f"{names} does not give {name}"
    if ".except." in setting:
        return f"{what}, so nothing is left out of '{fact.name}' there", f"give it in {settings}, or remove the condition"
    known = f"'{fact.name}' can never be known" if is_all else f"'{fact.name}' is known in part"
    return f"{what}, so {known}", f"give it in {settings}, or delete the fact"


def _problem(file: str, lines: Mapping[str, int], path: str, message: str, fix: str) -> Problem:
    return Problem(file, lines.get(path), path, message, fix)
