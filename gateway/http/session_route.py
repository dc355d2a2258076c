"""Exchange a key for a session of a browser, and end it."""

from __future__ import annotations

from collections.abc import Callable

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gateway.access.browser_sessions import BrowserSessions, require_csrf
from gateway.http.negotiation import JSON, RefusedError
from gateway.http.origins import CODE, OriginPolicy
from gateway.http.request_head import Head
from gateway.http.response import NO_CONTENT
from gateway.http.responses import make_failure
from gateway.lookups.call_statistics import OK
from gateway.operations import Operation
from gateway.revisions import Revision
from gateway.services import Services

SESSION_PATH = "/session"

_NO_STORE = {"cache-control": "no-store"}
_own_pages = OriginPolicy()


class SessionRoute:
    """The sessions of a revision. `observe` is told of each request when it ends, as of those for data."""

    def __init__(self, revision: Revision, observe: Callable[[Head, Operation | None, str], None]) -> None:
        self._revision = revision
        self._observe = observe

    @property
    def route(self) -> Route:
        return Route(SESSION_PATH, self._answer, methods=["POST", "DELETE"])

    async def _answer(self, request: Request) -> Response:
        peer = None if request.client is None else request.client.host
        head = Head(request.method, request.scope["headers"], b"", self._revision.services.clock.monotonic(), peer)
        with self._revision.lent() as services:
            code = OK
            try:
                _admit(head)
                cookie = await _change_session(services, head)
                response = Response(status_code=NO_CONTENT, headers={"set-cookie": cookie, **_NO_STORE})
            except Exception as error:  # noqa: BLE001  what is not ours is status 500, and says nothing
                failure = make_failure(error, JSON, head)
                code = failure.code
                response = Response(failure.body, failure.status, {**failure.more_headers, **_NO_STORE}, JSON)
            response.headers["x-request-id"] = head.request_id
            self._observe(head, None, code)
        return response


def _admit(head: Head) -> None:
    """Admit the gateway's own pages, and what is no browser. Raises `RefusedError` and `CsrfHeaderMissingError`."""
    try:
        _own_pages.admit(head)
    except RefusedError:
        raise RefusedError(403, "a session is begun and ended by the gateway's own pages alone", CODE) from None
    require_csrf(head.headers)


async def _change_session(services: Services, head: Head) -> str:
    """Begin a session, or end it. Gives the cookie."""
    sessions: BrowserSessions | None = services.callers.sessions
    if sessions is None:
        fix = "add pages.secret and [access.keys] to the settings"
        raise RefusedError(404, f"there are no sessions here, as keys are no way to the pages; {fix}")
    if head.method == "DELETE":
        return sessions.end()
    key = await services.callers.find_key(head)
    head.caller = services.callers.user_of(key)
    return sessions.begin(key)
