"""Give a delivery up that nobody tries any more."""

from __future__ import annotations

import structlog

from gateway.actions.delivery_counts import DeliveryCounts
from gateway.actions.webhook_delivery import DeliveryTable, WebhookDelivery

log = structlog.get_logger()


async def give_up(table: DeliveryTable, counts: DeliveryCounts, delivery: WebhookDelivery, attempts: int, failure: str) -> None:
    """Note that a delivery is dead after so many attempts, count and log it. Raises `StoreError`."""
    await table.note_dead(delivery.id, failure)
    counts.add(delivery.rule, "dead")
    words = {"target": delivery.target, "rule": delivery.rule, "attempts": attempts, "reason": failure}
    log.warning("delivery_dead", id=delivery.id, **words)
