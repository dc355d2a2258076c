"""Customers whose tags time changes, and what tests of the schedule share."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

import msgspec
from msgspec.structs import replace

from connectors import records as r
from connectors.contract import KeyKind
from connectors.testing import MemoryConnector
from gateway.services import Services
from gateway.stitching.selection import Selection
from gateway.store.store import Store
from gateway.tags.computed_tag import ComputedTag, TagHead
from gateway.tags.scheduler import TagScheduler
from tests.support import shop
from tests.support.fixtures_mongodb import HandClock

DAY = timedelta(days=1)
LIFECYCLE = "lifecycle_stage"
CROSSED = 81 * DAY
"""From the tenth day after an order until the ninety-first."""
SOON = {"schedule_s": 0.01, "schedule_per_s": 10_000}
"""Settings of tags that are looked for all the time."""


def buyers(now: datetime, *names: str, **consents: Sequence[r.Consent]) -> list[MemoryConnector]:
    """Customers who bought a year ago and ten days ago, in a CRM and a system of orders."""
    bought = [replace(shop.order(number, "c", 1), placed_at=now - days * DAY) for number, days in ((1, 400), (2, 10))]
    people = {name: [r.Customer(id=name, consents=[*consents.get(name, ())])] for name in names}
    orders = {name: [replace(order, id=f"{name}{order.id}") for order in bought] for name in names}
    return [
        MemoryConnector("crm", {(r.Customer, KeyKind.CUSTOMER_ID): people}),
        MemoryConnector("orders", {(r.Order, KeyKind.CUSTOMER_ID): orders}),
    ]


def scheduler_of(services: Services) -> TagScheduler:
    assert services.tags.scheduler is not None
    return services.tags.scheduler


async def have_tags(services: Services, names: Iterable[str], key: str = LIFECYCLE) -> None:
    """Have a tag computed and stored."""
    stitcher, selection = services.stitcher(), Selection(stitches=frozenset({r.Order}))
    customers = [await stitcher.customer_of(name, selection) for name in names]
    await services.tags.load([(customer.tagged, key) for customer in customers if customer is not None])
    await services.tags._tasks.join()


async def plan(store: Store, changes_at: datetime, *customers: str, key: str = LIFECYCLE) -> None:
    """Say when time changes a stored tag."""
    for customer, tags in (await store.tags.read(customers, [key])).items():
        tag = tags[key]
        head = {name: getattr(tag, name) for name in TagHead.__struct_fields__}
        head |= {"changes_at": changes_at, "computed_at": tag.computed_at + timedelta(milliseconds=1)}
        await store.tags.write([(customer, ComputedTag(**head, rule=tag.rule, evidence=tag.evidence))])


async def have_planned_tags(services: Services, store: Store, clock: HandClock, *names: str) -> None:
    """Have the tag computed and stored of customers, which time changes in 81 days."""
    await have_tags(services, names)
    await plan(store, clock.now() + 81 * DAY, *names)


async def value_of(store: Store, customer: str, key: str = LIFECYCLE) -> str | None:
    """The value that is stored, also one that has expired long ago."""
    value: str | None = msgspec.json.decode((await document(store, customer))["tags"][key])["value"]
    return value


async def document(store: Store, customer: str) -> dict[str, Any]:
    found = await store.mongo.run(lambda database: database.tags.find_one({"_id": customer}))
    return found or {}
