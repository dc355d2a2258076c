"""Zendesk's Ticketing API as it is documented: users by many ids, search, cursors in pages of at most a hundred."""

import base64
from typing import Any

from aiohttp import web

from tests.vendors.api import Refusal, VendorApi, refused

TOKEN = "6wiIBWbGkBMo1mRDMuVw"
AGENT = "agent@helpdesk.example"
MANY = 250
"""Tickets of Ben."""


def user(id_: int, email: str | None, external_id: str | None, **more: Any) -> dict[str, Any]:
    own = {"id": id_, "email": email, "external_id": external_id, "role": "end-user", "created_at": "2023-01-05T08:30:00Z"}
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
        "priority": None,
        "tags": [],
        "custom_fields": [{"id": 360, "value": None}],
        "satisfaction_rating": {"score": "unoffered"},
        "via": {"channel": "web"},
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
            via={"channel": "native_messaging"},
        ),
        ticket(502, 11, 5, type="question", status="solved", satisfaction_rating={"score": "good"}, via={"channel": "voice"}),
        ticket(503, 11, 5, type="task", status="closed"),
        *(ticket(1000 + n, 12, n // 3) for n in range(MANY)),
    ]


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


class ZendeskApi(VendorApi):
    authorization = f"Basic {base64.b64encode(f'{AGENT}/token:{TOKEN}'.encode()).decode()}"
    unauthorized = Refusal(401, {"error": f"Couldn't authenticate you: {TOKEN}"})

    def __init__(self) -> None:
        super().__init__()
        self.tickets = tickets()

    def respond(self, request: web.Request, body: Any) -> web.Response:
        query = request.query
        match request.path.removeprefix("/api/v2/").split("/"):
            case ["users", "show_many"]:
                name = "ids" if "ids" in query else "external_ids"
                values = query[name].split(",")
                if len(values) > 100 or (name == "ids" and not all(value.isdecimal() for value in values)):
                    return refused(Refusal(400, {"error": "Invalid attribute"}))
                found = [one for one in USERS if str(one[name[:-1]]).lower() in [value.lower() for value in values]]
                return web.json_response({"users": found, "next_page": None, "count": len(found)})
            case ["users", "search"]:
                text = query["query"].removeprefix("email:").strip('"').lower()
                found = [one for one in USERS if text in (one["email"] or "").lower()]
                return web.json_response({"users": found, "next_page": None, "count": len(found)})
            case ["users", id_, "tickets", "requested"]:
                if not any(str(one["id"]) == id_ for one in USERS):
                    return refused(Refusal(404, {"error": "RecordNotFound", "description": "Not found"}))
                return _page("tickets", [one for one in self.tickets if str(one["requester_id"]) == id_], query)
            case ["tickets", id_, "comments"]:
                return _page("comments", COMMENTS.get(int(id_), []), query)
            case ["users"]:
                return _page("users", USERS, query)
            case ["tickets"]:
                return _page("tickets", self.tickets, query)
        return refused(Refusal(404, {"error": "InvalidEndpoint"}))


def _page(name: str, rows: list[dict[str, Any]], query: Any) -> web.Response:
    start, size = int(query.get("page[after]", "c0")[1:]), int(query["page[size]"])
    if size > 100:
        return refused(Refusal(400, {"error": "Invalid attribute"}))
    more = start + size < len(rows)
    meta = {"has_more": more, "after_cursor": f"c{start + size}", "before_cursor": f"c{start}"}
    return web.json_response(
        {name: rows[start : start + size], "meta": meta, "links": {"next": "https://elsewhere.example/next"}}
    )
