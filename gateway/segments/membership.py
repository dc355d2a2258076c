"""Tell in which segments customers are: by the tags of conditions, and by lists."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from gateway.clock import Clock
from gateway.stitching.customer import StitchedCustomer
from gateway.store.store import Store
from gateway.tags.computed_tag import ComputedTag, RuleUsed, TagReason
from gateway.tags.definitions import CustomerSegment
from gateway.tags.service import Freshness, TagAnswer


async def find_listed(
    store: Store | None, clock: Clock, segments: Sequence[CustomerSegment], customers: Sequence[StitchedCustomer]
) -> list[dict[str, TagAnswer]]:
    """Say of each customer whether it is on lists, by key. Of one that was never uploaded that is unknown.

    Raises `StoreError`.
    """
    if not segments:
        return [{} for _ in customers]
    if store is None:
        return [{own.key: _answer(own, customer, None, clock) for own in segments} for customer in customers]
    lists = await store.segment_lists.read([own.key for own in segments])
    versions = {key: own.version for key, own in lists.items()}
    names = {record.id.node_id for customer in customers for record in customer.members}
    found = await store.segment_lists.find(versions, names)
    return [
        {own.key: _answer(own, customer, _is_listed(own.key, customer, versions, found), clock) for own in segments}
        for customer in customers
    ]


def _is_listed(key: str, customer: StitchedCustomer, versions: Mapping[str, str], found: set[tuple[str, str]]) -> bool | None:
    if key not in versions:
        return None
    return any((key, record.id.node_id) in found for record in customer.members)


def _answer(segment: CustomerSegment, customer: StitchedCustomer, member: bool | None, clock: Clock) -> TagAnswer:
    """Tell of a list as of a tag: it was looked up now."""
    definition, now = segment.definition, clock.now()
    tag = ComputedTag(
        key=segment.tag_key,
        value=None if member is None else "true" if member else "false",
        reason=TagReason.UNKNOWN if member is None else TagReason.RULE,
        fingerprint="",
        computed_at=now,
        expires_at=now,
        rule=RuleUsed(version=1, expression="", words=definition.words),
        evidence=[],
    )
    return TagAnswer(customer=customer.id, definition=definition, tag=tag, freshness=Freshness.FRESH)
