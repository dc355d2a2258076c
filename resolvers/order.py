"""Orders."""

from datetime import datetime
from typing import Any

import strawberry

from connectors import records
from gateway.stitching.source_reports import SourceReport
from gateway.stitching.sourced_record import record_of
from resolvers.customer_identity import FieldOrigin
from resolvers.enums import OrderStatus, PaymentMethod
from resolvers.fields import computed, field, node_id_field, source_field, source_id_field
from resolvers.list_arguments import Filter, filter_input
from resolvers.money import Money
from resolvers.node import Node
from resolvers.record_link import link_field
from resolvers.scalars import Quantity
from resolvers.source import CustomerSource

Parent = strawberry.Parent[Any]


@strawberry.type(description="One line of an order.")
class OrderItem:
    sku: str | None = field("The seller's number of the article.")
    product_id: str | None = field("The article's id at its source, the same for all its variants.")
    name: str | None = field("The article's name.")
    brand: str | None = field("The article's brand.")
    category: str | None = field("The article's category.")
    quantity: Quantity = field("How many pieces, or how much where it is weighed or measured.")
    unit_price: Money | None = field("The price of one piece.")
    discount: Money | None = field("What this line costs less than its pieces do.")
    total: Money | None = field("What this line comes to, after its discount.")


@strawberry.type(description="One payment of an order.")
class Payment:
    method: PaymentMethod = field("How it was paid.")
    amount: Money | None = field("How much was paid.")
    installments: int | None = field("In how many instalments.")


@strawberry.type(description="The id of the same order at another system.")
class ExternalOrderId:
    source: str = field("The other system.")
    id: strawberry.ID = field("Its own id there.")


@strawberry.type(description="Something that a customer bought.")
class Order(Node):
    node_id: strawberry.ID = node_id_field("The order's id, `SOURCE:ID`; stable.")
    source: str = source_field("The source that has the order.")
    source_id: strawberry.ID = source_id_field("The order's own id at its source.")
    link: str | None = link_field(records.Order, what="order")
    number: str | None = field("What the customer knows the order by.")
    channel: str | None = field("Where it was bought, in the words of its source: a web shop, a store, a marketplace.")
    status: OrderStatus = field("How far the order has come.")
    placed_at: datetime = field("When the order was placed.")
    updated_at: datetime | None = field("When the order's record last changed at its source.")
    delivered_at: datetime | None = field("When the order reached the customer.")
    total: Money | None = field(
        "What the customer owes for the order as it stands: with tax and shipping, after discounts, before refunds."
    )
    refunded: Money | None = field("What went back to the customer.")
    discount: Money | None = field("What the order costs less than its lines do. It is taken off the total already.")
    shipping: Money | None = field("What of the total is for shipping.")
    tax: Money | None = field("What of the total is tax.")
    items: list[OrderItem] = field("The lines of the order.")
    payments: list[Payment] = field("The payments of the order.")
    external_ids: list[ExternalOrderId] = field(
        "The order's ids at other systems: those that its source states, and those of the records that are the same order."
    )

    @computed("The id under which the order is best kept: `id`, or that of its record which counts most.", members=True)
    def current_id(order: Parent) -> strawberry.ID:  # noqa: N805
        return strawberry.ID(record_of(order).trace.current_id)

    @computed("Whose value each of the selected fields is.", members=True)
    def origins(order: Parent) -> list[FieldOrigin]:  # noqa: N805
        return record_of(order).trace.origins()  # type: ignore[no-any-return]

    @computed(
        "Whether another record of the order may be missing: a source that knows the same orders could not be asked, or has "
        "more than is read of it.",
        members=True,
    )
    def partial(order: Parent) -> bool:  # noqa: N805
        return bool(record_of(order).trace.partial)

    @computed("What each source that was asked for the order contributed.", members=True, graphql_type=list[CustomerSource])
    def sources(order: Parent) -> list[SourceReport]:  # noqa: N805
        return record_of(order).trace.sources()  # type: ignore[no-any-return]

    @classmethod
    def is_type_of(cls, value: Any, _info: Any) -> bool:
        return bool(record_of(value).record_type is records.Order)


@filter_input("Which orders to give.")
class OrderFilter(Filter):
    status: list[OrderStatus] | None = field("Only those with one of these states.", default=None)
