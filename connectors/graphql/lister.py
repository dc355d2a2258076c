"""List all records of a type by a query of the configuration: a connection that is paged through by its own cursors."""

from __future__ import annotations

import asyncio
from functools import lru_cache, partial
from typing import Any

from connectors.contract import Lister, Listing
from connectors.errors import ListingCursorError, SourceProtocolError
from connectors.graphql.client import Post, Wait, no_wait
from connectors.graphql.query import ListQuery
from connectors.graphql.record_reader import RecordReader
from connectors.graphql.response import GraphQLResponse, of_the_call, read_response
from connectors.graphql.response_paths import found_at
from connectors.graphql.selection import SourceSelection
from connectors.graphql.settings import GraphQLSettings, ListingSettings, RecordSettings
from connectors.record_fields import Fields, has_decimals
from connectors.records import RECORDS
from connectors.toolkit.converters import has_fine_times, has_odd_decimals
from connectors.toolkit.list_pushdown import encode_records
from connectors.toolkit.listing_cursor import decode_cursor, encode_cursor

ORDER = "graphql"
"""Names the order of these listings in their cursors."""


class GraphQLLister:
    """List the records of one type."""

    def __init__(self, record_name: str, rules: RecordSettings, settings: ListingSettings, post: Post, wait: Wait) -> None:
        self.record = RECORDS[record_name]
        self.page_size = settings.page_size
        self._post = post
        self._wait = wait
        self._query = ListQuery(settings.query)
        selection = SourceSelection(rules)
        self._reader = RecordReader(self.record, selection.rules)
        self._selected = lru_cache(maxsize=16)(partial(selection.select, self.record))

    async def fetch(self, fields: Fields, after: str | None, first: int, remaining_s: float | None = None) -> Listing:
        """Ask for a page. A cursor that the source refuses is one that it no longer knows."""
        cursor = None if after is None else decode_cursor(ORDER, after)
        until = None if remaining_s is None else asyncio.get_running_loop().time() + remaining_s
        known, selection = self._selected(fields)
        body = {
            "query": self._query.document(selection, counts=False, queries=1),
            "variables": {"first": first} | ({} if cursor is None else {"after": cursor}),
        }
        content = await self._post(body, until) or b""
        has_amounts = has_decimals(self.record, fields)
        response = read_response(content, has_amounts=has_amounts)
        page = self._page(response, is_continued=cursor is not None)
        needs_care = has_fine_times(content) or (has_amounts and has_odd_decimals(content))
        records = self._reader.records(list(found_at(page, self._query.spine[1:])), known, needs_care)
        following = self._following(page)
        encoded = encode_records(self.record, fields, records)
        return Listing(encoded, None if following is None else encode_cursor(ORDER, following))

    def _page(self, response: GraphQLResponse, *, is_continued: bool) -> Any:
        page = None if response.data is None else response.data.get(self._query.spine[0])
        if page is None and response.errors:
            error = of_the_call(response.errors, self._wait(response.extensions))
            raise ListingCursorError if is_continued and error.refuses_keys else error
        return page

    def _following(self, page: Any) -> str | None:
        """Find the cursor of the next page, None at the end."""
        infos = list(found_at(page, (*self._query.spine[1 : self._query.page_step + 1], "pageInfo")))
        if len(infos) != 1 or not isinstance(infos[0], dict):
            raise SourceProtocolError("a page does not say whether there are more")
        if not infos[0].get("hasNextPage"):
            return None
        cursor = infos[0].get("endCursor")
        if not isinstance(cursor, str) or not cursor:
            raise SourceProtocolError("no cursor of the next page")
        return cursor


def listers_of(settings: GraphQLSettings, post: Post, wait: Wait = no_wait) -> list[Lister]:
    """List the ways in which a source lists records."""
    listings = [
        GraphQLLister(name, rules, rules.listing, post, wait)
        for name, rules in settings.records.items()
        if rules.listing is not None
    ]
    return [Lister(record=own.record, fetch=own.fetch, max_first=own.page_size) for own in listings]
