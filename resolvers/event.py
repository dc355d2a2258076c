"""Behaviour events."""

from datetime import datetime
from typing import Any

import strawberry

from connectors import records
from gateway.stitching.sourced_record import record_of
from resolvers.fields import field, node_id_field, source_field, source_id_field
from resolvers.list_arguments import Filter, filter_input
from resolvers.node import Node
from resolvers.record_link import link_field
from resolvers.scalars import JSON, Quantity


@strawberry.type(description="Something that a customer did, such as looking at a page.")
class Event(Node):
    node_id: strawberry.ID = node_id_field("The event's id, `SOURCE:ID`; stable.")
    source: str = source_field("The source that has the event.")
    source_id: strawberry.ID = source_id_field("The event's own id at its source.")
    link: str | None = link_field(records.Event, what="event")
    type: str = field("What happened, in the words of the source, such as `page_view`.")
    at: datetime = field("When it happened.")
    feature: str | None = field("The part of the product that was used, in the words of the source.")
    quantity: Quantity | None = field("How often, or how much of it.")
    page: str | None = field("The page on which it happened.")
    device_id: str | None = field("The device on which it happened.")
    session_id: str | None = field("The visit in which it happened.")
    properties: JSON = field("What else the source says about it, as an object.")

    @classmethod
    def is_type_of(cls, value: Any, _info: Any) -> bool:
        return bool(record_of(value).record_type is records.Event)


@filter_input("Which events to give.")
class EventFilter(Filter):
    type: list[str] | None = field("Only those of one of these types.", default=None)
