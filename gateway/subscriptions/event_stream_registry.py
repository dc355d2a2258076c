"""Know the event streams of a worker: bound them, find them by their tokens, keep their connections alive."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Coroutine
from contextlib import suppress
from http import HTTPStatus
from secrets import token_urlsafe
from typing import Any

from gateway.access.caller import Caller
from gateway.clock import Clock
from gateway.error_codes import ErrorCode
from gateway.errors import OverloadedError
from gateway.http.negotiation import RefusedError
from gateway.subscriptions.event_stream import EventStream

KEEP_ALIVE_S = 15.0
"""How often something is said on a stream: proxies close connections that are silent."""

RESERVED_S = 30.0
"""For how long a stream is reserved that nobody opens."""

MAX_STREAMS = 5_000
"""How many streams there are in a worker, reserved and open ones, of all callers."""

MAX_STREAMS_OF_CALLER = 1_000
"""How many of them are of one caller, whoever is behind it."""

MAX_OPERATIONS = 100
"""How many operations write to one stream."""

MAX_OPERATIONS_OF_CALLER = 2_000


class EventStreamRegistry:
    """The streams of a worker."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._tokens: dict[EventStream, str] = {}
        self._reserved: dict[str, EventStream] = {}
        self._by_caller: Counter[str] = Counter()
        self._operations: Counter[str] = Counter()
        self._beat: asyncio.Task[None] | None = None
        self._is_closed = False

    def __len__(self) -> int:
        return len(self._tokens)

    def open(self, caller: Caller) -> EventStream:
        """Open a stream that has no token. Raises `RefusedError` and `OverloadedError`."""
        stream = self._add(EventStream(caller), "")
        stream.is_open = True
        return stream

    def reserve(self, caller: Caller) -> str:
        """Reserve a stream, and give its token. Raises `RefusedError` and `OverloadedError`."""
        token = token_urlsafe(24)
        self._reserved[token] = self._add(EventStream(caller, self._clock.monotonic() + RESERVED_S), token)
        return token

    def find(self, token: str, caller: Caller) -> EventStream:
        """Find the stream that a caller has reserved. Raises `RefusedError` for any other.

        Another customer, or another person behind the same caller, has not.
        """
        stream = self._reserved.get(token)
        if stream is not None and self._has_expired(stream):
            self.remove(stream)
        if stream is None or stream.caller != caller or stream.is_ended:
            raise RefusedError(HTTPStatus.NOT_FOUND, "no stream is reserved by this token; reserve one by PUT")
        return stream

    def remove(self, stream: EventStream) -> None:
        """Forget a stream, and end its operations."""
        token = self._tokens.pop(stream, None)
        if token is None:
            return
        self._reserved.pop(token, None)
        _decrease(self._by_caller, stream.caller.name)
        stream.close()
        if not self._tokens and self._beat is not None:
            self._beat.cancel()
            self._beat = None

    def begin_operation(self, stream: EventStream, id_: str, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Run an operation beside its stream. Raises `RefusedError`."""
        if id_ in stream.operations:
            raise RefusedError(
                HTTPStatus.CONFLICT, "extensions.operationId: an operation of this name is under way; choose another one"
            )
        if len(stream.operations) >= MAX_OPERATIONS:
            raise _refuse_more(f"{MAX_OPERATIONS:,} operations are under way on this stream; end some")
        if self._operations[stream.caller.name] >= MAX_OPERATIONS_OF_CALLER:
            raise _refuse_more(f"{MAX_OPERATIONS_OF_CALLER:,} operations of this caller are under way on streams; end some")
        task = asyncio.create_task(work())
        self._operations[stream.caller.name] += 1
        task.add_done_callback(lambda _: _decrease(self._operations, stream.caller.name))
        stream.add_operation(id_, task)

    def close(self) -> None:
        """End each stream behind its last operation, and have nobody open another one."""
        self._is_closed = True
        for stream in [*self._tokens]:
            if stream.is_open:
                stream.end_when_done()
            else:
                self.remove(stream)

    def _add(self, stream: EventStream, token: str) -> EventStream:
        if self._is_closed or len(self._tokens) >= MAX_STREAMS:
            raise OverloadedError
        if self._by_caller[stream.caller.name] >= MAX_STREAMS_OF_CALLER:
            raise _refuse_more(f"{MAX_STREAMS_OF_CALLER:,} streams of this caller are open or reserved here; close some")
        self._tokens[stream] = token
        self._by_caller[stream.caller.name] += 1
        if self._beat is None:
            self._beat = asyncio.create_task(self._keep_alive())
        return stream

    def _has_expired(self, stream: EventStream) -> bool:
        return not stream.is_open and self._clock.monotonic() >= stream.expires_at

    async def _keep_alive(self) -> None:
        """Write to all open streams from time to time, and give up those that nobody opened."""
        with suppress(asyncio.CancelledError):
            while True:
                await self._clock.sleep(KEEP_ALIVE_S)
                await asyncio.sleep(0)  # clocks of tests may not wait
                for stream in [*self._tokens]:
                    if self._has_expired(stream):
                        self.remove(stream)
                    else:
                        stream.keep_alive()


def _decrease(counts: Counter[str], caller: str) -> None:
    counts[caller] -= 1
    if not counts[caller]:
        del counts[caller]


def _refuse_more(message: str) -> RefusedError:
    return RefusedError(HTTPStatus.TOO_MANY_REQUESTS, message, ErrorCode.OVERLOADED)
