"""Define a delivery: one change that one rule tells its target."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from hashlib import sha256
from typing import Protocol

import msgspec

from gateway.changes.tag_change import TagChanged
from gateway.stitching.merged_customer import SET_SEPARATOR


class WebhookState(StrEnum):
    """Where a delivery is. What is `DEAD` is tried no more, what is `LEFT_OUT` was not to be sent."""

    WAITING = "WAITING"
    SENT = "SENT"
    LEFT_OUT = "LEFT_OUT"
    DEAD = "DEAD"


class LeftOut(StrEnum):
    """Why somebody is not told of a change that meets a rule."""

    CAUSE = "cause"
    CONSENT = "consent"
    CAP = "cap"
    HOLDOUT = "holdout"
    GONE = "gone"
    ERASED = "erased"
    RULE = "rule"


class ExperimentGroup(StrEnum):
    """The part that a customer has in the experiment of a rule."""

    TREATED = "TREATED"
    HOLDOUT = "HOLDOUT"


class WebhookDelivery(msgspec.Struct, frozen=True, kw_only=True):
    """A change for the target of a rule. `id` is the `webhook-id`, the same one at each attempt.

    `records` are those of the customer. `body` is what is sent; None until it is known that he may be told of. `waits_since` is
    from when on it is not known whether it may be sent now.
    """

    id: str
    rule: str
    target: str
    customer: str
    records: Sequence[str]
    key: str
    before: str | None
    value: str | None
    at: datetime
    cause: str
    state: WebhookState = WebhookState.WAITING
    reason: str | None = None
    group: ExperimentGroup | None = None
    attempts: int = 0
    created_at: datetime
    next_at: datetime | None = None
    body: bytes | None = None
    waits_since: datetime | None = None


def delivery_id(change: str, rule: str) -> str:
    """Name the delivery of a change by a rule: 32 hexadecimal digits."""
    return sha256(f"{change}\n{rule}".encode()).hexdigest()[:32]


def new_delivery(change: TagChanged, rule: str, target: str, now: datetime) -> WebhookDelivery:
    """Make the delivery of a change."""
    return WebhookDelivery(
        id=delivery_id(change.id, rule),
        rule=rule,
        target=target,
        customer=change.customer,
        records=change.customer.split(SET_SEPARATOR),
        key=change.key,
        before=change.before,
        value=change.value,
        at=change.at,
        cause=change.cause.value,
        created_at=now,
        next_at=now,
    )


class DeliveryTable(Protocol):
    """The deliveries that are stored. Every method raises `StoreError`, and only that, when the store fails.

    What becomes of a delivery is noted where it is still there and waits.
    """

    def is_withheld(self, customer: str) -> bool:
        """Tell whether nothing may be stored of a customer."""
        ...

    async def add(self, deliveries: Sequence[WebhookDelivery]) -> None:
        """Store deliveries. One that is there stays as it is."""
        ...

    async def count_left_out(self, counts: Mapping[tuple[str, LeftOut], int]) -> None:
        """Count who was left out of whom no delivery is stored, by rule and reason."""
        ...

    async def read_due(self, target: str, now: datetime, limit: int) -> Sequence[WebhookDelivery]:
        """Read deliveries that are due, those first that wait longest."""
        ...

    async def admit(
        self, id_: str, body: bytes, records: Collection[str], group: ExperimentGroup | None, now: datetime
    ) -> bool:
        """Note that a customer may be told of. Gives false where the delivery does not wait any more."""
        ...

    async def leave_out(
        self, id_: str, reason: LeftOut, records: Collection[str], group: ExperimentGroup | None, now: datetime
    ) -> None:
        """Note that a customer is left out."""
        ...

    async def note_sent(self, id_: str, now: datetime) -> None:
        """Note that the target has a delivery."""
        ...

    async def note_failed(self, id_: str, next_at: datetime, failure: str) -> None:
        """Note an attempt in vain, and when the next one is."""
        ...

    async def note_dead(self, id_: str, failure: str) -> None:
        """Note that nobody tries any more."""
        ...

    async def remove(self, ids: Collection[str]) -> None:
        """Delete deliveries."""
        ...

    async def postpone(self, ids: Collection[str], next_at: datetime, now: datetime) -> None:
        """Have deliveries be due at a later moment, without an attempt, and note since when they wait so."""
        ...

    async def end_orphans(self, targets: Collection[str], before: datetime) -> int:
        """Note that those are dead whose target is none of these, and which were due before a moment. Gives their number."""
        ...

    async def count_told(self, rule: str, records: Collection[str], since: datetime) -> int:
        """Count how often a customer was told of, or held out, by a rule since."""
        ...

    async def read_groups(self, rule: str, records: Collection[str]) -> set[ExperimentGroup]:
        """Read the parts that a customer had in the experiment of a rule, by any of his records."""
        ...
