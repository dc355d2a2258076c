"""Rules: expressions in CEL over facts, and the tags that they give."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import Any

import cel

from gateway.tags.computed_tag import ComputedTag, FactValue, RuleUsed, TagReason
from gateway.tags.definitions import TagDefinition, TagType
from gateway.tags.expressions.constants import FAILURES
from gateway.tags.expressions.parser import RuleSyntaxError
from gateway.tags.expressions.thresholds import Thresholds
from gateway.tags.expressions.time_constants import write_constants
from gateway.tags.expressions.time_texts import readable_time, sort_times
from gateway.tags.tag_values import is_empty_list, value_of_type, value_texts

FAILURE_KINDS: dict[type[Exception], str] = {
    ZeroDivisionError: "division_by_zero",
    OverflowError: "overflow",
    TypeError: "types",
    Exception: "function",
}
"""Why an expression cannot be computed, the special case first. `function`: a function was given what it cannot take."""


def compile_rule(expression: str, thresholds: Thresholds = MappingProxyType({}), times: Collection[str] = ()) -> cel.Program:
    """Compile an expression with the values of its thresholds, or raise `RuleSyntaxError`.

    `times` are the facts that are times. The program takes them as `sort_times` writes them.
    """
    expanded = write_constants(expression, thresholds, times) if thresholds or times else expression
    try:
        return cel.compile(expanded)
    except ValueError as error:
        raise RuleSyntaxError(0, "the expression language cannot read this; write it in a simpler way") from error


def is_variable_name(name: str) -> bool:
    """Tell whether CEL reads `name` as a variable."""
    try:
        program = cel.compile(name)
    except ValueError:
        return False
    try:
        program.execute({})
    except FAILURES:
        return program.variables() == [name]
    return False


def evaluate(
    definition: TagDefinition, facts: Mapping[str, FactValue], now: datetime, *, stale: Collection[str] = ()
) -> ComputedTag:
    """Evaluate a tag's rule for a customer.

    It is None as its value where the rule does not give it; the facts that decided come with it.

    A fact with nothing to measure is null. A fact whose source could not be asked, or of a field that no source has, is
    unknown, which is not null: neither may read as "never ordered". A rule that needs an unknown fact, fails, or gives what
    is not in its `values` gives None, and the reason says which. A fact of `stale` answers is known, and what it is missing is
    newer ones: the tag is given, and has expired. Never raises for what an expression does.
    """
    evidence = [facts[name] for name in (*definition.fact_names, *definition.score_names, *definition.tag_names)]
    known = {fact.name: fact.value for fact in evidence if fact.missing is None or fact.name in stale or fact.is_known_in_part}
    is_stale = bool(stale) and any(fact.name in stale for fact in evidence)
    value, reason = _apply(definition, known)
    if reason is TagReason.FAILED and len(known) < len(evidence):
        reason = TagReason.UNKNOWN
    return ComputedTag(
        key=definition.key,
        value=value,
        reason=reason,
        fingerprint=definition.fingerprint,
        computed_at=now,
        expires_at=now if is_stale else now + definition.ttl,
        rule=RuleUsed(
            version=definition.version,
            expression=definition.expression,
            words=definition.words,
            thresholds={threshold.name: threshold.value for threshold in definition.thresholds},
        ),
        evidence=evidence,
        partial=any(fact.partial or fact.missing is not None for fact in evidence),
    )


def failure_kind(program: cel.Program, evidence: Sequence[FactValue]) -> str:
    """Name why a rule fails over these facts, without any of their values: a word of `FAILURE_KINDS`, or `no_value`."""
    try:
        program.execute({fact.name: fact.value for fact in evidence})
    except FAILURES as error:
        return next(kind for class_, kind in FAILURE_KINDS.items() if isinstance(error, class_))
    return "no_value"


def _apply(definition: TagDefinition, known: Mapping[str, Any]) -> tuple[str | None, TagReason]:
    try:
        outcome = definition.program.execute(sort_times(known, definition.times) if definition.times else dict(known))
    except FAILURES:
        return None, TagReason.FAILED
    if definition.times or definition.thresholds:
        outcome = readable_time(outcome)
    if outcome is None or (definition.type is TagType.LIST and is_empty_list(outcome)):
        return None, TagReason.RULE
    value = value_of_type(definition.type, outcome)
    if value is None:
        return None, TagReason.FAILED
    if definition.values and not _is_listed(definition, value):
        return None, TagReason.NOT_LISTED
    return value, TagReason.RULE


def _is_listed(definition: TagDefinition, value: str) -> bool:
    if definition.type is not TagType.LIST:
        return value in definition.values
    return set(value_texts(value) or ()) <= set(definition.values)
