"""A call that is later than nearly all others gets a second one beside it."""

import asyncio

from tests.support.clocks import SteppedClock
from tests.support.scripted_source import Hanging, Scripted, calls_of, put


async def hedged(clock, **settings):
    """Calls to a source whose twenty calls so far took no time at all."""
    calls = calls_of(clock, hedge=True, **settings)
    for _ in range(20):
        await put(calls, Scripted(clock))
    return calls


async def test_a_late_call_gets_a_second_one_whose_answer_counts():
    """The first one is cancelled; the outcome says that it was hedged."""
    clock = SteppedClock()
    calls = await hedged(clock)
    never, at_once = asyncio.Event(), asyncio.Event()
    at_once.set()
    question = Hanging(clock, [never, at_once])
    (outcome,) = await put(calls, question, "a")
    await asyncio.sleep(0)
    assert (outcome.records, outcome.hedged, question.cancelled) == ([1], True, [0])


async def test_the_first_answer_counts_also_when_it_is_the_first_call():
    """The second one is cancelled."""
    clock = SteppedClock()
    calls = await hedged(clock)
    first, never = asyncio.Event(), asyncio.Event()
    question = Hanging(clock, [first, never])
    answer = asyncio.create_task(put(calls, question, "a"))
    while question.calls < 2:
        await asyncio.sleep(0)
    first.set()
    (outcome,) = await answer
    await asyncio.sleep(0)
    assert (outcome.records, outcome.hedged, question.cancelled) == ([0], True, [1])


async def test_second_calls_are_few():
    """Of a hundred late calls five get a second one, and one from the reserve."""
    clock = SteppedClock()
    calls = await hedged(clock)
    late = asyncio.Event()
    seconds = 0
    for _ in range(100):
        question = Hanging(clock, [late, late])
        answer = asyncio.create_task(put(calls, question, "a"))
        for _ in range(20):
            await asyncio.sleep(0)
        late.set()
        await answer
        late.clear()
        calls._latencies.clear()
        calls._latencies.extend([0.0] * 20)
        seconds += question.calls - 1
    assert 4 <= seconds <= 6


async def test_nobody_is_hedged_by_default():
    """However late a call is."""
    clock = SteppedClock()
    calls = calls_of(clock)
    for _ in range(30):
        await put(calls, Scripted(clock))
    event = asyncio.Event()
    question = Hanging(clock, [event, event])
    answer = asyncio.create_task(put(calls, question, "a"))
    for _ in range(20):
        await asyncio.sleep(0)
    assert question.calls == 1
    event.set()
    await answer
