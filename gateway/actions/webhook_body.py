"""Write what a target is told of a change, as JSON."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

import msgspec

from gateway.actions.webhook_delivery import WebhookDelivery
from gateway.tags.action_rules import ActionRule
from gateway.tags.computed_tag import FactValue, Tag
from gateway.tags.definitions import TagDefinition
from gateway.tags.segment_keys import SEGMENT_PREFIX


class WebhookFact(msgspec.Struct, frozen=True):
    """A fact of the rule as it was when the value changed."""

    name: str
    label: str
    value: Any


class ToldWhy(msgspec.Struct, frozen=True):
    """Why a customer has the value. `evidence` has the facts that the target may know; None where they are others by now."""

    cause: str
    words: str
    evidence: list[WebhookFact] | None


class ToldCustomer(msgspec.Struct, frozen=True):
    """The customer. `id` is one to ask the gateway by."""

    id: str


class ToldChange(msgspec.Struct, frozen=True, rename={"before": "from", "after": "to"}):
    """What changed. `tag` or `segment` is None: it is one of them."""

    rule: str
    customer: ToldCustomer
    tag: str | None
    segment: str | None
    before: str | None
    after: str | None
    at: datetime
    why: ToldWhy


class WebhookBody(msgspec.Struct, frozen=True):
    """The form that Standard Webhooks recommend: the type, the time of what it is about, and the data."""

    type: str
    timestamp: datetime
    data: ToldChange


_encoder = msgspec.json.Encoder()


def write_body(
    delivery: WebhookDelivery,
    rule: ActionRule,
    customer: str,
    definition: TagDefinition,
    tag: Tag | None,
    shown: Collection[str],
) -> bytes:
    """Write a body. `customer` is the id to ask by, `tag` the stored one, `shown` are the facts that the target may be told."""
    is_segment = delivery.key.startswith(SEGMENT_PREFIX)
    change = ToldChange(
        rule=rule.name,
        customer=ToldCustomer(customer),
        tag=None if is_segment else delivery.key,
        segment=delivery.key.removeprefix(SEGMENT_PREFIX) if is_segment else None,
        before=delivery.before,
        after=delivery.value,
        at=delivery.at,
        why=ToldWhy(delivery.cause, definition.words, _evidence(delivery, tag, shown)),
    )
    type_ = "segment.changed" if is_segment else "tag.changed"
    return _encoder.encode(WebhookBody(type_, delivery.at, change))


def _evidence(delivery: WebhookDelivery, tag: Tag | None, shown: Collection[str]) -> list[WebhookFact] | None:
    """Give the facts of the change. A tag that was computed again since has others."""
    if tag is None or tag.value != delivery.value or not _is_same_time(tag.computed_at, delivery.at):
        return None
    facts: list[FactValue] = tag.evidence
    return [WebhookFact(fact.name, fact.label, fact.value) for fact in facts if fact.name in shown]


def _is_same_time(time: datetime, stored: datetime) -> bool:
    """Compare a time with one that MongoDB has stored, in whole milliseconds."""
    return time.replace(microsecond=time.microsecond // 1_000 * 1_000) == stored
