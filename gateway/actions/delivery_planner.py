"""Find the rules that a change meets, and store a delivery for each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from gateway.actions.delivery_counts import DeliveryCounts
from gateway.actions.webhook_delivery import DeliveryTable, LeftOut, WebhookDelivery, new_delivery
from gateway.changes.tag_change import TagChanged
from gateway.clock import Clock
from gateway.tags.action_rules import ActionRule


class DeliveryPlanner:
    """Takes changes from the outbox. A change that comes again finds its deliveries there."""

    def __init__(self, rules: Iterable[ActionRule], table: DeliveryTable, clock: Clock, counts: DeliveryCounts) -> None:
        self._rules: dict[str, list[ActionRule]] = {}
        for rule in rules:
            self._rules.setdefault(rule.trigger.key, []).append(rule)
        self._table = table
        self._clock = clock
        self._counts = counts

    async def take_changes(self, changes: Sequence[TagChanged]) -> None:
        """Store the deliveries of changes. Raises `StoreError`."""
        now = self._clock.now()
        deliveries: list[WebhookDelivery] = []
        left_out: Counter[tuple[str, LeftOut]] = Counter()
        for change in changes:
            for rule in self._rules.get(change.key, ()):
                if not rule.trigger.is_met(change.key, change.before, change.value):
                    continue
                if change.cause not in rule.causes:
                    left_out[rule.name, LeftOut.CAUSE] += 1
                elif self._table.is_withheld(change.customer):
                    left_out[rule.name, LeftOut.ERASED] += 1
                else:
                    deliveries.append(new_delivery(change, rule.name, rule.target, now))
        await self._table.add(deliveries)
        await self._table.count_left_out(left_out)
        for (rule_name, reason), count in left_out.items():
            self._counts.add(rule_name, reason.value, count)
