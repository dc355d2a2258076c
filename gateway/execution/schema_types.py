"""Find the types of the schema that reach sources."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

import msgspec
from graphql import GraphQLField, GraphQLSchema, get_named_type, is_abstract_type, is_object_type
from strawberry import Schema

from connectors.records import Subscription
from gateway.execution.field_metadata import DEFINITION, metadata_of

OTHERWISE_NAMED: Mapping[type[msgspec.Struct], str] = {Subscription: "CustomerSubscription"}
"""Records whose types have another name: `Subscription` is the root of what clients subscribe to."""


def name_type(struct: type[msgspec.Struct]) -> str:
    """Name the type that shows a record, or a part of one."""
    return OTHERWISE_NAMED.get(struct, struct.__name__)


def core_schema(schema: Schema) -> GraphQLSchema:
    """Get the schema of graphql-core. Strawberry has no public name for it."""
    core: GraphQLSchema = schema._schema  # noqa: SLF001
    return core


def reaches_sources(schema: GraphQLSchema, name: str) -> bool:
    """Tell whether objects of this type reach sources: by a resolver that waits, or by what they hold."""
    return name in _live_types(schema)


def stands_aside(field: GraphQLField) -> bool:
    """Tell whether a field waits on objects that else do not reach sources."""
    definition = field.extensions.get(DEFINITION)
    return definition is not None and metadata_of(definition).aside


def _waits(field: GraphQLField) -> bool:
    return field.extensions[DEFINITION].is_async and not stands_aside(field)


@lru_cache(maxsize=4)
def varied_fields(schema: GraphQLSchema) -> frozenset[str]:
    """Name the fields that plans show by themselves and that take arguments. A plan is made for the arguments' values."""
    return frozenset(
        name
        for kind in schema.type_map.values()
        if is_object_type(kind) and not kind.name.startswith("__") and not reaches_sources(schema, kind.name)
        for name, field in kind.fields.items()
        if field.args
    )


@lru_cache(maxsize=4)
def _live_types(schema: GraphQLSchema) -> frozenset[str]:
    kinds = [kind for kind in schema.type_map.values() if is_object_type(kind) and not kind.name.startswith("__")]
    live = {kind.name for kind in kinds for field in kind.fields.values() if _waits(field)}
    while True:
        holding = {kind.name for kind in kinds for field in kind.fields.values() if get_named_type(field.type).name in live}
        abstract = {
            kind.name
            for kind in schema.type_map.values()
            if is_abstract_type(kind) and any(possible.name in live for possible in schema.get_possible_types(kind))
        }
        if holding | abstract <= live:
            return frozenset(live)
        live |= holding | abstract
