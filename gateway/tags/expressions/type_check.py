"""Check the types in an expression, nulls, and branches that cannot be reached."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec

from connectors.suggestions import did_you_mean
from gateway.tags.expressions import operators
from gateway.tags.expressions.constants import NotConstantError, constant, is_constant, is_pattern
from gateway.tags.expressions.domains import Domains, all_values, split
from gateway.tags.expressions.thresholds import Thresholds
from gateway.tags.expressions.tree import (
    Binary,
    Call,
    Conditional,
    ConstantLiteral,
    FactName,
    ListLiteral,
    Node,
    ThresholdName,
    Unary,
    leaves,
    walk,
)
from gateway.tags.expressions.types import NUMBERS, TEXTS, FactType, ValueType, list_times

MAX_QUOTED = 40
"""So many characters of an expression are quoted in a message."""

_LITERALS = {
    "text": ValueType.TEXT,
    "whole": ValueType.WHOLE,
    "fraction": ValueType.FRACTION,
    "truth": ValueType.TRUTH,
    "null": ValueType.NULL,
}
_SPELLINGS = {"True": "true", "TRUE": "true", "False": "false", "FALSE": "false", "None": "null", "NULL": "null"}
_CONDITION = "needs a condition, such as a comparison"


class RuleProblem(msgspec.Struct, frozen=True, order=True):
    """A mistake in an expression at a character (from 0), with the fix."""

    offset: int
    message: str


class TypeCheck:
    """The check of one expression over facts of some types. It gathers `problems`."""

    def __init__(self, expression: str, root: Node, types: Mapping[str, FactType], thresholds: Thresholds) -> None:
        names = {node.name for node in walk(root) if isinstance(node, FactName)}
        self.problems: list[RuleProblem] = []
        self.domains = all_values(expression, root, {name: type_ for name, type_ in types.items() if name in names})
        self._expression = expression
        self._types = types
        self._times = list_times(types)
        self._names = {**types, **thresholds}
        self._null_facts: set[str] = set()

    def report(self, node: Node, message: str) -> ValueType:
        """Report a problem at a node, whose type is unknown then."""
        self.problems.append(RuleProblem(node.start, message))
        return ValueType.UNKNOWN

    def text(self, node: Node) -> str:
        """Quote a node, shortened."""
        text = " ".join(self._expression[node.start : node.end].split())
        return text if len(text) <= MAX_QUOTED else f"{text[: MAX_QUOTED - 3]}..."

    def constant(self, node: Node) -> Any:
        """Compute a node that reads no fact; None when it is reported."""
        try:
            return constant(self._expression, node)
        except NotConstantError:
            self.report(node, f"{self.text(node)} cannot be computed; correct it")
            return None

    def type_of(self, node: Node, domains: Domains) -> ValueType:
        """Check a node, and find its type where facts have values out of `domains`."""
        match node:
            case ConstantLiteral():
                return self._literal(node)
            case ThresholdName():
                return node.threshold.type
            case FactName():
                return self._name(node)
            case ListLiteral():
                for element in node.elements:
                    self.type_of(element, domains)
                return ValueType.LIST
            case Unary():
                return self._unary(node, domains)
            case Call():
                return self._call(node, domains)
            case Conditional():
                return self.common_type(node, [self.type_of(*branch) for branch in self.branches(node, domains)])
            case Binary():
                return self._binary(node, domains)
        raise AssertionError(node)

    def branches(self, node: Conditional, domains: Domains) -> Iterator[tuple[Node, Domains]]:
        """Check the condition. Give each branch with the values that facts have there."""
        before = len(self.problems)
        self._check_condition(node.condition, domains, "what stands before '?'")
        is_sound = len(self.problems) == before
        values = split(self._expression, node.condition, domains, self._times)
        if is_sound and None not in (values.true, values.false) and self._are_alike(node.then, node.otherwise):
            text = self.text(node.then)
            self.report(node.otherwise, f"{text} is given whether {self.text(node.condition)} or not; correct one of the two")
        for branch, left, truth in ((node.then, values.true, True), (node.otherwise, values.false, False)):
            if left is None and is_sound:
                self._report_unreachable(node.condition, branch, truth=truth)
            yield branch, domains if left is None else left

    def common_type(self, node: Conditional, types: Sequence[ValueType]) -> ValueType:
        """Find the type of a conditional from those of its branches. Null goes with any."""
        given = [type_ for type_ in types if type_ not in (ValueType.NULL, ValueType.UNKNOWN)]
        if (len(given) > 1 and not operators.comparable(*given)) or len(set(given) & NUMBERS) > 1:
            kinds = f"{self.text(node.then)} is {given[0]}, {self.text(node.otherwise)} is {given[1]}"
            return self.report(node.then, f"both branches give values of one type: {kinds}")
        return given[0] if given else types[0]

    def _report_unreachable(self, condition: Node, branch: Node, *, truth: bool) -> None:
        if not truth and isinstance(branch, ConstantLiteral) and branch.kind == "null":
            return  # "none otherwise" is how an author closes a list of all cases
        fix = "is never true here; put it first" if truth else "is always true here; remove it"
        why = f"{self.text(condition)} {fix}, or correct the comparison"
        self.report(branch, f"{self.text(branch)} can never be given: {why}")

    def _are_alike(self, first: Node, second: Node) -> bool:
        """Tell whether two branches give the same, as they are written."""
        if isinstance(first, ConstantLiteral) and isinstance(second, ConstantLiteral):
            return first.kind == second.kind and self.constant(first) == self.constant(second)
        texts = ("".join(self._expression[node.start : node.end].split()) for node in (first, second))
        return next(texts) == next(texts)

    def _value(self, node: Node, domains: Domains) -> ValueType:
        """Find the type of a node that must not be null."""
        type_ = self.type_of(node, domains)
        if type_ is ValueType.NULL:
            return self.report(node, "null can only be compared with '==' and '!='")
        if isinstance(node, FactName) and node.name not in self._null_facts and self._may_be_null(node.name, domains):
            self._null_facts.add(node.name)
            fix = f"begin with {node.name} == null ? null : ..."
            self.report(node, f"{node.name} is null where there is nothing to measure; {fix}")
        if isinstance(node, Conditional) and any(self._gives_null(leaf, domains) for leaf in leaves(node)):
            self.report(node, f"{self.text(node)} may be null; put the operator into its branches")
        return type_

    def _gives_null(self, node: Node, domains: Domains) -> bool:
        if isinstance(node, FactName):
            return self._may_be_null(node.name, domains)
        return isinstance(node, ConstantLiteral) and node.kind == "null"

    def _may_be_null(self, name: str, domains: Domains) -> bool:
        counts = self._types[name].null_without if name in domains else ()
        is_counted = any(count in domains and 0 not in domains[count] for count in counts)
        return not is_counted and None in domains.get(name, ())

    def _literal(self, node: ConstantLiteral) -> ValueType:
        self.constant(node)
        return _LITERALS[node.kind]

    def _name(self, node: FactName) -> ValueType:
        if node.name in self._types:
            return self._types[node.name].type
        fix = f"; write {_SPELLINGS[node.name]}" if node.name in _SPELLINGS else did_you_mean(node.name, self._names)
        return self.report(node, f"unknown fact '{node.name}'{fix}")

    def _unary(self, node: Unary, domains: Domains) -> ValueType:
        type_ = self._value(node.operand, domains)
        if type_ is ValueType.UNKNOWN or type_ in (NUMBERS if node.operator == "-" else {ValueType.TRUTH}):
            return type_
        needs = "needs a number" if node.operator == "-" else _CONDITION
        return self.report(node, f"'{node.operator}' {needs}, and {self.text(node.operand)} is {type_}")

    def _binary(self, node: Binary, domains: Domains) -> ValueType:
        if node.operator in operators.LOGICAL:
            self._check_logical(node, domains)
        elif node.operator == "in":
            self._check_membership(node, domains)
        elif node.operator in operators.EQUAL:
            self._check_comparison(node, self.type_of(node.left, domains), self.type_of(node.right, domains))
        elif node.operator in operators.ORDERED:
            self._check_comparison(node, self._value(node.left, domains), self._value(node.right, domains))
        else:
            return self._arithmetic(node, domains)
        return ValueType.TRUTH

    def _check_logical(self, node: Binary, domains: Domains) -> None:
        # Each side matters only where the other one has not decided.
        for side, other in ((node.left, node.right), (node.right, node.left)):
            undecided = split(self._expression, other, domains, self._times).undecided(node.operator)
            self._check_condition(side, domains if undecided is None else undecided, f"'{node.operator}'")

    def _check_condition(self, node: Node, domains: Domains, needing: str) -> None:
        type_ = self._value(node, domains)
        if type_ not in (ValueType.TRUTH, ValueType.UNKNOWN):
            self.report(node, f"{needing} {_CONDITION}, and {self.text(node)} is {type_}")

    def _check_comparison(self, node: Binary, left: ValueType, right: ValueType) -> None:
        if ValueType.UNKNOWN in (left, right) or ValueType.NULL in (left, right):
            return
        is_unordered = node.operator in operators.ORDERED and left not in NUMBERS | TEXTS
        is_mixed = ValueType.TIME in (left, right) and (self._reads_text(node.left) or self._reads_text(node.right))
        if is_unordered or is_mixed or not operators.comparable(left, right):
            self.report(node, f"'{node.operator}' cannot compare these: {self._mismatch(node, left, right)}")
        elif node.operator not in operators.ORDERED:
            self._check_word(node.left, node.right)
            self._check_word(node.right, node.left)

    def _reads_text(self, node: Node) -> bool:
        """Tell whether a node is a fact that is text, in one of its branches. Nothing writes that as a time."""
        names = [leaf.name for leaf in leaves(node) if isinstance(leaf, FactName) and leaf.name in self._types]
        return any(self._types[name].type is ValueType.TEXT for name in names)

    def _check_word(self, fact: Node, word: Node) -> None:
        """Report a word that a fact of a closed list of words cannot be."""
        words = self._types[fact.name].words if isinstance(fact, FactName) and fact.name in self._types else ()
        if words and is_constant(word) and (value := self.constant(word)) not in words:
            self.report(word, f"{self.text(fact)} is never '{value}'{did_you_mean(str(value), words)}")

    def _check_membership(self, node: Binary, domains: Domains) -> None:
        type_ = self.type_of(node.left, domains)
        if isinstance(node.right, FactName) and self._name(node.right) is ValueType.LIST:
            if type_ in (*TEXTS, ValueType.UNKNOWN):
                self._check_word(node.right, node.left)
            else:
                self.report(node.left, f"{self.text(node.left)} is {type_}, and {node.right.name} holds texts; give a text")
            return
        if not isinstance(node.right, ListLiteral):
            self.report(node.right, f"'in' needs a list, such as [{self.text(node.right)}]")
            return
        for element in node.right.elements:
            pair = Binary(start=element.start, end=element.end, operator="in", left=node.left, right=element)
            self._check_comparison(pair, type_, self.type_of(element, domains))

    def _arithmetic(self, node: Binary, domains: Domains) -> ValueType:
        left, right = self._value(node.left, domains), self._value(node.right, domains)
        if ValueType.UNKNOWN in (left, right):
            return ValueType.UNKNOWN
        type_ = operators.arithmetic_result(node.operator, left, right)
        if type_ is None:
            return self.report(node, f"'{node.operator}' needs both sides alike: {self._mismatch(node, left, right)}")
        if is_constant(node):
            self.constant(node)
        elif node.operator in ("/", "%"):
            self._check_divisor(node.right, domains)
        return type_

    def _check_divisor(self, node: Node, domains: Domains) -> None:
        if isinstance(node, Call) and node.function == "double" and node.arguments:
            node = node.arguments[0]
        if isinstance(node, FactName) and 0 in domains.get(node.name, ()):
            self.report(node, f"{node.name} can be 0 here; begin with {node.name} == 0 ? null : ...")

    def _mismatch(self, node: Binary, left: ValueType, right: ValueType) -> str:
        sides = [(self.text(part), type_, is_constant(part)) for part, type_ in ((node.left, left), (node.right, right))]
        kinds = ", ".join(f"{text} is {type_}" for text, type_, _ in sides)
        return f"{kinds}; {operators.mismatch_fix(*sides, operator=node.operator)}"

    def _call(self, node: Call, domains: Domains) -> ValueType:
        operands = [self._value(part, domains) for part in node.parts()]
        function = operators.FUNCTIONS.get(node.function)
        if function is None:
            return self.report(node, f"unknown function '{node.function}'{did_you_mean(node.function, operators.FUNCTIONS)}")
        if not function.fits(operands, is_method=node.target is not None):
            return self.report(node, f"'{node.function}' {function.needs}; write {function.call}")
        if node.function == "matches" and isinstance(node.arguments[0], ConstantLiteral):
            if not is_pattern(self._expression, node.arguments[0]):
                self.report(node.arguments[0], f"{self.text(node.arguments[0])} is no regular expression; correct it")
        elif is_constant(node):
            self.constant(node)
        return function.gives
