"""Write what a view decides into a document, once for all views that decide the same about its fields."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any

import msgspec
from graphql import (
    DirectiveNode,
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLSchema,
    InlineFragmentNode,
    NullValueNode,
    ObjectValueNode,
    OperationDefinitionNode,
    SelectionNode,
    SelectionSetNode,
    StringValueNode,
    ValueNode,
    VariableNode,
    get_named_type,
    is_input_object_type,
    is_non_null_type,
)
from graphql.utilities import build_ast_schema, type_from_ast

from gateway.errors import ForbiddenError, InvalidArgumentError
from gateway.execution.collect_fields import fragments_of
from gateway.execution.field_visibility import PARTLY, WITHOUT, directive_of
from gateway.lru_cache import SegmentedLru
from gateway.operations import Operation, Restriction, entries_taken
from gateway.settings.access_settings import MAX_VIEWS, Visibility
from gateway.views.cursor_variables import AFTER, declare_opened, open_argument, open_variables
from gateway.views.schema_classes import CURSORS
from gateway.views.shown_schema import shown_schema
from gateway.views.view import NODE_WAYS, FieldVisibility, View

MAX_VARIANTS = 1_000
"""The forms that are kept of all operations; fewer where they are large."""

Footprint = tuple[tuple[str, FieldVisibility], ...]


class _Uses(msgspec.Struct):
    """What an operation uses of the schema. `given` are its variables whose types hold others, with their types.

    `by_variable` are arguments with the variables that give them, where one does; of a variable that has a default they are
    among the `arguments`.

    `cursors` are the arguments that take one, with the variables that give them, `defaults` what these are where nothing is
    given.

    `introspects` says that it asks about the schema. `by_view` has what was worked out for a view: an argument that it
    refuses, and the mark of the variant, of which there is one for each name.
    """

    fields: frozenset[str]
    arguments: frozenset[str]
    by_variable: Sequence[tuple[str, str]]
    cursors: Sequence[tuple[str, str]]
    defaults: Mapping[str, str]
    given: Mapping[str, Any]
    introspects: bool
    marks: dict[Any, object]
    by_view: dict[View, tuple[str | None, object | None]]


class DocumentRewriter:
    """Rewrites operations of one schema for views."""

    def __init__(self, schema: GraphQLSchema, sdl: Callable[[], str]) -> None:
        self._schema = schema
        self._variants: SegmentedLru[Any, Operation] = SegmentedLru(
            MAX_VARIANTS, lambda variant: entries_taken(variant.document.token_count)
        )
        self._shown_schema = lru_cache(maxsize=MAX_VIEWS)(
            lambda view: build_ast_schema(shown_schema(sdl(), view), assume_valid=True)
        )

    def uses(self, operation: Operation, where: str) -> bool:
        """Tell whether an operation has a field, `Type.field`."""
        return where in self._uses(operation).fields

    def fields_of(self, operation: Operation) -> frozenset[str]:
        """List the fields of an operation, each as `Type.field`."""
        return self._uses(operation).fields

    def admit(self, operation: Operation, variables: dict[str, Any], view: View) -> tuple[Operation, dict[str, Any]]:
        """Give the form of an operation, and of its variables, that the callers of a view run.

        Raises `ForbiddenError` for an argument that tells what they do not see, and for a key that they may not find by;
        `InvalidArgumentError` for a cursor that was not sealed for them.
        """
        uses = self._uses(operation)
        lifted = operation.lifted
        if view not in uses.by_view:
            refused = uses.arguments.intersection(view.refused)
            name = _variant_name(uses, view)
            uses.by_view[view] = min(refused, default=None), None if name is None else uses.marks.setdefault(name, object())
        refused_argument, mark = uses.by_view[view]
        if refused_argument is not None:
            raise ForbiddenError(refused_argument)
        given = variables if lifted is None else {**variables, **lifted.variables}
        self._check_variables(uses, given, view)
        if mark is None:
            return operation, variables
        sealed = sorted({name for where, name in uses.cursors if where in view.sealed_arguments})
        if sealed and view.seal is not None:
            variables = {**variables, **open_variables(view.seal, sealed, {**uses.defaults, **given})}
        variant = self._variants.get(mark)
        if variant is None:
            shown = self._shown_schema(view) if uses.introspects else None
            variant = _Rewriting(self._schema, operation, view, sealed).variant(Restriction(view.hasher, shown))
            if operation.recurs:
                self._variants.add(mark, variant)
        return variant if lifted is None else replace(variant, lifted=lifted), variables

    def _check_variables(self, uses: _Uses, variables: Mapping[str, Any], view: View) -> None:
        for where, variable in uses.by_variable:
            if where in view.refused and variables.get(variable) is not None:
                raise ForbiddenError(where)
        for variable, kind in uses.given.items():
            for where in _given_inputs(kind, variables.get(variable)):
                if where in view.refused:
                    raise ForbiddenError(where)

    def explain(self, operation: Operation, variables: dict[str, Any], view: View) -> list[dict[str, str]]:
        """List what the callers of a view would not see as it is, and what they would be refused."""
        uses = self._uses(operation)
        fields = [{"field": where, "is": view.fields[where].visibility} for where in sorted(uses.fields & view.hidden)]
        try:
            self.admit(operation, variables, view)
        except ForbiddenError as error:
            return [*fields, {"field": error.where, "is": "refused"}]
        except InvalidArgumentError:
            pass  # in a report cursors are not sealed
        return fields

    def _uses(self, operation: Operation) -> _Uses:
        uses: _Uses | None = operation.known.get(self)
        if uses is None:
            uses = operation.known[self] = self._find_uses(operation)
        return uses

    def _find_uses(self, operation: Operation) -> _Uses:
        walk = _Walk(self._schema, operation.document)
        fields, arguments = set[str](), set[str]()
        by_variable, cursors = list[tuple[str, str]](), list[tuple[str, str]]()
        declared = operation.definition.variable_definitions or ()
        defaults = {
            own.variable.name.value: own.default_value
            for own in declared
            if not isinstance(own.default_value, NullValueNode | None)
        }
        texts = {name: value.value for name, value in defaults.items() if isinstance(value, StringValueNode)}
        for found in walk.operation(operation.definition):
            fields.add(found.where)
            for where, name in found.arguments:
                if name is not None and where.endswith(AFTER):
                    cursors.append((where, name))
                if name is None or name in defaults:
                    arguments.add(where)
                else:
                    by_variable.append((where, name))
        given = {}
        for variable in declared:
            kind = get_named_type(type_from_ast(self._schema, variable.type))
            if is_input_object_type(kind):
                given[variable.variable.name.value] = kind
                if variable.default_value is not None:
                    arguments |= {*_literal_inputs(kind, variable.default_value)}
        introspects = any(name.partition(".")[2].startswith("__") for name in fields)
        return _Uses(frozenset(fields), frozenset(arguments), by_variable, cursors, texts, given, introspects, {}, {})


def _variant_name(uses: _Uses, view: View) -> tuple[object, ...] | None:
    """Name the variant of a view: its decisions on the fields in use, for whom it hashes, which sources are asked.

    Cursors that it opens are among its decisions. None for the operation itself.
    """
    footprint = tuple((where, decided) for where in sorted(uses.fields) if (decided := view.fields.get(where)) is not None)
    hashes = any(decided.visibility is Visibility.HASHED for _, decided in footprint)
    literal = uses.arguments.intersection(view.sealed_arguments)
    sources = view.rights.sources
    if uses.introspects:
        return footprint, view, sources
    sealed = literal.union(where for where, _ in uses.cursors if where in view.sealed_arguments)
    is_changed = footprint or sealed or sources is not None
    return (footprint, view.group if hashes or literal else None, sources, sealed) if is_changed else None


class _Found(msgspec.Struct):
    """A field in a document."""

    where: str
    arguments: Sequence[tuple[str, str | None]]
    """With the variables that give them."""


class _Walk:
    """Walks through a document with the types of its fields."""

    def __init__(self, schema: GraphQLSchema, document: DocumentNode) -> None:
        self._schema = schema
        self._fragments = fragments_of(document)

    def operation(self, definition: OperationDefinitionNode) -> Iterator[_Found]:
        """List the fields of an operation, those of its fragments once."""
        seen: set[str] = set()
        yield from self._under(definition.selection_set, root_of(self._schema, definition), None, seen)

    def _under(self, selected: SelectionSetNode, kind: Any, outside: Any, seen: set[str]) -> Iterator[_Found]:
        for node in selected.selections:
            if isinstance(node, FieldNode):
                field = kind.fields.get(node.name.value) if hasattr(kind, "fields") else None
                if field is None:  # __typename, and what is asked of the schema
                    if node.name.value != "__typename":
                        yield _Found(f"{kind.name}.{node.name.value}", ())
                    continue
                yield _Found(place_of(kind, node, outside), [*_arguments(kind, node, field)])
                if node.selection_set is not None:
                    yield from self._under(node.selection_set, get_named_type(field.type), kind, seen)
            elif isinstance(node, InlineFragmentNode):
                inner = kind if node.type_condition is None else self._schema.type_map[node.type_condition.name.value]
                yield from self._under(node.selection_set, inner, outside if inner is kind else None, seen)
            elif isinstance(node, FragmentSpreadNode) and node.name.value not in seen:
                seen.add(node.name.value)
                fragment = self._fragments[node.name.value]
                inner = self._schema.type_map[fragment.type_condition.name.value]
                yield from self._under(fragment.selection_set, inner, None, seen)


class _Rewriting:
    """Writes one variant of an operation's document."""

    def __init__(self, schema: GraphQLSchema, operation: Operation, view: View, sealed: Collection[str]) -> None:
        """`sealed` are the variables that give sealed cursors."""
        self._schema = schema
        self._operation = operation
        self._view = view
        self._sealed = sealed
        self._fragments = fragments_of(operation.document)
        self._rewritten: dict[str, tuple[FragmentDefinitionNode, str | None]] = {}

    def variant(self, restriction: Restriction) -> Operation:
        """Write the variant. Raises `ForbiddenError` where what may not be null would be."""
        operation = self._operation
        own = operation.definition
        selected, nulled = self._selected(own.selection_set, root_of(self._schema, own), None)
        if nulled is not None:
            raise ForbiddenError(nulled, is_argument=False)
        declared = (*(own.variable_definitions or ()), *declare_opened(self._sealed))
        definition = replace(own, selection_set=selected, variable_definitions=declared)
        definitions = [
            definition if one is own else self._fragment(one)[0] if isinstance(one, FragmentDefinitionNode) else one
            for one in operation.document.definitions
        ]
        document = replace(operation.document, definitions=tuple(definitions))
        return Operation(document, definition, recurs=operation.recurs, restriction=restriction)

    def _fragment(self, node: FragmentDefinitionNode) -> tuple[FragmentDefinitionNode, str | None]:
        name = node.name.value
        if name not in self._rewritten:
            kind = self._schema.type_map[node.type_condition.name.value]
            selected, nulled = self._selected(node.selection_set, kind, None)
            self._rewritten[name] = replace(node, selection_set=selected), nulled
        return self._rewritten[name]

    def _selected(self, selected: SelectionSetNode, kind: Any, outside: Any) -> tuple[SelectionSetNode, str | None]:
        """Rewrite a selection. Told is also a field in it that is withheld and may not be null: the object is, then."""
        nodes: list[SelectionNode] = []
        nulled = None
        for node in selected.selections:
            rewritten, by = self._node(node, kind, outside)
            nodes.append(rewritten)
            nulled = nulled or by
        return replace(selected, selections=tuple(nodes)), nulled

    def _node(self, node: Any, kind: Any, outside: Any) -> tuple[SelectionNode, str | None]:
        if isinstance(node, FragmentSpreadNode):
            return node, self._fragment(self._fragments[node.name.value])[1]
        if isinstance(node, InlineFragmentNode):
            inner = kind if node.type_condition is None else self._schema.type_map[node.type_condition.name.value]
            selected, nulled = self._selected(node.selection_set, inner, outside if inner is kind else None)
            return replace(node, selection_set=selected), nulled
        field = kind.fields.get(node.name.value) if hasattr(kind, "fields") else None
        if field is None:
            return node, None
        if self._view.seal is not None and f"{kind.name}.{node.name.value}{AFTER}" in self._view.sealed_arguments:
            node = open_argument(self._view.seal, node)
        where = place_of(kind, node, outside)
        decided = self._view.fields.get(where, FieldVisibility(Visibility.SHOWN))
        nulled = where if decided.visibility is Visibility.WITHHELD else None
        if nulled is None and node.selection_set is not None:
            selected, nulled = self._selected(node.selection_set, get_named_type(field.type), kind)
            node = replace(node, selection_set=selected)
        if nulled is not None:
            decided = FieldVisibility(Visibility.WITHHELD, "" if nulled == where else nulled)
        if decided.visibility is not Visibility.SHOWN or decided.of:
            node = replace(node, directives=(*(node.directives or ()), _directive(where, decided)))
        return node, nulled if is_non_null_type(field.type) else None


