"""Decide whether a customer may be told of: by consent before each attempt, by cap and holdout before the first one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from hashlib import sha256

import msgspec

from gateway.actions.webhook_delivery import DeliveryTable, ExperimentGroup, LeftOut, WebhookDelivery
from gateway.stitching.customer import StitchedCustomer
from gateway.stitching.merged_customer import INCOMPLETE, SET_SEPARATOR
from gateway.stitching.purpose_rule import PurposeRule
from gateway.tags.action_rules import ActionRule

_PARTS = 1 << 64


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """What was decided of a delivery. Without a `reason` it is sent, unless it has to wait until a consent is known."""

    records: Sequence[str]
    reason: LeftOut | None = None
    group: ExperimentGroup | None = None
    waits: bool = False


class Eligibility:
    """Decides by the rules of the file, and by those of the purposes: None for a purpose that asks for no consent."""

    def __init__(self, purposes: Mapping[str, PurposeRule | None], table: DeliveryTable) -> None:
        self._purposes = purposes
        self._table = table

    async def decide(self, delivery: WebhookDelivery, rule: ActionRule, customer: StitchedCustomer, now: datetime) -> Verdict:
        """Decide on a customer, as he is now. Raises `StoreError`."""
        records = sorted({*delivery.records, *customer.tagged.id.split(SET_SEPARATOR)} - {INCOMPLETE})
        consent = self._consents(rule, customer)
        if consent is not True:
            return Verdict(records=records, reason=None if consent is None else LeftOut.CONSENT, waits=consent is None)
        if delivery.body is not None:  # which the others had allowed
            return Verdict(records=records, group=delivery.group)
        cap = rule.cap
        if cap is not None and await self._table.count_told(rule.name, records, now - cap.per) >= cap.times:
            return Verdict(records=records, reason=LeftOut.CAP)
        group = await self._group(rule, records)
        return Verdict(records=records, reason=LeftOut.HOLDOUT if group is ExperimentGroup.HOLDOUT else None, group=group)

    def _consents(self, rule: ActionRule, customer: StitchedCustomer) -> bool | None:
        """Tell whether a customer consents to the purpose by the channel. None where a source that may know is away."""
        purpose = self._purposes[rule.purpose]
        if purpose is None:
            return True
        if purpose.givers and not (customer.is_whole and purpose.givers.issubset(customer.consulted)):
            return None
        return msgspec.structs.replace(purpose, channels=frozenset([rule.channel])).permits(customer)

    async def _group(self, rule: ActionRule, records: Sequence[str]) -> ExperimentGroup | None:
        """Find the customer's part in the experiment. None where there is none, and for who was several of both parts."""
        if not rule.holdout:
            return None
        groups = await self._table.read_groups(rule.name, records)
        if len(groups) > 1:
            return None
        return next(iter(groups)) if groups else draw_group(rule, records[0])


def draw_group(rule: ActionRule, record: str) -> ExperimentGroup:
    """Draw a customer's part, the same one each time, by a hash of rule and record."""
    drawn = int.from_bytes(sha256(f"{rule.name}\n{record}".encode()).digest()[:8], "big")
    return ExperimentGroup.HOLDOUT if drawn < rule.holdout * _PARTS else ExperimentGroup.TREATED
