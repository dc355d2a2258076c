"""Sessions of people in a browser: a key is exchanged once for a cookie. Nothing is stored of one.

The cookie holds the id of the key and the end of the session, with an HMAC-SHA-256. The key is looked up for each request, so
a session ends with it. A browser sends cookies along whoever caused a request: what a session asks needs a header that
no page of another origin can send.
"""

from __future__ import annotations

import re
from base64 import urlsafe_b64encode
from collections.abc import Mapping, Sequence
from hashlib import sha256
from hmac import compare_digest, digest

from gateway.access.api_keys import ApiKey
from gateway.clock import Clock
from gateway.errors import CsrfHeaderMissingError, UnauthenticatedError

COOKIE = b"profile_gateway"
HOST_PREFIX = b"__Host-"
"""Browsers take a cookie of such a name from this host alone, over TLS, and for all of its paths (RFC 6265bis)."""

CSRF_HEADER = b"x-csrf"
MAX_COOKIE_BYTES = 200
_FORM = re.compile(rb"([0-9a-f]{12})\.([0-9]{1,12})\.([\w-]{43})", re.ASCII)


class BrowserSessions:
    """Begins sessions and knows them again. `is_plain` is for a gateway without TLS, on the machine of its developer."""

    def __init__(self, secret: str, max_s: int, clock: Clock, *, is_plain: bool) -> None:
        self._secret = digest(secret.encode(), b"session", sha256)
        self._max_s = max_s
        self._clock = clock
        self._name = COOKIE if is_plain else HOST_PREFIX + COOKIE
        self._attributes = "; Path=/; HttpOnly; SameSite=Strict" + ("" if is_plain else "; Secure")

    def begin(self, key: ApiKey) -> str:
        """Begin a session of a key. Gives the cookie as `Set-Cookie` has it."""
        now = self._clock.now().timestamp()
        ends_at = now + self._max_s if key.ends_at is None else min(now + self._max_s, key.ends_at.timestamp())
        text = f"{key.id}.{int(ends_at)}"
        return self._cookie(f"{text}.{self._sign(text.encode()).decode()}", int(ends_at - now))

    def end(self) -> str:
        """Give the cookie that has a browser forget a session."""
        return self._cookie("", 0)

    def read_key_id(self, fields: Sequence[tuple[bytes, bytes]]) -> str | None:
        """Read the id of the key whose session the headers show. None where they have no such cookie.

        Raises `CsrfHeaderMissingError`, and `UnauthenticatedError` for a session that is none or is over.
        """
        values = [value for value in _cookies(fields) if value.partition(b"=")[0].strip(b" \t") == self._name]
        if not values:
            return None
        if all(name != CSRF_HEADER for name, _ in fields):
            raise CsrfHeaderMissingError
        form = _FORM.fullmatch(values[0].partition(b"=")[2].strip(b" \t")[:MAX_COOKIE_BYTES]) if len(values) == 1 else None
        if form is None:
            raise _nobody()
        id_, ends_at, signature = form.groups()
        if not compare_digest(signature, self._sign(id_ + b"." + ends_at)) or int(ends_at) <= self._clock.now().timestamp():
            raise _nobody()
        return id_.decode()

    def _sign(self, text: bytes) -> bytes:
        return urlsafe_b64encode(digest(self._secret, text, sha256)).rstrip(b"=")

    def _cookie(self, value: str, max_age_s: int) -> str:
        return f"{self._name.decode()}={value}{self._attributes}; Max-Age={max_age_s}"


def require_csrf(headers: Mapping[bytes, bytes]) -> None:
    """Refuse what another site may have had a browser send. Raises `CsrfHeaderMissingError`."""
    if CSRF_HEADER not in headers:
        raise CsrfHeaderMissingError


def _cookies(fields: Sequence[tuple[bytes, bytes]]) -> list[bytes]:
    return [pair for name, value in fields if name == b"cookie" for pair in value.split(b";")]


def _nobody() -> UnauthenticatedError:
    return UnauthenticatedError("the session is over, or is none; sign in again")
