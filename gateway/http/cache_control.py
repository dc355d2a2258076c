"""Read `Cache-Control` of a request: who says `no-cache` wants what sources have now (RFC 9111, section 5.2.1.4)."""

from __future__ import annotations

from gateway.clock import Clock
from gateway.http.request_head import Head

FLOOR_S = 2.0
"""Answers that are cached for less are given all the same, so that nobody has one source asked for one key over and over."""

INTERVAL_S, BURST = 0.5, 20
"""The requests past the cache of one caller: so many at once, and one in so many seconds. Others are answered as usual."""


class CacheControl:
    """Decide how old a cached answer may be for a request, and how often a caller may have new ones."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._next: dict[str, float] = {}

    def max_age_s(self, head: Head) -> float | None:
        """Give the age up to which a cached answer will do, in seconds. None for the usual."""
        if not _says_no_cache(head):
            return None
        now = self._clock.monotonic()
        next_at = max(self._next.get(head.caller.name, now), now)
        if next_at - now > (BURST - 1) * INTERVAL_S:
            return None
        self._next[head.caller.name] = next_at + INTERVAL_S
        return FLOOR_S


def _says_no_cache(head: Head) -> bool:
    # `fetch` with `cache: "no-store"`, and a browser that loads a page anew, add both headers by themselves: that is about
    # caches of HTTP on the way, and says nothing of what somebody wants of sources.
    given = head.headers.get(b"cache-control", b"")
    return b"pragma" not in head.headers and b"no-cache" in (part.strip().lower() for part in given.split(b","))
