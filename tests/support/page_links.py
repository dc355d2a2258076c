"""Links of sources in memory: for every record, with all places that it fills."""

from collections.abc import Iterable

from connectors.records import RECORDS
from connectors.testing import MemoryConnector
from connectors.toolkit.record_links import linked_fields


def page_link(source: str, name: str) -> str:
    """The link of a record at a source."""
    places = "/".join(f"{{{place}}}" for place in linked_fields(RECORDS[name]))
    return f"https://{source}.example.com/{name}/{places}"


def add_links(connectors: Iterable[MemoryConnector]) -> None:
    """Have all records of these sources lead to pages."""
    for connector in connectors:
        connector.page_links = {name: page_link(connector.name, name) for name in RECORDS}
