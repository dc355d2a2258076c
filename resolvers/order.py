"""Orders."""

from datetime import datetime
from typing import Any

import strawberry

from connectors import records
from resolvers.enums import OrderStatus, PaymentMethod
from resolvers.fields import field
from resolvers.money import Money
from resolvers.windows import Filter


@strawberry.type(description="One line of an order.")
class OrderItem:
    sku: str | None = field("The seller's number of the article.")
    name: str | None = field("The article's name.")
    category: str | None = field("The article's category.")
    quantity: int = field("How many pieces.")
    unit_price: Money | None = field("The price of one piece.")


@strawberry.type(description="One payment of an order.")
class Payment:
    method: PaymentMethod = field("How it was paid.")
    amount: Money | None = field("How much was paid.")
    installments: int | None = field("In how many instalments.")


@strawberry.type(description="Something that a customer bought.")
class Order:
    id: strawberry.ID = field("The order's id at its source.")
    status: OrderStatus = field("How far the order has come.")
    placed_at: datetime = field("When the order was placed.")
    delivered_at: datetime | None = field("When the order reached the customer.")
    total: Money | None = field("What the order costs in all.")
    items: list[OrderItem] = field("The lines of the order.")
    payments: list[Payment] = field("The payments of the order.")

    @classmethod
    def is_type_of(cls, value: Any, _info: Any) -> bool:
        return getattr(value, "record_type", None) is records.Order


@strawberry.input(description="Which orders to give.")
class OrderFilter(Filter):
    status: list[OrderStatus] | None = field("Only those with one of these states.", default=None)
