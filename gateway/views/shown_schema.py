"""The schema as the callers of a view see it: without what is withheld from them, and with the names of masks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

from graphql import (
    ConstDirectiveNode,
    DefinitionNode,
    DocumentNode,
    FieldDefinitionNode,
    InputObjectTypeDefinitionNode,
    InputValueDefinitionNode,
    InterfaceTypeDefinitionNode,
    NameNode,
    NonNullTypeNode,
    ObjectTypeDefinitionNode,
    TypeNode,
    UnionTypeDefinitionNode,
    parse,
)

from gateway.settings.access_settings import Visibility
from gateway.views.cursor_seal import CURSOR
from gateway.views.schema_classes import CURSORS
from gateway.views.view import View

_DIRECTIVES = """
"What is shown of the text tells people which it is, and nobody what it is."
directive @masked on FIELD_DEFINITION

"A hash stands for the text, the same for the same text."
directive @hashed on FIELD_DEFINITION
"""
_BUILT_IN = frozenset(["String", "ID", "Int", "Float", "Boolean"])


def shown_schema(sdl: str, view: View) -> DocumentNode:
    """Write the schema of a view, of the text of the whole one."""
    document = parse(sdl + _DIRECTIVES, no_location=True)
    definitions = [_shown(definition, view) for definition in document.definitions]
    while (left := _without_lost(definitions)) != definitions:
        definitions = left
    return replace(document, definitions=tuple(_reached(definitions)))


def _shown(definition: DefinitionNode, view: View) -> DefinitionNode:
    if isinstance(definition, ObjectTypeDefinitionNode | InterfaceTypeDefinitionNode):
        name = definition.name.value
        fields = [_field(name, field, view) for field in definition.fields or () if not _is_hidden(name, field, view)]
        return replace(definition, fields=tuple(fields))
    if isinstance(definition, InputObjectTypeDefinitionNode):
        name = definition.name.value
        inputs = tuple(field for field in definition.fields or () if f"{name}.{field.name.value}" not in view.refused)
        return replace(definition, fields=inputs)
    return definition


def _is_hidden(type_name: str, field: FieldDefinitionNode, view: View) -> bool:
    """Tell whether a field is withheld. Cursors are not where some list shows its own."""
    where = f"{type_name}.{field.name.value}"
    if where in CURSORS:
        places = [place for place in view.places if place.endswith(f"/{where}")]
        return all(_is_withheld(place, view) for place in places)
    return _is_withheld(where, view)


def _is_withheld(where: str, view: View) -> bool:
    found = view.fields.get(where)
    return found is not None and found.visibility is Visibility.WITHHELD


def _field(type_name: str, field: FieldDefinitionNode, view: View) -> FieldDefinitionNode:
    where = f"{type_name}.{field.name.value}"
    arguments = tuple(own for own in field.arguments or () if f"{where}({own.name.value})" not in view.refused)
    found = view.fields.get(where)
    if found is None or found.visibility in (Visibility.SHOWN, Visibility.WITHHELD) or found.of == CURSOR:
        return replace(field, arguments=arguments)
    directive = ConstDirectiveNode(name=NameNode(value=found.visibility.value), arguments=())
    return replace(field, arguments=arguments, directives=(*(field.directives or ()), directive))


def _without_lost(definitions: list[DefinitionNode]) -> list[DefinitionNode]:
    """Leave out types without fields, and what speaks of types that are not there."""
    kept = [own for own in definitions if getattr(own, "fields", None) != ()]
    names = {own.name.value for own in kept if hasattr(own, "name")} | _BUILT_IN
    return [_with_known(own, names) for own in kept]


def _with_known(definition: DefinitionNode, names: set[str]) -> DefinitionNode:
    if isinstance(definition, UnionTypeDefinitionNode):
        return replace(definition, types=tuple(own for own in definition.types or () if own.name.value in names))
    if isinstance(definition, InputObjectTypeDefinitionNode):
        return replace(definition, fields=tuple(own for own in definition.fields or () if named_type(own.type) in names))
    if not isinstance(definition, ObjectTypeDefinitionNode | InterfaceTypeDefinitionNode):
        return definition
    fields = []
    for field in definition.fields or ():
        arguments = tuple(own for own in field.arguments or () if named_type(own.type) in names)
        lost = [own for own in field.arguments or () if own not in arguments]
        if named_type(field.type) in names and not any(map(_is_required, lost)):
            fields.append(replace(field, arguments=arguments))
    interfaces = tuple(own for own in definition.interfaces or () if own.name.value in names)
    return replace(definition, fields=tuple(fields), interfaces=interfaces)


def _is_required(argument: InputValueDefinitionNode) -> bool:
    return isinstance(argument.type, NonNullTypeNode) and argument.default_value is None


def named_type(kind: TypeNode) -> str:
    """Name the type inside of lists and non-null types."""
    inner: Any = kind
    while not hasattr(inner, "name"):
        inner = inner.type
    name: str = inner.name.value
    return name


def _reached(definitions: list[DefinitionNode]) -> list[DefinitionNode]:
    """Leave out types that no query leads to."""
    by_name: dict[str, Any] = {own.name.value: own for own in definitions if hasattr(own, "name")}
    implementing = [own for own in definitions if isinstance(own, ObjectTypeDefinitionNode)]
    reached: set[str] = set()
    left = ["Query", "Mutation", "Subscription"]
    while left:
        name = left.pop()
        if name in reached or name not in by_name:
            continue
        reached.add(name)
        left += _named(by_name[name])
        left += [own.name.value for own in implementing if name in {face.name.value for face in own.interfaces or ()}]
    return [own for own in definitions if own.kind in ("directive_definition", "schema_definition") or _is_in(own, reached)]


def _is_in(definition: Any, names: Iterable[str]) -> bool:
    return not hasattr(definition, "name") or definition.name.value in names


def _named(definition: Any) -> Iterator[str]:
    for field in getattr(definition, "fields", None) or ():
        yield named_type(field.type)
        for argument in getattr(field, "arguments", None) or ():
            yield named_type(argument.type)
    for own in (*(getattr(definition, "types", None) or ()), *(getattr(definition, "interfaces", None) or ())):
        yield own.name.value
