"""The schema, put together."""

import strawberry
from graphql import is_input_object_type
from strawberry.schema.config import StrawberryConfig

from resolvers.customer import Customer
from resolvers.query import Query
from resolvers.scalars import SCALARS

schema = strawberry.Schema(query=Query, types=[Customer], config=StrawberryConfig(scalar_map=SCALARS))


def _mark_one_of_inputs() -> None:
    """Tell graphql-core which inputs are `@oneOf`, so that its own rules hold for them; Strawberry keeps that to itself."""
    for kind in schema._schema.type_map.values():  # noqa: SLF001  Strawberry has no public name for it
        if is_input_object_type(kind):
            kind.is_one_of = kind.extensions["strawberry-definition"].is_one_of


_mark_one_of_inputs()


def sdl() -> str:
    """The schema in the schema definition language, as it is exported to `schema.graphql`."""
    return schema.as_str().rstrip() + "\n"
