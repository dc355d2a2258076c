"""Files that a process may have open: each connection of a caller is one, and so is each to a source."""

from __future__ import annotations

import asyncio
import sys

import structlog

from gateway.clock import Clock

NEARLY = 0.9
PAUSE_S = 60
"""The log says at most so often that they are nearly used up."""

_log = structlog.get_logger()


class Descriptors:
    """Tells when nine of ten are used. `limit` is that of the process, unless it is given."""

    def __init__(self, limit: int | None = None, clock: Clock | None = None) -> None:
        self._limit = max_descriptors() if limit is None else limit
        self._clock = clock or Clock()
        self._said_at = -float(PAUSE_S)

    def are_nearly_used(self, transport: asyncio.Transport) -> bool:
        """Tell whether the newest connection is among the last possible ones. The log says so now and then."""
        connection = transport.get_extra_info("socket")
        # A new one gets the least number that is free, so all below it are in use.
        used = connection.fileno() + 1 if connection is not None else 0
        if used <= self._limit * NEARLY:
            return False
        now = self._clock.monotonic()
        if now - self._said_at >= PAUSE_S:
            self._said_at = now
            _log.warning("descriptors_nearly_used", used=used, limit=self._limit)
        return True


def max_descriptors() -> int:
    """Tell how many files this process may have open, `sys.maxsize` where nothing says so."""
    if sys.platform == "win32":
        return sys.maxsize
    import resource

    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return sys.maxsize if soft == resource.RLIM_INFINITY else soft
