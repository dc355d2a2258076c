"""Send the deliveries of one target: as many in a second as it takes, again and again those that fail."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import timedelta

import structlog

from gateway.actions.dead_delivery import give_up
from gateway.actions.delivery_admission import DeliveryAdmission
from gateway.actions.delivery_counts import DeliveryCounts
from gateway.actions.webhook_client import Attempt, WebhookClient
from gateway.actions.webhook_delivery import DeliveryTable, WebhookDelivery
from gateway.background_pass import BackgroundPass
from gateway.clock import Clock
from gateway.errors import StoreError
from gateway.settings.action_settings import ActionSettings, TargetSettings
from gateway.tags.tag_store import LeaseTable

LEASE = "deliveries to "
"""The name of the lease of a target begins so."""

PASS_S = 5.0
"""For how long a worker sends to a target before another one may."""

MARGIN_S = 2.0
"""How long after the last attempt of a pass another worker goes on, where one has died."""

SHORT_S = 0.05
"""A worker that may send again so soon does not keep the target for itself."""

MAX_PAGE = 50
MAX_BACKOFF_S = 86_400.0
GROWTH = 4.0
"""How much later each attempt is than the one before."""

JITTER = 0.2
"""By what share a moment is earlier or later, so that what failed at once does not come again at once."""

log = structlog.get_logger()


class TargetSender(BackgroundPass):
    """Sends to one target, by one worker at a time. A target that is slow holds no other one."""

    def __init__(
        self,
        name: str,
        target: TargetSettings,
        settings: ActionSettings,
        table: DeliveryTable,
        leases: LeaseTable,
        admission: DeliveryAdmission,
        clock: Clock,
        counts: DeliveryCounts,
        draw: Callable[[], float] = random.random,
    ) -> None:
        super().__init__(clock, settings.look_s)
        self._name = name
        self._target = target
        self._settings = settings
        self._table = table
        self._leases = leases
        self._admission = admission
        self._counts = counts
        self._draw = draw
        self._client = WebhookClient(target, clock)
        self._next_start = 0.0

    async def aclose(self) -> None:
        """Stop, and wait until the lease is given back. What is being sent is sent again."""
        await super().aclose()
        await self._client.aclose()

    async def run_pass(self) -> bool:
        """Send what is due, for a while, unless another worker does. Tells whether there is more. Raises `StoreError`."""
        if not await self._read_due(1):
            return False
        name, hold = f"{LEASE}{self._name}", timedelta(seconds=PASS_S + self._target.timeout_s + MARGIN_S)
        if not await self._leases.acquire([name], hold=hold):
            return False
        try:
            ends = self._clock.monotonic() + PASS_S
            while due := await self._read_due(self._page_size(ends)):
                if self._clock.monotonic() >= ends:
                    return True
                if self._next_start >= ends:
                    return False  # more in a second it does not take
                await self._deliver(due, ends)
            return False
        finally:
            with suppress(StoreError):
                await self._give_back(name)

    async def _give_back(self, name: str) -> None:
        """Give the lease back, at once or when the next webhook may be sent: then another worker does not send it too early."""
        pause_s = self._next_start - self._clock.monotonic()
        if pause_s < SHORT_S:
            await self._leases.release([name])
        else:
            await self._leases.renew([name], hold=timedelta(seconds=pause_s))

    def _page_size(self, ends: float) -> int:
        """Say how many may be sent in what is left of a pass: what is decided on is to be sent soon."""
        left_s = ends - max(self._clock.monotonic(), self._next_start)
        return max(1, min(MAX_PAGE, int(left_s * self._target.max_per_second) + 1))

    def _pause_s(self, *, is_more: bool) -> float:
        """Wait for the next webhook that may be sent."""
        return max(0.0, self._next_start - self._clock.monotonic() + SHORT_S) if is_more else self._every_s

    def _log_mistake(self, error: Exception) -> None:
        log.error("deliveries_failed", target=self._name, error=type(error).__name__)

    async def _read_due(self, limit: int) -> Sequence[WebhookDelivery]:
        now = self._clock.now()
        due = await self._table.read_due(self._name, now, limit)
        lag = max((now - own.next_at for own in due if own.next_at is not None), default=timedelta())
        self._counts.lag_s[self._name] = lag.total_seconds()
        return due

    async def _deliver(self, due: Sequence[WebhookDelivery], ends: float) -> None:
        """Send a page, so many at once. What does not begin before the end of the pass is left to the next one."""
        bodies = await self._admission.admit(due)
        slots = asyncio.Semaphore(self._target.max_in_flight)
        sending = [self._send_in_turn(delivery, bodies, slots, ends) for delivery in due if delivery.id in bodies]
        # What is under way ends, whatever becomes of the others: else it would be sent twice.
        for outcome in await asyncio.gather(*sending, return_exceptions=True):
            if isinstance(outcome, BaseException):
                raise outcome

    async def _send_in_turn(
        self, delivery: WebhookDelivery, bodies: Mapping[str, bytes], slots: asyncio.Semaphore, ends: float
    ) -> None:
        async with slots:
            now = self._clock.monotonic()
            start = max(now, self._next_start)
            if start >= ends:
                return
            self._next_start = start + 1 / self._target.max_per_second
            if start > now:
                await self._clock.sleep(start - now)
            if self._admission.is_withheld(delivery):
                return  # erased since; it is removed next time
            await self._note(delivery, await self._client.send(delivery.id, bodies[delivery.id]))

    async def _note(self, delivery: WebhookDelivery, attempt: Attempt) -> None:
        now = self._clock.now()
        if attempt.failure is None:
            await self._table.note_sent(delivery.id, now)
            self._counts.add(delivery.rule, "sent")
            return
        self._counts.add(delivery.rule, "failed")
        attempts = delivery.attempts + 1
        if attempt.is_gone or attempts >= self._settings.max_attempts:
            await give_up(self._table, self._counts, delivery, attempts, attempt.failure)
            return
        next_at = now + timedelta(seconds=self._backoff_s(attempts, attempt.retry_after_s))
        await self._table.note_failed(delivery.id, next_at, attempt.failure)

    def _backoff_s(self, attempts: int, retry_after_s: float | None) -> float:
        """Say when the next attempt is: not before the target asks for it, unless that is later than a day."""
        own = min(self._settings.retry_s * GROWTH ** (attempts - 1), MAX_BACKOFF_S)
        own *= 1 + JITTER * (2 * self._draw() - 1)
        return min(max(own, retry_after_s or 0.0), MAX_BACKOFF_S)
