"""End the deliveries of targets that the settings do not have any more: no sender ever looks at them."""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from contextlib import suppress

import structlog

from gateway.actions.delivery_admission import FOREIGN_FOR
from gateway.actions.webhook_delivery import DeliveryTable
from gateway.clock import Clock
from gateway.errors import StoreError

EVERY_S = 600.0
"""How often a worker looks for them."""

log = structlog.get_logger()


class OrphanWatch:
    """Looks from time to time. Another worker may have newer settings, so they are left to it for a day."""

    def __init__(self, targets: Collection[str], table: DeliveryTable, clock: Clock) -> None:
        self._targets = targets
        self._table = table
        self._clock = clock
        self._following: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to look."""
        if self._following is None:
            self._following = asyncio.create_task(self._follow())

    def stop(self) -> None:
        """Look no more."""
        if self._following is not None:
            self._following.cancel()

    async def aclose(self) -> None:
        """Stop, and wait for the end."""
        self.stop()
        if self._following is not None:
            await asyncio.wait({self._following})
            self._following = None

    async def run_pass(self) -> None:
        """Note that they are dead, so that they can be seen, and replayed when the target is back. Raises `StoreError`."""
        ended = await self._table.end_orphans(self._targets, self._clock.now() - FOREIGN_FOR)
        if ended:
            log.warning("deliveries_without_target", deliveries=ended)

    async def _follow(self) -> None:
        while True:
            with suppress(StoreError):  # which the store logs; they stay until the next time
                await self.run_pass()
            await self._clock.sleep(EVERY_S)
