"""Write the schema that a caller of the settings sees, and the classes that its fields need."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from graphql import (
    ConstArgumentNode,
    ConstDirectiveNode,
    ConstListValueNode,
    GraphQLSchema,
    InterfaceTypeDefinitionNode,
    NameNode,
    ObjectTypeDefinitionNode,
    StringValueNode,
    parse,
    print_ast,
)

from connectors.errors import ConfigurationError
from connectors.records import FieldClass
from connectors.suggestions import did_you_mean
from gateway.settings.settings import Settings
from gateway.views.schema_classes import classes_by_field
from gateway.views.shown_schema import shown_schema
from gateway.views.views import view_of_caller

_SCOPES = """
"The classes of a field, all of which a caller has to be shown."
directive @requiresScopes(scopes: [[String!]!]!) on FIELD_DEFINITION
"""


def sdl_of_caller(caller: str, settings: Settings | None, schema: GraphQLSchema, sdl: Callable[[], str]) -> str:
    """Write a schema as a caller sees it, of its text `sdl` in the schema definition language.

    Raises `ConfigurationError` where no settings are given, or they do not have the caller.
    """
    if settings is None:
        raise ConfigurationError(["--caller: is one of the settings; add --config"])
    require_caller(caller, settings)
    is_restricted = settings.callers[caller].is_restricted
    shown = print_ast(shown_schema(sdl(), view_of_caller(schema, settings, caller))) if is_restricted else sdl()
    return shown.rstrip() + "\n"


def require_caller(name: str, settings: Settings) -> None:
    """Raise `ConfigurationError` where the settings have no caller of this name."""
    if name not in settings.callers:
        raise ConfigurationError([f"--caller: no caller has the name '{name}'{did_you_mean(name, settings.callers)}"])


def add_scopes(sdl: str, schema: GraphQLSchema) -> str:
    """Write into the text of a schema which classes each field needs, as `@requiresScopes` of Apollo's federation has them."""
    document = parse(sdl + _SCOPES, no_location=True)
    classes = classes_by_field(schema)
    definitions: list[Any] = []
    for own in document.definitions:
        if isinstance(own, ObjectTypeDefinitionNode | InterfaceTypeDefinitionNode):
            fields = tuple(
                _with_scopes(field, classes[f"{own.name.value}.{field.name.value}"].all) for field in own.fields or ()
            )
            own = replace(own, fields=fields)
        definitions.append(own)
    return print_ast(replace(document, definitions=tuple(definitions))).rstrip() + "\n"


def _with_scopes(field: Any, classes: frozenset[FieldClass]) -> Any:
    needed = sorted(classes - {FieldClass.TECHNICAL})
    if not needed:
        return field
    scopes = ConstListValueNode(values=(ConstListValueNode(values=tuple(StringValueNode(value=own) for own in needed)),))
    argument = ConstArgumentNode(name=NameNode(value="scopes"), value=scopes)
    directive = ConstDirectiveNode(name=NameNode(value="requiresScopes"), arguments=(argument,))
    return replace(field, directives=(*(field.directives or ()), directive))
