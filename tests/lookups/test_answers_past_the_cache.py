"""`Cache-Control: no-cache`: what sources have now, as often as nobody else pays for it, and what was kept where they fail."""

import asyncio

import pytest

from connectors.errors import SourceUnavailableError
from gateway.clock import Clock
from gateway.http.cache_control import BURST, FLOOR_S, INTERVAL_S, CacheControl
from gateway.http.request_head import Head
from tests.support import shop
from tests.support.gateway_server import PLAINLY, gateway_on

QUERY = '{ customer(by: {id: "c1"}) { name orders { nodes { id } sources { state } } } }'
ANEW = {"cache-control": "no-cache"}
KEPT = {"customer": 600, "order": 600}


class HandClock(Clock):
    """Goes on when it is told to."""

    seconds = 0.0

    def monotonic(self) -> float:
        return self.seconds


@pytest.fixture
def clock():
    return HandClock()


def asking(*headers):
    return Head("POST", headers, b"")


def shown():
    """A gateway that keeps customers and orders for ten minutes, and what it asks."""
    sources = (shop.crm(), shop.orders())
    words = {source.name: {"kind": "memory", "cache_s": KEPT, **PLAINLY} for source in sources}
    return sources, words


async def test_a_request_may_have_what_sources_have_now(clock):
    """Who asks without the header has what is kept; who asks with it has it anew, and all others after him."""
    (crm, orders), words = shown()
    async with gateway_on([crm, orders], with_clock=clock, sources=words) as gateway:
        first = await gateway.data(QUERY)
        clock.seconds = FLOOR_S
        assert await gateway.data(QUERY) == first
        assert (len(crm.calls), len(orders.calls)) == (1, 1)
        orders.records = {lookup: {**held, "c1": held["c1"][:1]} for lookup, held in orders.records.items()}
        anew = await gateway.ask(QUERY, None, **ANEW)
        assert len(anew["data"]["customer"]["orders"]["nodes"]) == 1
        assert (len(crm.calls), len(orders.calls)) == (2, 2)
        assert await gateway.data(QUERY) == anew["data"]
        assert (len(crm.calls), len(orders.calls)) == (2, 2)


async def test_nobody_has_a_source_asked_over_and_over(clock):
    """What was asked within the floor is given from the cache, also to who wants it anew; so are asks at the same moment."""
    (crm, orders), words = shown()
    async with gateway_on([crm, orders], with_clock=clock, sources=words) as gateway:
        await gateway.data(QUERY)
        clock.seconds = FLOOR_S - 0.1
        await gateway.ask(QUERY, None, **ANEW)
        assert (len(crm.calls), len(orders.calls)) == (1, 1)
        clock.seconds = FLOOR_S
        await asyncio.gather(*(gateway.ask(QUERY, None, **ANEW) for _ in range(10)))
        assert (len(crm.calls), len(orders.calls)) == (2, 2)


async def test_a_source_that_fails_is_not_asked_more_often(clock):
    """What is kept is given within the floor, whatever came of the call before."""
    (crm, orders), words = shown()
    async with gateway_on([crm, orders], with_clock=clock, sources=words) as gateway:
        await gateway.data(QUERY)
        clock.seconds = FLOOR_S
        orders.failure = SourceUnavailableError()
        for _ in range(10):
            await gateway.ask(QUERY, None, **ANEW)
        assert len(orders.calls) == 2


async def test_what_is_kept_stands_in_for_a_source_that_fails(clock):
    """It is called stale, because it was wanted anew; for others it is as fresh as it was."""
    (crm, orders), words = shown()
    async with gateway_on([crm, orders], with_clock=clock, sources=words) as gateway:
        first = await gateway.data(QUERY)
        clock.seconds = FLOOR_S
        orders.failure = SourceUnavailableError()
        anew = await gateway.ask(QUERY, None, **ANEW)
        assert anew["data"]["customer"]["orders"]["nodes"] == first["customer"]["orders"]["nodes"]
        assert [source["state"] for source in anew["data"]["customer"]["orders"]["sources"]] == ["STALE"]
        told = await gateway.data(QUERY)
        assert told == first


def test_one_caller_may_ask_so_often(clock):
    """Then its requests are as others are, until it has waited; another caller's are not counted with them."""
    control, head = CacheControl(clock), asking((b"cache-control", b"no-cache"))
    assert [control.max_age_s(head) for _ in range(BURST + 1)] == [FLOOR_S] * BURST + [None]
    other = asking((b"cache-control", b"no-cache"))
    other.caller = type(other.caller)("other")
    assert control.max_age_s(other) == FLOOR_S
    clock.seconds = INTERVAL_S
    assert [control.max_age_s(head) for _ in range(2)] == [FLOOR_S, None]


@pytest.mark.parametrize(
    ("headers", "is_anew"),
    [
        ([(b"cache-control", b"no-cache")], True),
        ([(b"cache-control", b"max-age=60, No-Cache")], True),
        ([(b"cache-control", b"no-cache"), (b"pragma", b"no-cache")], False),
        ([(b"cache-control", b"no-store")], False),
        ([(b"cache-control", b"max-age=0")], False),
        ([(b"cache-control", b"\xff,,=")], False),
        ([], False),
    ],
    ids=str,
)
def test_only_no_cache_says_so(clock, headers, is_anew):
    """Not what browsers add of themselves: `fetch` with `no-store` says `Pragma`, too."""
    assert (CacheControl(clock).max_age_s(asking(*headers)) is not None) == is_anew
