"""Headers that have browsers do nothing with an answer but what it is for.

There is no `Strict-Transport-Security`: it is a promise about a name and all its ports, which who ends TLS makes (decision 72).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from starlette.types import ASGIApp, Receive, Scope, Send

SECURITY_HEADERS: Mapping[str, str] = {
    "x-content-type-options": "nosniff",  # JSON is never a script, nor a page
    "referrer-policy": "no-referrer",  # a query by GET stands in the address
    "cross-origin-resource-policy": "same-origin",  # no page of another site embeds it; those of CORS are asked with CORS
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'",  # opened by itself it loads and runs nothing
}

_ENCODED = [(name.encode(), value.encode()) for name, value in SECURITY_HEADERS.items()]


async def send_secured(app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
    """Run an application that knows nothing of these headers, and add those that it did not set itself."""

    async def send_with_headers(message: Any) -> None:
        if message["type"] == "http.response.start":
            given = {name.lower() for name, _ in message["headers"]}
            message = {**message, "headers": [*message["headers"], *(own for own in _ENCODED if own[0] not in given)]}
        await send(message)

    await app(scope, receive, send_with_headers)
