"""Begin, delay or refuse the requests of a worker, fairly among callers."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Callable, Mapping
from heapq import heappop, heappush
from itertools import count
from typing import Protocol

from gateway.admission.caller_row import UNKNOWN_S, CallerRow, QueuedRequest
from gateway.clock import Clock
from gateway.errors import OverloadedError

MAX_UNDER_WAY = 3_000
"""Requests of a worker that are being answered, and as many that wait for that."""

GIVE_WAY_S, FAIR_GIVE_WAY_S = 0.02, 0.001
"""A request that the event loop let wait for longer begins in its turn: the worker has more to do than it can at once.

With several callers it is less: who asks for little is not to wait behind what another one was let begin at once.
"""

MIN_WAIT_SHARE, MAX_WAIT_SHARE = 0.15, 0.5
"""How much of its time a request may wait for its turn, so that it still has some for its sources.

It is the less, the more callers have gone when their turn comes: what they do not wait for is refused at once.
"""

MAX_OVER_WAITING = 8
"""So many requests wait of a caller who used more than its share. What comes beyond them is refused at once."""

MAX_OVER_UNDER_WAY = 2
"""So many of them are under way while the worker is near its limit: what they take is known when they end."""

FORGET_GONE_S = 10
FORGET_USED_S = 1.0
"""What callers used counts no more when nobody had to wait for so long."""

SHORT_ROUND_S = 0.02
MAX_PER_ROUND = 64
"""In a round of the loop so many begin at most: more after a short one, fewer after a long one."""

FAIR_ROUND_S, LONG_ROUND_COST = 0.002, 15
"""A short round with several callers, some of whom are within their shares.

What takes longer counts so many times in what there is time for: everybody who comes meanwhile waits for it.
"""

MAX_LONG_COST_S = 0.15
"""That of a request of 10 ms. What takes longer counts no more than that, or what it takes: others wait for that time, too."""

PAUSE_S = 0.005
"""For how long the loop is left alone when only callers wait for whom there is no time."""

NEARLY_USED, MEASURE_S = 0.8, 0.02
"""How much of a core a worker uses that is near its limit, and over what time that is measured."""

MIN_SPARE, MAX_SPARE, MORE_SPARE, LESS_SPARE = 0.02, 0.1, 0.002, 0.7
"""How much of its time the loop has for those who used more than their share: more after short rounds, less after long ones.

