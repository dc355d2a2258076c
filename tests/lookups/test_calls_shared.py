"""Nothing that one caller chooses, and nothing that a call raises, costs the others at a source."""

import asyncio
from itertools import pairwise

import pytest
from aiohttp import web
from structlog.testing import capture_logs

from connectors import records as r
from connectors.contract import Ask, KeyKind, Lookup, Push
from connectors.errors import GatewayBusyError, SourceThrottledError, SourceUnavailableError
from connectors.http import HttpConnector, HttpSettings
from connectors.record_fields import Fields
from connectors.testing import MemoryConnector
from gateway.clock import Clock
from gateway.lookups.batching import Batching
from gateway.lookups.circuit_breaker import SourceHealth
from gateway.lookups.deadline import Deadline
from gateway.lookups.fetches import RecordFetch
from gateway.lookups.outcome import Failed, Found
from gateway.lookups.rate_limiter import HELD_S, RateLimiter
from gateway.lookups.resilience import ResilientCaller
from gateway.lookups.source_call import MAX_LAG_S, SourceCaller
from gateway.settings import BreakerSettings, CallSettings
from tests.support import shop
from tests.support.clocks import DEADLINE_S, HURRIED, LoopClock, SteppedClock, ended_in_no_time, held_time
from tests.support.gateway_server import gateway_on
from tests.support.http_source import serving
from tests.support.scripted_source import AWAY, Hanging, Scripted, calls_of, put

pytestmark = pytest.mark.cases
ORDERS = "query($id: ID!) { customer(by: {id: $id}) { orders { nodes { id } } } }"


class Raising(Scripted):
    """Raises what the script says in place of a call."""

    async def call(self, caller, keys, deadline):
        if self.script and isinstance(self.script[0], BaseException) and not hasattr(self.script[0], "code"):
            self.calls.append(list(keys))
            raise self.script.pop(0)
        return await super().call(caller, keys, deadline)


async def test_hurried_callers_do_not_open_the_breaker():
    """30 callers at a source that takes longer than they have: their calls end as they would have, and others are answered."""
    gate = asyncio.Event()

    class Slow(MemoryConnector):
        async def _receive(self, call):
            await gate.wait()
            await super()._receive(call)

    orders = Slow("orders", {(r.Order, KeyKind.CUSTOMER_ID): {"c1": [shop.order(1, "c1", 1)]}}, max_batch=1)
    called = {"retries": 0, "max_calls": 40, "breaker": {"min_calls": 1, "failure_rate": 0.1}}
    ids = ["c1", *(f"n{number}" for number in range(30))]
    crm = MemoryConnector("crm", {(r.Customer, KeyKind.CUSTOMER_ID): {key: [r.Customer(id=key)] for key in ids}})
    async with gateway_on([crm, orders], called=called, deadline_ms=60_000, with_clock=LoopClock()) as gateway:
        with held_time() as held:
            asking = asyncio.gather(*(gateway.ask(ORDERS, {"id": key}, **HURRIED) for key in ids[1:]))
            await held.flow(1.2 * DEADLINE_S)
            answers = await ended_in_no_time(asking)
        assert all(answer["data"] == {"customer": {"orders": None}} for answer in answers)
        gate.set()
        assert await gateway.data(ORDERS, {"id": "c1"}) == {"customer": {"orders": {"nodes": [{"id": "orders:oc11"}]}}}


@pytest.mark.parametrize("raised", [ValueError("x"), RecursionError(), ExceptionGroup("g", [ValueError()]), MemoryError()])
async def test_a_probe_that_raises_ends_at_the_breaker(raised):
    """Whatever a call raises is an outcome of its keys, and the source is asked again afterwards."""
    clock = SteppedClock()
    calls = calls_of(clock, retries=0, breaker=BreakerSettings(min_calls=1, pause_s=5))
    with capture_logs():
        await put(calls, Scripted(clock, [AWAY]))
        clock.passed_s += 6
        outcomes = await put(calls, Raising(clock, [raised]))
    assert [outcome.error.code for outcome in outcomes] == ["SOURCE_PROTOCOL"] * 2
    assert calls.breaker.health is not SourceHealth.PROBING
    outcomes = await put(calls, Scripted(clock))
    assert [type(outcome) for outcome in outcomes] == [Found, Found]


