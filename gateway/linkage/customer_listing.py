"""List all customers of a source, page by page."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

from connectors.contract import Lister, Listing
from connectors.errors import SourceError, SourceProtocolError, SourceTimeoutError
from connectors.record_fields import Fields, narrow
from connectors.records import Customer
from gateway.clock import Clock
from gateway.errors import SourceFailure
from gateway.lookups.source_call import Decoded, validate_records
from gateway.lookups.sources import Source

MAX_PAGE_S = 60.0
"""How long a page may take, in seconds."""

TRIES, PAUSE_S = 5, 1.0
"""How often a page is asked for whose failure may pass, and the pause before the second time; each one is twice as long."""


async def list_customers(source: Source, fields: Fields, clock: Clock) -> AsyncIterator[Decoded]:
    """List pages of records that are narrowed to `fields`. A page that fails is asked for again from where it began.

    Raises `SourceFailure`.
    """
    lister, kind, after = source.listings[Customer], narrow(Customer, fields), None
    while True:
        try:
            page = await _fetch_page(lister, fields, after, clock)
            yield validate_records(page.records, kind)
        except SourceError as error:
            raise SourceFailure(source.name, error) from error
        after = page.next
        if after is None:
            return


async def _fetch_page(lister: Lister, fields: Fields, after: str | None, clock: Clock) -> Listing:
    for attempt in range(TRIES):
        try:
            async with asyncio.timeout(MAX_PAGE_S):
                page: Any = await lister.fetch(fields, after, lister.max_first, MAX_PAGE_S)
            if isinstance(page, Listing):
                return page
            raise SourceProtocolError("the connector gave no page of a listing")
        except (SourceError, TimeoutError) as failure:
            error = failure if isinstance(failure, SourceError) else SourceTimeoutError()
            if not error.retryable or attempt == TRIES - 1:
                raise error from failure
        except Exception as failure:
            raise SourceProtocolError("the connector failed") from failure
        await clock.sleep(PAUSE_S * 2**attempt)
    raise AssertionError
