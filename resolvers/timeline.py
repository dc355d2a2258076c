"""The timeline: orders, tickets and events of all sources in one list."""

from typing import Annotated, Any

import strawberry

from connectors.records import RECORDS, Record
from gateway.errors import InvalidArgumentError
from gateway.execution.required_fields import selection_of
from resolvers.event import Event
from resolvers.list_arguments import ask_of
from resolvers.order import Order
from resolvers.ticket import Ticket

TimelineEntry = Annotated[
    Order | Ticket | Event,
    strawberry.union("TimelineEntry", description="Something that happened between the customer and the company."),
]

ENTRIES = {"order": "Order", "ticket": "Ticket", "event": "Event"}
"""The types of the union by the name of their records."""


def timeline_asks(info: Any, names: list[str], first: int, after: str | None) -> dict[type[Record], Any]:
    """Build the ask of each named record type.

    Raises `InvalidArgumentError`.
    """
    other = sorted(set(names) - set(ENTRIES))
    if other:
        raise InvalidArgumentError(
            f"records: {', '.join(other).upper()} cannot stand in a timeline; ORDER, TICKET and EVENT can"
        )
    return {
        RECORDS[name]: ask_of(RECORDS[name], selection_of(info, RECORDS[name], type_name), first=first, after=after)
        for name, type_name in ENTRIES.items()
        if name in names
    }
