"""Many callers of the same keys: each is told once a call, each goes by his own deadline, and none costs the others."""

import asyncio
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from random import Random
from types import FrameType
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors import records as r
from connectors.contract import KeyKind
from connectors.testing import MemoryConnector
from gateway.clock import Clock
from gateway.lookups.batching import Batching
from gateway.lookups.deadline import Deadline
from gateway.lookups.outcome import Failed, Found, Outcome
from gateway.lookups.pending_keys import PendingKeys
from gateway.lookups.resilience import ResilientCaller
from gateway.lookups.source_call import SourceCaller
from gateway.settings import CallSettings
from tests.support.gateway_server import gateway_on

pytestmark = pytest.mark.cases
CLOCK = Clock()


class Echoing(msgspec.Struct, eq=False):
    """Answers each key with itself, once its `gate` is open."""

    max_batch: int = 100
    cache_policy: None = None
    calls: list[list[str]] = []
    gate: asyncio.Event = msgspec.field(default_factory=asyncio.Event)
    deadlines: list[Deadline] = []

    async def call(self, caller: SourceCaller, keys: Sequence[str], deadline: Deadline) -> list[Outcome]:
        self.calls.append(list(keys))
        self.deadlines.append(deadline)
        await self.gate.wait()
        return [Found(records=[key], source="orders", as_of=CLOCK.now(), latency_ms=0.0) for key in keys]


def batching(calls: int = 4, usual_s: float = 60.0) -> Batching:
    return Batching(ResilientCaller(SourceCaller("orders", CLOCK), CallSettings(retries=0), CLOCK, usual_s), calls, spacing_s=0)


def within(seconds: float = 60) -> Deadline:
    return Deadline.within(CLOCK, seconds)


@contextmanager
def counted(*functions: Callable[..., Any]) -> Iterator[Counter[str]]:
    """How often each of these functions is called meanwhile."""
    codes = {function.__code__: function.__name__ for function in functions}
    counts: Counter[str] = Counter()

    def note(frame: FrameType, event: str, _: Any) -> None:
        if event == "call" and frame.f_code in codes:
            counts[codes[frame.f_code]] += 1

    before = sys.getprofile()
    sys.setprofile(note)
    try:
        yield counts
    finally:
        sys.setprofile(before)


async def told(pages: Sequence[Sequence[str]], max_batch: int) -> tuple[int, int]:
    """Ask for pages while the source is busy; gives how often callers were told, and how many calls they were in."""
    source, question, busy = batching(), Echoing(max_batch=max_batch), Echoing()
    first = [asyncio.create_task(source.ask(busy, [f"busy{number}"], within())) for number in range(4)]
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    with counted(PendingKeys.land) as counts:
        callers = [asyncio.create_task(source.ask(question, page, within())) for page in pages]
        await asyncio.sleep(0)
        busy.gate.set()
        question.gate.set()
        answers = await asyncio.gather(*callers)
    await asyncio.gather(*first)
    assert [[outcome.records[0] for outcome in answer] for answer in answers] == [list(page) for page in pages]
    assert sorted(key for call in question.calls for key in call) == sorted({key for page in pages for key in page})
    calls = [set(call) for call in question.calls]
    return counts["land"], sum(not call.isdisjoint(page) for call in calls for page in pages)


@given(
    pages=st.lists(st.lists(st.integers(0, 30).map(str), min_size=1, max_size=12, unique=True), min_size=1, max_size=40),
    max_batch=st.integers(1, 40),
)
async def test_a_caller_is_told_once_for_each_call_that_carries_his_keys(pages: list[list[str]], max_batch: int):
    """However pages overlap, nobody is told by way of somebody else: as many times as there are pairs of call and caller."""
    times, pairs = await told(pages, max_batch)
    assert times <= pairs + len(pages) * (4 + 1)  # the calls of those who kept the source busy tell four


