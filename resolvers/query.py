"""Where queries begin."""

from typing import Annotated, Any

import strawberry

from connectors import records
from connectors.contract import KeyKind
from gateway.context import context_of
from gateway.errors import CallerError, InvalidArgumentError
from gateway.lookups.sources import Source as ConfiguredSource
from gateway.stitching.customer import StitchedCustomer
from gateway.stitching.selection import Selection
from gateway.tags.definitions import TagDefinition as Definition
from resolvers.connection import DEFAULT_FIRST, MAX_FIRST, Connection, connection
from resolvers.customer import Customer, Info
from resolvers.customer_key import CustomerKey, key_of
from resolvers.fields import root
from resolvers.node import Node
from resolvers.source import Source
from resolvers.tag import TagDefinition
from resolvers.windows import After, First, ask_of

MAX_IDS = MAX_FIRST


def _id_in(by: CustomerKey) -> list[str]:
    return [by.id.value] if by.id is not None else []


@strawberry.type(description="Everything that can be asked.")
class Query:
    @root("The customer with this key; null when nobody has it.", graphql_type=Customer | None, ids=_id_in)
    async def customer(
        self, info: Info, by: Annotated[CustomerKey, strawberry.argument(description="Exactly one key.")]
    ) -> StitchedCustomer | None:
        kind, value = key_of(by)
        return await context_of(info).stitcher.customer(kind, value, _selection(info))

    @root(
        "Customers by id, in the order of the ids, null for those that nobody has.",
        graphql_type=list[Customer | None],
        ids=lambda ids: ids[:MAX_IDS],
    )
    async def customers(
        self,
        info: Info,
        ids: Annotated[list[strawberry.ID], strawberry.argument(description=f"At most {MAX_IDS} ids.")],
    ) -> list[StitchedCustomer | CallerError | None]:
        if len(ids) > MAX_IDS:
            raise InvalidArgumentError(f"ids: {len(ids)} ids are more than {MAX_IDS}; ask in parts")
        # An exception in a list is an error in its place: the others are given.
        return await context_of(info).stitcher.customers(ids, _selection(info))

    @root(
        "Customers whose name, e-mail address or phone number contains the text, by id.",
        graphql_type=Connection[Customer] | None,
    )
    async def search_customers(
        self,
        info: Info,
        text: Annotated[str, strawberry.argument(description="What to look for, in any case of letters.")],
        first: First = DEFAULT_FIRST,
        after: After = None,
    ) -> Connection[Any] | None:
        selection = _selection(info)
        ask = ask_of(records.Customer, selection, first=first, after=after)
        customers, listing = await context_of(info).stitcher.search(text, ask, selection)
        return connection(listing, after, customers)

    @root(
        "Something by its id; null when nothing has it. Today these are customers.",
        graphql_type=Node | None,
        ids=lambda id: [id],  # noqa: A006
    )
    async def node(
        self,
        info: Info,
        id: Annotated[strawberry.ID, strawberry.argument(description="The id.")],  # noqa: A002
    ) -> StitchedCustomer | None:
        return await context_of(info).stitcher.customer(KeyKind.CUSTOMER_ID, id, _selection(info, "Customer"))

    @root("The tags that are defined, in the order of their definition.", graphql_type=list[TagDefinition])
    def tag_definitions(self, info: Info) -> list[Definition]:
        return list(context_of(info).services.tags.pack.tags.values())

    @root("The sources that are configured.", graphql_type=list[Source])
    def sources(self, info: Info) -> list[ConfiguredSource]:
        return context_of(info).services.sources.all


def _selection(info: Info, type_name: str | None = None) -> Selection:
    return context_of(info).selection(info, records.Customer, type_name)
