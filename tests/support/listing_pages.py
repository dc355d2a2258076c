"""Read the pages of a connector's listing of customers."""

from typing import Any

import msgspec

from connectors.contract import Connector, Lister
from connectors.record_fields import Fields
from connectors.records import Customer

ID = Fields.from_paths("id")


def lister_of(connector: Connector[Any]) -> Lister:
    """The one way in which a connector lists customers."""
    (lister,) = connector.listings()
    assert lister.record is Customer
    return lister


async def read_page(connector: Connector[Any], after: str | None, first: int) -> tuple[list[str], str | None]:
    """The ids of one page, and the cursor of the next one."""
    page = await lister_of(connector).fetch(ID, after, first)
    rows = msgspec.json.decode(page.records) if isinstance(page.records, bytes) else msgspec.to_builtins(page.records)
    return [row["id"] for row in rows], page.next


async def read_pages(connector: Connector[Any], first: int, after: str | None = None) -> list[list[str]]:
    """The ids of each page, from a cursor on."""
    pages = []
    while True:
        ids, after = await read_page(connector, after, first)
        pages.append(ids)
        if after is None:
            return pages
