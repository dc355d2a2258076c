"""A Salesforce org on loopback: OAuth, SOQL in pages, composite batches, limits and errors as its REST API documents them."""

from collections.abc import Mapping
from itertools import count
from typing import Any

from aiohttp import web
from yarl import URL

from tests.vendors.soql import Query, Row, SoqlError, at, parsed

CLIENT = {"client_id": "the-key", "client_secret": "the-secret"}
REFRESH_TOKEN = "the-refresh-token"
LONGEST_URI = 16_384
MOST_IN_A_BATCH = 25


def id_of(prefix: str, number: int) -> str:
    """An id of 18 characters; the prefix of three tells the object."""
    return f"{prefix}Q1{number:010}AAA"


class Salesforce:
    """Serves `objects`, rows by the name of their object, whole: parents and children are inside.

    `requests` are the calls by method and path, `queries` the SOQL in them, `usage` the calls that count against the limit.
    """

    def __init__(self, objects: Mapping[str, list[Row]], *, page_size: int = 200, most_children: int = 200) -> None:
        self.objects = objects
        self.requests: list[str] = []
        self.queries: list[str] = []
        self.page_size = page_size
        self.most_children = most_children
        self.limit = 15_000
        self.usage = 0
        self._numbers = count(1)
        self._tokens: set[str] = set()
        self._rest: dict[str, list[Any]] = {}

    def expire(self) -> None:
        """End all sessions; the next token is good again."""
        self._tokens.clear()

    async def answer(self, request: web.Request) -> web.Response:
        self.requests.append(f"{request.method} {request.path}")
        if request.path == "/services/oauth2/token" and request.method == "POST":
            return self._token({name: str(value) for name, value in (await request.post()).items()})
        if len(str(request.rel_url)) > LONGEST_URI:
            return web.Response(status=414, text="<html>URI Too Long</html>", content_type="text/html")
        if request.headers.get("Authorization", "").removeprefix("Bearer ") not in self._tokens:
            return _refusal(401, "INVALID_SESSION_ID", "Session expired or invalid")
        if self.usage >= self.limit:
            return _refusal(403, "REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded.")
        if request.path.endswith("/composite/batch") and request.method == "POST":
            status, result = self._batch(await request.json())
        else:
            status, result = self._get(request.rel_url) if request.method == "GET" else _missing()
        headers = {"Sforce-Limit-Info": f"api-usage={self.usage}/{self.limit}"}
        return web.json_response(result, status=status, headers=headers)

    def _token(self, form: Mapping[str, str]) -> web.Response:
        client = {name: form.get(name) for name in CLIENT}
        if client != CLIENT:
            return web.json_response({"error": "invalid_client", "error_description": "invalid client credentials"}, status=400)
        grant = form.get("grant_type")
        if grant != "client_credentials" and (grant, form.get("refresh_token")) != ("refresh_token", REFRESH_TOKEN):
            return web.json_response({"error": "invalid_grant", "error_description": "expired access/refresh token"}, status=400)
        token = f"00D!{next(self._numbers)}"
        self._tokens.add(token)
        return web.json_response({"access_token": token, "scope": "api", "token_type": "Bearer", "issued_at": "1764547200000"})

    def _batch(self, body: Any) -> tuple[int, Any]:
        asked = body["batchRequests"]
        if not 0 < len(asked) <= MOST_IN_A_BATCH:
            return 400, [{"errorCode": "LIMIT_EXCEEDED", "message": "too many subrequests"}]
        answers = [self._get(URL(f"/services/data/{one['url']}", encoded=True)) for one in asked]
        results = [{"statusCode": status, "result": result} for status, result in answers]
        return 200, {"hasErrors": any(status >= 400 for status, _ in answers), "results": results}

    def _get(self, url: URL) -> tuple[int, Any]:
        self.usage += 1
        match url.path.strip("/").split("/"):
            case ["services", "data", "v62.0", "query"] if "q" in url.query:
                return self._query(url.query["q"])
            case ["services", "data", "v62.0", "query", locator] if locator in self._rest:
                return 200, self._page(self._rest.pop(locator), self.page_size)
        return _missing()

    def _query(self, text: str) -> tuple[int, Any]:
        self.queries.append(text)
        try:
            query = parsed(text)
            if query.source not in self.objects:
                raise SoqlError("INVALID_TYPE")
            shown = [self._shown(query, query.source, row) for row in query.answer(self.objects[query.source])]
        except SoqlError as error:
            return 400, [{"errorCode": error.code, "message": f"ERROR at Row:1:Column:1 {text}"}]
        return 200, self._page(shown, self.page_size)

    def _page(self, rows: list[Any], size: int) -> dict[str, Any]:
        page: dict[str, Any] = {"totalSize": len(rows), "done": len(rows) <= size, "records": rows[:size]}
        if not page["done"]:
            locator = f"01g{next(self._numbers):012}-{size}"
            self._rest[locator] = rows[size:]
            page["nextRecordsUrl"] = f"/services/data/v62.0/query/{locator}"
        return page

    def _shown(self, query: Query, kind: str, row: Row) -> dict[str, Any]:
        """The fields that were asked for, with what is in parents inside, and children in pages of their own."""
        shown: dict[str, Any] = {"attributes": {"type": kind, "url": f"/services/data/v62.0/sobjects/{kind}/{row['Id']}"}}
        for path in query.fields:
            *parents, name = path.split(".")
            here, known = shown, row
            for parent in parents:
                here = here.setdefault(parent, {"attributes": {"type": parent}} if known[parent] else None)
                known = known[parent]
                if here is None:
                    break
            else:
                here[name] = at(known, name)
        for name, child in query.children.items():
            rows = [self._shown(child, name, one) for one in child.answer(at(row, name))]
            shown[name] = self._page(rows, self.most_children) if rows else None
        return shown


def _refusal(status: int, code: str, message: str) -> web.Response:
    return web.json_response([{"message": message, "errorCode": code}], status=status)


def _missing() -> tuple[int, Any]:
    return 404, [{"errorCode": "NOT_FOUND", "message": "The requested resource does not exist"}]


