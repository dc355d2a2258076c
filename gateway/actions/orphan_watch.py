"""End the deliveries of targets that the settings do not have any more: no sender ever looks at them."""

from __future__ import annotations

from collections.abc import Collection

import structlog

from gateway.actions.delivery_admission import FOREIGN_FOR
from gateway.actions.webhook_delivery import DeliveryTable
from gateway.background_pass import BackgroundPass
from gateway.clock import Clock

EVERY_S = 600.0
"""How often a worker looks for them."""

log = structlog.get_logger()


class OrphanWatch(BackgroundPass):
    """Looks from time to time. Another worker may have newer settings, so they are left to it for a day."""

    begins_at_once = True

    def __init__(self, targets: Collection[str], table: DeliveryTable, clock: Clock) -> None:
        super().__init__(clock, EVERY_S)
        self._targets = targets
        self._table = table

    async def run_pass(self) -> bool:
        """Note that they are dead, so that they can be seen, and replayed when the target is back. Raises `StoreError`."""
        ended = await self._table.end_orphans(self._targets, self._clock.now() - FOREIGN_FOR)
        if ended:
            log.warning("deliveries_without_target", deliveries=ended)
        return False

    def _log_mistake(self, error: Exception) -> None:
        log.error("deliveries_failed", target=None, error=type(error).__name__)
