"""Responses of the endpoint, as they are written to a socket and as ASGI sends them."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from gateway.http.multipart import MultipartForm
from gateway.http.negotiation import JSON, RESPONSE_JSON
from gateway.http.part_stream import PartStream
from gateway.http.security_headers import SECURITY_HEADERS
from gateway.lookups.call_statistics import OK

TEXT = "text/plain"
_CONTENT_TYPES = {media: f"{media}; charset=utf-8" for media in (JSON, RESPONSE_JSON, TEXT)} | {
    form: form.value for form in MultipartForm
}
_FIXED = {
    media: {
        "content-type": content_type,
        "cache-control": "no-store",
        "vary": "Accept, Accept-Encoding, Origin",
        **SECURITY_HEADERS,
    }
    for media, content_type in _CONTENT_TYPES.items()
}
"""Headers of every answer by its media type, which are made ready below."""


NO_CONTENT = 204


class HttpResponse(msgspec.Struct):
    """A response on its way. `code` is that of its first error, `parts` follow the body."""

    status: int
    body: bytes
    media: str
    request_id: str
    more_headers: Mapping[str, str] = {}
    code: str = OK
    parts: PartStream | None = None

    @property
    def head(self) -> bytes:
        """Its headers as they are written, each on a line."""
        framing = f"content-length: {len(self.body)}" if self.parts is None else "transfer-encoding: chunked"
        head = f"{framing}\r\nx-request-id: {self.request_id}\r\n{_FIXED_HEAD[self.media]}"
        return (head + _head(self.more_headers) if self.more_headers else head).encode()

    @property
    def headers(self) -> list[tuple[bytes, bytes]]:
        """The same for ASGI."""
        if self.status == NO_CONTENT:
            return [(b"x-request-id", self.request_id.encode()), *_BARE_HEADERS, *_headers(self.more_headers)]
        own = [(b"x-request-id", self.request_id.encode())]
        if self.parts is None:
            own.insert(0, (b"content-length", b"%d" % len(self.body)))
        return own + _FIXED_HEADERS[self.media] + (_headers(self.more_headers) if self.more_headers else [])


def _head(headers: Mapping[str, str]) -> str:
    return "".join(f"{name}: {value}\r\n" for name, value in headers.items())


def _headers(headers: Mapping[str, str]) -> list[tuple[bytes, bytes]]:
    return [(name.encode(), value.encode()) for name, value in headers.items()]


_FIXED_HEAD = {media: _head(headers) for media, headers in _FIXED.items()}
_BARE_HEADERS = _headers({"vary": "Origin", **SECURITY_HEADERS})
_FIXED_HEADERS = {media: _headers(headers) for media, headers in _FIXED.items()}
