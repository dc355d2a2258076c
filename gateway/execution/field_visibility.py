"""What is decided of fields for a caller, as directives in the document that both executors run.

`@withheld` fields are null and never asked for, `@masked` and `@hashed` ones are changed as they are shown, `@partly` says what
is not shown of a field that holds others. No document of a caller has these directives: they are not in the schema.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from inspect import isawaitable
from typing import Any

from graphql import (
    ConstArgumentNode,
    ConstDirectiveNode,
    DirectiveNode,
    FieldNode,
    GraphQLError,
    GraphQLObjectType,
    GraphQLSchema,
    NameNode,
    OperationDefinitionNode,
    StringValueNode,
    get_named_type,
    get_nullable_type,
    is_abstract_type,
    is_input_object_type,
    is_list_type,
    is_object_type,
)

from gateway.errors import WithheldError
from gateway.execution.collect_fields import FieldCollector
from gateway.execution.located_errors import ErrorLocator
from gateway.execution.masks import mask_of
from gateway.operations import Restriction
from gateway.settings.access_settings import Visibility
from gateway.stitching.origins import is_empty

Transform = Callable[[str], str]


_VISIBILITIES = frozenset(Visibility)
PARTLY, WITHOUT = "partly", "without"
"""The directives of a part of which something is withheld, and of `node`."""
_ABOUT_SCHEMA = frozenset(["Query.__schema", "Query.__type", "__Type.possibleTypes", "__Type.isOneOf"])


def directive_of(name: str, of: str = "") -> DirectiveNode:
    """Write a decision as a directive: a visibility, `PARTLY` or `WITHOUT`.

    `of` says which mask a masked value has, as what a hashed one is hashed, for which field an object is withheld, what is
    shown of a part, or which types are not given.
    """
    argument = ConstArgumentNode(name=NameNode(value="of"), value=StringValueNode(value=of))
    return ConstDirectiveNode(name=NameNode(value=name), arguments=(argument,) if of else ())


def visibility_of(nodes: Iterable[FieldNode]) -> Visibility:
    """Read what is decided of a field: the strictest that one of its nodes says."""
    said = [name for node in nodes for directive in node.directives or () if (name := directive.name.value) in _VISIBILITIES]
    return max(map(Visibility, said), key=lambda decision: decision.strictness, default=Visibility.SHOWN)


def is_withheld(nodes: Iterable[FieldNode]) -> bool:
    return visibility_of(nodes) is Visibility.WITHHELD


def transform_of(nodes: Sequence[FieldNode], restriction: Restriction | None) -> Transform | None:
    """Find what changes the texts of a field as they are shown; None where they are shown as they are."""
    match visibility_of(nodes):
        case Visibility.MASKED:
            return mask_of(said_of(nodes, Visibility.MASKED))
        case Visibility.HASHED:
            assert restriction is not None
            assert restriction.hasher is not None
            return restriction.hasher(said_of(nodes, Visibility.HASHED))
    return None


def said_of(nodes: Iterable[FieldNode], name: str) -> str:
    """Read what a directive of a field says."""
    directives = [own for node in nodes for own in node.directives or () if own.name.value == name]
    values = [argument.value for own in directives for argument in own.arguments or ()]
    return next((value.value for value in values if isinstance(value, StringValueNode)), "")


def blank_test(nodes: Iterable[FieldNode]) -> Callable[[Any], bool] | None:
    """Make the test of a part that has none of the fields that are shown of it; None where all of it is.

    That it is there is then told by what is withheld alone.
    """
    names = said_of(nodes, PARTLY)
    if not names:
        return None
    fields = names.split(",")
    return lambda part: all(is_empty(getattr(part, name, None)) for name in fields)


def restrict_resolver(restriction: Restriction) -> Callable[..., Any]:
    """Make the middleware by which graphql-core keeps to the decisions."""

    def decide(resolve: Callable[..., Any], source: Any, info: Any, **arguments: Any) -> Any:
        if is_withheld(info.field_nodes):
            return None
        if restriction.schema is not None and f"{info.parent_type.name}.{info.field_name}" in _ABOUT_SCHEMA:
            return _asked_of(restriction.schema, info.field_name, source, arguments)
        value = resolve(source, info, **arguments)
        transform = transform_of(info.field_nodes, restriction)
        is_blank = blank_test(info.field_nodes)
        if is_blank is not None:
            return None if not isinstance(value, list) and value is not None and is_blank(value) else value
        if transform is None:
            return value
        return _transformed_later(transform, value) if isawaitable(value) else _transformed(transform, value)

    return decide


def _asked_of(schema: GraphQLSchema, field: str, source: Any, arguments: Mapping[str, Any]) -> Any:
    """Answer from the schema of the callers what would else be answered from the whole one."""
    match field:
        case "__schema":
            return schema
        case "__type":
            return schema.get_type(arguments["name"])
        case "isOneOf":  # Strawberry looks for what only its own types have
            return source.is_one_of if is_input_object_type(source) else None
    return schema.get_possible_types(source) if is_abstract_type(source) else None


async def _transformed_later(transform: Transform, value: Awaitable[Any]) -> Any:
    return _transformed(transform, await value)


def _transformed(transform: Transform, value: Any) -> Any:
    if isinstance(value, list):
        return [*map(transform, value)]
    return None if value is None else transform(value)


class WithheldFields:
    """Tells of the withheld fields of an operation: once for each in the document, whatever was found.

    So what is said does not depend on data.
    """

    def __init__(self, schema: GraphQLSchema, collector: FieldCollector, definition: OperationDefinitionNode) -> None:
        kind = schema.get_root_type(definition.operation)
        self._schema = schema
        self._collector = collector
        self._seen: set[tuple[int, ...]] = set()
        self._paths: set[tuple[str, ...]] = set()
        self._found = [] if kind is None else [_WithheldField(*own) for own in self._under(kind, [definition], ())]

    def errors(self) -> list[GraphQLError]:
        """Make the errors of one run, located in the document, with a path where it can only be that of one object."""
        return [own.error() for own in self._found]

    def is_about_one(self, error: GraphQLError) -> bool:
        """Tell whether an error is of the arguments of a withheld field, which graphql-core reads all the same."""
        path = tuple(step for step in error.path or () if isinstance(step, str))
        return isinstance(error.original_error, GraphQLError | None) and path in self._paths

    def _under(
        self, kind: GraphQLObjectType, nodes: Sequence[Any], path: tuple[str, ...], *, is_one: bool = True
    ) -> Iterator[tuple[str, list[FieldNode], tuple[str, ...] | None]]:
        for key, own in self._collector.fields(nodes, kind).items():
            field, inner = kind.fields.get(own[0].name.value), (*path, key)
            if field is None:
                continue
            if is_withheld(own):
                mark = tuple(map(id, own))
                if mark not in self._seen:  # else it is an interface's, which stands on each of its types
                    self._seen.add(mark)
                    self._paths.add(inner)
                    yield f"{kind.name}.{own[0].name.value}", own, inner if is_one else None
                continue
            named: Any = get_named_type(field.type)
            is_one_here = is_one and not is_abstract_type(named) and not is_list_type(get_nullable_type(field.type))
            for possible in self._schema.get_possible_types(named) if is_abstract_type(named) else [named]:
                if is_object_type(possible):
                    yield from self._under(possible, own, inner, is_one=is_one_here)


class _WithheldField:
    """What is said of a withheld field in each run. It is placed in the document once."""

    def __init__(self, where: str, nodes: list[FieldNode], path: tuple[str, ...] | None) -> None:
        because = said_of(nodes, Visibility.WITHHELD)
        why = f", as {because} is, which may not be null" if because else ""
        self._message = f"{where} is withheld from this caller{why}"
        self._place = ErrorLocator(nodes)
        self._path = None if path is None else [*path]

    def error(self) -> GraphQLError:
        return self._place.place_error(GraphQLError(self._message, path=self._path, extensions={"code": WithheldError.code}))
