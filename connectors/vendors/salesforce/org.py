"""A Salesforce org: one token for all calls, questions that travel together, all pages of their answers."""

import re
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

import msgspec
from pydantic import SecretStr

from connectors.errors import (
    SourceAuthError,
    SourceError,
    SourceProtocolError,
    SourceThrottledError,
    SourceTimeoutError,
    SourceUnavailableError,
)
from connectors.toolkit.http_client import RefusedResponse
from connectors.toolkit.oauth import SessionEndedError
from connectors.toolkit.vendor_connector import Grant, PermissionMissingError, Vendor, too_much
from connectors.vendors.salesforce.settings import SalesforceSettings
from connectors.vendors.salesforce.soql import Row, SoqlPage, SoqlResults, pages_in

_MAX_BATCH = 25
_LONGEST = 8_000
"""Of a question in an address, half of what may be there with the headers. A longer one goes in the body of a batch."""
_OF_WHO_ASKS = (SourceAuthError, SourceThrottledError, PermissionMissingError)
_USAGE = re.compile(r"api-usage=(\d+)/(\d+)")


class Org(Vendor[SalesforceSettings]):
    """The connection to an org, shared by all queries."""

    quota_field = b"sforce-limit-info"

    def __init__(self, name: str, settings: SalesforceSettings) -> None:
        super().__init__(name, settings)
        self._version = f"v{settings.api_version}"
        self.root = f"/services/data/{self._version}/"

    def grant(self) -> Grant:
        own = self.settings
        flow: dict[str, str | SecretStr] = {"grant_type": "client_credentials"}
        if own.refresh_token is not None:
            flow = {"grant_type": "refresh_token", "refresh_token": own.refresh_token}
        return Grant("/services/oauth2/token", {**flow, "client_id": own.client_id, "client_secret": own.client_secret})

    def page_links(self) -> Mapping[str, str]:
        page = f"{self.settings.base_url}/{{sourceId}}"  # an id says itself of which object it is
        return {"customer": page, "ticket": page, "deal": page}

    def refusal(self, answer: RefusedResponse) -> SourceError | None:
        usage = _USAGE.search(answer.headers.get("Sforce-Limit-Info", ""))
        if answer.status == 403 and usage and int(usage[1]) >= int(usage[2]):
            return SourceThrottledError()
        if answer.status == 400 and isinstance(answer.said, dict) and "error" in answer.said:
            return SourceAuthError()
        match answer.said[0]["errorCode"]:
            case "INVALID_SESSION_ID":
                return SessionEndedError()
            case "REQUEST_LIMIT_EXCEEDED":
                return SourceThrottledError()
            case "QUERY_TIMEOUT" | "REQUEST_RUNNING_TOO_LONG":
                return _to_be_halved(SourceTimeoutError())
            case "UNABLE_TO_LOCK_ROW" | "SERVER_UNAVAILABLE":
                return SourceUnavailableError()
            case "INVALID_FIELD" | "INVALID_TYPE":
                return PermissionMissingError("an object or a field that is read is not there for this user")
        return super().refusal(answer)

    async def rows(self, queries: Sequence[str], until: float | None, resource: str = "query") -> list[Row]:
        """Read all rows of queries, as `row_lists`."""
        return [row for rows in await self.row_lists(queries, until, resource) for row in rows]

    async def row_lists(self, queries: Sequence[str], until: float | None, resource: str = "query") -> list[list[Row]]:
        """Read all rows of each query, with all pages and children. What can travel together does.

        The resource `queryAll` has deleted rows, too.
        """
        lists: list[list[Row]] = [[] for _ in queries]
        waiting = [(rows, f"{resource}?q={quote(query, safe='')}") for rows, query in zip(lists, queries, strict=True)]
        for _ in range(self.settings.max_pages):
            if not waiting:
                return lists
            now, waiting = waiting[:_MAX_BATCH], waiting[_MAX_BATCH:]
            pages = await self._pages([path for _, path in now], until)
            for (own, _), page in zip(now, pages, strict=True):
                own += page.records
                waiting += [] if page.next is None else [(own, self._further(page.next))]
                for inner in (inner for row in page.records for inner in pages_in(row)):
                    waiting += [(inner["records"], self._further(inner["nextRecordsUrl"]))] if "nextRecordsUrl" in inner else []
        if waiting:
            raise too_much("more pages than max_pages")
        return lists

    def _further(self, link: Any) -> str:
        if not isinstance(link, str) or not link.startswith(self.root):
            raise SourceProtocolError("the next page is at another origin")
        return link.removeprefix(self.root)

    async def _pages(self, paths: Sequence[str], until: float | None) -> list[SoqlPage]:
        if len(paths) == 1 and len(paths[0]) <= _LONGEST:
            return [await self.get(SoqlPage, self.root + paths[0], {}, until)]
        body = {"batchRequests": [{"method": "GET", "url": f"{self._version}/{path}"} for path in paths]}
        try:
            return await self._parts(body, until)
        except SessionEndedError:  # on the way through the parts: the next call finds the session ended, and opens another
            return await self._parts(body, until)

    async def _parts(self, body: Mapping[str, Sequence[Any]], until: float | None) -> list[SoqlPage]:
        parts = (await self.post(SoqlResults, f"{self.root}composite/batch", body, until)).results
        if len(parts) != len(body["batchRequests"]):
            raise SourceProtocolError("a part of a batch is missing")
        return [self._page(part.status_code, part.result) for part in parts]

    def _page(self, status: int, result: Any) -> SoqlPage:
        if not 200 <= status < 300:
            # Parts are independent: what one of them fails with is about its own keys, unless it is about who asks.
            error = self._refusal(RefusedResponse(status, {}, result)) or SourceProtocolError(f"HTTP status {status}")
            raise error if isinstance(error, _OF_WHO_ASKS) else _to_be_halved(error)
        try:
            return msgspec.convert(result, SoqlPage)
        except msgspec.ValidationError as error:
            raise SourceProtocolError("not the agreed JSON") from error


def _to_be_halved(error: SourceError) -> SourceError:
    """An error of a question that may be answered for fewer keys."""
    error.halvings = 2
    return error
