"""Define where a supergraph's router begins: the schema of the subgraph, and its entities."""

from collections.abc import Sequence
from typing import Annotated, Any, NewType

import strawberry
from strawberry.types.scalar import ScalarDefinition

from gateway.context import context_of
from gateway.errors import InvalidArgumentError
from gateway.execution.field_metadata import CustomerFinder
from gateway.execution.required_fields import selections_of
from gateway.federation.entities import (
    ENTITY_TYPES,
    MAX_REPRESENTATIONS,
    FoundEntity,
    expected_customers,
    find_entities,
)
from gateway.federation.subgraph_schema import read_subgraph
from resolvers.customer import Customer, Info
from resolvers.fields import field, root
from resolvers.order import Order
from resolvers.query import Query
from resolvers.survey import Survey
from resolvers.ticket import Ticket

Representation = NewType("Representation", object)
Entity = Annotated[
    Customer | Order | Ticket | Survey,
    strawberry.union("_Entity", description="What other subgraphs may speak of, by its key."),
]

ENTITY_SCALARS: dict[object, ScalarDefinition] = {
    Representation: strawberry.scalar(
        name="_Any",
        description='An entity by its type and the fields of a key: `{"__typename": "Customer", "id": "crm:c1"}`.',
        serialize=lambda value: value,
        parse_value=lambda value: value,
    )
}

BY_REPRESENTATIONS = CustomerFinder(find_entities, ids=expected_customers, types=ENTITY_TYPES, in_context=True)


@strawberry.type(name="_Service", description="What a router is told of this subgraph.")
class Service:
    sdl: str = field("The schema in the schema definition language, as the caller sees it, with the directives of federation.")


@strawberry.type(name="Query", description="Everything that can be asked.")
class FederatedQuery(Query):
    @root(
        "Entities by their representations: in their order, null for those that nobody has.",
        graphql_type=list[Entity | None],
        finds=BY_REPRESENTATIONS,
        name="_entities",
    )
    async def entities(
        self,
        info: Info,
        representations: Annotated[
            list[Representation], strawberry.argument(description=f"At most {MAX_REPRESENTATIONS} of them.")
        ],
    ) -> Sequence[FoundEntity]:
        return await find_entities(context_of(info), selections_of(info, ENTITY_TYPES), representations)

    @root("The schema of this subgraph.", graphql_type=Service, name="_service")
    async def service(self, info: Info) -> Service:
        context = context_of(info)
        if not context.profile.introspection:
            raise InvalidArgumentError("_service: the schema cannot be asked for; set introspection, or print it by a command")
        schema: Any = info.schema
        return Service(sdl=await read_subgraph(context, schema))
