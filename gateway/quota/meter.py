"""Charge one request: what it may cost at most before anything is asked, and what it gave afterwards."""

from __future__ import annotations

from collections.abc import Collection, Mapping

import msgspec

from gateway.quota.caller_quota import CallerQuota, Charge
from gateway.quota.cost import Cost


class Meter(msgspec.Struct, eq=False):
    """The cost of one request, which the answer tells. `quota` is its caller's, if there is one."""

    quota: CallerQuota | None
    charge: Charge | None = None

    async def reserve(self, estimate: Cost) -> None:
        """Take what the request may cost. Raises `QuotaExceededError` and `QueryTooExpensiveError`."""
        if self.quota is not None:
            self.charge = self.quota.charge_now(estimate) or await self.quota.charge_leased(estimate)

    def settle(self, actual: Cost, customers: Collection[str] | None) -> None:
        """Give back what the request did not cost. `customers` are the ids of those it gave, None where they are not known."""
        if self.quota is not None and self.charge is not None:
            self.quota.settle(self.charge, actual, customers)
            self.charge = None

    def headers(self) -> Mapping[str, str]:
        """Tell what is left of the caller's quota, also where the request was refused. Nothing of a caller without one."""
        return {} if self.quota is None else self.quota.headers()
