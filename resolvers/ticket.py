"""Support tickets."""

from datetime import datetime
from typing import Any

import strawberry

from connectors import records
from gateway.stitching.sourced_record import record_of
from resolvers.enums import Channel, MessageAuthor, TicketKind, TicketPriority, TicketStatus
from resolvers.fields import field, node_id_field, source_field, source_id_field
from resolvers.list_arguments import Filter, filter_input
from resolvers.node import Node
from resolvers.record_link import link_field


@strawberry.type(description="One message of a ticket.")
class Message:
    author: MessageAuthor = field("Who wrote it.")
    body: str | None = field("What was written.")
    at: datetime | None = field("When it was written.")


@strawberry.type(description="A request, complaint or review that a customer sent to support.")
class Ticket(Node):
    node_id: strawberry.ID = node_id_field("The ticket's id, `SOURCE:ID`; stable.")
    source: str = source_field("The source that has the ticket.")
    source_id: strawberry.ID = source_id_field("The ticket's own id at its source.")
    link: str | None = link_field(records.Ticket, what="ticket")
    number: str | None = field("What the customer knows the ticket by.")
    assignee: str | None = field("The name of the person at support who has it.")
    subject: str | None = field("What it is about, in the customer's words.")
    kind: TicketKind = field("What kind of request it is.")
    status: TicketStatus = field("How far it has come.")
    priority: TicketPriority = field("How urgent it is.")
    channel: Channel = field("Where it came in.")
    satisfaction: int | None = field("The customer's rating of the help, from 1 (bad) to 5 (good).")
    order_id: strawberry.ID | None = field("The own id of the order that it is about, at the order's source.")
    tags: list[str] = field("The words that support marked it with.")
    created_at: datetime = field("When it came in.")
    updated_at: datetime | None = field("When it last changed.")
    first_response_at: datetime | None = field("When support first answered it.")
    solved_at: datetime | None = field("When it was solved.")
    messages: list[Message] = field("The conversation, oldest message first.")

    @classmethod
    def is_type_of(cls, value: Any, _info: Any) -> bool:
        return bool(record_of(value).record_type is records.Ticket)


@filter_input("Which tickets to give.")
class TicketFilter(Filter):
    status: list[TicketStatus] | None = field("Only those with one of these states.", default=None)
    kind: list[TicketKind] | None = field("Only those of one of these kinds.", default=None)
