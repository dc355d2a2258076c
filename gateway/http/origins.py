"""Decide which pages may ask from a browser: answer preflights, refuse requests that another site has a browser send.

A browser says where a request comes from, by `Sec-Fetch-Site` (to https:// and to its own machine) and by `Origin`, and no
page can change either. Who says neither is no browser, or an old one that follows a link: that request goes on.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from gateway.http.negotiation import JSON, RefusedError
from gateway.http.request_head import Head
from gateway.http.response import NO_CONTENT, HttpResponse
from gateway.settings.browser_settings import CorsSettings

CODE = "CROSS_ORIGIN_REFUSED"

ALLOWED_HEADERS = (
    "accept",
    "apollo-require-preflight",
    "apollographql-client-name",
    "apollographql-client-version",
    "authorization",
    "baggage",
    "cache-control",
    "content-type",
    "traceparent",
    "tracestate",
    "x-apollo-operation-name",
    "x-cost",
    "x-deadline-ms",
    "x-purpose",
    "x-request-id",
)
"""What the gateway reads, and what clients and tracing add by themselves. A browser sends nothing else for a page."""

EXPOSED_HEADERS = ("ratelimit", "ratelimit-policy", "retry-after", "server-timing", "x-request-id")

_LOCAL = re.compile(rb"https?://(?:(?:[a-z0-9-]+\.)*localhost|127\.0\.0\.1|\[::1\])(?::[0-9]{1,5})?")
_PASSED_SITES = (b"same-origin", b"none")
_REFUSAL = (
    "the request comes from a page of another origin, which may not ask; name that origin in the gateway's setting cors.origins"
)
_NO_OPTIONS = "use GET or POST; pages of other origins may ask when the gateway's setting cors.origins names them"


class OriginPolicy:
    """The origins whose pages may ask. `trusts_local` allows the pages that this machine serves, on any port."""

    def __init__(
        self, origins: Sequence[str] = (), *, max_age_s: int = 600, credentials: bool = False, trusts_local: bool = False
    ) -> None:
        self._origins = frozenset(origin.encode() for origin in origins)
        self._trusts_local = trusts_local
        self._always = {"access-control-allow-credentials": "true"} if credentials else {}
        self._exposed = {**self._always, "access-control-expose-headers": ", ".join(EXPOSED_HEADERS)}
        self._for_preflight = {
            **self._always,
            "access-control-allow-methods": "GET, POST",
            "access-control-allow-headers": ", ".join(ALLOWED_HEADERS),
            "access-control-max-age": str(max_age_s),
        }

    def allows(self, origin: bytes | None) -> bool:
        """Tell whether pages of this origin may ask."""
        return origin in self._origins or (self._trusts_local and _LOCAL.fullmatch(origin or b"") is not None)

    def grant(self, origin: bytes | None) -> Mapping[str, str]:
        """Give the headers by which pages of this origin may read an answer, none for those that may not."""
        if origin is None or not self.allows(origin):
            return {}
        return {"access-control-allow-origin": origin.decode(), **self._exposed}

    def admit(self, head: Head) -> None:
        """Admit a request by where it comes from, and let an allowed page read its answer. Raises `RefusedError`."""
        if head.method == "OPTIONS" and not (self._origins or self._trusts_local):
            raise RefusedError(405, _NO_OPTIONS, allow="GET, POST")
        origin = head.headers.get(b"origin")
        if self.allows(origin):
            head.answered_with.update(self.grant(origin))
            return
        site = head.headers.get(b"sec-fetch-site")
        if site in _PASSED_SITES:
            return  # also behind a proxy that names another host than the browser does
        if site is not None or not _is_own(origin, head.headers.get(b"host")):
            raise RefusedError(403, _REFUSAL, CODE)

    def answer_preflight(self, head: Head) -> HttpResponse | None:
        """Answer what a browser asks before it sends the request of an allowed page. None for everything else."""
        origin = head.headers.get(b"origin")
        if b"access-control-request-method" not in head.headers or origin is None or not self.allows(origin):
            return None
        headers = {"access-control-allow-origin": origin.decode(), **self._for_preflight}
        return HttpResponse(NO_CONTENT, b"", JSON, head.request_id, headers)


def policy_of(settings: CorsSettings | None, *, is_development: bool) -> OriginPolicy:
    """Make the policy of settings. In development without any, pages that this machine serves may ask.

    For a front end is written on some port of it, and who runs a server there can ask without a browser, too. What is set
    counts alone, in development as in production.
    """
    if settings is None:
        return OriginPolicy(trusts_local=is_development)
    return OriginPolicy(settings.origins, max_age_s=settings.max_age_s, credentials=settings.credentials)


def is_own_page(head: Head) -> bool:
    """Tell whether a browser says that a page of the gateway itself asks."""
    origin, site = head.headers.get(b"origin"), head.headers.get(b"sec-fetch-site")
    if origin is None:
        return False
    return _is_own(origin, head.headers.get(b"host")) if site is None else site == b"same-origin"


def _is_own(origin: bytes | None, host: bytes | None) -> bool:
    """Tell whether an origin is the gateway's own, by the host that the browser asked. TLS may have ended before."""
    if origin is None or host is None:
        return origin is None
    return origin.lower() in (b"https://" + host.lower(), b"http://" + host.lower())
