"""An edited rule, an outage of an hour, and what is known again after it start nothing: computed from sources as they are."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from connectors import records as r
from connectors.contract import KeyKind
from connectors.errors import SourceUnavailableError
from connectors.testing import MemoryConnector
from gateway.services import Services
from gateway.settings import MongoSettings
from gateway.stitching.selection import Selection
from tests.support import shop
from tests.support.acting_shop import TAGS, YES, SendingClock, acting_words, deliver, people
from tests.support.fixtures_mongodb import HandClock
from tests.support.tag_shop import services_on
from tests.support.webhook_receiver import Receiver, receiving

pytestmark = pytest.mark.mongodb

HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
ANY = """\
  any:
    when: {tag: tier}
    target: shop
    purpose: marketing
    channel: email
    owner: crm-team
    description: Tells of each change.
"""
NAMES = ["c1", "c2", "c3"]


@pytest.fixture
def clock() -> HandClock:
    return SendingClock()


@pytest.fixture
def mongodb(mongodb_uri: str, mongodb_database: str) -> dict[str, Any]:
    return MongoSettings(uri=mongodb_uri, database=mongodb_database, timeout_ms=20_000).model_dump()


def written(folder: Path, tags: str = TAGS) -> Path:
    path = folder / "tags.yaml"
    tags = tags.replace("ttl: 6h", "ttl: 1m").replace("record: ticket", "record: order")
    path.write_text(f"{tags}actions:\n{ANY}", "utf-8")
    return path


def buyers() -> list[MemoryConnector]:
    """Customers with two orders each."""
    sources = people(**dict.fromkeys(NAMES, YES))
    orders = sources[1].records[r.Order, KeyKind.CUSTOMER_ID]
    for name in NAMES:
        orders[name] = [replace(shop.order(number, name, number), id=f"{name}{number}") for number in (1, 2)]
    return sources


async def renew(services: Services, clock: HandClock) -> None:
    """Have the tags of all computed again, and whatever changed told."""
    clock.advance(2 * MINUTE)
    stitcher, selection = services.stitcher(), Selection(stitches=frozenset({r.Order}))
    for name in NAMES:
        customer = await stitcher.customer_of(name, selection)
        if customer is not None:
            await services.tags.load([(customer.tagged, "tier")])
    await services.tags._tasks.join()
    await deliver(services)


async def values(services: Services) -> set[str | None]:
    assert services.store is not None
    stored = await services.store.tags.read(NAMES, ["tier"])
    return {own["tier"].value for own in stored.values() if "tier" in own}


async def causes(services: Services) -> list[str]:
    assert services.store is not None
    history = await services.store.tags.read_history([(NAMES[0], "tier")])
    return [own.cause.value for own in reversed(history[NAMES[0], "tier"])]


async def buy(sources: list[MemoryConnector], receiver: Receiver, services: Services, clock: HandClock) -> None:
    """The proof that the rule works: who buys for more is told of, at once."""
    orders = sources[1].records[r.Order, KeyKind.CUSTOMER_ID]
    for name in NAMES:
        orders[name] = [*orders[name], replace(shop.order(9, name, 9, "500.00"), id=f"{name}9")]
    await renew(services, clock)
    assert receiver.told() == [(f"crm:{name}", "LOW", "HIGH") for name in NAMES]


async def test_an_edited_rule_tells_nobody(tmp_path: Path, mongodb: dict[str, Any], clock: HandClock):
    """Its next version gives all another value; what changes under it afterwards is told."""
    sources = buyers()
    async with receiving() as receiver:
        words = acting_words(receiver.url, written(tmp_path), mongodb)
        async with services_on(sources, clock=clock, **words) as services:
            await renew(services, clock)
            assert await values(services) == {"LOW"}
        edited = TAGS.replace("version: 1", "version: 2").replace("spend > 100.0", "spend > 1.0")
        words["tags"]["file"] = written(tmp_path, edited)
        async with services_on(sources, clock=clock, **words) as services:
            await renew(services, clock)
            await renew(services, clock)
            assert (await values(services), await causes(services)) == ({"HIGH"}, ["FIRST", "RULE"])
        words["tags"]["file"] = written(tmp_path, TAGS.replace("version: 1", "version: 3"))
        async with services_on(sources, clock=clock, **words) as services:
            await renew(services, clock)
            await renew(services, clock)
            assert (await values(services), await causes(services)) == ({"LOW"}, ["FIRST", "RULE", "RULE"])
            assert receiver.taken == []
            await buy(sources, receiver, services, clock)


@pytest.mark.parametrize("away", [0, 1])
async def test_an_outage_of_an_hour_tells_nobody(tmp_path: Path, mongodb: dict[str, Any], clock: HandClock, away: int):
    """The customers or their orders are not to be had, and then they are again, though tags expire each minute."""
    sources = buyers()
    async with receiving() as receiver:
        words = acting_words(receiver.url, written(tmp_path), mongodb)
        async with services_on(sources, clock=clock, **words) as services:
            await renew(services, clock)
            sources[away].failure = SourceUnavailableError()
            for _ in range(30):
                await renew(services, clock)
            sources[away].failure = None
            for _ in range(3):
                await renew(services, clock)
            assert (await values(services), receiver.taken) == ({"LOW"}, [])
            await buy(sources, receiver, services, clock)
