"""Check the rule of a tag before any customer meets it: its expression, and its outcomes against the tag's values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from connectors.suggestions import did_you_mean
from gateway.tags.expressions.constants import is_constant
from gateway.tags.expressions.domains import Domains
from gateway.tags.expressions.operators import is_number
from gateway.tags.expressions.parser import RuleSyntaxError, parse
from gateway.tags.expressions.tree import Conditional, FactName, Node
from gateway.tags.expressions.type_check import RuleProblem, TypeCheck
from gateway.tags.expressions.types import NUMBERS, FactType, ValueType
from gateway.tags.rules import compile_rule, value_text


def check_rule(expression: str, types: Mapping[str, FactType], values: Sequence[str]) -> list[RuleProblem]:
    """List the problems of an expression over facts of these types. `values` are those of its tag, empty when any goes."""
    try:
        root = parse(expression)
        check = _RuleCheck(expression, root, types, values)
        check.outcome(root, check.domains)
        if not check.problems:
            compile_rule(expression)
    except RuleSyntaxError as error:
        return [RuleProblem(error.offset, str(error))]
    return sorted(set(check.problems))


class _RuleCheck(TypeCheck):
    def __init__(self, expression: str, root: Node, types: Mapping[str, FactType], values: Sequence[str]) -> None:
        super().__init__(expression, root, types)
        self._values = values

    def outcome(self, node: Node, domains: Domains) -> ValueType:
        """Check a node whose value is that of the tag, and find its type."""
        if isinstance(node, Conditional):
            return self.common_type(node, [self.outcome(*branch) for branch in self.branches(node, domains)])
        if isinstance(node, FactName) and node.name not in self._types and node.name in self._values:
            return self.report(node, f"unknown fact '{node.name}'; text stands in quotation marks: '{node.name}'")
        type_ = self.type_of(node, domains)
        if problem := self._misfit(node, type_):
            self.report(node, problem)
        return type_

    def _misfit(self, node: Node, type_: ValueType) -> str | None:
        """Say why an outcome is none of the tag's values."""
        text = self.text(node)
        if type_ is ValueType.LIST:
            return f"{text} is a list, and a tag has one value; give text"
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
