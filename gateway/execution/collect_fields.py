"""Collect the fields that a selection asks of a concrete type.

Fragments put in place, directives applied, equal keys merged.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any

from graphql import (
    DirectiveNode,
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLDeferDirective,
    GraphQLIncludeDirective,
    GraphQLObjectType,
    GraphQLSchema,
    GraphQLSkipDirective,
    GraphQLStreamDirective,
    OperationDefinitionNode,
    SelectionNode,
    VariableNode,
    Visitor,
    is_abstract_type,
    visit,
)
from graphql.execution.values import VariableValues, get_directive_values

from gateway.execution.arguments import variables_of

CONDITIONS = (GraphQLSkipDirective, GraphQLIncludeDirective)


class FieldCollector:
    """Collect fields for one operation under one set of conditions."""

    def __init__(
        self, schema: GraphQLSchema, fragments: Mapping[str, FragmentDefinitionNode], variables: VariableValues
    ) -> None:
        self._schema = schema
        self._fragments = fragments
        self._variables = variables

    def fields(
        self, nodes: Iterable[FieldNode | OperationDefinitionNode], kind: GraphQLObjectType
    ) -> dict[str, list[FieldNode]]:
        """Field nodes by response key, in the order of the answer."""
        nodes_by_name: dict[str, list[FieldNode]] = {}
        seen: set[str] = set()
        for node in nodes:
            if node.selection_set is not None:
                for field in self._flat(node.selection_set.selections, kind, seen):
                    key = field.alias.value if field.alias else field.name.value
                    nodes_by_name.setdefault(key, []).append(field)
        return nodes_by_name

    def deferred_keys(
        self, nodes: Iterable[FieldNode | OperationDefinitionNode], kind: GraphQLObjectType
    ) -> tuple[set[str], list[tuple[str | None, list[str]]]]:
        """Tell which response keys are shown at once, and which by each deferred fragment, with its label."""
        at_once: list[str] = []
        fragments: list[tuple[str | None, list[str]]] = []
        for node in nodes:
            if node.selection_set is not None:
                self._place_keys(node.selection_set.selections, kind, at_once, fragments, set())
        return {*at_once}, fragments

    def _place_keys(
        self,
        nodes: Iterable[SelectionNode],
        kind: GraphQLObjectType,
        keys: list[str],
        fragments: list[tuple[str | None, list[str]]],
        seen: set[str],
    ) -> None:
        """Add the keys of a selection to others, and those of its deferred fragments to lists of their own."""
        for node in nodes:
            if not self._included(node):
                continue
            if isinstance(node, FieldNode):
                keys.append(node.alias.value if node.alias else node.name.value)
                continue
            fragment: Any = self._fragments[node.name.value] if isinstance(node, FragmentSpreadNode) else node
            if not self._holds_on(fragment.type_condition, kind):
                continue
            defer = get_directive_values(GraphQLDeferDirective, node, self._variables)
            if defer and defer["if"]:
                fragments.append((defer.get("label"), []))
                self._place_keys(fragment.selection_set.selections, kind, fragments[-1][1], fragments, set())
            elif not (isinstance(node, FragmentSpreadNode) and node.name.value in seen):
                seen |= {node.name.value} if isinstance(node, FragmentSpreadNode) else set()
                self._place_keys(fragment.selection_set.selections, kind, keys, fragments, seen)

    def stream_of(self, nodes: Iterable[FieldNode]) -> tuple[str | None, int] | None:
        """Read the label of a streamed list and how many of its items are shown at once. None where it is not streamed."""
        for node in nodes:
            stream = get_directive_values(GraphQLStreamDirective, node, self._variables)
            if stream and stream["if"]:
                return stream.get("label"), max(0, stream["initialCount"] or 0)
        return None

    def _flat(self, nodes: Iterable[SelectionNode], kind: GraphQLObjectType, seen: set[str]) -> Iterator[FieldNode]:
        for node in nodes:
            if not self._included(node):
                continue
            if isinstance(node, FieldNode):
                yield node
                continue
            fragment: Any = node
            if isinstance(node, FragmentSpreadNode):
                if node.name.value in seen:
                    continue
                seen.add(node.name.value)
                fragment = self._fragments[node.name.value]
            if self._holds_on(fragment.type_condition, kind):
                yield from self._flat(fragment.selection_set.selections, kind, seen)

    def _holds_on(self, condition: Any, kind: GraphQLObjectType) -> bool:
        if condition is None or condition.name.value == kind.name:
            return True
        other = self._schema.type_map[condition.name.value]
        return is_abstract_type(other) and self._schema.is_sub_type(other, kind)

    def _included(self, node: SelectionNode) -> bool:
        if not node.directives:
            return True
        skip, include = (get_directive_values(directive, node, self._variables) for directive in CONDITIONS)
        return not (skip and skip["if"]) and not (include and not include["if"])


def fragments_of(document: DocumentNode) -> Mapping[str, FragmentDefinitionNode]:
    """List the fragments of a document by name."""
    return {node.name.value: node for node in document.definitions if isinstance(node, FragmentDefinitionNode)}


def deciding_variables(document: DocumentNode, shown: Collection[str] = ()) -> tuple[str, ...]:
    """Name the variables that a plan is made for, sorted: in `@skip`, `@include` and arguments of the `shown` fields."""
    finder = _DecidingVariables(shown)
    visit(document, finder)
    return tuple(sorted(finder.names))


def is_incremental(document: DocumentNode) -> bool:
    """Tell whether something in a document is deferred or streamed."""
    finder = _IncrementalDirectives()
    visit(document, finder)
    return finder.is_found


class _IncrementalDirectives(Visitor):
    def __init__(self) -> None:
        super().__init__()
        self.is_found = False

    def enter_directive(self, node: DirectiveNode, *_: Any) -> None:
        self.is_found |= node.name.value in (GraphQLDeferDirective.name, GraphQLStreamDirective.name)


class _DecidingVariables(Visitor):
    def __init__(self, shown: Collection[str]) -> None:
        super().__init__()
        self.names: set[str] = set()
        self._shown = shown

    def enter_field(self, node: FieldNode, *_: Any) -> None:
        if node.arguments and node.name.value in self._shown:
            self.names.update(variables_of(node.arguments))

    def enter_directive(self, node: DirectiveNode, *_: Any) -> None:
        self.names.update(
            argument.value.name.value for argument in node.arguments or () if isinstance(argument.value, VariableNode)
        )
