"""The schema, put together."""

import strawberry
from strawberry.schema.config import StrawberryConfig

from resolvers.customer import Customer
from resolvers.query import Query
from resolvers.scalars import SCALARS

schema = strawberry.Schema(query=Query, types=[Customer], config=StrawberryConfig(scalar_map=SCALARS))


def sdl() -> str:
    """The schema in the schema definition language, as it is exported to `schema.graphql`."""
    return schema.as_str().rstrip() + "\n"
