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
        self,
        usual: QuotaSettings | None,
        own: Mapping[str, QuotaSettings | None],
        shares: Shares,
        clock: Clock,
        charged: Mapping[str, str] | None = None,
    ) -> None:
        """`charged` are the callers who use the quota of another one."""
        self.settings = usual, dict(own), dict(charged or {})
        self.shares = shares
        by_caller = {"": usual, **{name: usual if settings is None else settings for name, settings in own.items()}}
        self._by_caller = {
            name: CallerQuota(name, settings, shares, clock) for name, settings in by_caller.items() if settings is not None
        }
        for name, other in (charged or {}).items():
            self._by_caller.pop(name, None)
            if other in self._by_caller:
                self._by_caller[name] = self._by_caller[other]
        self.are_any = bool(self._by_caller)

    def find_quota(self, caller: str) -> CallerQuota | None:
        """Find the quota of a caller; None where it has none, as operators have."""
        return self._by_caller.get(caller)

    async def aclose(self) -> None:
        """End all of them."""
        for quota in set(self._by_caller.values()):
            await quota.aclose()
