"""Find the quota of a caller."""

from __future__ import annotations

from collections.abc import Mapping

from gateway.clock import Clock
from gateway.quota.caller_quota import CallerQuota
from gateway.quota.shares import Shares
from gateway.settings.quota_settings import QuotaSettings


class Quotas:
    """The quotas of callers by their names. A caller without its own has that of everybody who has none, each for itself."""

    def __init__(
        self, usual: QuotaSettings | None, own: Mapping[str, QuotaSettings | None], shares: Shares, clock: Clock
    ) -> None:
        self.settings = usual, dict(own)
        self.shares = shares
        by_caller = {"": usual, **{name: usual if settings is None else settings for name, settings in own.items()}}
        self._by_caller = {
            name: CallerQuota(name, settings, shares, clock) for name, settings in by_caller.items() if settings is not None
        }
        self.are_any = bool(self._by_caller)

    def find_quota(self, caller: str) -> CallerQuota | None:
        """Find the quota of a caller; None where it has none, as operators have."""
        return self._by_caller.get(caller)

    async def aclose(self) -> None:
        """End all of them."""
        for quota in self._by_caller.values():
            await quota.aclose()
