"""Webhooks: a source tells over HTTP that a customer's data has changed.

Whoever knows the secret may tell; nothing of what is told enters an answer or the log.
"""

from collections import Counter
from collections.abc import Sequence

import structlog
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from connectors.contract import Change, WebhookRequest
from connectors.errors import NoWebhookError, ProfileGatewayError, WebhookBodyError, WebhookError, WebhookSignatureError
from gateway.clock import Clock
from gateway.errors import InvalidKeyError, SourceFailure, StoreError
from gateway.http.request_head import Head
from gateway.invalidation import Invalidator
from gateway.lookups.sources import Source
from gateway.revisions import Revision
from gateway.services import Services

MAX_BODY_BYTES = 1 << 20
MAX_CHANGES = 1_000
"""In one request."""

log = structlog.get_logger()


class _TooLargeError(WebhookError):
    """More than one request may tell."""

    code = "WEBHOOK_TOO_LARGE"


_STATUSES: dict[type[Exception], int] = {
    NoWebhookError: 404,
    WebhookSignatureError: 401,
    WebhookBodyError: 400,
    InvalidKeyError: 400,
    _TooLargeError: 413,
    SourceFailure: 503,
    StoreError: 503,
}


class Webhooks:
    """The endpoint of all sources."""

    def __init__(self, revision: Revision, changes: Invalidator) -> None:
        self._revision = revision
        self._changes = changes
        self.statuses: Counter[tuple[str, int]] = Counter()
        """The answers so far, by source and status; none is named that is not there."""

    @property
    def route(self) -> Route:
        return Route("/webhooks/{source}", self._answer, methods=["POST"])

    async def _answer(self, request: Request) -> Response:
        request_id = Head(request.method, request.scope["headers"], b"").request_id
        with self._revision.lent() as services:
            source = services.sources.named(request.path_params["source"])
            response = await self._apply(services, source, request, request_id)
        self.statuses["none" if source is None else source.name, response.status_code] += 1
        return response

    async def _apply(self, services: Services, source: Source | None, request: Request, request_id: str) -> Response:
        try:
            if source is None:
                raise NoWebhookError
            await self._changes.apply(source, _read_changes(source, await _read(request), services.clock))
        except ClientDisconnect:
            return Response(status_code=400)  # which nobody reads
        except Exception as error:  # noqa: BLE001  a connector may raise anything, and the answer is of ours
            return _refusal(source, error, request_id)
        return Response(status_code=204, headers={"x-request-id": request_id})


def _read_changes(source: Source, request: WebhookRequest, clock: Clock) -> Sequence[Change]:
    changes = source.changes(request, clock.now())
    if len(changes) > MAX_CHANGES:
        raise _TooLargeError(f"the body tells of more than {MAX_CHANGES} changes")
    return changes


async def _read(request: Request) -> WebhookRequest:
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > MAX_BODY_BYTES:
            raise _TooLargeError(f"the body is larger than {MAX_BODY_BYTES} bytes")
    path = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    return WebhookRequest(method=request.method, path=path, headers=dict(request.headers), body=bytes(body))


def _refusal(source: Source | None, error: Exception, request_id: str) -> Response:
    status = next((status for kind, status in _STATUSES.items() if isinstance(error, kind)), 500)
    code, message = "INTERNAL", "the gateway failed; its log has more under this requestId"
    if isinstance(error, SourceFailure):
        code, message = str(error.extensions["code"]), "the customer cannot be found at the moment; tell it again"
    elif isinstance(error, ProfileGatewayError) and status != 500:
        code, message = error.code, str(error)
    if source is not None and status == 503:
        log.warning("webhook_not_applied", source=source.name, code=code, request_id=request_id)
    elif source is not None and status == 500:
        log.error("webhook_failed", source=source.name, error=type(error).__name__, request_id=request_id)
    elif source is not None and status != 404:
        log.warning("webhook_refused", source=source.name, code=code, request_id=request_id)
    body = {"code": code, "message": message, "requestId": request_id}
    return JSONResponse(body, status, headers={"x-request-id": request_id, "cache-control": "no-store"})
