"""Begin, delay or refuse the requests of a worker."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Protocol

import msgspec

from gateway.clock import Clock
from gateway.errors import OverloadedError

MAX_UNDER_WAY = 3_000
"""Requests of a worker that are being answered, and as many that wait for that."""

GIVE_WAY_S = 0.02
"""A request that the event loop let wait for longer begins in its turn: the worker has more to do than it can at once."""

MIN_WAIT_SHARE, MAX_WAIT_SHARE = 0.15, 0.5
"""How much of its time a request may wait for its turn, so that it still has some for its sources.

It is the less, the more callers have gone when their turn comes: what they do not wait for is refused at once.
"""

FORGET_GONE_S = 10

SHORT_ROUND_S = 0.02
MAX_PER_ROUND = 64


class Arrival(Protocol):
    """The times of a request: `arrived` is its last byte, `began` the start of its deadline."""

    arrived: float

    @property
    def deadline_ms(self) -> int | None: ...

    def began(self, budget_s: float) -> float: ...


class _Waiter(msgspec.Struct, eq=False):
    turn: asyncio.Future[bool]
    arrived: float
    budget_s: float


class Admission:
    """Begin requests in order of arrival, few in each loop round.

    So between them the loop sees what else has come: answers of sources, and that callers have gone. `budget_s` gives the
    seconds that a request has, of the milliseconds that its caller asks for.
    """

    def __init__(self, clock: Clock, budget_s: Callable[[int | None], float]) -> None:
        self.monotonic = clock.monotonic
        self.under_way = 0
        self.waiting: deque[_Waiter] = deque()
        self._budget_s = budget_s
        self._per_round = 1
        self._wait_share = MAX_WAIT_SHARE
        self._gone_at = 0.0
        self._round_began = 0.0

    async def wait(self, request: Arrival) -> float:
        """Wait for the turn of this request, and say when it is.

        Raises `OverloadedError` as soon as it is known that it would come too late.
        """
        self.check(request)
        self._drop_gone()
        waiter = _Waiter(asyncio.get_running_loop().create_future(), request.arrived, self._budget_s(request.deadline_ms))
        first = self.waiting[0] if self.waiting else waiter
        if max(self.under_way, len(self.waiting)) >= MAX_UNDER_WAY or self._is_late(first, waiter.budget_s):
            raise OverloadedError
        self.waiting.append(waiter)
        if first is waiter:
            if self.monotonic() - self._gone_at > FORGET_GONE_S:
                self._wait_share = MAX_WAIT_SHARE
            self._continue()
        if not await waiter.turn:
            raise OverloadedError
        self.check(request)
        return self.monotonic()

    def check(self, request: Arrival) -> None:
        """Raise `OverloadedError` where the time of this request is over."""
        budget_s = self._budget_s(request.deadline_ms)
        if self.monotonic() >= request.began(budget_s) + budget_s:
            raise OverloadedError

    def _is_late(self, waiter: _Waiter, budget_s: float) -> bool:
        """Whether it waits for longer than a request with this budget may."""
        return self.monotonic() - waiter.arrived > budget_s * self._wait_share

    def _drop_gone(self) -> None:
        """Drop those whose callers have gone from the head of the row."""
        while self.waiting and self.waiting[0].turn.done():
            self.waiting.popleft()
            self._wait_share = max(MIN_WAIT_SHARE, self._wait_share * 0.95)
            self._gone_at = self.monotonic()

    def _continue(self) -> None:
        self._round_began = self.monotonic()
        asyncio.get_running_loop().call_soon(self._begin_some)

    def _begin_some(self) -> None:
        now = self.monotonic()
        is_short = now - self._round_began < SHORT_ROUND_S
        self._per_round = min(2 * self._per_round, MAX_PER_ROUND) if is_short else max(1, self._per_round // 2)
        begun = refused = 0
        self._drop_gone()
        while self.waiting and begun < self._per_round and refused < MAX_PER_ROUND:
            waiter = self.waiting.popleft()
            is_late = self._is_late(waiter, waiter.budget_s)
            waiter.turn.set_result(not is_late)
            if is_late:
                refused += 1
            else:
                begun += 1
                self._wait_share = min(MAX_WAIT_SHARE, self._wait_share * 1.002)
            self._drop_gone()
        if self.waiting:
            self._continue()