async def test_who_waits_behind_a_second_probe_is_refused_as_behind_the_first():
    """The first one told nothing, for the gateway was busy. Behind the second, who waited kept the loop looking for him."""
    clock = SteppedClock()
    calls = calls_of(clock, retries=0)
    source = Batching(calls, 4, spacing_s=0)
    for _ in range(10):
        calls.leave()
        calls.breaker.call_ended(failed=True)
    clock.passed_s += 5
    other, event = Scripted(clock), asyncio.Event()
    for probe in (Scripted(clock, [GatewayBusyError()]), Hanging(clock, [event])):
        asked = [source.ask(question, ["a"], Deadline.within(clock, 2)) for question in (probe, other)]
        (refused,) = await asked[1]
        assert (refused.error.code, refused.attempts) == ("SOURCE_UNAVAILABLE", 0)
        event.set()
        await asked[0]
    assert other.calls == []


async def test_a_hedge_that_never_begins_does_not_count_as_a_probe():
    """A call that is cancelled before it runs has not left."""
    clock = SteppedClock()
    calls = calls_of(clock, hedge=True)
    second = asyncio.ensure_future(calls._second(Scripted(clock), ["a"], Deadline.within(clock, 2)))
    second.cancel()
    await asyncio.gather(second, return_exceptions=True)
    assert calls.breaker.health is SourceHealth.USABLE
    assert calls.wait_s() == 0


async def test_retries_keep_the_rate():
    """Eight calls that were throttled for the same time come back one in a tenth of a second, as ten a second allow."""
    left: list[float] = []

    class Turns(SteppedClock):
        """All who sleep wake in the order of their times, one after the other."""

        def __init__(self) -> None:
            super().__init__()
            self.sleeping: list[tuple[float, asyncio.Future[None]]] = []

        async def sleep(self, seconds: float) -> None:
            waking = asyncio.get_running_loop().create_future()
            self.sleeping.append((self.passed_s + seconds, waking))
            await waking

    clock = Turns()
    calls = calls_of(clock, calls_per_s=10, retries=1)

    class Noting(Scripted):
        async def call(self, caller, keys, deadline):
            left.append(clock.passed_s)
            return await super().call(caller, keys, deadline)

    question = Noting(clock, [SourceThrottledError(retry_after_s=0.5)] * 8)
    asking = [asyncio.create_task(put(calls, question, [f"k{n}"], seconds=60)) for n in range(8)]
    while not all(one.done() for one in asking):
        for _ in range(10):
            await asyncio.sleep(0)
        if clock.sleeping:
            clock.sleeping.sort(key=lambda one: one[0])
            time_s, waking = clock.sleeping.pop(0)
            clock.passed_s = max(clock.passed_s, time_s)
            waking.set_result(None)
    again = sorted(left)[8:]
    assert len(again) == 8
    assert all(later - earlier >= 0.1 - 1e-9 for earlier, later in pairwise(again))


@pytest.mark.parametrize("seconds", [float("nan"), None])
def test_a_hold_of_no_length_is_the_usual_one(seconds):
    """And it does not spoil the next one."""
    clock = SteppedClock()
    pace = RateLimiter(clock, None)
    pace.pause(seconds)
    assert pace.wait_s() == pytest.approx(HELD_S)
    pace.pause(30.0)
    assert pace.wait_s() == pytest.approx(30.0)


@pytest.mark.parametrize(("given", "held"), [(float("inf"), 60.0), (float("-inf"), 0.0), (-1.0, 0.0), (1e300, 60.0)])
def test_a_hold_has_bounds(given, held):
    """No source, and nothing that stands in its headers, keeps itself from being asked for more than a minute."""
    pace = RateLimiter(SteppedClock(), None)
    pace.pause(given)
    assert pace.wait_s() == pytest.approx(held)


