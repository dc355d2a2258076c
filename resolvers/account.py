"""Company accounts: the companies that customers belong to, with their members."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import strawberry

from connectors import records
from connectors.record_fields import fields_of
from gateway.context import context_of
from gateway.execution.required_fields import selection_of
from gateway.stitching.accounts import AccountMember as Member
from gateway.stitching.accounts import members_of, parent_of, records_of, subsidiaries_of
from gateway.stitching.admitted_customers import AdmittedCustomer
from gateway.stitching.record_list import RecordPage
from gateway.stitching.sourced_record import SourcedRecord, record_of
from resolvers.connection import DEFAULT_FIRST, Connection
from resolvers.customer_subscription import CustomerSubscription, CustomerSubscriptionFilter
from resolvers.enums import AccountRole, SortOrder
from resolvers.fields import computed, node_id_field, own, source_field, source_id_field
from resolvers.list_arguments import After, Filter, First, InOrder, UpdatedSince, ask_of, take_filter
from resolvers.node import Node
from resolvers.order import Order, OrderFilter
from resolvers.ticket import Ticket, TicketFilter

if TYPE_CHECKING:
    from resolvers.customer import Customer

Parent = strawberry.Parent[SourcedRecord]
Info = strawberry.Info[Any, None]
ACustomer = Annotated["Customer", strawberry.lazy("resolvers.customer")]
AnAccount = Annotated["Account", strawberry.lazy("resolvers.account")]
Role = Annotated[AccountRole | None, strawberry.argument(description="Only members with this role; all by default.")]


WithMembers = Annotated[bool, strawberry.argument(description="Whether to give those of the account's members, too.")]


def resolve_records(description: str, record: type[records.Record], shown_as: type[Any], filter_type: type[Filter]) -> Any:
    """A field that pages through an account's records of one type."""

    async def resolve(
        root: Parent,
        info: Info,
        first: First = DEFAULT_FIRST,
        after: After = None,
        filter: Any = None,  # noqa: A002  its type is set below
        order: InOrder = SortOrder.NEWEST_FIRST,
        members: WithMembers = False,
    ) -> RecordPage | None:
        return await find(root, info, members, first=first, after=after, filter=filter, order=order)

    async def resolve_updated(
        root: Parent,
        info: Info,
        first: First = DEFAULT_FIRST,
        after: After = None,
        filter: Any = None,  # noqa: A002  its type is set below
        order: InOrder = SortOrder.NEWEST_FIRST,
        members: WithMembers = False,
        updated_since: UpdatedSince = None,
    ) -> RecordPage | None:
        words = dict(first=first, after=after, filter=filter, order=order, updated_since=updated_since)
        return await find(root, info, members, **words)

    async def find(root: Any, info: Any, members: bool, **words: Any) -> RecordPage | None:
        selection = selection_of(info, record)
        ask = ask_of(record, selection, **words)
        return await records_of(context_of(info).stitcher, root, record, ask, selection.origins, members=members)

    resolver: Any = resolve_updated if "updated_at" in fields_of(record) else resolve
    take_filter(resolver, filter_type)
    graphql_type = Connection[shown_as] | None  # type: ignore[valid-type]
    return computed(description, paths=("id",), of_account=(record,), graphql_type=graphql_type)(resolver)


@strawberry.type(description="A customer who belongs to an account.")
class AccountMember:
    @computed("The customer.", inside=True, graphql_type=ACustomer)
    def customer(root: strawberry.Parent[Member]) -> AdmittedCustomer:  # noqa: N805
        return root.customer

    @computed("What the customer does for the company; null when the source does not say.", paths=("company.role",))
    def role(root: strawberry.Parent[Member]) -> AccountRole | None:  # noqa: N805
        return root.role

    @computed("The role in the words of the source.", paths=("company.role_name",))
    def role_name(root: strawberry.Parent[Member]) -> str | None:  # noqa: N805
        return root.role_name


@strawberry.type(description="A company that customers belong to.")
class Account(Node):
    node_id: strawberry.ID = node_id_field("The account's id, `SOURCE:ID`; stable.")
    source: str = source_field("The source that has the account.")
    source_id: strawberry.ID = source_id_field("The account's own id at its source.")
    name: str | None = own("The company's name.")
    number: str | None = own("The account number, as the company knows it.")
    industry: str | None = own("What the company does.")
    size: int | None = own("How many people work there.")
    website: str | None = own("The company's website.")
    created_at: datetime | None = own("Since when the account is known.")
    updated_at: datetime | None = own("When the account last changed at its source.")

    orders: Connection[Order] | None = resolve_records(
        "The account's orders; null where no source finds orders by their account.", records.Order, Order, OrderFilter
    )
    subscriptions: Connection[CustomerSubscription] | None = resolve_records(
        "The account's subscriptions; null where no source finds subscriptions by their account.",
        records.Subscription,
        CustomerSubscription,
        CustomerSubscriptionFilter,
    )
    tickets: Connection[Ticket] | None = resolve_records(
        "The account's support tickets; null where no source finds tickets by their account.",
        records.Ticket,
        Ticket,
        TicketFilter,
    )

    @classmethod
    def is_type_of(cls, value: Any, _info: Any) -> bool:
        return bool(record_of(value).record_type is records.Account)

    @computed(
        "The account that this one is a part of.",
        paths=("parent_id",),
        of_account=(records.Account,),
        graphql_type=AnAccount | None,
    )
    async def parent(root: Parent, info: Info) -> SourcedRecord | None:  # noqa: N805
        return await parent_of(context_of(info).stitcher, root, selection_of(info, records.Account))

    @computed(
        "The accounts that are parts of this one, by id; null where its source cannot find them.",
        paths=("id",),
        of_account=(records.Account,),
        graphql_type=Connection[AnAccount] | None,
    )
    async def subsidiaries(
        root: Parent,  # noqa: N805
        info: Info,
        first: First = DEFAULT_FIRST,
        after: After = None,
    ) -> RecordPage | None:
        ask = ask_of(records.Account, selection_of(info, records.Account), first=first, after=after)
        return await subsidiaries_of(context_of(info).stitcher, root, ask)

    @computed(
        "The customers who belong to the account, by id; null where no source finds customers by their account.",
        paths=("id",),
        of_account=(records.Customer,),
        graphql_type=Connection[AccountMember] | None,
    )
    async def members(
        root: Parent,  # noqa: N805
        info: Info,
        first: First = DEFAULT_FIRST,
        after: After = None,
        role: Role = None,
    ) -> RecordPage | None:
        selection = selection_of(info, records.Customer)
        ask = ask_of(records.Customer, selection, first=first, after=after)
        return await members_of(context_of(info).stitcher, root, ask, selection, role)
