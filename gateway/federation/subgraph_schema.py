"""Write the schema of the subgraph: as Apollo Federation 2 composes it with those of others.

What only federation says, as keys and tags, stands in this text alone, and not in the schema that clients see.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextvars import Context
from dataclasses import replace
from typing import Any

from graphql import (
    ConstArgumentNode,
    ConstDirectiveNode,
    ConstListValueNode,
    DirectiveDefinitionNode,
    GraphQLSchema,
    InterfaceTypeDefinitionNode,
    NameNode,
    ObjectTypeDefinitionNode,
    SchemaExtensionNode,
    StringValueNode,
    parse,
    print_ast,
)

from connectors.contract import KeyKind
from connectors.records import FieldClass
from gateway.context import RequestContext
from gateway.execution.schema_types import core_schema
from gateway.federation.entities import ENTITY_KEYS, ENTITY_TYPES, may_find
from gateway.settings import Settings
from gateway.views.schema_classes import Classes, classes_by_field
from gateway.views.schema_command import sdl_of_caller
from gateway.views.shown_schema import named_type

SPECIFICATION = "https://specs.apollo.dev/federation/v2.9"

_IMPORTED = ("cost", "listSize")
"""Directives of the schema that federation knows by the same names and arguments."""

_TYPES = (ObjectTypeDefinitionNode, InterfaceTypeDefinitionNode)

_OF_ROUTERS = ("_Any", "_Entity", "_Service")
_ROUTER_FIELDS = ("_entities", "_service")

SHAREABLE = ("Money", "PageInfo")
"""Types of values that other subgraphs may have as well, field by field."""

_CHANGED = ("masked", "hashed")


async def read_subgraph(context: RequestContext, schema: Any) -> str:
    """Read the schema of the subgraph as the caller of a request sees it. It is written once for each caller."""
    texts, caller = context.services.subgraph_texts, context.caller.name
    if caller not in texts:
        writing = asyncio.to_thread(subgraph_of_caller, context.services.settings, caller, schema)
        texts[caller] = asyncio.create_task(writing, context=Context())  # for all who ask meanwhile
    return await asyncio.shield(texts[caller])


def subgraph_of_caller(settings: Settings, caller: str, schema: Any) -> str:
    """Write the schema of the subgraph as a caller of settings sees it; as a whole for others: there are no callers, then."""
    core = core_schema(schema)
    if caller not in settings.callers or settings.access.mode == "report":
        return write_subgraph(schema.sdl(), core, None)
    return write_subgraph_of(caller, settings, core, sdl_of_caller(caller, settings, core, schema.sdl))


def write_subgraph_of(caller: str | None, settings: Settings | None, schema: GraphQLSchema, sdl: str) -> str:
    """Write the schema of the subgraph of the text that a caller sees, or of the whole one."""
    own = None if settings is None or caller is None else settings.callers[caller]
    return write_subgraph(sdl, schema, None if own is None else own.key_kinds)


def write_subgraph(sdl: str, schema: GraphQLSchema, kinds: Collection[KeyKind] | None) -> str:
    """Write the schema of the subgraph, of the text of a schema. `kinds` are those of keys that entities are found by."""
    document = parse(sdl, no_location=True)
    whole = [own for own in document.definitions if not _is_left_out(own)]
    tags = _tags_of([own for own in whole if isinstance(own, _TYPES)], classes_by_field(schema))
    definitions = [_of_subgraph(own, tags, kinds) if isinstance(own, _TYPES) else own for own in whole]
    used = _directives_in(definitions) & {"cost", "listSize", "key", "shareable", "tag"}
    linked: Any = (_link(used), *definitions)
    return print_ast(replace(document, definitions=linked)).rstrip() + "\n"


def _tags_of(types: Sequence[Any], classes: Mapping[str, Classes]) -> dict[str, set[str]]:
    """List the tags of each field: its classes, and those inside of a type all of whose fields have one.

    A contract that leaves all fields of a type out leaves the type out. What gives such a type has to go as well.
    """
    tags = {
        f"{own.name.value}.{field.name.value}": {str(one) for one in classes[f"{own.name.value}.{field.name.value}"].all}
        for own in types
        for field in own.fields or ()
    }
    tags = {where: found - {FieldClass.TECHNICAL} for where, found in tags.items()}
    while True:
        inside: dict[str, set[str]] = {}
        for own in types:
            found = [tags[f"{own.name.value}.{field.name.value}"] for field in own.fields or ()]
            inside[own.name.value] = set().union(*found) if all(found) else set()
        wider = {
            f"{own.name.value}.{field.name.value}": inside.get(named_type(field.type), set())
            for own in types
            for field in own.fields or ()
        }
        if all(more <= tags[where] for where, more in wider.items()):
            return tags
        tags = {where: found | wider[where] for where, found in tags.items()}


def _is_left_out(definition: Any) -> bool:
    name = definition.name.value if hasattr(definition, "name") and definition.name is not None else None
    return name in _OF_ROUTERS or (isinstance(definition, DirectiveDefinitionNode) and name in _IMPORTED)


def _of_subgraph(definition: Any, tags: Mapping[str, Collection[str]], kinds: Collection[KeyKind] | None) -> Any:
    """Give a type its keys, and its fields the tags of their classes."""
    name = definition.name.value
    fields = tuple(
        _tagged(field, tags[f"{name}.{field.name.value}"])
        for field in definition.fields or ()
        if not (name == "Query" and field.name.value in _ROUTER_FIELDS)
    )
    own = [_directive("key", fields=key) for key in _keys(definition, kinds)]
    if name in SHAREABLE:
        own.append(_directive("shareable"))
    return replace(definition, fields=fields, directives=(*(definition.directives or ()), *own))


def _keys(definition: Any, kinds: Collection[KeyKind] | None) -> Iterator[str]:
    """List the fields that find an entity: those that are there as they are, if the caller may find by them."""
    record = ENTITY_TYPES.get(definition.name.value)
    if record is None:
        return
    fields = {field.name.value: field for field in definition.fields or ()}
    for name, kind in ENTITY_KEYS[record].items():
        field = fields.get(name)
        changed = field is None or any(own.name.value in _CHANGED for own in field.directives or ())
        if not changed and may_find(kinds, kind):
            yield name


def _tagged(field: Any, names: Collection[str]) -> Any:
    tags = [_directive("tag", name=own) for own in sorted(names)]
    return replace(field, directives=(*(field.directives or ()), *tags))


def _link(used: Collection[str]) -> SchemaExtensionNode:
    imported = ConstListValueNode(values=tuple(StringValueNode(value=f"@{name}") for name in sorted(used)))
    address = ConstArgumentNode(name=NameNode(value="url"), value=StringValueNode(value=SPECIFICATION))
    given = ConstArgumentNode(name=NameNode(value="import"), value=imported)
    link = ConstDirectiveNode(name=NameNode(value="link"), arguments=(address, given))
    return SchemaExtensionNode(directives=(link,), operation_types=())


def _directives_in(definitions: Collection[Any]) -> set[str]:
    """Name the directives that types and their fields have."""
    holders = [(own, *(getattr(own, "fields", None) or ())) for own in definitions]
    return {used.name.value for own in holders for one in own for used in getattr(one, "directives", None) or ()}


def _directive(name: str, /, **arguments: str) -> ConstDirectiveNode:
    given = tuple(
        ConstArgumentNode(name=NameNode(value=key), value=StringValueNode(value=value)) for key, value in arguments.items()
    )
    return ConstDirectiveNode(name=NameNode(value=name), arguments=given)
