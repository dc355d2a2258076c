"""Explain one tag in sentences: what decided, why there is no value, and what is missing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec

from connectors.records import RECORD_NAMES
from gateway.scores.refusal import UNSCORED
from gateway.stitching.source_reports import SourceState
from gateway.tags.computed_tag import NOT_GIVEN, FactValue, Tag, TagReason
from gateway.tags.decision import Step, decide
from gateway.tags.definitions import Fact, Pack
from gateway.tags.expressions.parser import RuleSyntaxError
from gateway.tags.expressions.thresholds import stored_thresholds
from gateway.tags.fact_parts import read_paths
from gateway.tags.rules import compile_rule, failure_kind
from gateway.tags.service import TagAnswer
from gateway.tags.tag_facts import NO_VALUE
from gateway.tags.why_not import explain_others, known_facts

_NO_VALUE = {
    TagReason.RULE: "the rule gives this customer no such tag",
    TagReason.NOT_LISTED: "the rule gave a value that 'values' does not list",
    TagReason.UNKNOWN: "the rule needs a fact whose source could not be asked",
}
_NEVER_KNOWN = "the rule needs a fact that no source gives"
_NOT_SCORED = "the rule needs a score that the population does not give"
_LASTING = frozenset({NOT_GIVEN, SourceState.NOT_CONFIGURED.value})
_TRUTHS = {True: "yes", False: "no", None: "cannot be told"}


class ExplainedTag(msgspec.Struct, frozen=True):
    """A tag with sentences about it.

    These are the comparisons that decided, in order, what each other value lacks, and notes on what is missing.
    """

    answer: TagAnswer
    decision: Sequence[str]
    others: Sequence[str]
    notes: Sequence[str]


def explain_tag(pack: Pack, answer: TagAnswer) -> ExplainedTag:
    """Explain a tag by the rule and the facts that are stored with it."""
    return ExplainedTag(answer, [*_decision(answer.tag)], [*_others(answer)], [*_notes(pack, answer)])


def _decision(tag: Tag) -> Iterator[str]:
    try:
        decision = decide(tag.rule.expression, known_facts(tag), stored_thresholds(tag.rule.thresholds))
    except RuleSyntaxError:
        return  # a stored rule of before, with parts of the language that are refused by now
    yield from map(_sentence, decision.steps)
    if decision.steps and decision.branch is not None:
        yield f"so: {decision.branch}"


def _others(answer: TagAnswer) -> Iterator[str]:
    """Say of each other value what it lacks. Ways to one value that lack the same count once."""
    yield from dict.fromkeys(f"not {other.value or other.outcome}: {other.words}" for other in explain_others(answer.tag))


def _sentence(step: Step) -> str:
    values = ", ".join(f"{name} is {'null' if value is None else value}" for name, value in step.facts.items())
    return f"{step.condition}: {_TRUTHS[step.truth]}{f' ({values})' if values else ''}"


def _notes(pack: Pack, answer: TagAnswer) -> Iterator[str]:
    tag = answer.tag
    if tag.value is None and tag.reason is TagReason.FAILED:
        program = compile_rule(tag.rule.expression, stored_thresholds(tag.rule.thresholds))
        yield f"Not given: the rule failed ({failure_kind(program, tag.evidence)})"
    elif tag.value is None:
        codes = {fact.missing for fact in tag.evidence if fact.missing is not None and not fact.is_known_in_part}
        is_lasting = tag.reason is TagReason.UNKNOWN and codes and codes <= _LASTING
        is_unscored = tag.reason is TagReason.UNKNOWN and codes and codes <= UNSCORED
        yield f"Not given: {_NEVER_KNOWN if is_lasting else _NOT_SCORED if is_unscored else _NO_VALUE[tag.reason]}"
    for fact in tag.evidence:
        yield from (f"{fact.label}: {reason}" for reason in fact.reasons)
        if fact.partial or fact.missing is not None:
            yield f"Partial: {fact.label}: {_missing(fact, pack.facts.get(fact.name))}"


def _missing(value: FactValue, fact: Fact | None) -> str:
    if value.missing == SourceState.NOT_CONFIGURED.value:
        return f"no source has {f'{RECORD_NAMES[fact.record]} records' if fact else 'such records'}"
    if value.missing in NO_VALUE:
        return f"the tag has no value ({value.missing})"
    if value.missing in UNSCORED:
        return f"there is no such score ({value.missing})"
    if value.missing == NOT_GIVEN:
        needed = needed_paths(fact) if fact else "a field of it"
        is_all = value.value is None and len(value.sources) == 1
        return f"no source gives {needed}" if is_all else f"a source does not give {needed}"
    if value.missing is not None:
        return f"a source could not be asked ({value.missing})"
    if fact is not None and fact.currency is not None:
        return f"amounts that have no rate to {fact.currency}, or records, are left out"
    return "records are left out, or sources differ"


def needed_paths(fact: Fact) -> str:
    """Name the fields that a fact reads, with their record: `order.total or order.status`."""
    paths = dict.fromkeys([*read_paths(fact), *(condition.field for condition in fact.where)])
    return " or ".join(f"{RECORD_NAMES[fact.record]}.{path}" for path in paths)
