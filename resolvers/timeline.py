"""The timeline: records of all types and sources in one list."""

from typing import Any

from connectors.contract import Ask
from connectors.record_fields import Fields
from connectors.records import RECORDS, Record
from gateway.errors import InvalidArgumentError
from gateway.execution.required_fields import selection_of
from gateway.execution.schema_types import name_type
from gateway.stitching.customer import StitchedCustomer
from resolvers.list_arguments import ask_of

ENTRIES = {name: name_type(record) for name, record in RECORDS.items() if record.time_field is not None}
"""The GraphQL types of records with a time, by the name of their records."""


def given_entries(customer: StitchedCustomer) -> list[str]:
    """Name the records with a time that some source has of the customer; all where there are none."""
    return [name for name in ENTRIES if customer.has_sources(RECORDS[name])] or list(ENTRIES)


def timeline_asks(info: Any, names: list[str], first: int, after: str | None) -> dict[type[Record], tuple[Ask, Fields | None]]:
    """Build the ask of each named record type, with the fields that the caller sees, where he asks whose values they are.

    Raises `InvalidArgumentError`.
    """
    other = sorted(set(names) - set(ENTRIES))
    if other:
        raise InvalidArgumentError(
            f"records: {', '.join(other).upper()} cannot stand in a timeline; {', '.join(ENTRIES).upper()} can"
        )
    selections = {RECORDS[name]: selection_of(info, RECORDS[name], shown) for name, shown in ENTRIES.items() if name in names}
    return {
        record: (ask_of(record, selection, first=first, after=after, is_mixed=True), selection.origins)
        for record, selection in selections.items()
    }
