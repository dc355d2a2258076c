"""Read tickets of HubSpot: the properties of each field, and rows to records."""

from collections.abc import Mapping, Sequence
from typing import Any

from connectors.records import Channel, TicketKind, TicketPriority
from connectors.toolkit.converters import converter, given, to_time, translated
from connectors.vendors.hubspot.objects import Word, first_contact

TICKET_FROM: dict[str, tuple[str, ...]] = {
    "subject": ("subject",),
    "kind": ("hs_ticket_category",),
    "status": ("hs_pipeline_stage", "closed_date"),
    "priority": ("hs_ticket_priority",),
    "channel": ("source_type",),
    "solved_at": ("closed_date",),
    "messages": ("content",),
}
"""The properties of a ticket that a field is read from."""
_KINDS = translated(
    {"GENERAL_INQUIRY": "QUESTION", "PRODUCT_ISSUE": "INCIDENT", "FEATURE_REQUEST": "TASK"}, converter(TicketKind)
)
_PRIORITIES = translated({"MEDIUM": "NORMAL"}, converter(TicketPriority))
_CHANNELS = translated({"FORM": "WEB"}, converter(Channel))


def ticket_of(word: Word, contacts: Mapping[str, Sequence[str]], row: Any) -> dict[str, Any]:
    """Read a ticket, with the first of its contacts where these were loaded.

    Stages have ids of the account's own. Without a word for them a ticket is only known to be closed.
    """
    has = row["properties"].get
    id_, created_at, stage = row["id"], to_time(row["createdAt"]), has("hs_pipeline_stage")
    kind, priority, channel = has("hs_ticket_category"), has("hs_ticket_priority"), has("source_type")
    written = given(author="CUSTOMER", body=has("content"), at=created_at)
    return given(
        id=id_,
        number=id_,
        customerId=first_contact(contacts, row),
        createdAt=created_at,
        updatedAt=to_time(row.get("updatedAt")),
        subject=has("subject"),
        kind=word("ticket", "kind", kind) or _KINDS(kind),
        status=word("ticket", "status", stage) or ("CLOSED" if has("closed_date") else None),
        priority=word("ticket", "priority", priority) or _PRIORITIES(priority),
        channel=word("ticket", "channel", channel) or _CHANNELS(channel),
        solvedAt=to_time(has("closed_date")),
        messages=[written] if "body" in written else [],
    )
