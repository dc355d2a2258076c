"""Decide on deliveries before they are sent first, and write what is sent."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta

import msgspec
import structlog

from connectors.contract import KeyKind
from connectors.record_fields import Fields
from gateway.actions.delivery_counts import DeliveryCounts
from gateway.actions.eligibility import Eligibility, Verdict
from gateway.actions.webhook_body import write_body
from gateway.actions.webhook_delivery import DeliveryTable, LeftOut, WebhookDelivery
from gateway.clock import Clock
from gateway.errors import CallerError, ErasedError, SourceFailure, StoreError
from gateway.stitching.customer import StitchedCustomer
from gateway.stitching.merged_customer import SET_SEPARATOR
from gateway.stitching.purpose_rule import CONSENT_FIELDS
from gateway.stitching.selection import Selection
from gateway.stitching.stitcher import Stitcher
from gateway.tags.definitions import Pack
from gateway.tags.tag_store import NOTHING, TagTable

WAIT = timedelta(minutes=1)
"""When it is looked again at a delivery of which it is not known whether it may be sent."""

MAX_WAIT = timedelta(days=5)
"""For how long that is tried."""

FOREIGN_FOR = timedelta(days=1)
"""For how long a delivery by a rule that this worker does not have is left to others, who may have a newer file."""

log = structlog.get_logger()

SELECTION = Selection(fields=Fields.from_paths("id") | CONSENT_FIELDS)


class _Unknown(msgspec.Struct, frozen=True):
    """Stands for a customer who cannot be told now."""


UNKNOWN = _Unknown()


class DeliveryAdmission:
    """Decides on the deliveries of a page. `shown` says which facts a target may be told."""

    def __init__(
        self,
        pack: Pack,
        table: DeliveryTable,
        tags: TagTable,
        eligibility: Eligibility,
        new_stitcher: Callable[[], Stitcher],
        clock: Clock,
        counts: DeliveryCounts,
        shown: Mapping[str, frozenset[str]],
    ) -> None:
        self._pack = pack
        self._table = table
        self._tags = tags
        self._eligibility = eligibility
        self._new_stitcher = new_stitcher
        self._clock = clock
        self._counts = counts
        self._shown = shown

    async def admit(self, deliveries: Sequence[WebhookDelivery]) -> dict[str, bytes]:
        """Give the bodies of deliveries that are to be sent, by id. The others are left out, or wait. Raises `StoreError`."""
        erased = [own for own in deliveries if self._table.is_withheld(own.customer)]
        if erased:
            await self._table.remove([own.id for own in erased])
            await self._table.count_left_out(Counter((own.rule, LeftOut.ERASED) for own in erased))
        known = [own for own in deliveries if own not in erased]
        bodies = {own.id: own.body for own in known if own.body is not None}
        new = [own for own in known if own.body is None]
        if new:
            stitcher = self._new_stitcher()
            customers = await asyncio.gather(*(_find_customer(stitcher, own.customer) for own in new))
            for delivery, customer in zip(new, customers, strict=True):
                body = await self._decide_or_postpone(delivery, customer)
                if body is not None:
                    bodies[delivery.id] = body
        return bodies

    async def _decide_or_postpone(
        self, delivery: WebhookDelivery, customer: StitchedCustomer | _Unknown | None
    ) -> bytes | None:
        """Decide on one delivery. After a mistake it comes again later: else those behind it would never be sent."""
        try:
            return await self._decide(delivery, customer)
        except StoreError:
            raise
        except Exception as error:  # noqa: BLE001  as above
            log.error("deliveries_failed", target=delivery.target, error=type(error).__name__)
            await self._table.postpone([delivery.id], self._clock.now() + WAIT)
            return None

    async def _decide(self, delivery: WebhookDelivery, customer: StitchedCustomer | _Unknown | None) -> bytes | None:
        """Decide on one delivery. One after the other, so that a cap counts those before."""
        now = self._clock.now()
        rule = self._pack.actions.get(delivery.rule)
        definition = self._pack.tags.get(delivery.key)
        if rule is None or definition is None or rule.target != delivery.target:
            if now - delivery.created_at < FOREIGN_FOR:
                await self._table.postpone([delivery.id], now + WAIT)
            else:
                await self._leave_out(delivery, Verdict(records=delivery.records, reason=LeftOut.RULE), now)
            return None
        if customer is None:
            await self._leave_out(delivery, Verdict(records=delivery.records, reason=LeftOut.GONE), now)
            return None
        if isinstance(customer, _Unknown):
            await self._wait(delivery, now)
            return None
        decision = await self._eligibility.decide(delivery, rule, customer, now)
        if decision.waits:
            await self._wait(delivery, now)
            return None
        if decision.reason is not None:
            await self._leave_out(delivery, decision, now)
            return None
        stored = (await self._tags.read([delivery.customer], [delivery.key])).get(delivery.customer, NOTHING)
        shown = self._shown.get(delivery.target, frozenset())
        body = write_body(delivery, rule, customer.current_id, definition, stored.get(delivery.key), shown)
        is_there = await self._table.admit(delivery.id, body, decision.records, decision.group, now)
        return body if is_there else None

    async def _wait(self, delivery: WebhookDelivery, now: datetime) -> None:
        """Look again later. Nothing is sent while it is not known whether it may be."""
        if now - delivery.created_at < MAX_WAIT:
            await self._table.postpone([delivery.id], now + WAIT)
        else:
            await self._table.note_dead(delivery.id, "consent_unknown")
            self._counts.add(delivery.rule, "dead")

    async def _leave_out(self, delivery: WebhookDelivery, decision: Verdict, now: datetime) -> None:
        assert decision.reason is not None
        await self._table.leave_out(delivery.id, decision.reason, decision.records, decision.group, now)
        self._counts.add(delivery.rule, decision.reason.value)


async def _find_customer(stitcher: Stitcher, set_id: str) -> StitchedCustomer | _Unknown | None:
    """Find the customer who has the records now, or some of them. None where nobody has, or he is erased."""
    try:
        if stitcher.has_several_sources:
            customer = await stitcher.customer_of(set_id.partition(SET_SEPARATOR)[0], SELECTION)
        else:
            customer = await stitcher.customer(KeyKind.CUSTOMER_ID, set_id, SELECTION)
        if customer is not None and stitcher.rule is not None and stitcher.rule.erased is not None:
            stitcher.rule.erased.refuse(customer)
    except ErasedError:
        return None
    except (CallerError, SourceFailure):
        return UNKNOWN
    except Exception as error:  # noqa: BLE001  the others are decided without it
        log.error("identity_failed", error=type(error).__name__)
        return UNKNOWN
    return customer
