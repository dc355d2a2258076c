"""Zendesk's Ticketing API as it is documented: users by many ids, search, cursors in pages of at most a hundred."""

import base64
from typing import Any, ClassVar

from aiohttp import web

from tests.vendors.api import GrantingApi, Refusal, refused

TOKEN = "6wiIBWbGkBMo1mRDMuVw"
AGENT = "agent@helpdesk.example"
MANY = 130
"""Tickets of Ben."""


def user(id_: int, email: str | None, external_id: str | None, **more: Any) -> dict[str, Any]:
    own = {"id": id_, "email": email, "external_id": external_id, "role": "end-user", "created_at": "2023-01-05T08:30:00Z"}
    own["updated_at"] = "2026-05-03T08:30:00Z"
    return own | {"name": f"User {id_}", "phone": None, "locale": "en-US", "active": True} | more


USERS = [
    user(11, "Ann@Example.com", "crm-1", name="Ann Archer", phone="+442079460000"),
    user(12, "ben@example.com", "crm-2"),
    user(13, "ann@example.com.invalid", None),
    user(14, None, "crm-4"),
    user(15, "gone@example.com", "crm-5", active=False),
]


def ticket(id_: int, requester: int, day: int, **more: Any) -> dict[str, Any]:
    return {
        "id": id_,
        "requester_id": requester,
        "created_at": f"2026-0{1 + day // 28}-{1 + day % 28:02}T10:00:00Z",
        "updated_at": "2026-06-01T10:00:00Z",
        "subject": f"Ticket {id_}",
        "type": None,
        "status": "open",
        "custom_status_id": 10,
        "priority": None,
        "tags": [],
        "assignee_id": None,
        "custom_fields": [{"id": 360, "value": None}],
        "satisfaction_rating": {"score": "unoffered"},
        "via": {"channel": "web", "source": {"from": {}, "to": {}, "rel": None}},
    } | more