async def test_lag_of_the_loop_is_not_blamed_on_the_source():
    """What has arrived while the loop was held is read; what had not is GATEWAY_BUSY, and no failure of the source."""
    clock, loop = Clock(), asyncio.get_running_loop()
    calls = ResilientCaller(
        SourceCaller("orders", clock),
        CallSettings(retries=0, breaker=BreakerSettings(min_calls=1, failure_rate=0.1)),
        clock,
        0.05,
    )
    source = Batching(calls, 4, spacing_s=0)
    ready, never = asyncio.Event(), asyncio.Event()

    async def answer(keys, ask):
        await (ready if keys == ["here"] else never).wait()
        return {}

    lookup = Lookup(record=r.Order, by=KeyKind.CUSTOMER_ID, fetch=answer, max_batch=1, pushdown=frozenset(Push))
    question = RecordFetch(lookup, Ask(fields=Fields.from_paths("id")))

    def hold() -> None:
        until = loop.time() + 0.05 + 2 * MAX_LAG_S
        while loop.time() < until:
            pass
        loop.call_soon(ready.set)

    asking = [asyncio.create_task(source.ask(question, [key], Deadline(clock=clock, ends=clock.monotonic() + 0.05)))
              for key in ("here", "nowhere")]  # fmt: skip
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    hold()
    (here,), (nowhere,) = await asyncio.gather(*asking)
    assert isinstance(here, Found)
    assert isinstance(nowhere, Failed)
    assert nowhere.error.code == "GATEWAY_BUSY"
    assert calls.breaker.health is SourceHealth.USABLE
    await source.aclose()


async def test_the_answer_of_a_call_is_of_no_use_to_those_who_come_after_it():
    """While one key of a call is tried again, who asks for one that is answered gets an answer of his own."""
    waiting = asyncio.Event()

    class Waiting(SteppedClock):
        async def sleep(self, seconds):
            await waiting.wait()

    clock = Waiting()
    source = Batching(calls_of(clock), 4, spacing_s=0)
    question = Scripted(clock, [{"b": SourceUnavailableError()}])
    first = asyncio.create_task(source.ask(question, ["a", "b"], Deadline.within(clock, 2)))
    while not question.calls:
        await asyncio.sleep(0)
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    await source.ask(question, ["a"], Deadline.within(clock, 2))
    assert question.calls == [["a", "b"], ["a"]]
    waiting.set()
    await first


async def test_hurried_callers_cost_a_source_no_connections():
    """20 callers, one after the other, give up before the source answers: their calls end by themselves, on one connection."""
    gate, connections, cancelled = asyncio.Event(), set(), []

    async def orders(request: web.Request) -> web.Response:
        connections.add(request.transport)
        try:
            await gate.wait()
        except asyncio.CancelledError:
            cancelled.append(request.path_qs)
            raise
        return web.json_response([])

    async with serving(orders) as base:
        keys = {"customer_id": {"path": "/o?ids={keys}", "key": "customer"}}
        settings = HttpSettings.model_validate({"base_url": base, "records": {"order": {"keys": keys}}})
        called = {"retries": 0, "max_calls": 1}
        connectors = [shop.crm(), HttpConnector("orders", settings)]
        async with gateway_on(connectors, called=called, deadline_ms=60_000, with_clock=LoopClock()) as gateway:
            with held_time() as held:
                for _ in range(20):
                    asking = asyncio.ensure_future(gateway.ask(ORDERS, {"id": "c1"}, **{"x-deadline-ms": "500"}))
                    await held.flow(0.1)  # keys gather for two milliseconds
                    while not connections:
                        await asyncio.sleep(0)
                    await held.flow(0.5)
                    answer = await ended_in_no_time(asking)
                    assert answer["errors"][0]["extensions"]["code"] == "SOURCE_TIMEOUT"
            gate.set()
            assert await gateway.data(ORDERS, {"id": "c1"}) == {"customer": {"orders": {"nodes": []}}}
    assert len(connections) == 1
    assert cancelled == []
