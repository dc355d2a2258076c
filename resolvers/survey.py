"""Answers to surveys."""

from datetime import datetime
from typing import Any

import strawberry

from connectors import records
from gateway.stitching.sourced_record import record_of
from resolvers.enums import Channel, SurveyKind
from resolvers.fields import field, node_id_field, source_field, source_id_field
from resolvers.list_arguments import Filter, filter_input
from resolvers.node import Node
from resolvers.record_link import link_field
from resolvers.scalars import Quantity


@strawberry.type(description="What a customer answered to a survey, or wrote as a review.")
class Survey(Node):
    node_id: strawberry.ID = node_id_field("The survey's id, `SOURCE:ID`; stable.")
    source: str = source_field("The source that has the survey.")
    source_id: strawberry.ID = source_id_field("The survey's own id at its source.")
    link: str | None = link_field(records.Survey, what="survey")
    kind: SurveyKind = field("What was asked.")
    score: Quantity | None = field("The score that the customer gave.")
    scale: int | None = field("The best score that could be given, such as 10.")
    comment: str | None = field("What the customer wrote.")
    channel: Channel = field("Where it was answered.")
    order_id: strawberry.ID | None = field("The own id of the order that it is about, at the order's source.")
    ticket_id: strawberry.ID | None = field("The own id of the ticket that it is about, at the ticket's source.")
    at: datetime = field("When it was answered.")

    @classmethod
    def is_type_of(cls, value: Any, _info: Any) -> bool:
        return bool(record_of(value).record_type is records.Survey)


@filter_input("Which surveys to give.")
class SurveyFilter(Filter):
    kind: list[SurveyKind] | None = field("Only those that ask one of these.", default=None)
