"""A Segment space on loopback: profiles by any of their ids, in pages with cursors, as the Profile API documents them."""

from base64 import b64encode
from collections.abc import Mapping, Sequence
from datetime import datetime
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
    authorization = f"Basic {b64encode(f'{TOKEN}:'.encode()).decode()}"
    unauthorized = Refusal(401, {"error": {"code": "authentication_error", "message": f"{TOKEN} is no access token"}})

    def __init__(self, profiles: Sequence[Profile]) -> None:
        super().__init__()
        self.profiles = profiles
        self._numbers = count(1)
        self._rest: dict[str, int] = {"": 0}

    def respond(self, request: web.Request, body: Any) -> web.Response:
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
    found = [
        one
        for one in events
        if (start is None or datetime.fromisoformat(one["timestamp"]) > start)
        and (end is None or datetime.fromisoformat(one["timestamp"]) < end)
    ]
    return sorted(found, key=lambda one: one["timestamp"], reverse=request.query.get("sort", "desc") == "desc")
