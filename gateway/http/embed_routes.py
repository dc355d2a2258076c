"""Hand out tokens to the servers of desks, and the page of a customer to their frames."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Iterable
from datetime import UTC, datetime
from urllib.parse import quote

import msgspec
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from connectors.toolkit.evaluation import rfc3339
from gateway.access.api_keys import ApiKey
from gateway.access.embed_tokens import EmbedGrant, EmbedTokens
from gateway.access.proxies import read_person
from gateway.documents.page_documents import read_embedded_texts
from gateway.errors import PurposeRefusedError, UnauthenticatedError
from gateway.http.document_finder import DocumentFinder, FramedDocumentFinder
from gateway.http.negotiation import RESPONSE_JSON, RefusedError
from gateway.http.request_head import Head
from gateway.http.responses import make_failure
from gateway.lookups.call_statistics import OK
from gateway.operations import Operation
from gateway.revisions import Revision
from gateway.services import Services
from gateway.settings import Settings
from gateway.settings.page_settings import embed_caller

TOKEN_PATH = "/embed/token"  # noqa: S105  it is a path
PAGE_PATH = "/embed/c/{id:path}"
MAX_BODY_BYTES = 4_096

_NO_STORE = {"cache-control": "no-store"}
_ANCESTORS = re.compile("frame-ancestors [^;]*")


class _Wanted(msgspec.Struct, forbid_unknown_fields=True):
    """What the server of a desk asks for. `user` is its agent, `origin` that of the page that holds the frame."""

    customer: str
    origin: str
    purpose: str | None = None
    user: str | None = None


_read_wanted = msgspec.json.Decoder(_Wanted).decode


class EmbedTokenRoute:
    """The tokens of a revision. `observe` is told of each request when it ends, as of those for data."""

    def __init__(self, revision: Revision, observe: Callable[[Head, Operation | None, str], None]) -> None:
        self._revision = revision
        self._observe = observe

    @property
    def route(self) -> Route:
        return Route(TOKEN_PATH, self._answer, methods=["POST"])

    async def _answer(self, request: Request) -> Response:
        peer = None if request.client is None else request.client.host
        head = Head("POST", request.scope["headers"], b"", self._revision.services.clock.monotonic(), peer)
        with self._revision.lent() as services:
            code = OK
            try:
                response: Response = await _make_token(services, head, request)
            except Exception as error:  # noqa: BLE001  what is not ours is status 500, and says nothing
                failure = make_failure(error, RESPONSE_JSON, head)
                status = 403 if isinstance(error, PurposeRefusedError) else failure.status
                code = failure.code
                response = Response(failure.body, status, {**failure.more_headers, **_NO_STORE}, "application/json")
            response.headers["x-request-id"] = head.request_id
            self._observe(head, None, code)
        return response


async def _make_token(services: Services, head: Head, request: Request) -> JSONResponse:
    embeds = services.callers.embeds
    assert embeds is not None
    key = await services.callers.find_key(head)
    head.caller = services.callers.user_of(key)
    wanted = _parse_body(await _read_body(request))
    grant = EmbedGrant(
        _desk_of(embeds, key, wanted.origin),
        _customer_of(wanted),
        wanted.origin,
        key.id,
        embeds.ends_at(),
        _purpose_of(services.settings, key, wanted.purpose),
        _user_of(wanted),
    )
    ends_at = rfc3339(datetime.fromtimestamp(grant.ends_at, UTC))
    page = PAGE_PATH.partition("{")[0] + quote(grant.customer, safe="")
    return JSONResponse({"token": embeds.make(grant), "expiresAt": ends_at, "page": page}, headers=_NO_STORE)


async def _read_body(request: Request) -> bytes:
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > MAX_BODY_BYTES:
            raise RefusedError(413, f"the body is larger than {MAX_BODY_BYTES} bytes")
    return bytes(body)


def _parse_body(body: bytes) -> _Wanted:
    try:
        return _read_wanted(body)
    except msgspec.MsgspecError:
        raise RefusedError(
            400, "the body must be JSON with the texts customer and origin, and perhaps purpose and user"
        ) from None


def _desk_of(embeds: EmbedTokens, key: ApiKey, origin: str) -> str:
    """Find the desk whose caller asks for a page of this origin."""
    own = [name for name, desk in embeds.desks.items() if desk.caller == key.caller and origin in desk.origins]
    if not own:
        fix = "name its origin and this caller in pages.embed"
        raise RefusedError(403, f"origin: this caller's desk holds no page of a customer there; {fix}", "FORBIDDEN")
    return own[0]


def _customer_of(wanted: _Wanted) -> str:
    if not 0 < len(wanted.customer) <= 200 or not wanted.customer.isprintable():
        raise RefusedError(400, "customer: must be the id of a customer, such as crm:4711")
    return wanted.customer


def _purpose_of(settings: Settings, key: ApiKey, named: str | None) -> str | None:
    """Find the purpose, as for a request of the caller. Raises `PurposeRefusedError`."""
    own = settings.callers[key.caller].purposes
    if named is None and (own is None or len(own) == 1):
        return None if own is None else own[0]
    allowed = settings.purposes if own is None else own
    if named not in allowed:
        raise PurposeRefusedError(sorted(allowed))
    return named


def _user_of(wanted: _Wanted) -> str | None:
    try:
        return None if wanted.user is None else read_person("user", wanted.user.encode("utf-8", "surrogatepass"))
    except UnauthenticatedError as error:
        raise RefusedError(400, str(error)) from None


def embed_page_route(serve_page: Callable[[Request], Awaitable[Response]], origins: Iterable[str]) -> Route:
    """Serve a page in frames of these origins, and of no others."""
    ancestors = f"frame-ancestors {' '.join(sorted(set(origins)))}"

    async def serve_framed(request: Request) -> Response:
        response = await serve_page(request)
        policy = response.headers.get("content-security-policy", "default-src 'none'; frame-ancestors 'none'")
        response.headers["content-security-policy"] = _ANCESTORS.sub(ancestors, policy)
        response.headers["cross-origin-resource-policy"] = "cross-origin"
        if "cross-origin-opener-policy" in response.headers:
            del response.headers["cross-origin-opener-policy"]
        return response

    return Route(PAGE_PATH, serve_framed)


def embed_routes(revision: Revision, observe: Callable[[Head, Operation | None, str], None]) -> list[Route]:
    """List the routes for desks, none where there are none."""
    return [] if revision.services.callers.embeds is None else [EmbedTokenRoute(revision, observe).route]


def document_finder(services: Services) -> DocumentFinder:
    """Find documents as the settings have it, those of pages in frames among the ones of the page alone."""
    settings = services.settings
    usual = settings.documents, settings.callers, services.documents, services.clock
    if services.callers.embeds is None:
        return DocumentFinder(*usual)
    return FramedDocumentFinder([embed_caller(name) for name in settings.pages.embed], read_embedded_texts(), *usual)
