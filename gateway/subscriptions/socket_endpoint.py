"""Open and hold the sockets of a worker: as many as it may have, each as long as its client is there."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Coroutine
from typing import Any

import msgspec

from gateway.clock import Clock
from gateway.error_codes import ErrorCode
from gateway.http.endpoint import GraphQLView
from gateway.http.negotiation import RefusedError
from gateway.http.request_head import Head
from gateway.http.responses import RETRY_AFTER
from gateway.subscriptions.operation_streams import OperationStreams
from gateway.subscriptions.socket_messages import SUBPROTOCOL, CloseCode, SocketClosedError
from gateway.subscriptions.socket_session import SocketSession
from gateway.subscriptions.socket_turns import SocketTurns
from gateway.telemetry.samples import Sampled, number

MAX_SOCKETS = 4_000
"""How many sockets are open in a worker."""

MAX_NEW_SOCKETS = 1_000
"""How many of them may be of clients of whom it is not known who asks."""

MAX_CALLER_SOCKETS = 2_000
"""How many of them may be of one caller."""

MAX_WORKER_HELD_BYTES = 64 << 20
"""The results of all sockets that wait for clients to read."""

TICK_S = 1.0
"""How often it is looked whether clients are there."""

DRAIN_S = 8.0
"""How long operations may take after the end of the worker was asked for."""

GONE_S = 1.0
"""How long clients have to close, too, when the worker ends."""

_TICKS_PER_TURN = 200
_BY_CLIENT = "client"


class SocketEndpoint:
    """The sockets of the endpoint `view`."""

    def __init__(self, view: GraphQLView, clock: Clock) -> None:
        self.view = view
        self.streams = OperationStreams(view)
        self.monotonic = clock.monotonic
        self.turns = SocketTurns(clock.monotonic)
        self.held_bytes = 0
        """The results that wait for clients to read."""
        self.closes: Counter[str] = Counter()
        """How often sockets were closed, by the code, or `client` where that did it."""
        self._clock = clock
        self._sessions: dict[SocketSession, None] = {}
        self._callers: Counter[str] = Counter()
        self._tasks: set[asyncio.Task[None]] = set()
        self._ticking: asyncio.Task[None] | None = None
        self._is_closed = False
        self._changed = asyncio.Event()

    def __len__(self) -> int:
        return len(self._sessions)

    # How sockets begin

    def admit(self, opening: Head) -> None:
        """Admit a request that opens a socket. Raises `RefusedError`."""
        self.view.origins.admit(opening)
        new = len(self._sessions) - self._callers.total()
        if self._is_closed or len(self._sessions) >= MAX_SOCKETS or new >= MAX_NEW_SOCKETS:
            raise RefusedError(503, "there are too many WebSockets; ask again later", ErrorCode.OVERLOADED, **RETRY_AFTER)

    def open(self, opening: Head, transport: asyncio.Transport) -> SocketSession:
        """Begin a session over a connection that was switched over to it."""
        session = SocketSession(self, opening, transport)
        self._sessions[session] = None
        if self._ticking is None:
            self._ticking = asyncio.create_task(self._tick_all())
        return session

    def refuse_subprotocol(self, session: SocketSession) -> None:
        """Close a socket whose client does not speak as this endpoint does."""
        reason = f"Subprotocol not acceptable: speak {SUBPROTOCOL}"
        session.refuse(SocketClosedError(CloseCode.SUBPROTOCOL_NOT_ACCEPTABLE, reason))

    def count_caller(self, session: SocketSession, name: str) -> None:
        """Count a socket as one of a caller. Raises `SocketClosedError` where he has too many."""
        if self._callers[name] >= MAX_CALLER_SOCKETS:
            reason = f"{MAX_CALLER_SOCKETS} sockets of this caller are open here; close some"
            raise SocketClosedError(CloseCode.TRY_AGAIN_LATER, reason, ErrorCode.OVERLOADED)
        self._callers[name] += 1
        session.caller = name

    # What sessions share

    def observe(self, head: Head, code: str) -> None:
        """Observe what was refused before it was an operation."""
        self.view.observe(head, None, code)

    def may_hold(self, size_bytes: int) -> bool:
        """Tell whether so much more may wait for a client to read."""
        return self.held_bytes + size_bytes <= MAX_WORKER_HELD_BYTES

    def run(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Run something for a session."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    # How sockets end

    def remove(self, session: SocketSession) -> None:
        """Forget a socket whose connection is gone."""
        if session not in self._sessions:
            return
        del self._sessions[session]
        self.closes[_BY_CLIENT if session.closed_with is None else str(session.closed_with.value)] += 1
        if session.caller is not None:
            self._callers[session.caller] -= 1
            if not self._callers[session.caller]:
                del self._callers[session.caller]
        if not self._sessions:
            self._changed.set()

    async def _tick_all(self) -> None:
        """Look after all sockets each second, as long as there are any."""
        while self._sessions:
            await self._clock.sleep(TICK_S)
            for place, session in enumerate([*self._sessions]):
                if place % _TICKS_PER_TURN == _TICKS_PER_TURN - 1:
                    await asyncio.sleep(0)
                session.tick(self.monotonic())
        self._ticking = None

    async def aclose(self) -> None:
        """Close all sockets behind what is under way. Subscriptions end, and nothing new begins."""
        self._is_closed = True
        self.streams.close()
        for session in [*self._sessions]:
            session.end_when_done()
        if not await self._wait_empty(DRAIN_S):
            for session in [*self._sessions]:
                session.end_now()
            if not await self._wait_empty(GONE_S):
                for session in [*self._sessions]:
                    session.protocol.transport.abort()
                await self._wait_empty(GONE_S)
        if self._ticking is not None:
            self._ticking.cancel()
            self._ticking = None

    async def _wait_empty(self, seconds: float) -> bool:
        """Wait until all sockets are gone. False where some are not in time."""
        self._changed.clear()
        try:
            async with asyncio.timeout(seconds):
                while self._sessions:
                    await self._changed.wait()
        except TimeoutError:
            return False
        return True


class SocketCollector(msgspec.Struct, frozen=True):
    """Read how many sockets there are, and why others were closed."""

    sockets: SocketEndpoint

    def samples(self) -> Sampled:
        """Read the counts."""
        yield number("gateway_sockets", len(self.sockets))
        for code, count in self.sockets.closes.items():
            yield number("gateway_sockets_closed_total", count, code)
