"""Where queries begin."""

from collections.abc import Awaitable, Sequence
from datetime import datetime
from typing import Annotated

import strawberry

from connectors import records
from gateway.context import context_of
from gateway.errors import CallerError, InvalidArgumentError
from gateway.execution.field_metadata import CustomerFinder
from gateway.execution.required_fields import selection_of
from gateway.lookups.sources import Source as ConfiguredSource
from gateway.stitching.customer import StitchedCustomer
from gateway.stitching.customer_linker import PastIdentity as Past
from gateway.stitching.record_list import RecordPage
from gateway.stitching.selection import Selection
from gateway.stitching.stitcher import Stitcher
from gateway.tags.definitions import TagDefinition as Definition
from resolvers.connection import DEFAULT_FIRST, MAX_FIRST, Connection
from resolvers.customer import Customer, Info
from resolvers.customer_key import CustomerKey, key_of
from resolvers.customers_change import PastIdentity
from resolvers.fields import root
from resolvers.list_arguments import After, First, ask_of
from resolvers.node import Node
from resolvers.source import Source
from resolvers.tag import TagDefinition

MAX_IDS = MAX_FIRST


def _customer(stitcher: Stitcher, selection: Selection, by: CustomerKey) -> Awaitable[StitchedCustomer | None]:
    return stitcher.customer(*key_of(by), selection) if by.id is None else stitcher.customer_of(by.id.value, selection)


def _customers(
    stitcher: Stitcher, selection: Selection, ids: Sequence[str]
) -> Awaitable[list[StitchedCustomer | CallerError | None]]:
    if len(ids) > MAX_IDS:
        raise InvalidArgumentError(f"ids: {len(ids)} ids are more than {MAX_IDS}; ask in parts")
    # An exception in a list is an error in its place: the others are given.
    return stitcher.customers(ids, selection)


def _node(stitcher: Stitcher, selection: Selection, id: str) -> Awaitable[StitchedCustomer | None]:  # noqa: A002
    return stitcher.node(id, selection)


BY_KEY = CustomerFinder(_customer, ids=lambda by: [by.id.value] if by.id is not None else [])
BY_IDS = CustomerFinder(_customers, ids=lambda ids: ids[:MAX_IDS])
BY_NODE = CustomerFinder(_node, ids=lambda id: [id], type_name="Customer")  # noqa: A006


@strawberry.type(description="Everything that can be asked.")
class Query:
    @root("The customer with this key; null when nobody has it.", graphql_type=Customer | None, finds=BY_KEY)
    async def customer(
        self, info: Info, by: Annotated[CustomerKey, strawberry.argument(description="Exactly one key.")]
    ) -> StitchedCustomer | None:
        return await BY_KEY.find(context_of(info).stitcher, _selection(info), by)  # type: ignore[no-any-return]

    @root(
        "Customers by id, in the order of the ids, null for those that nobody has.",
        graphql_type=list[Customer | None],
        finds=BY_IDS,
    )
    async def customers(
        self,
        info: Info,
        ids: Annotated[
            list[strawberry.ID], strawberry.argument(description=f"At most {MAX_IDS} ids, with or without their source.")
        ],
    ) -> list[StitchedCustomer | CallerError | None]:
        return await BY_IDS.find(context_of(info).stitcher, _selection(info), ids)  # type: ignore[no-any-return]

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
    ) -> RecordPage:
        selection = _selection(info)
        ask = ask_of(records.Customer, selection, first=first, after=after)
        return await context_of(info).stitcher.search(text, ask, selection)

    @root(
        "Something by its id; null when nothing has it. Today these are customers.",
        graphql_type=Node | None,
        finds=BY_NODE,
    )
    async def node(
        self,
        info: Info,
        id: Annotated[strawberry.ID, strawberry.argument(description="The id.")],  # noqa: A002
    ) -> StitchedCustomer | None:
        return await BY_NODE.find(context_of(info).stitcher, _selection(info, BY_NODE.type_name), id)  # type: ignore[no-any-return]

    @root(
        "Which records were a customer by the links and cuts of a time, for operators; null when nothing has the id.",
        graphql_type=PastIdentity | None,
    )
    async def identity_as_of(
        self,
        info: Info,
        id: Annotated[strawberry.ID, strawberry.argument(description="The id of a record.")],  # noqa: A002
        at: Annotated[datetime, strawberry.argument(description="The time.")],
    ) -> Past | None:
        context = context_of(info)
        context.require_operator()
        return await context.stitcher.linker.as_of(id, at)

    @root("The tags that are defined, in the order of their definition.", graphql_type=list[TagDefinition])
    def tag_definitions(self, info: Info) -> list[Definition]:
        return list(context_of(info).services.tags.pack.tags.values())

    @root("The sources that are configured.", graphql_type=list[Source])
    def sources(self, info: Info) -> list[ConfiguredSource]:
        return context_of(info).services.sources.all


def _selection(info: Info, type_name: str | None = None) -> Selection:
    return selection_of(info, records.Customer, type_name)
