"""Run the examples of tags, and find the outcomes that no example reaches."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import msgspec

from gateway.tags.computed_tag import ComputedTag, FactValue
from gateway.tags.definitions import Pack, TagDefinition, TagExample, TagType
from gateway.tags.expressions.thresholds import thresholds_by_name
from gateway.tags.rule_ways import RuleReader, ways_of_rule
from gateway.tags.rules import compile_rule, evaluate
from gateway.tags.why_not import explain_others

_LONG_AGO = datetime.min.replace(tzinfo=UTC)


class FailedExample(msgspec.Struct, frozen=True):
    """An example whose rule gives another value than it says, with what that lacks."""

    tag: str
    example: TagExample
    value: str | None
    words: str


class ExampleReport(msgspec.Struct, frozen=True):
    """What came of the examples of one tag. `unreached` are outcomes as they stand in the rule."""

    key: str
    count: int
    failures: tuple[FailedExample, ...]
    unreached: tuple[str, ...]


def run_examples(pack: Pack) -> list[ExampleReport]:
    """Run the examples of every tag of a pack."""
    return [_run(_as_written(tag), pack) for tag in pack.tags.values()]


def _as_written(tag: TagDefinition) -> TagDefinition:
    """Give the rule with the thresholds that its own file has. Its examples are of these."""
    if not tag.first_thresholds:
        return tag
    thresholds = {**thresholds_by_name(tag.thresholds), **thresholds_by_name(tag.first_thresholds)}
    program = compile_rule(tag.expression, thresholds, tag.times)
    return msgspec.structs.replace(tag, thresholds=tuple(thresholds.values()), program=program)


def _run(tag: TagDefinition, pack: Pack) -> ExampleReport:
    failures = []
    for example in tag.examples:
        computed = evaluate(tag, _facts(tag, example, pack), _LONG_AGO)
        if not _is_same(tag.type, computed.value, example.value):
            failures.append(FailedExample(tag.key, example, computed.value, _lacks(computed, example.value)))
    return ExampleReport(tag.key, len(tag.examples), tuple(failures), tuple(dict.fromkeys(_unreached(tag))))


def _facts(tag: TagDefinition, example: TagExample, pack: Pack) -> dict[str, FactValue]:
    labels = {name: fact.label for name, fact in pack.facts.items()} | {
        name: score.label for name, score in pack.scores.items()
    }
    labels |= {key: own.label for key, own in pack.tags.items() if key in tag.tag_names}
    names = (*tag.fact_names, *tag.score_names, *tag.tag_names)
    return {name: FactValue(name=name, label=labels.get(name, name), value=example.facts.get(name)) for name in names}


def _is_same(type_: TagType, value: str | None, expected: str | None) -> bool:
    if type_ is TagType.NUMBER and value is not None and expected is not None:
        try:
            return float(value) == float(expected)
        except ValueError:
            return False
    return value == expected


def _lacks(computed: ComputedTag, expected: str | None) -> str:
    if expected is None:
        return ""
    return "; or ".join(dict.fromkeys(other.words for other in explain_others(computed, expected)))


def _unreached(tag: TagDefinition) -> Iterator[str]:
    """Name the outcomes that no example reaches. A text that stands in several branches is named for each."""
    thresholds = thresholds_by_name(tag.thresholds)
    readers = [RuleReader(tag.expression, example.facts, thresholds) for example in tag.examples]
    for way in ways_of_rule(tag.expression, thresholds):
        if not any(reader.is_taken(way) for reader in readers):
            yield way.value or RuleReader(tag.expression, {}, thresholds).text_of(way.outcome)
