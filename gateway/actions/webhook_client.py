"""Send webhooks to a target, and tell what it answered."""

from __future__ import annotations

import asyncio
from typing import NamedTuple

from yarl import URL

from connectors.errors import SourceError
from connectors.toolkit.http_client import HttpClient, WebSettings, read_retry_after
from gateway.actions.webhook_signature import WebhookSigner
from gateway.clock import Clock
from gateway.settings.action_settings import TargetSettings

GONE = 410


class Attempt(NamedTuple):
    """What came of an attempt. `failure` is None when the target has it, else a word for it without anything of the answer."""

    failure: str | None = None
    retry_after_s: float | None = None
    is_gone: bool = False


class WebhookClient:
    """Sends webhooks to one target. It follows no redirection, and reads no content of answers."""

    def __init__(self, settings: TargetSettings, clock: Clock) -> None:
        self._url = URL(settings.url)
        self._timeout_s = settings.timeout_s
        self._signer = WebhookSigner(settings.secret.get_secret_value())
        self._clock = clock
        self._http = HttpClient(WebSettings(base_url=str(self._url.origin()), connections=settings.max_in_flight))
        self._is_open: asyncio.Task[None] | None = None

    async def send(self, id_: str, body: bytes) -> Attempt:
        """Make an attempt. Nothing that the target does raises."""
        if self._is_open is None:
            self._is_open = asyncio.create_task(self._http.open({}))
        await asyncio.shield(self._is_open)
        headers = self._signer.headers(id_, int(self._clock.timestamp()), body)
        try:
            response = await self._http.post(self._url, body, headers, self._timeout_s)
        except SourceError as error:
            return Attempt(error.code.lower(), error.retry_after_s)
        if 200 <= response.status < 300:
            return Attempt()
        return Attempt(f"http_{response.status}", read_retry_after(response.headers), response.status == GONE)

    async def aclose(self) -> None:
        """Close all connections. Attempts under way fail."""
        await self._http.aclose()
