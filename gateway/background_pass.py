"""Run passes beside requests: in each worker one after the other, until it stops."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from typing import ClassVar

from gateway.clock import Clock
from gateway.errors import StoreError


class BackgroundPass(ABC):
    """Runs passes in a task of its own, each so many seconds after the one before, or at once where there is more to do.

    The first one comes after a pause, unless it `begins_at_once`. A mistake ends the pass in which it is made, and no other.
    """

    begins_at_once: ClassVar[bool] = False

    def __init__(self, clock: Clock, every_s: float) -> None:
        self._clock = clock
        self._every_s = every_s
        self._following: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin with the passes."""
        if self._following is None:
            self._following = asyncio.create_task(self._follow())

    def stop(self) -> None:
        """End the pass that runs, and begin none."""
        if self._following is not None:
            self._following.cancel()

    async def aclose(self) -> None:
        """Stop, and wait until leases are given back."""
        self.stop()
        if self._following is not None:
            await asyncio.wait({self._following})
            self._following = None

    @abstractmethod
    async def run_pass(self) -> bool:
        """Do what is to be done, for a while. Tells whether there is more. Raises `StoreError`, which the store has logged."""

    @abstractmethod
    def _log_mistake(self, error: Exception) -> None:
        """Log a mistake, without what it was made with."""

    def _pause_s(self, *, is_more: bool) -> float:
        """Say how long to wait for the next pass."""
        return 0.0 if is_more else self._every_s

    async def _follow(self) -> None:
        is_more = self.begins_at_once
        while True:
            await self._clock.sleep(self._pause_s(is_more=is_more))
            is_more = False
            try:
                is_more = await self.run_pass()
            except StoreError:
                pass
            except Exception as error:  # noqa: BLE001  without it there would be no pass any more
                self._log_mistake(error)
