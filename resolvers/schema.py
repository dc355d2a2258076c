"""The schema, put together."""

from collections.abc import Callable, Sequence
from functools import lru_cache
from operator import attrgetter
from typing import Any

import strawberry
from graphql import (
    GraphQLDeferDirective,
    GraphQLInputObjectType,
    GraphQLObjectType,
    GraphQLStreamDirective,
    is_input_object_type,
    is_object_type,
)
from strawberry.schema.config import StrawberryConfig
from strawberry.types.base import StrawberryObjectDefinition
from strawberry.types.field import StrawberryField

from connectors.own_fields import OwnField
from gateway.execution.field_metadata import DEFINITION, FieldMetadata, metadata_of
from gateway.settings import Settings
from gateway.stitching.sourced_record import record_of
from resolvers.cost_directives import cost_directives
from resolvers.customer import Customer
from resolvers.federation import ENTITY_SCALARS, FederatedQuery
from resolvers.mutation import Mutation
from resolvers.nullability import nullability_directives
from resolvers.own_fields import FieldsByType, fields_of_type, own_fields_by_type
from resolvers.query import Query
from resolvers.scalars import SCALARS
from resolvers.subscription import Subscription


class GatewaySchema(strawberry.Schema):
    """The schema of the gateway, with the fields of one's own that settings declare.

    `federated` says that it is a subgraph: with the fields by which a supergraph's router asks.
    Raises `ConfigurationError` for such a field that has the name of another one.
    """

    def __init__(self, fields: Sequence[OwnField] = (), *, federated: bool = False) -> None:
        self._own_fields = own_fields_by_type(fields, schema._schema.type_map) if fields else {}
        config = StrawberryConfig(scalar_map=SCALARS | ENTITY_SCALARS if federated else SCALARS)
        query = FederatedQuery if federated else Query
        super().__init__(query=query, mutation=Mutation, subscription=Subscription, types=[Customer], config=config)
        self._schema.directives = (*self._schema.directives, GraphQLDeferDirective, GraphQLStreamDirective)
        for kind in self._schema.type_map.values():
            if is_input_object_type(kind):
                _finish_input(kind, self._own_fields)
            elif is_object_type(kind) and not kind.name.startswith("__"):
                _read_owners(kind)
                _write_directives(kind)

    def get_fields(self, type_definition: StrawberryObjectDefinition) -> list[StrawberryField]:
        """List the fields of a type."""
        return fields_of_type(type_definition, self._own_fields)

    def sdl(self) -> str:
        """Write the schema in the schema definition language. So it is exported to `schema.graphql`."""
        return self.as_str().rstrip() + "\n"


def _finish_input(kind: GraphQLInputObjectType, own_fields: FieldsByType) -> None:
    """Mark `@oneOf` for graphql-core, so that its own rules hold: Strawberry keeps that to itself.

    Values of fields of one's own come by the names that their records have.
    """
    kind.is_one_of = kind.extensions[DEFINITION].is_one_of
    for own in own_fields.get(kind.name, ()):
        assert own.graphql_name is not None
        kind.fields[own.graphql_name].out_name = own.python_name


def _read_owners(kind: GraphQLObjectType) -> None:
    """Have graphql-core read an attribute where plans do: of the owner that its field names, or else of the record itself."""
    for field in kind.fields.values():
        definition = field.extensions[DEFINITION]
        definition.default_resolver = _reader(metadata_of(definition))


def _write_directives(kind: GraphQLObjectType) -> None:
    """Have the exported schema say what fields cost, and which are null with an error alone."""
    for name, field in kind.fields.items():
        definition = field.extensions[DEFINITION]
        costs = cost_directives(metadata_of(definition), field)
        definition.directives = [*costs, *nullability_directives(f"{kind.name}.{name}")]


def _reader(metadata: FieldMetadata) -> Callable[[Any, str], Any]:
    if metadata.of_source is not None:
        return getattr
    if metadata.owner is not None:
        owner_of = attrgetter(metadata.owner)
        return lambda holder, name: getattr(owner_of(holder), name)
    return lambda holder, name: getattr(record_of(holder), name)


schema = GatewaySchema()


@lru_cache(maxsize=8)
def schema_with(fields: tuple[OwnField, ...], *, federated: bool = False) -> GatewaySchema:
    """Give the schema with fields of one's own: the same one for the same fields."""
    return GatewaySchema(fields, federated=federated) if fields or federated else schema


def schema_of(settings: Settings | None, *, federated: bool = False) -> GatewaySchema:
    """Give the schema of settings; without any that of the code. `federated` says that it is a subgraph all the same."""
    if settings is None:
        return schema_with((), federated=federated)
    return schema_with(tuple(settings.fields.declared()), federated=federated or settings.federation.enabled)


def sdl() -> str:
    """Write the schema without fields of one's own."""
    return schema.sdl()
