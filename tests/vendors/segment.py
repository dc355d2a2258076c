"""A Segment space on loopback: profiles by any of their ids, in pages with cursors, as the Profile API documents them."""

from base64 import b64encode
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from itertools import count
from typing import Any, NamedTuple
from urllib.parse import unquote

from aiohttp import web

from tests.vendors.api import Refusal, VendorApi, refused

SPACE = "spa_1"
TOKEN = "the-token"
ROOT = ["v1", "spaces", SPACE, "collections", "users", "profiles"]


class Profile(NamedTuple):
    """`ids` are pairs of type and id, `events` come in any order."""

    ids: Sequence[tuple[str, str]]
    traits: Mapping[str, Any] = {}
    events: Sequence[Mapping[str, Any]] = ()


class SegmentApi(VendorApi):
    """`asked` are the requests below the profiles, as they come over the wire."""

    authorization = f"Basic {b64encode(f'{TOKEN}:'.encode()).decode()}"
    unauthorized = Refusal(401, {"error": {"code": "authentication_error", "message": f"{TOKEN} is no access token"}})

    def __init__(self, profiles: Sequence[Profile]) -> None:
        super().__init__()
        self.profiles = profiles
        self.asked: list[str] = []
        self._numbers = count(1)
        self._rest: dict[str, int] = {"": 0}

    def respond(self, request: web.Request, body: Any) -> web.Response:
        self.asked.append(request.raw_path.removeprefix(f"/{'/'.join(ROOT)}/"))
        *root, identifier, part = map(unquote, request.raw_path.partition("?")[0].strip("/").split("/"))
        found = [one for one in self.profiles if tuple(identifier.split(":", 1)) in one.ids]
        if root != ROOT or not found:
            return refused(Refusal(404, {"error": {"code": "not_found", "message": "Profile was not found."}}))
        match part:
            case "traits":
                return self._traits(request, found[0])
            case "external_ids":
                ids = [{"type": kind, "id": one, "collection": "users", "encoding": "none"} for kind, one in found[0].ids]
                return self._page(request, ids)
            case "events":
                return self._page(request, _window(request, found[0].events))
        return refused(Refusal(404, {"error": {"code": "not_found", "message": "no such route"}}))

    def _traits(self, request: web.Request, profile: Profile) -> web.Response:
        wanted = request.query["include"].split(",")
        traits = [(name, value) for name, value in profile.traits.items() if name in wanted]
        return self._page(request, traits, most=200, name="traits", shown=dict)

    def _page(
        self, request: web.Request, items: list[Any], most: int = 100, name: str = "data", shown: Any = list
    ) -> web.Response:
        limit = int(request.query.get("limit", 10))
        if not 1 <= limit <= most:
            return refused(Refusal(400, {"error": {"code": "validation_error", "message": "limit"}}))
        start = self._rest[request.query.get("next", "")]
        has_more = start + limit < len(items)
        cursor = f"MTUx{next(self._numbers)}=" if has_more else ""
        self._rest |= {cursor: start + limit} if has_more else {}
        cursors = {"url": request.path, "has_more": has_more, "next": cursor, "limit": limit}
        return web.json_response({name: shown(items[start : start + limit]), "cursor": cursors})


def _window(request: web.Request, events: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """After `start` and before `end`, neither included; newest first unless sorted otherwise."""
    start, end = (datetime.fromisoformat(text) if (text := request.query.get(name)) else None for name in ("start", "end"))
    found = [one for one in events if (start is None or _time(one) > start) and (end is None or _time(one) < end)]
    return sorted(found, key=lambda one: one["timestamp"], reverse=request.query.get("sort", "desc") == "desc")


def _time(one: Mapping[str, Any]) -> datetime:
    """One that cannot be read is in every window."""
    try:
        return datetime.fromisoformat(one["timestamp"])
    except ValueError:
        return datetime(2026, 5, 3, tzinfo=UTC)


def space() -> list[Profile]:
    """Ann, whom all know; Bob, whose traits are in snake case; a visitor without a user id; a crowd of events."""
    ann = Profile(
        [
            ("user_id", "c1"),
            ("email", "ann@example.com"),
            ("email", "ann.work@example.org"),
            ("anonymous_id", "d1"),
            ("anonymous_id", "d/2 +"),
            ("ios.id", "i1"),
            ("phone", "+447700900123"),
            ("stripe_id", "cus_1"),
        ],
        {
            "firstName": "Ann",
            "lastName": "Archer",
            "email": "ann@example.com",
            "phone": "+447700900123",
            "locale": "en-GB",
            "createdAt": "2024-03-01T09:00:00Z",
            "birthday": "1985-03-12T00:00:00.000Z",
            "address": {"street": "1 High Street", "postalCode": "N1", "city": "London", "state": "LDN", "country": "gb"},
            "company": {"name": "Archer & Co", "industry": "Retail"},
            "card": 4711,
            "secret_trait": "never read",
        },
        [
            event("ajs-1", "2026-05-01T10:00:00.000Z", "Product Viewed", page="/mugs/1", sku="M-1"),
            event("ajs-2", "2026-05-01T10:00:05.250Z", "Product Added", sku="M-1", quantity=2),
            event("ajs-3", "2026-05-01T10:00:05.250Z", None, kind="page", page="/cart"),
            event("ajs-4", "2026-05-02T18:00:00.000Z", "Order Completed", total=25.5),
        ],
    )
    bob = Profile(
        [("user_id", "c2"), ("email", "bob@example.com"), ("anonymous_id", "d3")],
        {"first_name": "Bob", "last_name": "Brown", "company": "Brown's", "address": "somewhere", "created_at": 1709283600},
        [event("ajs-8", "lately", "Product Viewed"), event("ajs-9", "2026-05-03T10:00:00.000Z", "Product Viewed")],
    )
    crowd = Profile(
        [("user_id", "c3"), *(("anonymous_id", f"many-{n:03}") for n in range(250))],
        {},
        [event(f"e{n:03}", f"2026-05-04T10:{n // 6:02}:{n // 3 % 2 * 30:02}.000Z", "Product Viewed") for n in range(300)],
    )
    return [ann, bob, Profile([("anonymous_id", "visitor")], {"email": "visitor@example.com"}), crowd]


def event(
    id_: str, at: str, name: str | None, kind: str = "track", page: str | None = None, **properties: Any
) -> dict[str, Any]:
    return {
        "external_ids": [
            {"collection": "users", "type": "user_id", "id": "c1", "encoding": "none"},
            {"collection": "users", "type": "anonymous_id", "id": "d1", "encoding": "none"},
        ],
        "context": {
            "library": {"name": "analytics.js"},
            **({"page": {"path": page, "url": f"https://x{page}"}} if page else {}),
        },
        "type": kind,
        "message_id": id_,
        "source_id": "CRx5M9uk2p",
        "timestamp": at,
        "properties": properties,
        **({"event": name} if name else {}),
        "related": {"users": "use_1"},
    }
