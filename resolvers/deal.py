"""Deals."""

from datetime import datetime
from typing import Any

import strawberry

from connectors import records
from gateway.stitching.sourced_record import record_of
from resolvers.enums import DealStage
from resolvers.fields import field, node_id_field, source_field, source_id_field
from resolvers.list_arguments import Filter, filter_input
from resolvers.money import Money
from resolvers.node import Node
from resolvers.record_link import link_field


@strawberry.type(description="A sale that is being negotiated with the customer, or was.")
class Deal(Node):
    node_id: strawberry.ID = node_id_field("The deal's id, `SOURCE:ID`; stable.")
    source: str = source_field("The source that has the deal.")
    source_id: strawberry.ID = source_id_field("The deal's own id at its source.")
    link: str | None = link_field(records.Deal, what="deal")
    name: str | None = field("What the deal is called.")
    pipeline: str | None = field("The process that it goes through, in the words of its source.")
    stage: DealStage = field("How far it has come.")
    stage_name: str | None = field("The stage in the words of its source.")
    segment: str | None = field("The line of business that it is for.")
    amount: Money | None = field("What it is worth.")
    created_at: datetime = field("When it was begun.")
    closed_at: datetime | None = field("When it was won or lost.")

    @classmethod
    def is_type_of(cls, value: Any, _info: Any) -> bool:
        return bool(record_of(value).record_type is records.Deal)


@filter_input("Which deals to give.")
class DealFilter(Filter):
    stage: list[DealStage] | None = field("Only those at one of these stages.", default=None)
    pipeline: list[str] | None = field("Only those of one of these processes.", default=None)
