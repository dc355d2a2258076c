"""Check the rule of a tag before any customer meets it: its expression, and its outcomes against the tag's values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

import msgspec

from connectors.suggestions import did_you_mean
from gateway.tags.definitions import TagType
from gateway.tags.expressions.constants import is_constant
from gateway.tags.expressions.domains import Domains
from gateway.tags.expressions.operators import is_number
from gateway.tags.expressions.parser import RuleSyntaxError, parse
from gateway.tags.expressions.thresholds import Thresholds
from gateway.tags.expressions.tree import Conditional, ConstantLiteral, FactName, ListLiteral, Node, leaves
from gateway.tags.expressions.type_check import RuleProblem, TypeCheck
from gateway.tags.expressions.types import NUMBERS, TEXTS, FactType, ValueType, list_times
from gateway.tags.rules import compile_rule
from gateway.tags.tag_values import read_day, value_text


class _Needed(msgspec.Struct, frozen=True):
    name: str
    types: frozenset[ValueType]
    fix: str


_NEEDED = {
    TagType.BOOLEAN: _Needed("boolean", frozenset({ValueType.TRUTH}), "give a condition, such as a comparison"),
    TagType.NUMBER: _Needed("a number", NUMBERS, "give a number, or write int(...) or double(...)"),
    TagType.DATE: _Needed("a date", frozenset({ValueType.TIME}), "give a fact that is a time, or a day such as '2026-01-31'"),
}
"""What the outcomes of a tag must be, by its type. Others take any single value."""


def check_rule(
    expression: str,
    types: Mapping[str, FactType],
    values: Sequence[str],
    type_: TagType = TagType.TEXT,
    thresholds: Thresholds = MappingProxyType({}),
) -> list[RuleProblem]:
    """List the problems of an expression over facts of these types.

    `values` are those of its tag, empty when any goes; `type_` is what its outcomes are. `thresholds` are constants.
    """
    try:
        root = parse(expression, thresholds)
        check = _RuleCheck(expression, root, types, values, type_, thresholds)
        check.outcome(root, check.domains)
        if not check.problems:
            compile_rule(expression, thresholds, list_times(types))
    except RuleSyntaxError as error:
        return [RuleProblem(error.offset, str(error))]
    return sorted(set(check.problems))


def find_outcome_type(
    expression: str, types: Mapping[str, FactType], type_: TagType, thresholds: Thresholds = MappingProxyType({})
) -> ValueType:
    """Find the type of what a sound rule gives, where it is not null."""
    root = parse(expression, thresholds)
    check = _RuleCheck(expression, root, types, (), type_, thresholds)
    return check.outcome(root, check.domains)


def gives_null(expression: str, types: Mapping[str, FactType], thresholds: Thresholds = MappingProxyType({})) -> bool:
    """Tell whether a sound rule may give null. What is not known of it may."""
    for leaf in leaves(parse(expression, thresholds)):
        if isinstance(leaf, FactName) and (leaf.name not in types or types[leaf.name].nullable):
            return True
        if isinstance(leaf, ConstantLiteral) and leaf.kind == "null":
            return True
    return False


class _RuleCheck(TypeCheck):
    def __init__(
        self,
        expression: str,
        root: Node,
        types: Mapping[str, FactType],
        values: Sequence[str],
        type_: TagType,
        thresholds: Thresholds,
    ) -> None:
        super().__init__(expression, root, types, thresholds)
        self._values = values
        self._tag_type = type_

    def outcome(self, node: Node, domains: Domains) -> ValueType:
        """Check a node whose value is that of the tag, and find its type."""
        if isinstance(node, Conditional):
            return self.common_type(node, [self.outcome(*branch) for branch in self.branches(node, domains)])
        if isinstance(node, FactName) and node.name not in self._types and node.name in self._values:
            return self.report(node, f"unknown fact '{node.name}'; text stands in quotation marks: '{node.name}'")
        if self._tag_type is TagType.LIST and isinstance(node, ListLiteral):
            for element in node.elements:
                self._element(element, domains)
            return ValueType.LIST
        type_ = self.type_of(node, domains)
        if problem := self._misfit(node, type_):
            self.report(node, problem)
        return type_

    def _element(self, node: Node, domains: Domains) -> ValueType:
        """Check a text of a list. Null is left out."""
        if isinstance(node, Conditional):
            return self.common_type(node, [self._element(*branch) for branch in self.branches(node, domains)])
        type_, text = self.type_of(node, domains), self.text(node)
        if type_ in NUMBERS:
            return self.report(node, f"{text} is {type_}, and a list holds texts; write string({text})")
        if type_ not in (*TEXTS, ValueType.NULL, ValueType.UNKNOWN):
            return self.report(node, f"{text} is {type_}, and a list holds texts; write {text} ? 'A' : null")
        if problem := self._unlisted(node, type_):
            return self.report(node, problem)
        return type_

    def _misfit(self, node: Node, type_: ValueType) -> str | None:
        """Say why an outcome is none of the tag's type, or of its values."""
        text = self.text(node)
        if type_ in (ValueType.NULL, ValueType.UNKNOWN):
            return None
        if self._tag_type is TagType.LIST:
            return f"{text} is {type_}, and the tag is a list; write [{text}]"
        if type_ is ValueType.LIST:
            return f"{text} is a list, and a tag has one value; give text"
        if (needed := _NEEDED.get(self._tag_type)) is not None and type_ not in needed.types:
            is_day = self._tag_type is TagType.DATE and is_constant(node) and type_ is ValueType.TEXT
            if not is_day or read_day(self.constant(node)) is None:
                return f"{text} is {type_}, and the tag is {needed.name}; {needed.fix}"
        return self._unlisted(node, type_)

    def _unlisted(self, node: Node, type_: ValueType) -> str | None:
        """Say why an outcome is none of the tag's values."""
        text = self.text(node)
        if not self._values or type_ in (ValueType.NULL, ValueType.UNKNOWN):
            return None
        if is_constant(node):
            value = value_text(self.constant(node))
            return None if value in self._values else f"{text} is not in 'values'{did_you_mean(str(value), self._values)}"
        if type_ is ValueType.TRUTH and not {"true", "false"} <= set(self._values):
            return f"{text} gives true or false, which are not in 'values'; write {text} ? 'A' : 'B'"
        if type_ in NUMBERS and not any(is_number(value) for value in self._values):
            return f"{text} gives a number, and none is in 'values'; write {text} >= 1 ? 'A' : 'B'"
        return None
