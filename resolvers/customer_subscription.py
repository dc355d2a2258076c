"""What customers pay for at intervals."""

from datetime import datetime
from typing import Any

import strawberry

from connectors import records
from gateway.stitching.sourced_record import record_of
from resolvers.enums import BillingInterval, SubscriptionStatus
from resolvers.fields import field, node_id_field, source_field, source_id_field
from resolvers.list_arguments import Filter, filter_input
from resolvers.money import Money
from resolvers.node import Node
from resolvers.record_link import link_field


@strawberry.type(description="Something that the customer pays for at intervals.")
class CustomerSubscription(Node):
    node_id: strawberry.ID = node_id_field("The subscription's id, `SOURCE:ID`; stable.")
    source: str = source_field("The source that has the subscription.")
    source_id: strawberry.ID = source_id_field("The subscription's own id at its source.")
    link: str | None = link_field(records.Subscription, what="subscription")
    plan: str | None = field("What is paid for, in the words of its source.")
    status: SubscriptionStatus = field("How it stands.")
    seats: int | None = field("For how many people or pieces it is.")
    amount: Money | None = field("What is due for each period.")
    interval: BillingInterval = field("The unit of a period.")
    interval_count: int | None = field("How many of these units a period has.")
    started_at: datetime = field("When it began.")
    renews_at: datetime | None = field("When the next period begins.")
    cancelled_at: datetime | None = field("When it was called off.")
    ends_at: datetime | None = field("When it ends, or ended.")

    @classmethod
    def is_type_of(cls, value: Any, _info: Any) -> bool:
        return bool(record_of(value).record_type is records.Subscription)


@filter_input("Which subscriptions to give.")
class CustomerSubscriptionFilter(Filter):
    status: list[SubscriptionStatus] | None = field("Only those that stand so.", default=None)
    plan: list[str] | None = field("Only those of one of these plans.", default=None)
