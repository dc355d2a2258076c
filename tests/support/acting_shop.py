"""A shop with actions: its file of tags, its settings, and changes of its customers."""

import time
from collections.abc import Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

from connectors import records as r
from connectors.contract import KeyKind
from connectors.testing import MemoryConnector
from gateway.services import Services
from gateway.tags.computed_tag import ComputedTag, FactValue, RuleUsed
from tests.support.fixtures_mongodb import HandClock
from tests.support.webhook_receiver import SECRET


class SendingClock(HandClock):
    """Moved by hand, but for signatures, whose time receivers compare with their own."""

    def timestamp(self) -> float:
        return time.time()


TAGS = """\
facts:
  tickets:
    label: Tickets ever
    record: ticket
    measure: count
  spend:
    label: Spend ever
    record: order
    measure: sum
    field: total
    currency: EUR
tags:
  tier:
    label: Tier
    description: How much a customer spends.
    owner: crm-team
    category: VALUE
    ttl: 6h
    version: 1
    words: By spend and tickets.
    values: [LOW, HIGH]
    expression: "spend > 100.0 || tickets > 3 ? 'HIGH' : 'LOW'"
"""
ACTION = """\
  welcome:
    when: {tag: tier, from: LOW, to: HIGH}
    target: shop
    purpose: marketing
    channel: email
    owner: crm-team
    description: Greets those who buy more.
"""

YES = [r.Consent(channel=r.Channel.EMAIL, purpose="marketing", state=r.ConsentState.GRANTED)]
NO = [r.Consent(channel=r.Channel.EMAIL, purpose="marketing", state=r.ConsentState.WITHDRAWN)]


def tags_file(folder: Path, actions: str = ACTION) -> Path:
    """A file of tags with actions."""
    path = folder / "tags.yaml"
    path.write_text(f"{TAGS}actions:\n{actions}", "utf-8")
    return path


def people(**consents: Sequence[r.Consent]) -> list[MemoryConnector]:
    """A CRM with the consents of customers, and orders."""
    found = {name: [r.Customer(id=name, consents=[*own])] for name, own in consents.items()}
    return [
        MemoryConnector("crm", {(r.Customer, KeyKind.CUSTOMER_ID): found}),
        MemoryConnector("orders", {(r.Order, KeyKind.CUSTOMER_ID): {}}),
    ]


def acting_words(url: str, file: Path, mongodb: Mapping[str, Any], **target: Any) -> dict[str, Any]:
    """Settings of a gateway that tells one target."""
    own = {"url": url, "secret": SECRET, "max_per_second": 1_000, "timeout_s": 0.5, **target}
    return {
        "mongodb": mongodb,
        "tags": {"file": file, "schedule_s": 0},
        "actions": {"targets": {"shop": own}, "retry_s": 1.0},
        "purposes": {"marketing": {"basis": "consent"}},
        "callers": {"console": {}, "hook": {"sees": {"identifying": "shown", "behavioural": "shown"}}},
        "access": {"anonymous": "console"},
    }


def tier(clock: HandClock, value: str | None, *, rule: str = "f1", partial: bool = False) -> ComputedTag:
    """The tag, computed now."""
    return ComputedTag(
        key="tier",
        value=value,
        fingerprint=rule,
        computed_at=clock.now(),
        expires_at=clock.now() + timedelta(hours=6),
        partial=partial,
        rule=RuleUsed(version=1, expression="", words="By spend and tickets."),
        evidence=[FactValue(name="tickets", label="Tickets ever", value=4), FactValue(name="spend", label="Spend", value=9.5)],
    )


async def change(services: Services, clock: HandClock, *customers: str, **words: Any) -> None:
    """Have customers become HIGH who were LOW."""
    assert services.store is not None
    await services.store.tags.write([(name, tier(clock, "LOW")) for name in customers])
    clock.advance(timedelta(seconds=1))
    await services.store.tags.write([(name, tier(clock, "HIGH", **words)) for name in customers])


async def deliver(services: Services, target: str = "shop") -> None:
    """Have all changes leave that wait, and send what is due."""
    assert services.changes is not None
    assert services.actions is not None
    while await services.changes.run_pass():
        pass
    while await services.actions.senders[target].run_pass():
        pass


async def states(services: Services, **which: Any) -> list[tuple[str, str, str | None]]:
    """Each delivery: the customer, its state and why."""
    assert services.store is not None
    return sorted(
        (own.customer, own.state.value, own.reason) for own in await services.store.deliveries.read_some(which, 1_000)
    )