The most is while others ask, whom each dear request holds up: with half of the time their latest answers came after 60 ms.
"""


class Arrival(Protocol):
    """The times of a request: `arrived` is its last byte, `began` the start of its deadline."""

    arrived: float

    @property
    def deadline_ms(self) -> int | None: ...

    def began(self, budget_s: float) -> float: ...


class Admission:
    """Begin requests, few in each loop round: callers in turn, by what they used for their share, each in order of arrival.

    So between them the loop sees what else has come: answers of sources, and that callers have gone. `budget_s` gives the
    seconds that a request has, of the milliseconds that its caller asks for. Without shares there is one row for all.
    """

    def __init__(self, clock: Clock, budget_s: Callable[[int | None], float]) -> None:
        self.monotonic = clock.monotonic
        self.under_way = 0
        self.waiting = 0
        self.is_fair = False
        self.everybody = CallerRow()
        self._rows: dict[str, CallerRow] = {}
        self._turns: list[tuple[bool, float, int, CallerRow]] = []
        self._credit_s = 0.0
        self._spare_share = MIN_SPARE
        self._measured_at = self._cpu_s = 0.0
        self._is_nearly_used = False
        self._others_began_at = -math.inf
        self._numbers = count()
        self._virtual_s = self._max_used_s = 0.0
        self._waited_at = -math.inf
        self._budget_s = budget_s
        self._per_round = 1
        self._round_began = self._pause_s = 0.0
        self._is_continued = False

    def share_out(self, shares: Mapping[str, float]) -> None:
        """Give each caller its row, by its share. Without any all are in one. Rows go on that are there already."""
        self.is_fair = len(shares) > 1
        rows = {name: self._rows.get(name) or CallerRow() for name in shares} if self.is_fair else {}
        whole = sum(shares.values()) + 1
        for name, row in rows.items():
            row.share_out(shares[name], shares[name] / whole)
        self.everybody.share_out(1, 1 / whole)
        self.everybody.crowding = 1.0 if self.is_fair else 0.0
        self._rows = rows
        if not self.is_fair:
            self._join_rows()
        elif self.everybody.waiting:
            self._push_turn(self.everybody)

    def find_row(self, caller: str) -> CallerRow:
        """Find the row of a caller by his name. Operators, and callers who are no more, have one together."""
        return self._rows.get(caller, self.everybody)

    def is_full(self, now: float, arrived: float) -> bool:
        """Tell whether a request that has arrived begins in its turn, where there is one row."""
        return now - arrived > GIVE_WAY_S or self.waiting > 0 or self.under_way >= MAX_UNDER_WAY

    def must_wait(self, row: CallerRow, now: float, arrived: float) -> bool:
        """Tell whether a request of a caller that has arrived begins in its turn."""
        if self.under_way + row.under_way * row.crowding >= MAX_UNDER_WAY:
            return True
        if row.is_over(now):
            return now - arrived > FAIR_GIVE_WAY_S or self.waiting > 0 or row.expected_s > FAIR_ROUND_S
        self._others_began_at = now
        return now - arrived > GIVE_WAY_S or bool(row.waiting)

    async def wait(self, request: Arrival, row: CallerRow) -> float:
        """Wait for the turn of this request in the row of its caller, and say when it is.

        Raises `OverloadedError` as soon as it is known that it would come too late, or has no place.
        """
        self.check(request)
        row = row if self.is_fair else self.everybody  # a reload may have joined the rows while its body came
        self._drop_gone(row)
        waiter = QueuedRequest(asyncio.get_running_loop().create_future(), request.arrived, self._budget_s(request.deadline_ms))
        first = row.waiting[0] if row.waiting else waiter
        if self._has_no_place(row) or self._waits_for_much(row) or self._is_late(first, waiter.budget_s, row):
            raise OverloadedError
        if first is waiter:
            if self.monotonic() - row.gone_at > FORGET_GONE_S:
                row.wait_share = MAX_WAIT_SHARE
            self._line_up(row)
        row.waiting.append(waiter)
        self.waiting += 1
        if not self._is_continued:
            self._credit(self.monotonic() - self._waited_at)
            self._continue()
        if not await waiter.turn:
            raise OverloadedError
        self.check(request)
        return self.monotonic()

    def patience_ends(self, request: Arrival) -> float:
        """Tell until when a request may wait, so that it has some time for its sources."""
        budget_s = self._budget_s(request.deadline_ms)
        return request.began(budget_s) + budget_s * MAX_WAIT_SHARE

    def check(self, request: Arrival) -> None:
        """Raise `OverloadedError` where the time of this request is over."""
        budget_s = self._budget_s(request.deadline_ms)
        if self.monotonic() >= request.began(budget_s) + budget_s:
            raise OverloadedError

    def end(self, row: CallerRow, began: float, prepared_s: float | None, answer_bytes: int) -> None:
        """Charge a caller for a request that has ended. One that was not prepared has cost all its time."""
        now = self.monotonic()
        row.end(now - began if prepared_s is None else prepared_s, answer_bytes, now)
        self._max_used_s = max(self._max_used_s, row.used_s)

    def _has_no_place(self, row: CallerRow) -> bool:
        """Tell whether a caller has as many places as are free, or none is. So there is always one for who has few."""
        taken = self.under_way + row.under_way * row.crowding
        return max(taken, self.waiting + len(row.waiting) * row.crowding) >= MAX_UNDER_WAY

    def _waits_for_much(self, row: CallerRow) -> bool:
        """Tell whether a caller who used more than its share waits for as much as it may then."""
        return len(row.waiting) >= MAX_OVER_WAITING and self.is_fair and row.is_over(self.monotonic())

    def _is_late(self, waiter: QueuedRequest, budget_s: float, row: CallerRow) -> bool:
        """Whether it waits for longer than a request with this budget may."""
        return self.monotonic() - waiter.arrived > budget_s * row.wait_share

    def _line_up(self, row: CallerRow) -> None:
        """Give a row its turn among the others. Who used little before has no more of it now than who comes first."""
        if not self.waiting and self.monotonic() - self._waited_at > FORGET_USED_S:
            self._virtual_s = self._max_used_s
        row.used_s = max(row.used_s, self._virtual_s)
        if self.is_fair:
            self._push_turn(row)

    def _push_turn(self, row: CallerRow) -> None:
        if not row.has_turn:
            row.has_turn = True
            heappush(self._turns, (row.is_over(self.monotonic()), row.used_s, next(self._numbers), row))

    def _join_rows(self) -> None:
        """Have all requests that wait do so in the row of everybody, in the order of arrival."""
        rows = [row for *_, row in self._turns if row is not self.everybody]
        waiting = [waiter for row in (self.everybody, *rows) for waiter in row.waiting]
        for row in (self.everybody, *rows):
            row.waiting.clear()
            row.has_turn = False
        self.everybody.waiting.extend(sorted(waiting, key=lambda waiter: waiter.arrived))
        self._turns.clear()

    def _drop_gone(self, row: CallerRow) -> None:
        """Drop those whose callers have gone from the head of a row."""
        while row.waiting and row.waiting[0].turn.done():
            row.waiting.popleft()
            self.waiting -= 1
            row.wait_share = max(MIN_WAIT_SHARE, row.wait_share * 0.95)
            row.gone_at = self.monotonic()

    def _next_row(self, now: float) -> CallerRow | None:
        """Find the row whose turn it is: that of who used least for his share, before all of those who used more than that."""
        while self._turns:
            was_over, used_s, _, row = heappop(self._turns)
            row.has_turn = False
            self._drop_gone(row)
            if not row.waiting:
                continue
            if row.used_s > used_s or row.is_over(now) > was_over:  # it was charged meanwhile
                self._push_turn(row)
                continue
            self._virtual_s = max(self._virtual_s, used_s)
            return row
        return None

    def is_busy(self) -> bool:
        """Tell whether requests wait, or did so a moment ago."""
        return self.waiting > 0 or self.monotonic() - self._waited_at < FORGET_USED_S

    def _continue(self, pause_s: float = 0.0) -> None:
        self._round_began, self._pause_s = self.monotonic(), pause_s
        self._is_continued = True
        loop = asyncio.get_running_loop()
        loop.call_later(pause_s, self._begin_some) if pause_s else loop.call_soon(self._begin_some)

    def _begin_some(self) -> None:
        now = self.monotonic()
        round_s = now - self._round_began
        pause_s = 0.0
        if not self.is_fair:
            self._begin_in_order(round_s)
        elif not self._begin_fairly(now, round_s):
            pause_s = PAUSE_S
        self._waited_at = now
        self._is_continued = False
        if self.waiting:
            self._continue(pause_s)

    def _begin_in_order(self, round_s: float) -> None:
        is_short = round_s < SHORT_ROUND_S
        self._per_round = min(2 * self._per_round, MAX_PER_ROUND) if is_short else max(1, self._per_round // 2)
        begun = refused = 0
        self._drop_gone(self.everybody)
        while self.everybody.waiting and begun < self._per_round and refused < MAX_PER_ROUND:
            if self._begin_next(self.everybody):
                begun += 1
            else:
                refused += 1

    def _begin_fairly(self, now: float, round_s: float) -> bool:
        """Begin requests of callers who are within their shares, and what there is time for of others.

        Tells whether there were any.
        """
        gives_way = self._others_began_at > now - FORGET_USED_S
        is_near_limit = gives_way and self._is_near_limit(now)
        if round_s - self._pause_s < (FAIR_ROUND_S if gives_way else SHORT_ROUND_S) and not is_near_limit:
            self._spare_share = min(MAX_SPARE if gives_way else 1.0, self._spare_share + MORE_SPARE)
        else:
            self._spare_share = max(MIN_SPARE, self._spare_share * LESS_SPARE)
        self._credit(round_s)
        looked_at: list[CallerRow] = []
        has_begun = False
        while len(looked_at) < MAX_PER_ROUND:
            row = self._next_row(now)
            if row is None:
                break
            looked_at.append(row)
            is_over = row.is_over(now)
            if is_over and (self._credit_s < 0 or (is_near_limit and row.under_way >= MAX_OVER_UNDER_WAY)):
                self._refuse_late(row)
                continue  # behind it may be one that was over when it lined up, and has time again
            if self._begin_next(row):
                has_begun = True
                if is_over:
                    self._credit_s -= _cost_of(max(row.expected_s, UNKNOWN_S), gives_way=gives_way)
                else:
                    self._others_began_at = now
        for row in looked_at:
            if row.waiting:
                self._push_turn(row)
        return has_begun

    def _credit(self, passed_s: float) -> None:
        """Count the time that has passed for those beyond their shares, also that in which nobody waited."""
        self._credit_s = min(self._credit_s + passed_s * self._spare_share, FAIR_ROUND_S)

    def _refuse_late(self, row: CallerRow) -> None:
        """Refuse the first requests of a row that waited for longer than they may."""
        while row.waiting and self._is_late(row.waiting[0], row.waiting[0].budget_s, row):
            self._begin_next(row)

    def _is_near_limit(self, now: float) -> bool:
        """Tell whether the process used nearly all of a core lately."""
        if now - self._measured_at > MEASURE_S:
            cpu_s = time.process_time()
            self._is_nearly_used = cpu_s - self._cpu_s > NEARLY_USED * (now - self._measured_at)
            self._measured_at, self._cpu_s = now, cpu_s
        return self._is_nearly_used

    def _begin_next(self, row: CallerRow) -> bool:
        """Begin the first request of a row, or refuse it where it is late."""
        waiter = row.waiting.popleft()
        self.waiting -= 1
        is_late = self._is_late(waiter, waiter.budget_s, row)
        waiter.turn.set_result(not is_late)
        if not is_late:
            row.wait_share = min(MAX_WAIT_SHARE, row.wait_share * 1.002)
        self._drop_gone(row)
        return not is_late


def _cost_of(expected_s: float, *, gives_way: bool) -> float:
    """Tell what a request counts of the time that there is for those beyond their shares."""
    if not gives_way or expected_s <= FAIR_ROUND_S:
        return expected_s
    return max(expected_s, min(expected_s * LONG_ROUND_COST, MAX_LONG_COST_S))
