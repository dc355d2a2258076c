"""The schema, put together."""

from collections.abc import Callable
from operator import attrgetter
from typing import Any

import strawberry
from graphql import is_input_object_type, is_object_type
from strawberry.schema.config import StrawberryConfig

from gateway.execution.field_metadata import DEFINITION, FieldMetadata, metadata_of
from gateway.stitching.sourced_record import record_of
from resolvers.customer import Customer
from resolvers.mutation import Mutation
from resolvers.query import Query
from resolvers.scalars import SCALARS

schema = strawberry.Schema(query=Query, mutation=Mutation, types=[Customer], config=StrawberryConfig(scalar_map=SCALARS))


def _mark_one_of_inputs() -> None:
    """Mark the `@oneOf` inputs for graphql-core. So its own rules hold for them; Strawberry keeps that to itself."""
    for kind in schema._schema.type_map.values():  # noqa: SLF001  Strawberry has no public name for it
        if is_input_object_type(kind):
            kind.is_one_of = kind.extensions["strawberry-definition"].is_one_of


def _read_owners() -> None:
    """Have graphql-core read an attribute where plans do: of the owner that its field names, or else of the record itself."""
    for kind in schema._schema.type_map.values():  # noqa: SLF001  as above
        if is_object_type(kind) and not kind.name.startswith("__"):
            for field in kind.fields.values():
                definition = field.extensions[DEFINITION]
                definition.default_resolver = _reader(metadata_of(definition))


def _reader(metadata: FieldMetadata) -> Callable[[Any, str], Any]:
    if metadata.of_source is not None:
        return getattr
    if metadata.owner is not None:
        owner_of = attrgetter(metadata.owner)
        return lambda holder, name: getattr(owner_of(holder), name)
    return lambda holder, name: getattr(record_of(holder), name)


_mark_one_of_inputs()
_read_owners()


def sdl() -> str:
    """Write the schema in the schema definition language. So it is exported to `schema.graphql`."""
    return schema.as_str().rstrip() + "\n"
