"""Batch while busy, for the store: customers of all requests on their way to it.

While a read is free, customers leave at once (in the same turn of the loop); while all are taken, they gather behind them and
leave together. A customer who is already on the way is not read again, and neither is one who came a moment ago. When that
moment is half over, who asks has what is here, and the customer is read again beside it: who is asked for often is never waited
for, and a read that fails takes nothing away. Callers wait as long as they can: one that goes away changes nothing for the
others.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Coroutine, Iterable, Mapping, Sequence
from functools import partial
from typing import Any, Generic, TypeVar

import structlog

from gateway.clock import Clock
from gateway.lookups.call_slots import CallSlots

MAX_READS = 2
"""How many reads are under way: one at the store, one on its way. More of them would be smaller ones."""

MAX_CUSTOMERS = 100
"""How many customers a read is of."""

MAX_CACHED = 2_000
"""How many customers are kept in memory. With the shipped pack they take about 12 KB each."""

MAX_QUEUED = 50
"""How many reads wait behind those that are under way. Customers beyond them count as not read, and are computed."""

AGAIN = 0.5
"""After this share of the time for which a customer stays, who asks has the customer read again."""

_ON_THE_WAY = float("inf")

T = TypeVar("T")
log = structlog.get_logger()


class StoreBatch(Generic[T]):
    """Read customers together, and hold their values.

    It holds until `good_until`, and from `again_at` on it is to be read again (both monotonic).
    """

    __slots__ = ("again_at", "customers", "done", "good_until", "left_at", "values")

    def __init__(self) -> None:
        self.customers: list[str] = []
        self.left_at = self.again_at = self.good_until = _ON_THE_WAY
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.values: dict[str, T] = {}


class StoreReads(Generic[T]):
    """The way to the store, for all requests of a worker. `read` gives what is there of customers and raises nothing.

    What `may_stay` of it is given again for `keep_s` seconds from when it was asked for.
    """

    def __init__(
        self,
        read: Callable[[Sequence[str]], Coroutine[Any, Any, dict[str, T]]],
        clock: Clock,
        keep_s: float = 0.0,
        may_stay: Callable[[T], bool] = lambda _: True,
    ) -> None:
        self._read = read
        self._clock = clock
        self._keep_s = keep_s
        self._may_stay = may_stay
        self._slots = CallSlots(MAX_READS, self._dispatch)
        self._waiting: deque[StoreBatch[T]] = deque()
        self._landed: deque[StoreBatch[T]] = deque()
        self._entered: dict[str, StoreBatch[T]] = {}
        self._ahead: dict[str, StoreBatch[T]] = {}

    def enqueue(self, customers: Iterable[str]) -> dict[str, StoreBatch[T]]:
        """Read customers. Nothing is waited for."""
        entered, now = self._entered, self._clock.monotonic()
        return {
            customer: batch
            if (batch := entered.get(customer)) is not None and batch.again_at > now
            else self._again(customer, batch, now)
            for customer in customers
        }

    async def wait_for(self, batches: Mapping[str, StoreBatch[T]], patience_s: float) -> dict[str, T]:
        """Wait for the values by customer. There is none where the read failed or is late."""
        flying = {batch.done for batch in batches.values() if not batch.done.done()}
        if flying:
            # Waiting leaves the futures alone when the caller is cancelled.
            await asyncio.wait(flying, timeout=patience_s)
        return {customer: batch.values[customer] for customer, batch in batches.items() if customer in batch.values}

    @property
    def keys(self) -> set[str]:
        """List the customers who were read, or are on the way."""
        return {*self._entered, *self._ahead}

    def outdate(self, customers: Iterable[str]) -> None:
        """Read customers again who were written, for reads may miss that: who asks from now on is read again."""
        for customer in customers:
            for known in (self._entered, self._ahead):
                batch = known.get(customer)
                if batch is not None and batch not in self._waiting:
                    del known[customer]

    def outdate_where(self, concerns: Callable[[T], bool]) -> None:
        """Read customers again whose value is concerned, and those who are on the way."""
        self.outdate(
            [
                customer
                for known in (self._entered, self._ahead)
                for customer, batch in known.items()
                if not batch.done.done() or (customer in batch.values and concerns(batch.values[customer]))
            ]
        )

    def clear(self) -> None:
        """Read everybody again, also those who are on the way."""
        self.outdate({*self._entered, *self._ahead})
        self._landed.clear()

    async def aclose(self) -> None:
        """End the reads; who still waits has nothing."""
        while self._waiting:
            self._end(self._waiting.popleft())
        await self._slots.aclose()

    def _again(self, customer: str, batch: StoreBatch[T] | None, now: float) -> StoreBatch[T]:
        """Join the batch of a customer that is absent or ageing."""
        ahead = self._ahead.get(customer)
        if batch is not None and batch.good_until > now:
            if ahead is None and (joined := self._join(customer)) is not None:
                self._ahead[customer] = joined
            return batch
        if ahead is None:
            ahead = self._join(customer)
            if ahead is None:
                return _unread()
            self._entered[customer] = ahead
        return ahead

    def _join(self, customer: str) -> StoreBatch[T] | None:
        if not self._waiting or len(self._waiting[-1].customers) == MAX_CUSTOMERS:
            if len(self._waiting) == MAX_QUEUED:
                return None
            self._waiting.append(StoreBatch())
        batch = self._waiting[-1]
        batch.customers.append(customer)
        self._slots.dispatch_soon()
        return batch

    def _dispatch(self) -> None:
        while self._slots.free and self._waiting:
            batch = self._waiting.popleft()
            batch.left_at = self._clock.monotonic()
            self._slots.start(self._read(batch.customers), partial(self._land, batch))

    def _land(self, batch: StoreBatch[T], task: asyncio.Task[dict[str, T]]) -> None:
        if not task.cancelled():
            if (error := task.exception()) is not None:
                log.error("tags_failed", error=type(error).__name__)
            else:
                batch.values = task.result()
        self._end(batch)

    def _end(self, batch: StoreBatch[T]) -> None:
        for customer in batch.customers:
            if self._ahead.get(customer) is batch:
                del self._ahead[customer]
                # What is here stays for its time when it could not be read again.
                if customer in batch.values or customer not in self._entered:
                    self._entered[customer] = batch
        staying = {customer for customer, value in batch.values.items() if self._may_stay(value)} if self._keep_s else set()
        self._forget(batch, [customer for customer in batch.customers if customer not in staying])
        if staying:
            batch.again_at = batch.left_at + AGAIN * self._keep_s
            batch.good_until = batch.left_at + self._keep_s
            self._landed.append(batch)
        now = self._clock.monotonic()
        while self._landed and (self._landed[0].good_until <= now or len(self._entered) > MAX_CACHED):
            oldest = self._landed.popleft()
            self._forget(oldest, oldest.customers)
        batch.done.set_result(None)

    def _forget(self, batch: StoreBatch[T], customers: Iterable[str]) -> None:
        for customer in customers:
            if self._entered.get(customer) is batch:
                del self._entered[customer]


def _unread() -> StoreBatch[Any]:
    """A read that does not take place."""
    batch: StoreBatch[Any] = StoreBatch()
    batch.done.set_result(None)
    return batch
