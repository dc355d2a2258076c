"""Answers that are kept: as long as the settings say, within their room, as old as they are; failures never."""

from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from connectors import records as r
from connectors.errors import SourceUnavailableError
from connectors.record_fields import Fields, narrow
from gateway.clock import Clock
from gateway.lookups.outcome import Failed, Found
from gateway.lookups.read_cache import ENTRY_BYTES, CachePolicy, ReadCache
from tests.support import shop
from tests.support.gateway_server import gateway_on

QUERY = """query ($id: ID!) { customer(by: {id: $id}) { name orders(first: 2) { totalCount pageInfo { hasNextPage }
    nodes { id placedAt status total { amount currency } items { sku quantity } } } sources { name asOf } } }"""
AS_OF = datetime(2026, 6, 1, tzinfo=UTC)
ORDER = narrow(r.Order, Fields.from_paths("id", "placed_at"))


class HandClock(Clock):
    """Goes on when it is told to."""

    seconds = 0.0

    def monotonic(self) -> float:
        return self.seconds


def found(*ids: str) -> Found:
    orders = [ORDER(id=one, placed_at=AS_OF) for one in ids]
    return Found(records=orders, total=3, has_more=True, dropped=1, source="orders", as_of=AS_OF, latency_ms=12.0)


@pytest.fixture
def sources():
    """By name."""
    return {source.name: source for source in (shop.crm(), shop.orders())}


def kept_for(sources, **ttl_s):
    """Settings that keep these records of every source."""
    return {name: {"kind": "memory", "cache_s": ttl_s} for name in sources}


def calls(sources):
    return {name: len(source.calls) for name, source in sources.items()}


async def test_nothing_is_kept_unless_the_settings_say_so(sources):
    """Two equal requests, one after the other, are two calls to each source."""
    async with gateway_on(list(sources.values())) as gateway:
        one, other = [await gateway.data(QUERY, {"id": "c1"}) for _ in range(2)]
    assert one["customer"]["orders"] == other["customer"]["orders"]
    assert calls(sources) == {"crm": 2, "orders": 2}


async def test_a_kept_answer_is_the_same_and_says_how_old_it_is(sources):
    """Orders are kept, customers are not: the second request asks the CRM alone, and `asOf` of the orders has not moved."""
    async with gateway_on(list(sources.values()), sources=kept_for(sources, order=60)) as gateway:
        one, other = [await gateway.data(QUERY, {"id": "c1"}) for _ in range(2)]
        await gateway.data(QUERY, {"id": "c2"})
    assert one["customer"]["orders"] == other["customer"]["orders"]
    assert calls(sources) == {"crm": 3, "orders": 2}
    stamps = [{source["name"]: source["asOf"] for source in answer["customer"]["sources"]} for answer in (one, other)]
    assert stamps[0]["orders"] == stamps[1]["orders"]
    assert stamps[0]["crm"] < stamps[1]["crm"]


async def test_that_there_is_none_is_kept(sources):
    """A customer that nobody has is asked for once."""
    async with gateway_on(list(sources.values()), sources=kept_for(sources, customer=60, order=60)) as gateway:
        answers = [await gateway.data(QUERY, {"id": "nobody"}) for _ in range(3)]
    assert answers == [{"customer": None}] * 3
    assert calls(sources) == {"crm": 1, "orders": 1}


async def test_a_failure_is_not_kept(sources):
    """The source is asked again, and answers."""
    sources["orders"].failure = SourceUnavailableError()
    async with gateway_on(list(sources.values()), sources=kept_for(sources, order=60)) as gateway:
        failed = await gateway.ask(QUERY, {"id": "c1"})
        sources["orders"].failure = None
        data = await gateway.data(QUERY, {"id": "c1"})
    assert failed["data"]["customer"]["orders"] is None
    assert data["customer"]["orders"]["totalCount"] == 5


def test_an_answer_goes_when_its_time_is_up():
    """A moment before it is there as it was put in, but for the call that it did not take; then it is not."""
    clock = HandClock()
    cache = ReadCache(clock, 10_000)
    cache.add("question", "c1", found("o1", "o2"), CachePolicy(5))
    clock.seconds = 4.9
    kept = cache.get("question", "c1")
    without_call = {"latency_ms": 0.0, "attempts": 0, "from_cache": True, "age_ms": 4900}
    assert kept.as_outcome(AS_OF + timedelta(seconds=4.9)) == msgspec.structs.replace(found("o1", "o2"), **without_call)
    assert cache.get("question", "c2") is cache.get("other", "c1") is None
    clock.seconds = 5
    assert cache.get("question", "c1") is None
    assert cache.size_bytes == 0


def test_what_was_not_wanted_for_longest_makes_room():
    """Room for two: the one that was read stays, the other goes; one that is larger than all the room is not kept."""
    clock = HandClock()
    room = ReadCache(clock, 0)
    room.add("question", "c0", found(), CachePolicy(60))
    assert room.size_bytes == 0
    cache = ReadCache(clock, 2 * (ENTRY_BYTES + 60))
    for key in ("c1", "c2"):
        cache.add("question", key, found("o1"), CachePolicy(60))
    assert cache.get("question", "c1") is not None
    cache.add("question", "c3", found("o1"), CachePolicy(60))
    assert [cache.get("question", key) is not None for key in ("c1", "c2", "c3")] == [True, False, True]
    cache.add("question", "c1", found(*map(str, range(200))), CachePolicy(60))
    assert cache.get("question", "c1") is None
    assert cache.get("question", "c3") is not None


def test_a_failed_outcome_is_not_kept():
    """Nothing takes room."""
    cache = ReadCache(HandClock(), 10_000)
    failed = Failed(error=SourceUnavailableError(), source="orders", as_of=AS_OF, latency_ms=1.0)
    cache.add("question", "c1", failed, CachePolicy(60))
    assert cache.size_bytes == 0


async def test_a_record_that_is_none_cannot_be_kept(sources):
    """The setting names the record, and those that there are."""
    with pytest.raises(Exception, match="'invoice' is no record; known: customer, order, ticket, event"):
        async with gateway_on(list(sources.values()), sources=kept_for(sources, invoice=60)):
            pass
