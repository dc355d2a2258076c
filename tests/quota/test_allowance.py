"""Quotas of callers: shares that workers lease, windows that end, customers that count once."""

import asyncio
from typing import Any

import pytest

from gateway.errors import QueryTooExpensiveError, QuotaExceededError, StoreError
from gateway.quota.allowance import ALONE, SHARE, Allowance
from gateway.quota.caller_quota import CallerQuota
from gateway.quota.cost import Cost
from gateway.quota.daily_customers import DAY_S, DailyCustomers
from gateway.quota.shares import LocalShares
from gateway.settings import MongoSettings
from gateway.settings.quota_settings import QuotaSettings
from tests.support.clocks import SteppedClock
from tests.support.tag_shop import store_of


class BrokenShares(LocalShares):
    """Shares that cannot be leased while they are `down`."""

    down = True

    async def lease(self, *words: Any) -> Any:
        self._check()
        return await super().lease(*words)

    async def add_customers(self, *words: Any) -> int:
        self._check()
        return await super().add_customers(*words)

    def _check(self) -> None:
        if self.down:
            raise StoreError("it is down")


class SlowShares(LocalShares):
    """Shares that answer while they are `open`. `asked` is how often they were."""

    def __init__(self) -> None:
        super().__init__()
        self.open = asyncio.Event()
        self.open.set()
        self.asked = 0

    async def lease(self, *words: Any) -> Any:
        await self._wait()
        return await super().lease(*words)

    async def add_customers(self, *words: Any) -> int:
        await self._wait()
        return await super().add_customers(*words)

    async def _wait(self) -> None:
        self.asked += 1
        await self.open.wait()


async def waiting(shares: SlowShares, charging: Any) -> "asyncio.Task[Any]":
    """Begin to charge, up to where shares are asked."""
    asked, task = shares.asked, asyncio.create_task(charging)
    while shares.asked == asked:
        await asyncio.sleep(0)
    return task


async def take_all(workers: list[Allowance], amount: int) -> int:
    """Have workers take so much by turns until each is refused. Gives how much that was in all."""
    taken, left = 0, [*workers]
    while left:
        for worker in [*left]:
            try:
                await worker.charge_leased(amount)
                taken += amount
            except QuotaExceededError:
                left.remove(worker)
        await asyncio.sleep(0)
    return taken


