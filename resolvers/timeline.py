"""The timeline: orders, tickets and events of all sources in one list."""

from typing import Annotated, Any

import strawberry

from connectors.contract import Ask
from connectors.record_fields import Fields
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


def timeline_asks(info: Any, names: list[str], first: int, after: str | None) -> dict[type[Record], tuple[Ask, Fields | None]]:
    """Build the ask of each named record type, with the fields that the caller sees, where he asks whose values they are.

    Raises `InvalidArgumentError`.
    """
    other = sorted(set(names) - set(ENTRIES))
    if other:
        raise InvalidArgumentError(
            f"records: {', '.join(other).upper()} cannot stand in a timeline; ORDER, TICKET and EVENT can"
        )
    selections = {RECORDS[name]: selection_of(info, RECORDS[name], shown) for name, shown in ENTRIES.items() if name in names}
    return {
        record: (ask_of(record, selection, first=first, after=after), selection.origins)
        for record, selection in selections.items()
    }