@pytest.mark.parametrize(
    "pages",
    [
        pytest.param([[f"c{number}", f"c{number + 1}"] for number in range(2_000)], id="chain"),
        pytest.param([[f"c{number + place}" for place in range(3)] for number in range(2_000)], id="chain of three"),
        pytest.param([[f"c{place}" for place in range(50)]] * 2_000, id="the same page"),
        pytest.param([Random(seed).sample([f"c{n}" for n in range(500)], 50) for seed in range(2_000)], id="hot ids"),
    ],
)
async def test_two_thousand_callers_are_all_answered(pages: list[list[str]]):
    """Each is told once for each call that has a key of his: at most as many as he has keys, and as there are calls."""
    times, pairs = await told(pages, 100)
    assert times <= pairs + 4
    assert pairs <= sum(min(len(page), 21) for page in pages)


async def test_pages_that_overlap_leave_the_loop_to_others():
    """24 requests for 50 of 500 hot customers while the source is busy: each caller is told at most once a call."""
    pool = [f"c{number}" for number in range(500)]
    gate, arrived = asyncio.Event(), asyncio.Event()

    class Gated(MemoryConnector):
        async def _receive(self, call):
            arrived.set()
            await gate.wait()
            await super()._receive(call)

    crm = Gated("crm", {(r.Customer, KeyKind.CUSTOMER_ID): {key: [r.Customer(id=key)] for key in pool}})
    random = Random(2)
    pages = [random.sample(pool, 50) for _ in range(24)]
    query = "query($ids: [ID!]!) { customers(ids: $ids) { id } }"
    called = {"max_calls": 1, "retries": 0}
    async with gateway_on([crm], called=called, deadline_ms=60_000) as gateway:
        with counted(PendingKeys.land) as counts:
            busy = [asyncio.create_task(gateway.ask(query, {"ids": ["x"]}))]
            await arrived.wait()
            asking = [asyncio.create_task(gateway.ask(query, {"ids": page})) for page in pages]
            for _ in range(200):
                await asyncio.sleep(0)
            gate.set()
            answers = await asyncio.gather(*asking)
            await asyncio.gather(*busy)
    assert [[one["id"] for one in answer["data"]["customers"]] for answer in answers] == [
        [f"crm:{one}" for one in page] for page in pages
    ]
    assert counts["land"] <= len(pages) * len(crm.calls) + 1


async def test_a_key_is_not_asked_for_callers_who_have_all_gone():
    """A key leaves while one of those who want it still waits, and not when all have gone; who has gone is told."""
    source, question = batching(calls=1), Echoing()
    first = asyncio.create_task(source.ask(question, ["busy"], within()))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    gone, staying, also_gone = within(), within(), within().leading()
    wanted = source.enqueue(question, ["a", "b"], gone)
    source.enqueue(question, ["b"], staying)
    source.enqueue(question, ["c"], also_gone)
    gone.expire()
    also_gone.expire()
    question.gate.set()
    await first
    while len(question.calls) < 2:
        await asyncio.sleep(0)
    assert question.calls == [["busy"], ["b"]]
    assert isinstance(wanted.outcomes["a"], Failed)


async def test_a_call_has_the_usual_time_however_hurried_its_callers_are():
    """It goes on when the caller has given up, and whoever asks next has its answer; a caller with more time gives it more."""
    source, question = batching(usual_s=2.0), Echoing()
    now = CLOCK.monotonic()
    (late,) = await source.ask(question, ["a"], Deadline(clock=CLOCK, ends=now + 0.01))
    assert isinstance(late, Failed)
    assert now + 2.0 <= question.deadlines[0].ends <= CLOCK.monotonic() + 2.0
    next_one = asyncio.create_task(source.ask(question, ["a"], within(2)))
    await asyncio.sleep(0)
    question.gate.set()
    (found,) = await next_one
    assert found.records == ["a"]
    assert question.calls == [["a"]]
    patient = within(30)
    await source.ask(question, ["b"], patient)
    assert question.deadlines[1].ends == patient.ends
