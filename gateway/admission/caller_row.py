"""The requests of one caller at a worker: how many, and how much of its time they took."""

from __future__ import annotations

import asyncio
import math
from collections import deque

import msgspec

REQUEST_S = 0.0001
"""What any request takes of the event loop, at least."""
BYTE_S = 30e-9
"""What a byte of an answer takes to be found, completed and written: 15 ns in Q3, more where sources give long pages."""
UNKNOWN_S = 0.002
"""What is reserved for a request at least, until it is known what it took."""
MIN_CREDIT_S, CREDIT_SPAN_S = 0.005, 2.0
"""What a caller may have left of its share at most: that of so long, and the time of some requests."""
DEBT_SPAN_S = 120.0
"""After so long a caller owes nothing any more, whatever it used before."""
SMOOTHING = 0.05
"""How much the last request counts in what is expected of the next one."""


class QueuedRequest(msgspec.Struct, eq=False):
    """A request that waits for its turn."""

    turn: asyncio.Future[bool]
    arrived: float
    budget_s: float


class CallerRow(msgspec.Struct, eq=False):
    """The row in which the requests of one caller wait, and its account.

    It may use `rate` seconds of the loop in each second: its share of the worker. What it has left of that is `credit_s`, at
    most `max_credit_s`; a request that is expected to take more gives way. `used_s` is what requests took, for a share of 1;
    `reserved_s` of it is for those under way, and `expected_s` is what the next one may take. Each of its own counts for
    `crowding` places, beside all that are taken: for none where there is but one row. `wait_share` is how much of its time a
    request may wait. `prepared_s` is what the preparation thread worked for it, for a share of 1. `has_turn` says that it is
    among the rows that take turns.
    """

    crowding: float = 0.0
    rate: float = 1.0
    max_credit_s: float = math.inf
    credit_s: float = math.inf
    credited_at: float = 0.0
    wait_share: float = 0.5
    under_way: int = 0
    used_s: float = 0.0
    reserved_s: float = 0.0
    expected_s: float = REQUEST_S
    gone_at: float = 0.0
    prepared_s: float = 0.0
    has_turn: bool = False
    waiting: deque[QueuedRequest] = msgspec.field(default_factory=deque)

    def share_out(self, share: float, rate: float) -> None:
        """Give a caller its share, and the part of the worker that it is."""
        self.crowding, self.rate = 1 / share, rate
        self.max_credit_s = max(MIN_CREDIT_S, rate * CREDIT_SPAN_S)
        self.credit_s = max(min(self.credit_s, self.max_credit_s), -rate * DEBT_SPAN_S - self.reserved_s)

    def is_over(self, now: float, needed_s: float = 0.0) -> bool:
        """Tell whether the next request of a caller is expected to take more than it has left of its share.

        Who has half of what it may save is within its share, whatever it asks for: else it never were, however seldom it asks.
        """
        needed_s = max(needed_s, self.expected_s)
        if self.credit_s >= needed_s:
            return False
        self._refill(now)
        return self.credit_s < min(needed_s, self.max_credit_s / 2)

    def _refill(self, now: float) -> None:
        self.credit_s = min(self.max_credit_s, self.credit_s + (now - self.credited_at) * self.rate)
        self.credited_at = now

    def begin(self) -> None:
        """Count a request that begins, and charge what it is expected to take until it has ended."""
        self.under_way += 1
        reserved_s = max(self.expected_s, UNKNOWN_S)
        self.used_s += reserved_s * self.crowding
        self.credit_s -= reserved_s
        self.reserved_s += reserved_s

    def end(self, prepared_s: float, answer_bytes: int, now: float) -> None:
        """Charge a request that has ended. What was reserved for it is given back."""
        self.under_way -= 1
        took_s = REQUEST_S + prepared_s + answer_bytes * BYTE_S
        # One that took much is expected again at once, one that took little only after several.
        self.expected_s = max(took_s, self.expected_s + (took_s - self.expected_s) * SMOOTHING)
        given_back_s = self.reserved_s / (self.under_way + 1)
        self.reserved_s -= given_back_s
        self.charge_time(took_s - given_back_s, now)

    def charge_time(self, took_s: float, now: float) -> None:
        """Charge time of the worker. Who had it to himself for long owes what he has again after two minutes, at most."""
        self._refill(now)
        self.credit_s = max(self.credit_s - took_s, -self.rate * DEBT_SPAN_S - self.reserved_s)
        self.used_s += took_s * self.crowding
