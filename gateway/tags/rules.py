"""Rules: expressions in CEL over facts, and the tags that they give."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

import cel

from gateway.tags.computed_tag import ComputedTag, FactValue, RuleUsed
from gateway.tags.definitions import TagDefinition
from gateway.tags.expressions.parser import RuleSyntaxError


def compile_rule(expression: str) -> cel.Program:
    """Compile an expression, or raise `RuleSyntaxError`."""
    try:
        return cel.compile(expression)
    except ValueError as error:
        raise RuleSyntaxError(0, "the expression language cannot read this; write it in a simpler way") from error


def is_variable_name(name: str) -> bool:
    """Tell whether CEL reads `name` as a variable."""
    try:
        program = cel.compile(name)
    except ValueError:
        return False
    return program.variables() == [name] and _outcome(program, {}) is None


def evaluate(
    definition: TagDefinition, facts: Mapping[str, FactValue], now: datetime, *, stale: Collection[str] = ()
) -> ComputedTag:
    """Evaluate a tag's rule for a customer.

    It is None as its value where the rule does not give it; the facts that decided come with it.

    A fact with nothing to measure is null. A fact whose source could not be asked is unknown, which is not null: an
    outage must not read as "never ordered". A rule that needs an unknown fact, fails, or gives what is not in its
    `values` gives None. A fact of `stale` answers is known, and what it is missing is newer ones: the tag is given, and has
    expired. Never raises for what an expression does.
    """
    evidence = [facts[name] for name in definition.fact_names]
    known = {fact.name: fact.value for fact in evidence if fact.missing is None or fact.name in stale}
    is_stale = bool(stale) and any(fact.name in stale for fact in evidence)
    value = value_text(_outcome(definition.program, known))
    return ComputedTag(
        key=definition.key,
        value=value if not definition.values or value in definition.values else None,
        fingerprint=definition.fingerprint,
        computed_at=now,
        expires_at=now if is_stale else now + definition.ttl,
        rule=RuleUsed(version=definition.version, expression=definition.expression, words=definition.words),
        evidence=evidence,
        partial=any(fact.partial or fact.missing is not None for fact in evidence),
    )


def _outcome(program: cel.Program, known: Mapping[str, Any]) -> Any:
    try:
        return program.execute(dict(known))
    except (ArithmeticError, LookupError, RuntimeError, TypeError, ValueError):
        return None


def value_text(outcome: Any) -> str | None:
    """Write what a rule gives as the value of a tag. None for what is no single value."""
    if isinstance(outcome, bool):
        return "true" if outcome else "false"
    return str(outcome) if isinstance(outcome, str | int | float) else None