@pytest.mark.parametrize("amount", [1, 7, 60])
@pytest.mark.parametrize("workers", [1, 2, 8])
async def test_workers_share_a_quota(workers: int, amount: int):
    """Together they never give more than all of it; what is left unused is less than a share and a request of each."""
    shares, clock = LocalShares(), SteppedClock()
    allowances = [Allowance("console", "nodes", 10_000, 60, shares, clock) for _ in range(workers)]
    taken = await take_all(allowances, amount)
    assert taken <= 10_000
    assert taken > 10_000 - workers * (10_000 // SHARE // 4 + amount)


@pytest.mark.mongodb
async def test_workers_share_a_quota_through_mongodb(mongodb_settings: MongoSettings):
    """Two clients that lease at the same time are granted the limit together, and not one more."""
    clock = SteppedClock()
    async with store_of(mongodb_settings, clock) as first, store_of(mongodb_settings, clock) as second:
        stores = [first, second]
        shares = [store.quota_shares.keyed_by("secret") for store in stores]
        allowances = [Allowance("console", "calls", 200, 60, own, clock) for own in shares]
        taken = sum(await asyncio.gather(*(take_all([own], 3) for own in allowances)))
        assert 150 < taken <= 200
        clock.passed_s += 60
        assert await take_all(allowances[:1], 3) > 150


async def test_what_is_taken_of_what_is_here_waits_for_nobody():
    """A share is leased in advance: most requests take of it at once."""
    shares, clock = LocalShares(), SteppedClock()
    allowance = Allowance("console", "nodes", 16_000, 60, shares, clock)
    await allowance.charge_leased(1)
    at_once = 0
    for _ in range(5_000):
        if allowance.charge_now(1):
            at_once += 1
        else:
            await allowance.charge_leased(1)
        await asyncio.sleep(0)
    assert at_once > 4_900


async def test_a_window_ends_and_what_was_not_used_comes_back():
    """Given back is what a request did not cost, but not to the next window."""
    clock = SteppedClock()
    allowance = Allowance("console", "nodes", 100, 60, LocalShares(), clock)
    await allowance.charge_leased(90)
    window = allowance.window
    with pytest.raises(QuotaExceededError) as refused:
        await allowance.charge_leased(20)
    assert refused.value.extensions == {"quota": "nodes", "limit": 100, "windowSeconds": 60, "retryAfterSeconds": 60}
    allowance.refund_unused(80, window)
    assert allowance.remaining == 90
    await allowance.charge_leased(20)
    clock.passed_s += 59.5
    assert allowance.resets_in_s == 1
    clock.passed_s += 0.5
    assert allowance.remaining == 100
    allowance.refund_unused(70, window)
    assert allowance.remaining == 100


async def test_without_mongodb_each_worker_gives_a_part():
    """Then it leases again, in the same window."""
    shares, clock = BrokenShares(), SteppedClock()
    allowance = Allowance("console", "nodes", 1_000, 60, shares, clock)
    assert await take_all([allowance], 10) == 1_000 // ALONE
    shares.down = False
    assert await take_all([allowance], 10) == 1_000


async def test_customers_count_once_in_all_workers():
    """However often they are given, and by whichever worker, until the day ends."""
    shares, clock = LocalShares(), SteppedClock()
    workers = [DailyCustomers("console", 100, shares, clock) for _ in range(3)]
    for worker in workers:
        for _ in range(5):
            await worker.charge_leased(20)
            worker.settle(20, worker.window, [str(number) for number in range(20)])
    await asyncio.gather(*(worker.aclose() for worker in workers))
    for worker in workers:
        await worker.charge_leased(80)
        worker.settle(80, worker.window, [])
        with pytest.raises(QuotaExceededError):
            await worker.charge_leased(81)
    clock.passed_s += DAY_S
    await workers[0].charge_leased(100)


async def test_customers_of_workers_at_once_are_more_than_the_quota_by_little():
    """Each is ahead of what is counted by a sixteenth of what is left, or by one request."""
    shares, clock = LocalShares(), SteppedClock()
    workers = [DailyCustomers("console", 1_000, shares, clock) for _ in range(4)]
    given: set[str] = set()
    left = [*enumerate(workers)]
    number = 0
    while left:
        for place, worker in [*left]:
            number += 1
            try:
                await worker.charge_leased(5)
            except QuotaExceededError:
                left.remove((place, worker))
                continue
            new = [f"{number}-{customer}" for customer in range(5)]
            given.update(new)
            worker.settle(5, worker.window, new)
    await asyncio.gather(*(worker.aclose() for worker in workers))
    assert 900 < len(given) <= 1_000 + 4 * 5


@pytest.mark.mongodb
async def test_customers_count_once_through_mongodb(mongodb_settings: MongoSettings):
    """Two workers that were given the same ones; what is stored is no id."""
    clock = SteppedClock()
    async with store_of(mongodb_settings, clock) as first, store_of(mongodb_settings, clock) as second:
        stores = [first, second]
        workers = [DailyCustomers("console", 10, store.quota_shares.keyed_by("secret"), clock) for store in stores]
        for worker in workers:
            await worker.charge_leased(4)
            worker.settle(4, worker.window, ["crm:1", "crm:2", "crm:3", "crm:4"])
            await worker.aclose()
        await workers[0].charge_leased(6)
        with pytest.raises(QuotaExceededError):
            await workers[0].charge_leased(1)
        stored = await stores[0].mongo.run(lambda database: database.quota_customers.find().to_list(None))
        assert len(stored) == 4
        assert "crm" not in str(stored)


async def test_customers_without_mongodb_are_a_part():
    shares, clock = BrokenShares(), SteppedClock()
    worker = DailyCustomers("console", 100, shares, clock)
    for number in range(100 // ALONE):
        await worker.charge_leased(1)
        worker.settle(1, worker.window, [str(number)])
    with pytest.raises(QuotaExceededError):
        await worker.charge_leased(1)
    shares.down = False
    await worker.charge_leased(75)
    await worker.aclose()


async def test_a_refused_request_has_taken_nothing():
    """Of no quota: not of that which had enough, either. What can never be had is refused as too dear."""
    clock = SteppedClock()
    quota = CallerQuota("console", QuotaSettings(nodes=100, calls=10), LocalShares(), clock)
    charge = await quota.charge_leased(Cost(nodes=10, calls=9))
    with pytest.raises(QuotaExceededError, match="10 calls in 60 seconds"):
        await quota.charge_leased(Cost(nodes=50, calls=2))
    assert quota.headers()["ratelimit"] == '"nodes";r=90;t=60, "calls";r=1;t=60'
    quota.settle(charge, Cost(nodes=2, calls=1), None)
    assert quota.headers()["ratelimit"] == '"nodes";r=98;t=60, "calls";r=9;t=60'
    assert quota.headers()["ratelimit-policy"] == '"nodes";q=100;qu="nodes";w=60, "calls";q=10;qu="calls";w=60'
    with pytest.raises(QueryTooExpensiveError, match="may cost 101 nodes, and 100 in 60 seconds are all"):
        await quota.charge_leased(Cost(nodes=101, calls=1))
    await quota.aclose()


async def test_a_window_that_ends_meanwhile_refuses_nobody():
    """The lease of the last one had too little, and this one has enough."""
    shares, clock = SlowShares(), SteppedClock()
    allowance = Allowance("console", "nodes", 100, 60, shares, clock)
    await allowance.charge_leased(90)
    shares.open.clear()
    charging = await waiting(shares, allowance.charge_leased(50))
    clock.passed_s += 60
    shares.open.set()
    await charging
    assert allowance.remaining == 50


async def test_what_was_taken_in_a_window_is_not_given_back_to_the_next():
    """Not of the first quota either, where the second is waited for while the window ends, and others ask."""
    shares, clock = SlowShares(), SteppedClock()
    quota = CallerQuota("console", QuotaSettings(nodes=100, calls=10), shares, clock)
    await quota.charge_leased(Cost(nodes=1))
    shares.open.clear()
    charging = await waiting(shares, quota.charge_leased(Cost(nodes=3, calls=1)))
    clock.passed_s += 60
    other = asyncio.create_task(quota.charge_leased(Cost(nodes=1)))
    await asyncio.sleep(0)
    shares.open.set()
    charge, _ = await asyncio.gather(charging, other)
    quota.settle(charge, Cost(), None)
    assert quota.headers()["ratelimit"].startswith('"nodes";r=99;')
    await quota.aclose()


async def test_who_is_refused_again_and_again_costs_nobody_anything():
    """All is leased, so nothing is asked for; of customers nothing either."""
    shares, clock = SlowShares(), SteppedClock()
    allowance, customers = (own(shares, clock) for own in (hundred_nodes, ten_customers))
    await allowance.charge_leased(100)
    await customers.charge_leased(10)
    asked = shares.asked
    for own in (allowance, customers):
        for _ in range(5):
            with pytest.raises(QuotaExceededError):
                await own.charge_leased(1)
    assert shares.asked == asked


def hundred_nodes(shares: LocalShares, clock: SteppedClock) -> Allowance:
    return Allowance("console", "nodes", 100, 60, shares, clock)


def ten_customers(shares: LocalShares, clock: SteppedClock) -> DailyCustomers:
    return DailyCustomers("console", 10, shares, clock)


async def test_what_is_left_is_never_more_than_the_quota():
    """Not while a worker grants itself shares, either."""
    allowance = hundred_nodes(BrokenShares(), SteppedClock())
    await allowance.charge_leased(2)
    assert allowance.remaining == 98


async def test_a_request_of_yesterday_takes_no_room_of_today():
    """Who asked before midnight gives back nothing after it."""
    clock = SteppedClock()
    worker = ten_customers(LocalShares(), clock)
    await worker.charge_leased(5)
    yesterday = worker.window
    clock.passed_s += DAY_S
    await worker.charge_leased(8)
    worker.settle(5, yesterday, [])
    assert worker.remaining == 2


async def test_customers_whom_nobody_names_count_in_all_workers():
    """Each as another one, for an operation without a plan does not say who they are."""
    shares, clock = LocalShares(), SteppedClock()
    workers = [ten_customers(shares, clock) for _ in range(2)]
    await workers[0].charge_leased(6)
    workers[0].settle(6, workers[0].window, None)
    await workers[0].aclose()
    await workers[1].charge_leased(4)
    with pytest.raises(QuotaExceededError):
        await workers[1].charge_leased(1)


async def test_customers_are_counted_once_for_all_who_wait():
    """Also when the first of them goes away meanwhile."""
    shares = SlowShares()
    worker = ten_customers(shares, SteppedClock())
    shares.open.clear()
    first = await waiting(shares, worker.charge_leased(1))
    others = [asyncio.create_task(worker.charge_leased(1)) for _ in range(4)]
    await asyncio.sleep(0)
    first.cancel()
    shares.open.set()
    await asyncio.gather(*others)
    assert shares.asked == 1
    assert worker.remaining == 6
