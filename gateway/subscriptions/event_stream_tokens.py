"""Reserve event streams: a token for each, which its client opens it by once."""

from __future__ import annotations

import asyncio
from collections import Counter
from secrets import token_urlsafe

from gateway.clock import Clock
from gateway.errors import OverloadedError
from gateway.http.negotiation import RefusedError
from gateway.subscriptions.event_stream import EventStream

RESERVED_S = 30.0
"""For how long a stream is reserved that nobody opens."""

MAX_RESERVED = 1_000
"""How many streams a caller has reserved or opened in a worker."""

MAX_STREAMS = 5_000
"""How many there are in a worker, of all callers."""


class EventStreamTokens:
    """The streams of a worker by their tokens."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._streams: dict[str, EventStream] = {}
        self._by_caller: Counter[str] = Counter()
        self._expiring: set[asyncio.Task[None]] = set()

    def __len__(self) -> int:
        return len(self._streams)

    def reserve(self, caller: str) -> str:
        """Reserve a stream for a caller, and give its token. Raises `OverloadedError`."""
        if len(self._streams) >= MAX_STREAMS or self._by_caller[caller] >= MAX_RESERVED:
            raise OverloadedError
        token = token_urlsafe(24)
        self._streams[token] = EventStream(caller)
        self._by_caller[caller] += 1
        expiring = asyncio.create_task(self._expire(token))
        self._expiring.add(expiring)
        expiring.add_done_callback(self._expiring.discard)
        return token

    def find(self, token: str, caller: str | None) -> EventStream:
        """Find the stream of a token. That of another caller is nobody's; None has the token alone. Raises `RefusedError`."""
        stream = self._streams.get(token)
        if stream is None or caller not in (stream.caller, None):
            raise RefusedError(404, "no stream is reserved by this token; reserve one by PUT")
        return stream

    def release(self, token: str) -> None:
        """Forget a stream, and end its operations."""
        stream = self._streams.pop(token, None)
        if stream is not None:
            self._by_caller[stream.caller] -= 1
            stream.close()

    async def end_all(self) -> None:
        """End each stream behind its last operation."""
        await asyncio.gather(*(stream.end_when_done() for stream in [*self._streams.values()]))

    async def _expire(self, token: str) -> None:
        await self._clock.sleep(RESERVED_S)
        stream = self._streams.get(token)
        if stream is not None and not stream.is_open:
            self.release(token)
