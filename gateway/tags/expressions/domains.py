"""Follow which values facts can still have in a branch of an expression.

A fact that is compared with constants behaves alike between two of them. So a few values stand for all: each constant, one
between each two, one below and one above. A comparison keeps those for which it is true. This is exact for conditions
over one fact; of conditions over several it keeps at least what is possible.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping
from itertools import pairwise
from typing import Any

import cel
import msgspec

from gateway.tags.expressions.constants import FAILURES, NotConstantError, bindings, constant, is_constant
from gateway.tags.expressions.time_constants import write_part
from gateway.tags.expressions.time_texts import sortable_time
from gateway.tags.expressions.tree import Binary, FactName, ListLiteral, Node, Unary, walk
from gateway.tags.expressions.types import TEXTS, FactType, ValueType

COMPARISONS = frozenset({"==", "!=", "<", "<=", ">", ">="})
MIN_WHOLE, MAX_WHOLE = -(2**63), 2**63 - 1

Domains = Mapping[str, frozenset[Any]]
"""The values that are left for each fact."""


def all_values(expression: str, root: Node, types: Mapping[str, FactType]) -> Domains:
    """List values of facts that stand for all others, as far as comparisons of the expression tell them apart."""
    compared: dict[str, list[Any]] = {name: [] for name, type_ in types.items() if type_.type is not ValueType.UNKNOWN}
    for node in walk(root):
        if isinstance(node, Binary) and node.operator in COMPARISONS | {"in"}:
            for fact, other in ((node.left, node.right), (node.right, node.left)):
                if isinstance(fact, FactName) and fact.name in compared:
                    compared[fact.name] += _constants(expression, other)
    return {name: _representatives(types[name], constants) for name, constants in compared.items()}


class Split(msgspec.Struct, frozen=True):
    """The values for which a condition is true, is false, and cannot be computed. None where there are none."""

    true: Domains | None
    false: Domains | None
    errors: Domains | None = None

    def undecided(self, operator: str) -> Domains | None:
        """Give the values for which the other side of `&&` or `||` matters."""
        return _join(self.true if operator == "&&" else self.false, self.errors)


def split(expression: str, condition: Node, domains: Domains, times: Collection[str] = ()) -> Split:
    """Split the values of facts by a condition. `times` are the facts that are times."""
    if isinstance(condition, Unary) and condition.operator == "!":
        inner = split(expression, condition.operand, domains, times)
        return Split(inner.false, inner.true, inner.errors)
    if isinstance(condition, Binary) and condition.operator in ("&&", "||"):
        return _split_both(expression, condition, domains, times)
    if is_constant(condition):
        return Split(*(None if _is(expression, condition, not truth) else domains for truth in (True, False)))
    name = _compared_fact(condition)
    if name is None or name not in domains:
        return Split(domains, domains)
    program = cel.compile(write_part(expression, condition, times))
    bound = bindings(condition)
    groups: dict[bool | None, set[Any]] = {True: set(), False: set(), None: set()}
    for value in domains[name]:
        groups[_outcome(program, {**bound, name: value})].add(value)
    return Split(*({**domains, name: frozenset(group)} if group else None for group in groups.values()))


def _split_both(expression: str, node: Binary, domains: Domains, times: Collection[str]) -> Split:
    left = split(expression, node.left, domains, times)
    undecided = left.undecided(node.operator)
    right = Split(None, None) if undecided is None else split(expression, node.right, undecided, times)
    errors = _join(left.errors, right.errors)
    if node.operator == "&&":
        return Split(right.true, _join(left.false, right.false), errors)
    return Split(_join(left.true, right.true), right.false, errors)


def _join(first: Domains | None, second: Domains | None) -> Domains | None:
    if first is None or second is None:
        return second if first is None else first
    return {name: values | second[name] for name, values in first.items()}


def _compared_fact(node: Node) -> str | None:
    """FactName the fact of a comparison with constants."""
    if not isinstance(node, Binary) or node.operator not in COMPARISONS | {"in"}:
        return None
    left, right = node.left, node.right
    if isinstance(left, FactName) and is_constant(right):
        return left.name
    return right.name if isinstance(right, FactName) and is_constant(left) and node.operator != "in" else None


def _outcome(program: cel.Program, facts: dict[str, Any]) -> bool | None:
    try:
        outcome = program.execute(facts)
    except FAILURES:
        return None
    return outcome if isinstance(outcome, bool) else None


def _is(expression: str, node: Node, value: bool) -> bool:
    try:
        return constant(expression, node) is value
    except NotConstantError:
        return False


def _constants(expression: str, node: Node) -> list[Any]:
    nodes = node.elements if isinstance(node, ListLiteral) else (node,)
    values = []
    for each in nodes:
        try:
            values.append(constant(expression, each))
        except NotConstantError:
            continue
    return values


def _representatives(type_: FactType, constants: Iterable[Any]) -> frozenset[Any]:
    values: set[Any] = {None} if type_.nullable else set()
    numbers = {value for value in constants if isinstance(value, int | float) and math.isfinite(value)}
    if type_.type is ValueType.WHOLE:
        borders = {0} | {whole for number in numbers for whole in (math.floor(number), math.ceil(number))}
        near = {whole + step for whole in borders for step in (-1, 0, 1)}
        least = MIN_WHOLE if type_.minimum is None else type_.minimum
        return frozenset(values | {whole for whole in near if least <= whole <= MAX_WHOLE})
    if type_.type is ValueType.FRACTION:
        points = sorted({0.0} | {float(number) for number in numbers})
        between = {(low + high) / 2 for low, high in pairwise(points)}
        return frozenset(values | {*points, *between, points[0] * 2 - 1, points[-1] * 2 + 1})
    if type_.type in TEXTS:
        write = sortable_time if type_.type is ValueType.TIME else str
        texts = {write(value) for value in constants if isinstance(value, str)}
        # No text stands between one and the same with the first character of all behind it.
        return frozenset(values | set(type_.words or {"", "\0", *texts, *(f"{text}\0" for text in texts)}))
    return frozenset(values | {True, False})