def tickets() -> list[dict[str, Any]]:
    return [
        ticket(
            501,
            11,
            3,
            type="problem",
            status="hold",
            priority="high",
            tags=["complaint", "vip"],
            custom_fields=[{"id": 360, "value": "o-77"}],
            satisfaction_rating={"id": 9, "score": "bad", "comment": "slow"},
            assignee_id=900,
            via={"channel": "native_messaging"},
        ),
        ticket(
            502,
            11,
            5,
            type="question",
            status="solved",
            satisfaction_rating={"id": 8, "score": "good", "comment": None},
            via={"channel": "voice"},
        ),
        ticket(503, 11, 5, type="task", status="closed"),
        *(ticket(1000 + n, 12, n // 3) for n in range(MANY)),
    ]


AGENTS = [user(900, "sam@helpdesk.example", None, name="Sam Support", role="agent")]
METRICS = {501: {"reply_time_in_minutes": {"calendar": 95, "business": 35}, "solved_at": "2026-01-09T12:00:00Z"}}


def rating(id_: int, ticket: int, requester: int, score: str, comment: str | None) -> dict[str, Any]:
    own = {"id": id_, "ticket_id": ticket, "requester_id": requester, "score": score, "comment": comment, "reason": None}
    return own | {"created_at": "2026-01-10T08:00:00Z", "updated_at": f"2026-01-{id_ + 2:02}T08:00:00Z"}


RATINGS = [rating(8, 502, 11, "good", None), rating(9, 501, 11, "bad", "slow")]


def comment(id_: int, author: int, body: str, *, public: bool = True) -> dict[str, Any]:
    own = {"id": id_, "type": "Comment", "author_id": author, "public": public, "created_at": f"2026-01-04T10:0{id_}:00Z"}
    return own | {"body": f"**{body}**", "html_body": f"<b>{body}</b>", "plain_body": body}


COMMENTS = {
    501: [
        comment(1, 11, "It is broken"),
        comment(2, 900, "Let us see", public=False),
        comment(3, 900, "It is on its way"),
    ],
}


class ZendeskApi(GrantingApi):
    authorization = f"Basic {base64.b64encode(f'{AGENT}/token:{TOKEN}'.encode()).decode()}"
    unauthorized = Refusal(401, {"error": f"Couldn't authenticate you: {TOKEN}"})

    token_path = "/oauth/tokens"
    client: ClassVar = {"client_id": "profile_gateway", "client_secret": "the-secret-of-the-client"}
    grant: ClassVar = {"grant_type": "client_credentials", "scope": "users:read tickets:read"}
    token_name = "of-some-time-"

    def __init__(self) -> None:
        super().__init__()
        self.users = list(USERS)
        self.tickets = tickets()

    def grants(self, token: str) -> dict[str, Any]:
        return super().grants(token) | {"scope": self.grant["scope"]}

    def unknown_client(self, secret: str | None) -> Refusal:
        return super().unknown_client(secret)._replace(status=401)

    def _show_many(self, what: str, query: Any) -> web.Response:
        name = "ids" if "ids" in query else "external_ids"
        values = query[name].split(",")
        if len(values) > 100 or (name == "ids" and not all(value.isdecimal() for value in values)):
            return refused(Refusal(400, {"error": "Invalid attribute"}))
        rows = self.users if what == "users" else self.tickets
        found = [one for one in rows if str(one[name[:-1]]).lower() in [value.lower() for value in values]]
        return web.json_response({what: found, "next_page": None, "count": len(found)} | _beside(found, query))

    def respond(self, request: web.Request, body: Any) -> web.Response:
        query = request.query
        match request.path.removeprefix("/api/v2/").split("/"):
            case [what, "show_many"]:
                return self._show_many(what, query)
            case ["users", "search"]:
                text = query["query"].removeprefix("email:").strip('"').lower()
                found = [one for one in self.users if text in (one["email"] or "").lower()]
                return web.json_response({"users": found, "next_page": None, "count": len(found)})
            case ["users", id_, "tickets", "requested"]:
                if not any(str(one["id"]) == id_ for one in self.users):
                    return refused(Refusal(404, {"error": "RecordNotFound", "description": "Not found"}))
                return _numbered("tickets", [one for one in self.tickets if str(one["requester_id"]) == id_], query)
            case ["satisfaction_ratings", *ids]:
                return _ratings(ids, query)
            case ["tickets", id_, "comments"]:
                return _page("comments", COMMENTS.get(int(id_), []), query)
            case ["user_fields" | "ticket_fields" as what]:
                return _page(what, self._fields(what), query)
            case ["users"]:
                return self._listed(query)
            case ["tickets"]:
                return _page("tickets", self.tickets, query)
        return refused(Refusal(404, {"error": "InvalidEndpoint"}))

    def _fields(self, what: str) -> list[dict[str, Any]]:
        if what == "user_fields":
            keys = {key for user in self.users for key in user.get("user_fields", {})}
            return [{"id": 7, "key": key, "type": "text"} for key in sorted(keys)]
        ids = {field["id"] for ticket in self.tickets for field in ticket["custom_fields"]}
        return [{"id": id_, "type": "text"} for id_ in sorted(ids)]

    def _listed(self, query: Any) -> web.Response:
        """A page of users by their ids. A cursor names the one where the page before it ended, there or not."""
        after, size = query.get("page[after]", "u0"), int(query["page[size]"])
        if not 1 <= size <= 100 or not (after[0] == "u" and after[1:].isdecimal()):
            return refused(Refusal(400, {"error": "InvalidPaginationParameter"}))
        users = sorted((one for one in self.users if one["id"] > int(after[1:])), key=lambda one: one["id"])
        shown = users[:size]
        meta = {"has_more": len(users) > size, "after_cursor": f"u{shown[-1]['id']}" if shown else None, "before_cursor": None}
        return web.json_response({"users": shown, "meta": meta, "links": {"next": "https://elsewhere.example/next"}})


def _ratings(ids: list[str], query: Any) -> web.Response:
    """All ratings, or the one with an id."""
    if not ids:
        return _page("satisfaction_ratings", RATINGS, query)
    found = [one for one in RATINGS if str(one["id"]) == ids[0]]
    if not found:
        return refused(Refusal(404, {"error": "RecordNotFound", "description": "Not found"}))
    return web.json_response({"satisfaction_rating": found[0]})


def _numbered(name: str, rows: list[dict[str, Any]], query: Any) -> web.Response:
    """A page by its number, in ascending order of ids unless sorted otherwise; there are pages of 10,000 rows."""
    page, size = int(query.get("page", 1)), int(query.get("per_page", 100))
    by, order = query.get("sort_by", "id"), query.get("sort_order", "asc")
    if not 1 <= size <= 100 or page * size > 10_000 or by not in {"id", "created_at", "updated_at"}:
        return refused(Refusal(400, {"error": "Invalid attribute"}))
    found = sorted(rows, key=lambda one: str(one[by]) if by != "id" else one["id"], reverse=order == "desc")
    more = page * size < len(found)
    following = f"https://elsewhere.example/next?page={page + 1}" if more else None
    shown = found[(page - 1) * size : page * size]
    answer = {name: shown, "count": len(found), "next_page": following, "previous_page": None}
    return web.json_response(answer | _beside(shown, query))


def _beside(tickets: list[dict[str, Any]], query: Any) -> dict[str, Any]:
    """What is loaded with tickets: their metrics stand inside, users beside (Side-Loading)."""
    names = query.get("include", "").split(",")
    if "metric_sets" in names:
        for one in tickets:
            one["metric_set"] = METRICS.get(one["id"], {"reply_time_in_minutes": {"calendar": None}, "solved_at": None})
    return {"users": AGENTS} if "users" in names else {}


def _page(name: str, rows: list[dict[str, Any]], query: Any) -> web.Response:
    start, size = int(query.get("page[after]", "c0")[1:]), int(query["page[size]"])
    if size > 100:
        return refused(Refusal(400, {"error": "Invalid attribute"}))
    more = start + size < len(rows)
    meta = {"has_more": more, "after_cursor": f"c{start + size}", "before_cursor": f"c{start}"}
    return web.json_response(
        {name: rows[start : start + size], "meta": meta, "links": {"next": "https://elsewhere.example/next"}}
    )
