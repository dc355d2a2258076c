"""Find why a rule gave this value and no other: for each other one the first condition on its way that is not met."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from gateway.tags.borders import KINDS, Border, BorderKind, whole_border
from gateway.tags.computed_tag import Tag, TagReason
from gateway.tags.expressions.domains import COMPARISONS
from gateway.tags.expressions.operators import LOGICAL, ORDERED
from gateway.tags.expressions.parser import RuleSyntaxError
from gateway.tags.expressions.thresholds import Threshold, Thresholds, stored_thresholds
from gateway.tags.expressions.tree import (
    Binary,
    Conditional,
    FactName,
    Node,
    ThresholdName,
    Unary,
    walk,
)
from gateway.tags.rule_ways import UNKNOWN, RuleReader, Way, ways_of_rule
from gateway.tags.tag_values import value_text

_NEGATED = {">=": "<", ">": "<=", "<=": ">", "<": ">=", "==": "!=", "!=": "=="}
_MIRRORED = {">=": "<=", ">": "<", "<=": ">=", "<": ">", "==": "==", "!=": "!="}


class WhyNot(msgspec.Struct, frozen=True, kw_only=True):
    """Why an outcome was not given: the condition that goes the other way, and what it lacks.

    `value` is what would be given, None where the `outcome` is computed of facts. `borders` are each enough to get past the
    condition, or the first of what is needed for it. No outcome and no condition: no branch gives the value.
    """

    value: str | None
    outcome: str | None = None
    condition: str | None = None
    needed: bool = True
    borders: tuple[Border, ...] = ()

    @property
    def words(self) -> str:
        """Say what is needed, in a sentence."""
        if self.condition is None:
            return f"no branch of the rule gives {self.value}"
        if self.borders:
            return "; or ".join(dict.fromkeys(border.words for border in self.borders))
        return f"{self.condition} must be {'true' if self.needed else 'false'}"


def explain_others(tag: Tag, value: str | None = None) -> list[WhyNot]:
    """Explain why a tag has none of its other values, or not a certain one. Nothing where it has that one."""
    if value is not None and value == tag.value:
        return []
    known = known_facts(tag)
    expression, thresholds = tag.rule.expression, stored_thresholds(tag.rule.thresholds)
    try:
        if value is not None and not _has_way(expression, thresholds, value):
            return [WhyNot(value=value)]
        unmet = find_unmet(expression, known, thresholds, value)
    except RuleSyntaxError:
        return []  # a stored rule of before, with parts of the language that are refused by now
    return [own for own in unmet if own.value is None or own.value != tag.value]  # another branch may give the same value


def known_facts(tag: Tag) -> dict[str, Any]:
    """Give the facts that the rule knew, with their values."""
    # A rule that gave something was not stopped by what is missing: it knew the fact from a stale answer, or did not need it.
    knows_all = tag.reason is not TagReason.UNKNOWN
    return {fact.name: fact.value for fact in tag.evidence if fact.missing is None or (knows_all and fact.value is not None)}


def find_unmet(expression: str, facts: Mapping[str, Any], thresholds: Thresholds, value: str | None = None) -> list[WhyNot]:
    """Find the outcomes that a rule does not give for these facts, each with what it lacks first. `value` names one."""
    search = _Search(expression, facts, thresholds)
    return [
        unmet
        for way in ways_of_rule(expression, thresholds)
        if not way.is_none and (value is None or way.value in (None, value))
        if (unmet := search.first_unmet(way, value)) is not None
    ]


def _has_way(expression: str, thresholds: Thresholds, value: str) -> bool:
    return any(way.value in (None, value) and not way.is_none for way in ways_of_rule(expression, thresholds))


class _Search:
    """The search in one rule, for one customer's facts."""

    def __init__(self, expression: str, facts: Mapping[str, Any], thresholds: Thresholds) -> None:
        self._facts = facts
        self._reader = RuleReader(expression, facts, thresholds)

    def first_unmet(self, way: Way, value: str | None) -> WhyNot | None:
        """Find the first condition on a way that is not as it must be. None where the way was taken."""
        for condition, needed in way.conditions:
            if self._reader.truth_of(condition) is not needed:
                return self._why(way, condition, self._lacks(condition, needed=needed), needed=needed)
        if way.value is not None or not isinstance(way.outcome, FactName):
            return None
        # The outcome is a fact: it lacks a value, or is another one than that which was asked for.
        name = way.outcome.name
        fact = self._facts.get(name, UNKNOWN)
        if fact is UNKNOWN:
            border = self._border(BorderKind.KNOWN, way.outcome, way.outcome)
        elif value is not None and value_text(fact) != value:
            border = self._border(BorderKind.EQUAL, way.outcome, way.outcome, border=value)
        elif fact is None:
            border = self._border(BorderKind.PRESENT, way.outcome, way.outcome)
        else:
            return None
        return self._why(way, way.outcome, [border], needed=True)

    def _why(self, way: Way, condition: Node, borders: Sequence[Border], *, needed: bool) -> WhyNot:
        return WhyNot(
            value=way.value,
            outcome=self._reader.text_of(way.outcome),
            condition=self._reader.text_of(condition),
            needed=needed,
            borders=tuple(borders),
        )

    def _lacks(self, node: Node, *, needed: bool) -> list[Border]:
        """List what a condition lacks, as alternatives. Nothing where it is as it is needed."""
        if self._reader.truth_of(node) is needed:
            return []
        match node:
            case Unary(operator="!"):
                return self._lacks(node.operand, needed=not needed)
            case Binary() if node.operator in LOGICAL:
                left, right = (self._lacks(side, needed=needed) for side in (node.left, node.right))
                needs_both = (node.operator == "&&") is needed
                return (left or right) if needs_both else left + right
            case Conditional():
                return self._branch_lacks(node, needed=needed)
            case Binary() if node.operator in COMPARISONS:
                return self._comparison_lacks(node, needed=needed)
            case Binary(operator="in"):
                return self._membership_lacks(node, needed=needed)
            case FactName() if node.name in self._facts:
                return [self._border(BorderKind.EQUAL, node, node, needed=needed, border=needed)]
        return self._unknown(node) or [self._border(BorderKind.CONDITION, node, node, needed=needed)]

    def _branch_lacks(self, node: Conditional, *, needed: bool) -> list[Border]:
        """List what a conditional among conditions lacks: in the branch that counts, or for the other one, which is right."""
        truth = self._reader.truth_of(node.condition)
        if truth is None:
            return self._lacks(node.condition, needed=True)
        taken, other = (node.then, node.otherwise) if truth else (node.otherwise, node.then)
        lacks = self._lacks(taken, needed=needed)
        if not lacks or self._reader.truth_of(other) is needed:
            lacks = lacks + self._lacks(node.condition, needed=not truth)
        return lacks

    def _comparison_lacks(self, node: Binary, *, needed: bool) -> list[Border]:
        operator = node.operator if needed else _NEGATED[node.operator]
        subject, other = node.left, node.right
        if not self._reader.names_of(subject) or (not isinstance(subject, FactName) and isinstance(other, FactName)):
            subject, other, operator = other, subject, _MIRRORED[operator]
        if unknown := self._unknown(node):
            return unknown
        if not set(self._reader.names_of(subject)).isdisjoint(self._reader.names_of(other)):
            # The border moves with the fact: to reach it where it is now turns nothing.
            return [self._border(BorderKind.CONDITION, node, node, needed=needed)]
        value, border = self._reader.value_of(subject), self._reader.value_of(other)
        nulls = self._nulls(subject if value is UNKNOWN else other)
        if UNKNOWN in (value, border) or (border is None and operator in ORDERED):
            return [self._border(BorderKind.PRESENT, null, node, needed=needed) for null in nulls] or [
                self._border(BorderKind.CONDITION, node, node, needed=needed)
            ]
        kind = KINDS[operator]
        if border is None:
            kind = BorderKind.ABSENT if operator == "==" else BorderKind.PRESENT
        elif isinstance(value, int) and not isinstance(value, bool):
            kind, border = whole_border(kind, border)
        threshold = other.threshold if isinstance(other, ThresholdName) else None
        return [self._border(kind, subject, node, needed=needed, value=value, border=border, threshold=threshold)]

    def _membership_lacks(self, node: Binary, *, needed: bool) -> list[Border]:
        if unknown := self._unknown(node):
            return unknown
        value, border = self._reader.value_of(node.left), self._reader.value_of(node.right)
        if value is UNKNOWN or not isinstance(border, list):
            return [self._border(BorderKind.CONDITION, node, node, needed=needed)]
        kind = BorderKind.ONE_OF if needed else BorderKind.NONE_OF
        return [self._border(kind, node.left, node, needed=needed, value=value, border=border)]

    def _unknown(self, node: Node) -> list[Border]:
        """List the facts of a node that are not known."""
        if all(name in self._facts for name in self._reader.names_of(node)):
            return []
        names = {part.name: part for part in walk(node) if isinstance(part, FactName) and part.name not in self._facts}
        return [self._border(BorderKind.KNOWN, part, node) for part in names.values()]

    def _nulls(self, node: Node) -> list[Node]:
        """List the facts of a node that have no value."""
        names = {part.name: part for part in walk(node) if isinstance(part, FactName) and self._facts.get(part.name) is None}
        return [*names.values()]

    def _border(
        self,
        kind: BorderKind,
        subject: Node,
        condition: Node,
        *,
        needed: bool = True,
        value: Any = None,
        border: Any = None,
        threshold: Threshold | None = None,
    ) -> Border:
        name = subject.name if isinstance(subject, FactName) else None
        names = self._reader.names_of(condition)
        return Border(
            kind=kind,
            expression=self._reader.text_of(subject),
            fact=name,
            condition=self._reader.text_of(condition),
            needed=needed,
            facts={name: self._facts[name] for name in names if name in self._facts},
            value=self._facts.get(name) if name is not None else value,
            border=border,
            threshold=threshold,
        )
