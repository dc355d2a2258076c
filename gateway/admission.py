"""Which requests of a worker begin at once, which give way to others, and which are refused since they would be late."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Protocol

import msgspec

from gateway.clock import Clock
from gateway.errors import OverloadedError

MAX_UNDER_WAY = 2_000
"""Requests of a worker that are being answered, and as many that wait for that."""

GIVE_WAY_S = 0.02
"""A request that the event loop let wait for longer begins in its turn: the worker has more to do than it can at once."""

MAX_WAIT_SHARE = 0.5
"""How much of its time a request may wait for its turn, so that it still has some for its sources."""

SHORT_ROUND_S = 0.005
MAX_PER_ROUND = 64


class Arrival(Protocol):
    """What a request says of its time: `arrived` is when its last byte came, `began` when its budget began."""

    arrived: float

    @property
    def deadline_ms(self) -> int | None: ...

    def began(self, budget_s: float) -> float: ...


class _Waiter(msgspec.Struct, eq=False):
    turn: asyncio.Future[bool]
    arrived: float
    latest: float


class Admission:
    """Lets requests begin in the order in which they came, few in each round of the event loop.

    So between them the loop sees what else has come: answers of sources, and that callers have gone. `budget_s` gives the
    seconds that a request has, of the milliseconds that its caller asks for.
    """

    def __init__(self, clock: Clock, budget_s: Callable[[int | None], float]) -> None:
        self.monotonic = clock.monotonic
        self.under_way = 0
        self.waiting: deque[_Waiter] = deque()
        self._budget_s = budget_s
        self._per_round = 1
        self._round_began = 0.0

    async def wait(self, request: Arrival) -> float:
        """Wait for the turn of this request, and say when it is.

        Raises `OverloadedError` as soon as it is known that it would come too late.
        """
        self.check(request)
        budget_s = self._budget_s(request.deadline_ms)
        latest = min(request.began(budget_s) + budget_s, request.arrived + budget_s * MAX_WAIT_SHARE)
        if max(self.under_way, len(self.waiting)) >= MAX_UNDER_WAY or self._is_late(request, latest):
            raise OverloadedError
        waiter = _Waiter(asyncio.get_running_loop().create_future(), request.arrived, latest)
        self.waiting.append(waiter)
        if len(self.waiting) == 1:
            self._continue()
        if not await waiter.turn:
            raise OverloadedError
        return self.monotonic()

    def check(self, request: Arrival) -> None:
        """Raise `OverloadedError` where the time of this request is over."""
        budget_s = self._budget_s(request.deadline_ms)
        if self.monotonic() >= request.began(budget_s) + budget_s:
            raise OverloadedError

    def _is_late(self, request: Arrival, latest: float) -> bool:
        """Whether it will have waited too long when it has waited as long as the first in the row has by now."""
        while self.waiting and self.waiting[0].turn.done():
            self.waiting.popleft()
        waits_s = self.monotonic() - self.waiting[0].arrived if self.waiting else 0.0
        return max(self.monotonic(), request.arrived + waits_s) > latest

    def _continue(self) -> None:
        self._round_began = self.monotonic()
        asyncio.get_running_loop().call_soon(self._begin_some)

    def _begin_some(self) -> None:
        now = self.monotonic()
        is_short = now - self._round_began < SHORT_ROUND_S
        self._per_round = min(2 * self._per_round, MAX_PER_ROUND) if is_short else max(1, self._per_round // 2)
        begun = looked_at = 0
        while self.waiting and begun < self._per_round and looked_at < MAX_PER_ROUND:
            waiter = self.waiting.popleft()
            if not waiter.turn.done():  # the caller is still there
                looked_at += 1
                begun += now <= waiter.latest
                waiter.turn.set_result(now <= waiter.latest)
        if self.waiting:
            self._continue()
