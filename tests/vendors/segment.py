"""A Segment space on loopback: profiles by any of their ids, in pages with cursors, as the Profile API documents them."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from itertools import count
from typing import Any, NamedTuple

from aiohttp import BasicAuth, web

SPACE = "spa_1"
TOKEN = "the-token"
ROOT = ["v1", "spaces", SPACE, "collections", "users", "profiles"]


class Profile(NamedTuple):
    """`ids` are pairs of type and id, `events` come in any order."""

    ids: Sequence[tuple[str, str]]
    traits: Mapping[str, Any] = {}
    events: Sequence[Mapping[str, Any]] = ()


class Segment:
    """`requests` are the calls by path and query; `throttles` says how many of the next calls are refused as too many."""

    def __init__(self, profiles: Sequence[Profile]) -> None:
        self.profiles = profiles
        self.requests: list[str] = []
        self.throttles = 0
        self._numbers = count(1)
        self._rest: dict[str, int] = {}

    async def answer(self, request: web.Request) -> web.Response:
        self.requests.append(request.raw_path)
        if request.headers.get("Authorization") != BasicAuth(TOKEN).encode():
            return _error(401, "authentication_error")
        if self.throttles:
            self.throttles -= 1
            return _error(429, "rate_limit_error")
        *root, identifier, part = request.path.strip("/").split("/")
        found = [one for one in self.profiles if tuple(identifier.split(":", 1)) in one.ids]
        if root != ROOT or not found:
            return _error(404, "not_found")
        match part:
            case "traits":
                return self._traits(request, found[0])
            case "external_ids":
                wanted = _listed(request, "include")
                ids = [{"type": kind, "id": one, "collection": "users"} for kind, one in found[0].ids if _fits(kind, wanted)]
                return self._page(request, ids, 10)
            case "events":
                return self._page(request, _window(request, found[0].events), 10)
        return _error(404, "not_found")

    def _traits(self, request: web.Request, profile: Profile) -> web.Response:
        wanted = _listed(request, "include")
        traits = [(name, value) for name, value in sorted(profile.traits.items()) if _fits(name, wanted)]
        return self._page(request, traits, 10, most=200, name="traits", shown=dict)

    def _page(
        self, request: web.Request, items: list[Any], size: int, most: int = 100, name: str = "data", shown: Any = list
    ) -> web.Response:
        limit = int(request.query.get("limit", size))
        if not 1 <= limit <= most:
            return _error(400, "validation_error")
        start = self._rest.get(request.query.get("next", ""), 0)
        has_more = start + limit < len(items)
        cursor = f"MTUx{next(self._numbers)}=" if has_more else ""
        self._rest[cursor] = start + limit
        cursors = {"url": request.path, "has_more": has_more, "next": cursor, "limit": limit}
        return web.json_response({name: shown(items[start : start + limit]), "cursor": cursors})


def _error(status: int, code: str) -> web.Response:
    return web.json_response({"error": {"code": code, "message": "what the vendor says"}}, status=status)


def _listed(request: web.Request, name: str) -> list[str]:
    return [word for word in request.query.get(name, "").split(",") if word]


def _fits(name: str, wanted: list[str]) -> bool:
    return not wanted or name in wanted


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
