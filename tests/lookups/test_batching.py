"""Batching across requests: leave at once while the source is free, gather while it is busy, share what is the same."""

import asyncio
from collections.abc import Sequence
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.errors import SourceTimeoutError, SourceUnavailableError
from gateway.clock import Clock
from gateway.lookups.batching import Batching
from gateway.lookups.deadline import Deadline
from gateway.lookups.loaders import Loaders
from gateway.lookups.outcome import Failed, Found, Outcome
from gateway.lookups.pending_keys import wait_for
from gateway.lookups.resilience import ResilientCaller
from gateway.lookups.source_call import SourceCaller
from gateway.settings import CallSettings
from tests.support import shop
from tests.support.gateway_server import gateway_on

CLOCK = Clock()


class Asked(msgspec.Struct, eq=False):
    """A question that answers when `gate` opens, and remembers the keys of each call."""

    max_batch: int = 100
    cache_policy: None = None
    calls: list[list[str]] = []
    gate: asyncio.Event = msgspec.field(default_factory=asyncio.Event)
    broken: set[int] = set()

    async def call(self, caller: SourceCaller, keys: Sequence[str], deadline: Deadline) -> list[Outcome]:
        number = len(self.calls)
        self.calls.append(list(keys))
        await self.gate.wait()
        stamp = {"source": caller.source, "as_of": CLOCK.now(), "latency_ms": 0.0}
        if number in self.broken:
            return [Failed(error=SourceUnavailableError(), **stamp)] * len(keys)
        return [Found(records=[key, number], **stamp) for key in keys]


def batching(calls: int = 1, spacing_s: float = 0) -> Batching:
    return Batching(
        ResilientCaller(SourceCaller("orders", CLOCK), CallSettings(retries=0), CLOCK, 2.0), calls, spacing_s=spacing_s
    )


def within(seconds: float = 20) -> Deadline:
    return Deadline.within(CLOCK, seconds)


async def turns(number: int = 5) -> None:
    for _ in range(number):
        await asyncio.sleep(0)


def records(outcomes: Sequence[Outcome]) -> list[object]:
    return [outcome.records if isinstance(outcome, Found) else outcome.error for outcome in outcomes]


async def test_a_free_source_is_asked_at_once_and_a_busy_one_once_for_all():
    """The first caller's key leaves alone; those of 31 who come while it is under way leave in one call."""
    source, question = batching(), Asked()
    callers = [asyncio.create_task(source.ask(question, ["c0"], within()))]
    await turns()
    callers += [asyncio.create_task(source.ask(question, [f"c{n}"], within())) for n in range(1, 32)]
    await turns()
    assert question.calls == [["c0"]]
    question.gate.set()
    answers = await asyncio.gather(*callers)
    assert question.calls == [["c0"], [f"c{n}" for n in range(1, 32)]]
    assert [records(answer) for answer in answers] == [[["c0", 0]]] + [[[f"c{n}", 1]] for n in range(1, 32)]


async def test_a_key_on_its_way_is_not_asked_for_again():
    """Callers of the same key share one fetch, also those who come while it is under way; another question does not."""
    source, question, other = batching(calls=2), Asked(), Asked()
    callers = [asyncio.create_task(source.ask(question, ["c1"], within())) for _ in range(3)]
    await turns()
    callers.append(asyncio.create_task(source.ask(question, ["c2", "c1"], within())))
    callers.append(asyncio.create_task(source.ask(other, ["c1"], within())))
    question.gate.set()
    other.gate.set()
    answers = await asyncio.gather(*callers)
    assert question.calls == [["c1"], ["c2"]]
    assert other.calls == [["c1"]]
    assert records(answers[3]) == [["c2", 1], ["c1", 0]]


