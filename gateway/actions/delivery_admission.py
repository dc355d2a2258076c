"""Decide on deliveries before each attempt, and write what is sent."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta

import msgspec
import structlog

from connectors.contract import KeyKind
from connectors.record_fields import Fields
from gateway.actions.dead_delivery import give_up
from gateway.actions.delivery_counts import DeliveryCounts
from gateway.actions.eligibility import Eligibility, Verdict
from gateway.actions.webhook_body import write_body
from gateway.actions.webhook_delivery import DeliveryTable, LeftOut, WebhookDelivery
from gateway.clock import Clock
from gateway.errors import CallerError, ErasedError, SourceFailure, StoreError
from gateway.stitching.customer import StitchedCustomer
from gateway.stitching.merged_customer import INCOMPLETE, SET_SEPARATOR
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

CONSENT_UNKNOWN, UNDECIDED = "consent_unknown", "undecided"
"""Why a delivery is dead that waited for so long."""

log = structlog.get_logger()

SELECTION = Selection(fields=Fields.from_paths("id") | CONSENT_FIELDS, members=True)


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
        erased = [own for own in deliveries if self.is_withheld(own)]
        if erased:
            await self._table.remove([own.id for own in erased])
            await self._table.count_left_out(Counter((own.rule, LeftOut.ERASED) for own in erased))
        known = [own for own in deliveries if own not in erased]
        bodies: dict[str, bytes] = {}
        if known:
            stitcher = self._new_stitcher()
            customers = await asyncio.gather(*(_find_customer(stitcher, own.customer) for own in known))
            for delivery, customer in zip(known, customers, strict=True):
                body = await self._decide_or_postpone(delivery, customer)
                if body is not None:
                    bodies[delivery.id] = body
        return bodies

    def is_withheld(self, delivery: WebhookDelivery) -> bool:
        """Tell whether nothing may be told of the customer, by any of his records."""
        return any(map(self._table.is_withheld, {delivery.customer, *delivery.records}))

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
            await self._wait(delivery, self._clock.now(), UNDECIDED)
            return None

    async def _decide(self, delivery: WebhookDelivery, customer: StitchedCustomer | _Unknown | None) -> bytes | None:
        """Decide on one delivery. One after the other, so that a cap counts those before."""
        now = self._clock.now()
        rule = self._pack.actions.get(delivery.rule)
        definition = self._pack.tags.get(delivery.key)
        if rule is None or definition is None or rule.target != delivery.target:
            if _waited(delivery, now) < FOREIGN_FOR:
                await self._table.postpone([delivery.id], now + WAIT, now)
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
        if delivery.body is not None:  # the same at each attempt
            return delivery.body
        stored = (await self._tags.read([delivery.customer], [delivery.key])).get(delivery.customer, NOTHING)
        shown = self._shown.get(delivery.target, frozenset())
        body = write_body(delivery, rule, customer.current_id, definition, stored.get(delivery.key), shown)
        is_there = await self._table.admit(delivery.id, body, decision.records, decision.group, now)
        return body if is_there else None

    async def _wait(self, delivery: WebhookDelivery, now: datetime, failure: str = CONSENT_UNKNOWN) -> None:
        """Look again later. Nothing is sent while it is not known whether it may be."""
        if _waited(delivery, now) < MAX_WAIT:
            await self._table.postpone([delivery.id], now + WAIT, now)
        else:
            await give_up(self._table, self._counts, delivery, delivery.attempts, failure)

    async def _leave_out(self, delivery: WebhookDelivery, decision: Verdict, now: datetime) -> None:
        assert decision.reason is not None
        await self._table.leave_out(delivery.id, decision.reason, decision.records, decision.group, now)
        self._counts.add(delivery.rule, decision.reason.value)


def _waited(delivery: WebhookDelivery, now: datetime) -> timedelta:
    return timedelta() if delivery.waits_since is None else now - delivery.waits_since


async def _find_customer(stitcher: Stitcher, set_id: str) -> StitchedCustomer | _Unknown | None:
    """Find the customer who has the records now, or those that are left of them.

    None where nobody has, or several customers have since records were cut, or he is erased.
    """
    try:
        if stitcher.has_several_sources:
            records = set_id.split(SET_SEPARATOR)
            found = await asyncio.gather(*(stitcher.customer_of(own, SELECTION) for own in records))
        else:
            found = [await stitcher.customer(KeyKind.CUSTOMER_ID, set_id, SELECTION)]
        customers = {own.tagged.id: own for own in found if own is not None}
        if len(customers) != 1:
            return UNKNOWN if any(INCOMPLETE in own.split(SET_SEPARATOR) for own in customers) else None
        (customer,) = customers.values()
        if stitcher.rule is not None and stitcher.rule.erased is not None:
            stitcher.rule.erased.refuse(customer)
    except ErasedError:
        return None
    except (CallerError, SourceFailure):
        return UNKNOWN
    except Exception as error:  # noqa: BLE001  the others are decided without it
        log.error("identity_failed", error=type(error).__name__)
        return UNKNOWN
    return customer
