"""List all records of a type by a call of the configuration, whose answers say where the next page is."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from yarl import URL

from connectors.contract import Lister, Listing
from connectors.errors import ListingCursorError, SourceProtocolError, SourceRejectedError
from connectors.http.lookup import follow_link, is_nothing, list_at
from connectors.http.settings import HttpSettings, ListingSettings, RecordSettings
from connectors.record_fields import Fields
from connectors.records import RECORDS
from connectors.toolkit.converters import to_text
from connectors.toolkit.http_client import decoded
from connectors.toolkit.list_pushdown import encode_records
from connectors.toolkit.listing_cursor import decode_cursor, encode_cursor
from connectors.toolkit.mapping.jmespath_expressions import getter
from connectors.toolkit.mapping.row_mapping import RowMapping
from connectors.toolkit.request_templates import render_path

ORDER = "http"
"""Names the order of these listings in their cursors."""

Get = Callable[[URL, float | None], Awaitable[bytes | None]]
"""Gets what is at an address until a time of the event loop's clock, in seconds. None where nothing is."""


class HttpLister:
    """List the records of one type. A cursor is that of the source, or the path of the link to the next page."""

    def __init__(self, record_name: str, rules: RecordSettings, settings: ListingSettings, base_url: str, get: Get) -> None:
        self.record = RECORDS[record_name]
        self._rules, self._settings = rules, settings
        self._get = get
        self._base = URL(base_url)
        self._mapping = RowMapping(self.record, rules)
        self._list = getter(rules.list)
        self._next = getter(settings.next or settings.next_cursor or "@")

    async def fetch(self, fields: Fields, after: str | None, first: int, remaining_s: float | None = None) -> Listing:
        """Ask for a page. A cursor that the source refuses is one that it no longer knows."""
        until = None if remaining_s is None else asyncio.get_running_loop().time() + remaining_s
        url = self._url(None if after is None else decode_cursor(ORDER, after), first)
        try:
            content = await self._get(url, until)
        except SourceRejectedError:
            if after is None:
                raise
            raise ListingCursorError from None
        if content is None:
            raise SourceProtocolError("there is no list at `path`") if after is None else ListingCursorError()
        answer = decoded(content)
        rows = list_at(answer, self._list, self._rules.list)
        if not isinstance(rows, list):
            raise SourceProtocolError("no list where `list` points")
        mapped = self._mapping.mapper(fields)
        records = encode_records(self.record, fields, [mapped(row) for row in rows if row is not None])
        following = self._following(answer, url)
        return Listing(records, None if following is None else encode_cursor(ORDER, following))

    def _url(self, cursor: str | None, first: int) -> URL:
        if cursor is not None and self._settings.next is not None:
            if not cursor.startswith("/"):
                raise ListingCursorError
            return self._base.origin().join(URL(cursor, encoded=True))
        values = {"first": first} | ({} if cursor is None else {"after": cursor})
        return URL(f"{self._base}".rstrip("/") + render_path(self._settings.path, values), encoded=True)

    def _following(self, answer: Any, page: URL) -> str | None:
        """Find where the next page begins, None at the end."""
        given = self._next(answer)
        if self._settings.next is not None:
            url = follow_link(given, page, self._base)
            return None if url is None else url.raw_path_qs
        if is_nothing(given):
            return None
        cursor = None if given is True else to_text(given)
        if not isinstance(cursor, str):
            raise SourceProtocolError("no cursor where `next_cursor` points")
        return cursor


def listers_of(settings: HttpSettings, get: Get) -> list[Lister]:
    """List the ways in which a source lists records."""
    return [
        Lister(
            record=RECORDS[name],
            fetch=HttpLister(name, rules, rules.listing, settings.base_url, get).fetch,
            max_first=rules.listing.page_size,
        )
        for name, rules in settings.records.items()
        if rules.listing is not None
    ]