def _directive(where: str, decided: FieldVisibility) -> DirectiveNode:
    if decided.visibility is not Visibility.SHOWN:
        return directive_of(decided.visibility, decided.of)
    return directive_of(WITHOUT if where in NODE_WAYS else PARTLY, decided.of)


def root_of(schema: GraphQLSchema, definition: OperationDefinitionNode) -> Any:
    return schema.get_root_type(definition.operation)


def place_of(kind: Any, node: FieldNode, outside: Any) -> str:
    """Name the place of a field as views do. `outside` is the type around its object's."""
    where = f"{kind.name}.{node.name.value}"
    return f"{outside.name}/{where}" if where in CURSORS and outside is not None else where


def _arguments(kind: Any, node: FieldNode, field: Any) -> Iterator[tuple[str, str | None]]:
    """List the arguments that a field is given, each with the variable that gives it, and what is given in them."""
    for argument in node.arguments or ():
        value = argument.value
        if not isinstance(value, NullValueNode):
            where = f"{kind.name}.{node.name.value}({argument.name.value})"
            yield where, value.name.value if isinstance(value, VariableNode) else None
            for inner in _literal_inputs(get_named_type(field.args[argument.name.value].type), value):
                yield inner, None


def _literal_inputs(kind: Any, value: ValueNode) -> Iterator[str]:
    """List the fields of input types that a value in a document gives."""
    for item in getattr(value, "values", ()):
        yield from _literal_inputs(kind, item)
    if isinstance(value, ObjectValueNode) and is_input_object_type(kind):
        for field in value.fields:
            if not isinstance(field.value, NullValueNode):
                yield f"{kind.name}.{field.name.value}"
                yield from _literal_inputs(get_named_type(kind.fields[field.name.value].type), field.value)


def _given_inputs(kind: Any, value: Any) -> Iterator[str]:
    """List the fields of input types that a variable gives. What is wrong in it is told by others."""
    if isinstance(value, list):
        for item in value:
            yield from _given_inputs(kind, item)
    elif isinstance(value, dict) and is_input_object_type(kind):
        for name, inner in value.items():
            if inner is not None and name in kind.fields:
                yield f"{kind.name}.{name}"
                yield from _given_inputs(get_named_type(kind.fields[name].type), inner)
