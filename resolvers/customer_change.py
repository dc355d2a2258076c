"""What changed of customers: which, in what, and who he is now."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import strawberry

from connectors import records
from connectors.records import RECORDS
from gateway.changes.customer_change import ChangeKind
from gateway.context import context_of
from gateway.deltas.told_changes import ToldChange, find_changed_customer
from gateway.execution.required_fields import selection_of
from gateway.execution.schema_types import name_type
from gateway.stitching.admitted_customers import AdmittedCustomer
from resolvers.fields import computed, field

if TYPE_CHECKING:
    from resolvers.customer import Customer

ACustomer = Annotated["Customer", strawberry.lazy("resolvers.customer")]
Info = strawberry.Info[Any, None]

strawberry.enum(
    ChangeKind,
    name="ChangeKind",
    description="What changed of a customer.",
)


@strawberry.type(description="A change of a customer, in the order in which the gateway heard of it.")
class CustomerChange:
    ids: list[strawberry.ID] | None = field(
        "Ids of records of the customer, `SOURCE:ID`. Who keeps customers reads all anew that have one of them."
    )
    kind: ChangeKind = field("What changed.")
    at: datetime = field("When the gateway heard of it.")
    source: str | None = field("The source that told it; null of tags, links and erasures.")

    @computed("The types of the records that changed; all may have where there is none.")
    def records(change: strawberry.Parent[ToldChange]) -> list[str]:  # noqa: N805
        return [name_type(RECORDS[name]) for name in change.records if name in RECORDS]

    tags: list[str] = field("The keys of the tags that changed; `segment:KEY` where he came into a segment, or left it.")
    cursor: str = field("Where to go on behind this change, for this caller.")

    @computed(
        "The customer of the first of these records that is anybody's now; null when none is.",
        lists_customers=True,
        graphql_type=ACustomer | None,
    )
    async def customer(change: strawberry.Parent[ToldChange], info: Info) -> AdmittedCustomer | None:  # noqa: N805
        return await find_changed_customer(context_of(info).stitcher, change, selection_of(info, records.Customer))


@strawberry.type(description="Changes in their order, and where to go on.")
class Changes:
    nodes: list[CustomerChange] = field("The changes of which the caller may know.")
    cursor: str = field("What to ask `since` next time; it holds for as long as changes are kept.")
    has_more: bool = field("Whether there are more already.")
