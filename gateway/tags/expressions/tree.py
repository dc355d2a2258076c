"""Define the parts of an expression."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec

from gateway.tags.expressions.thresholds import Threshold


class Node(msgspec.Struct, frozen=True, kw_only=True):
    """A part of an expression, and the characters that it stands at."""

    start: int
    end: int

    def parts(self) -> Sequence[Node]:
        """List the nodes that this one is made of, from left to right."""
        return ()


class ConstantLiteral(Node, frozen=True, kw_only=True):
    """A value. `kind` is `text`, `whole`, `fraction`, `truth` or `null`."""

    kind: str


class FactName(Node, frozen=True, kw_only=True):
    name: str


class ThresholdName(Node, frozen=True, kw_only=True):
    """A constant that has a name."""

    threshold: Threshold


class ListLiteral(Node, frozen=True, kw_only=True):
    elements: tuple[Node, ...]

    def parts(self) -> Sequence[Node]:
        return self.elements


class Call(Node, frozen=True, kw_only=True):
    """A function call. `target` is the value before the dot of a method call."""

    function: str
    target: Node | None
    arguments: tuple[Node, ...]

    def parts(self) -> Sequence[Node]:
        return self.arguments if self.target is None else (self.target, *self.arguments)


class Unary(Node, frozen=True, kw_only=True):
    operator: str
    operand: Node

    def parts(self) -> Sequence[Node]:
        return (self.operand,)


class Binary(Node, frozen=True, kw_only=True):
    operator: str
    left: Node
    right: Node

    def parts(self) -> Sequence[Node]:
        return (self.left, self.right)


class Conditional(Node, frozen=True, kw_only=True):
    condition: Node
    then: Node
    otherwise: Node

    def parts(self) -> Sequence[Node]:
        return (self.condition, self.then, self.otherwise)


def walk(node: Node) -> Iterator[Node]:
    """Iterate over a node and all nodes inside it, from left to right."""
    rest = [node]
    while rest:
        node = rest.pop()
        yield node
        rest += reversed(node.parts())


def height(node: Node) -> int:
    """Count how many nodes stand inside each other at most."""
    level, count = [node], 0
    while level:
        level, count = [part for each in level for part in each.parts()], count + 1
    return count


def leaves(node: Node) -> Iterator[Node]:
    """Iterate over the outcomes of a node: itself, or those of its branches."""
    if isinstance(node, Conditional):
        yield from leaves(node.then)
        yield from leaves(node.otherwise)
    else:
        yield node
