"""List all customers of a source, page by page."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable

from connectors.errors import SourceProtocolError
from connectors.record_fields import Fields
from connectors.records import Customer
from gateway.clock import Clock
from gateway.errors import SourceFailure
from gateway.lookups.deadline import Deadline
from gateway.lookups.outcome import Failed, Listed
from gateway.lookups.sources import Source

MAX_PAGE_S = 60.0
"""How long a page may take, in seconds."""

TRIES, PAUSE_S = 5, 2.0
"""How often a page is asked for whose failure may pass, and the pause before the second time; each one is twice as long."""

FetchPage = Callable[[str | None, Deadline], Awaitable[Listed | Failed]]
"""Fetches the page after a cursor."""


async def list_customers(
    source: Source, fields: Fields, clock: Clock, *, after: str | None = None, first: int | None = None
) -> AsyncIterator[Listed]:
    """List pages of records that are narrowed to `fields`. A page that fails is asked for again from where it began.

    The first page begins after a cursor; each has at most `first` records, or as many as the source gives at once.

    Raises `SourceFailure`.
    """
    max_first = source.listings[Customer].max_first
    size = min(first or max_first, max_first)
    fetch = lambda after, deadline: source.list_page(Customer, fields, after, size, deadline)  # noqa: E731
    async for page in fetch_pages(source.name, fetch, after, clock):
        yield page


async def fetch_pages(name: str, fetch: FetchPage, after: str | None, clock: Clock) -> AsyncIterator[Listed]:
    """Fetch pages, one after the other. As `list_customers`."""
    # A cursor that comes again is one of these two, at the latest when twice as many pages came as before the circle was
    # closed (Brent 1980): so a listing of any length needs no more memory.
    marked, pages, next_mark = after, 0, 1
    while True:
        page = await _fetch_page(name, fetch, after, clock)
        yield page
        before, after = after, page.next
        if after is None:
            return
        if after in (marked, before):
            raise SourceFailure(name, SourceProtocolError("the listing begins again"))
        pages += 1
        if pages == next_mark:
            marked, next_mark = after, 2 * next_mark


async def _fetch_page(name: str, fetch: FetchPage, after: str | None, clock: Clock) -> Listed:
    attempt = 0
    while True:
        outcome = await fetch(after, Deadline.within(clock, MAX_PAGE_S))
        if isinstance(outcome, Listed):
            return outcome
        attempt += 1
        if not outcome.error.retryable or attempt == TRIES:
            raise SourceFailure(name, outcome.error)
        await clock.sleep(PAUSE_S * 2 ** (attempt - 1))
