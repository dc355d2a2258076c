"""Hold the quotas of one caller in this worker."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import msgspec

from gateway.clock import Clock
from gateway.errors import QueryTooExpensiveError
from gateway.quota.allowance import Allowance
from gateway.quota.cost import Cost
from gateway.quota.daily_customers import DailyCustomers
from gateway.quota.shares import Shares
from gateway.settings.quota_settings import QuotaSettings


class Charge(msgspec.Struct, frozen=True):
    """What was taken for a request, and in which window of each quota."""

    cost: Cost
    windows: Sequence[int]


class CallerQuota:
    """The quotas of a caller: nodes and calls in a window, different customers in a day."""

    def __init__(self, caller: str, settings: QuotaSettings, shares: Shares, clock: Clock) -> None:
        limits = {"nodes": settings.nodes, "calls": settings.calls}
        self._allowances = [
            Allowance(caller, unit, limit, settings.window_s, shares, clock)
            for unit, limit in limits.items()
            if limit is not None
        ]
        most = settings.customers_per_day
        self._customers = None if most is None else DailyCustomers(caller, most, shares, clock)
        self._all: Sequence[Allowance | DailyCustomers] = [
            *self._allowances,
            *(() if self._customers is None else (self._customers,)),
        ]
        self._policies = ", ".join(f'"{own.unit}";q={own.limit};qu="{own.unit}";w={own.window_s}' for own in self._all)

    def charge_now(self, cost: Cost) -> Charge | None:
        """Take the cost of a request of what is here. None where something has to be leased first, and nothing is taken."""
        windows: list[int] = []
        for own in self._all:
            if not own.charge_now(getattr(cost, own.unit)):
                self._give_back(windows, cost)
                return None
            windows.append(own.window)
        return Charge(cost, windows)

    async def charge_leased(self, cost: Cost) -> Charge:
        """Take the cost of a request, and lease what is missing. Raises `QuotaExceededError` and `QueryTooExpensiveError`."""
        for each in self._all:
            needed = getattr(cost, each.unit)
            if needed > each.limit:
                raise QueryTooExpensiveError(
                    f"the operation may cost {needed:,} {each.unit}, and {each.limit:,} in {each.window_s:,} seconds are all "
                    "that this caller may ask for; ask for smaller pages"
                )
        windows: list[int] = []
        try:
            for own in self._all:
                await own.charge_leased(getattr(cost, own.unit))
                windows.append(own.window)  # before another one is waited for, and a window ends
        except BaseException:
            self._give_back(windows, cost)
            raise
        return Charge(cost, windows)

    def settle(self, charge: Charge, actual: Cost, customers: Collection[str] | None) -> None:
        """Give back what a request took and did not cost. `customers` are the ids of those it gave."""
        for own, window in zip(self._allowances, charge.windows, strict=False):
            own.refund_unused(getattr(charge.cost, own.unit) - getattr(actual, own.unit), window)
        if self._customers is not None:
            self._customers.settle(charge.cost.customers, charge.windows[-1], customers)

    def headers(self) -> Mapping[str, str]:
        """Write `RateLimit-Policy` and `RateLimit` as draft-ietf-httpapi-ratelimit-headers-10 has them."""
        state = ", ".join(f'"{own.unit}";r={own.remaining};t={own.resets_in_s}' for own in self._all)
        return {"ratelimit-policy": self._policies, "ratelimit": state}

    async def aclose(self) -> None:
        """End what is leased in the background."""
        for own in self._all:
            await own.aclose()

    def _give_back(self, windows: Sequence[int], cost: Cost) -> None:
        """Give back what was taken before the one that had too little: of each quota in its window."""
        for own, window in zip(self._allowances, windows, strict=False):
            own.refund_unused(getattr(cost, own.unit), window)