async def test_a_batch_is_never_larger_than_the_lookup_takes():
    """Seven keys in batches of three are three calls, one after the other at a source that takes one at a time."""
    source, question = batching(), Asked(max_batch=3)
    question.gate.set()
    keys = [f"c{n}" for n in range(7)]
    assert records(await source.ask(question, keys, within())) == [[key, n // 3] for n, key in enumerate(keys)]
    assert [len(call) for call in question.calls] == [3, 3, 1]


async def test_keys_gather_for_a_moment_behind_a_call_of_their_question():
    """With slots free: keys that fill a call leave at once, others when the call before lands, or the moment is over."""
    source, question = batching(calls=4, spacing_s=60), Asked(max_batch=2)
    callers = [asyncio.create_task(source.ask(question, [key], within())) for key in ("c0",)]
    await turns()
    callers += [asyncio.create_task(source.ask(question, [key], within())) for key in ("c1", "c2")]
    await turns()
    callers.append(asyncio.create_task(source.ask(question, ["c3"], within())))
    await turns()
    assert question.calls == [["c0"], ["c1", "c2"]]
    question.gate.set()
    await asyncio.gather(*callers)
    assert question.calls == [["c0"], ["c1", "c2"], ["c3"]]
    question.gate.clear()
    source, question = batching(calls=4, spacing_s=0.01), Asked()
    callers = [asyncio.create_task(source.ask(question, ["c0"], within()))]
    await turns()
    callers.append(asyncio.create_task(source.ask(question, ["c1"], within())))
    while len(question.calls) < 2:
        await asyncio.sleep(0)
    question.gate.set()
    assert [records(answer) for answer in await asyncio.gather(*callers)] == [[["c0", 0]], [["c1", 1]]]


async def test_questions_take_turns():
    """A question with many keys does not keep another one waiting until it is done."""
    source, large, small = batching(), Asked(max_batch=1), Asked()
    order: list[str] = []
    large.gate.set()
    small.gate.set()

    async def asked(name: str, question: Asked, keys: list[str]) -> None:
        await source.ask(question, keys, within())
        order.append(name)

    await asyncio.gather(asked("large", large, ["a", "b", "c", "d"]), asked("small", small, ["a"]))
    assert order == ["small", "large"]


async def test_a_cancelled_caller_takes_nothing_from_the_others():
    """Two wait for one key; one is cancelled, the other gets the answer of the only call."""
    source, question = batching(), Asked()
    leaving, staying = (asyncio.create_task(source.ask(question, ["c1"], within())) for _ in range(2))
    await turns()
    leaving.cancel()
    await asyncio.wait({leaving})
    question.gate.set()
    assert records(await staying) == [["c1", 0]]
    assert leaving.cancelled()
    assert question.calls == [["c1"]]


async def test_a_failed_call_fails_its_own_keys_only():
    """The keys of the first call fail, those that gathered behind it are answered."""
    source, question = batching(), Asked(broken={0})
    first = asyncio.create_task(source.ask(question, ["c1"], within()))
    await turns()
    second = asyncio.create_task(source.ask(question, ["c2"], within()))
    await turns()
    question.gate.set()
    (failure,) = records(await first)
    assert isinstance(failure, SourceUnavailableError)
    assert records(await second) == [["c2", 1]]


async def test_everyone_waits_for_his_own_deadline():
    """A caller in a hurry gets a timeout; one with more time gets the answer of the same call."""
    source, question = batching(), Asked()
    patient = asyncio.create_task(source.ask(question, ["c1"], within()))
    (hurried,) = records(await source.ask(question, ["c1"], within(0.05)))
    assert isinstance(hurried, SourceTimeoutError)
    question.gate.set()
    assert records(await patient) == [["c1", 0]]
    assert question.calls == [["c1"]]


async def test_a_call_that_has_hung_for_long_is_not_joined():
    """A caller with more than twice the time that the call under way has left makes a call of his own."""
    source, question = batching(calls=2), Asked()
    hurried = asyncio.create_task(source.ask(question, ["c1"], within(5)))
    await turns()
    fresh = asyncio.create_task(source.ask(question, ["c1"], within(20)))
    await turns()
    question.gate.set()
    assert records(await fresh) == [["c1", 1]]
    await hurried
    assert question.calls == [["c1"], ["c1"]]


async def test_a_slot_comes_back_whichever_call_lands_first():
    """Two calls for one key: the later one lands first, then the earlier; both slots can be used again."""
    source, question = batching(calls=2), Asked()
    later = Asked()
    later.gate.set()
    hurried = asyncio.create_task(source.ask(question, ["c1"], within(5)))
    await turns()
    question.gate, hung = asyncio.Event(), question.gate
    question.gate.set()
    assert records(await source.ask(question, ["c1"], within(20))) == [["c1", 1]]
    hung.set()
    await hurried
    question.gate.clear()
    both = [asyncio.create_task(source.ask(question, [key], within(20))) for key in ("c2",)]
    await turns()
    both.append(asyncio.create_task(source.ask(later, ["c3"], within(20))))
    assert records(await both[1]) == [["c3", 0]]
    question.gate.set()
    assert records(await both[0]) == [["c2", 2]]


async def test_closing_answers_those_who_wait():
    """Nobody is left hanging when the worker ends; nothing is left behind."""
    source, question = batching(), Asked()
    waiting = asyncio.create_task(source.ask(question, ["c1"], within()))
    await turns()
    await source.aclose()
    (failure,) = records(await waiting)
    assert isinstance(failure, SourceTimeoutError)


async def test_keys_that_nobody_waits_for_are_not_sent():
    """A key whose caller gave up while the source was busy is not asked for when it is free again."""
    source, question = batching(), Asked()
    first = asyncio.create_task(source.ask(question, ["c1"], within()))
    await turns()
    (late,) = records(await source.ask(question, ["gone"], within(0.02)))
    assert isinstance(late, SourceTimeoutError)
    question.gate.set()
    await first
    await turns()
    assert question.calls == [["c1"]]


@pytest.mark.parametrize("started", [2, 5])
async def test_closing_starts_no_call(started: int):
    """Waiting keys are given up, also when the call before them was only just made."""
    source, question = batching(), Asked()
    flying = asyncio.create_task(source.ask(question, ["c1"], within()))
    await turns(started)
    waiting = asyncio.create_task(source.ask(question, ["c2"], within()))
    await turns(1)
    await source.aclose()
    await turns()
    assert "c2" not in [key for call in question.calls for key in call]
    assert flying.done()
    assert waiting.done()


@pytest.mark.parametrize("max_calls", [1, 4])
async def test_callers_of_a_busy_source_share_its_calls(max_calls: int):
    """64 requests at once, each for one of two customers: at most two calls per slot to any source, every answer its own."""
    sources = shop.sources()
    query = "query ($id: ID!) { customer(by: {id: $id}) { id orders { nodes { id } } } }"
    ids = ["c1", "c2"] * 32
    settings = {name: {"kind": "memory", "max_calls": max_calls} for name in sources}
    async with gateway_on(list(sources.values()), sources=settings) as gateway:
        answers = await asyncio.gather(*(gateway.data(query, {"id": one}) for one in ids))
    assert [answer["customer"]["id"] for answer in answers] == [f"crm:{one}" for one in ids]
    assert [len(answer["customer"]["orders"]["nodes"]) for answer in answers] == [5, 1] * 32
    assert {name: len(source.calls) <= 2 * max_calls for name, source in sources.items()} == dict.fromkeys(sources, True)


KEYS = st.lists(st.sampled_from([f"c{number}" for number in range(8)]), max_size=5)


@given(
    callers=st.lists(st.tuples(KEYS, st.integers(0, 3)), min_size=1, max_size=8),
    most=st.integers(1, 4),
    calls=st.integers(1, 3),
)
async def test_whoever_wants_a_key_gets_its_outcome(callers: list[tuple[list[str], int]], most: int, calls: int):
    """Keys wanted twice, by one caller or several, together and while calls are under way: each is asked for once at a time."""
    source, question = batching(calls), Asked(max_batch=most, calls=[])
    source_loaders = Loaders(within())
    stand_in: Any = msgspec.defstruct("Source", ["name", "batching"])("orders", source)
    waiting = []
    for place, (keys, pause) in enumerate(callers):
        if place % 2:
            waiting.append(asyncio.create_task(source.ask(question, keys, within())))
        else:  # as one request asks, which knows what it has asked for
            waiting.append(asyncio.create_task(wait_for(source_loaders.enqueue(stand_in, question, keys), within())))
        await turns(pause)
    flying = [key for call in question.calls for key in call]
    assert len(flying) == len(set(flying))
    question.gate.set()
    answers = await asyncio.gather(*waiting)
    for (keys, _), answer in zip(callers, answers, strict=True):
        assert [outcome.records[0] for outcome in answer if isinstance(outcome, Found)] == keys
    assert all(len(call) <= most and len(call) == len(set(call)) for call in question.calls)
    await source.aclose()


async def test_the_same_keys_asked_for_again_are_wanted_for_longer():
    """A lookup that others wait for has half of the time; once it is wanted by the whole request, it leaves later than that."""
    source, question = batching(), Asked(calls=[], gate=asyncio.Event())
    loaders = Loaders(within())
    stand_in: Any = msgspec.defstruct("Source", ["name", "batching"])("orders", source)
    flying = asyncio.create_task(source.ask(question, ["first"], within()))
    await turns()
    keys = ["c1", "c2"]
    pending = loaders.enqueue(stand_in, question, keys, Deadline(clock=CLOCK, ends=CLOCK.monotonic()))
    again = loaders.enqueue(stand_in, question, keys)
    assert (again is pending, pending.deadline is loaders.deadline) == (True, True)
    question.gate.set()
    assert records(await wait_for(again, loaders.deadline)) == [["c1", 1], ["c2", 1]]
    await flying
    assert question.calls == [["first"], ["c1", "c2"]]
    await source.aclose()
