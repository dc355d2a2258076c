"""Calls to one source: tried again while budget and time last, and left out while the source is broken."""

import asyncio
from collections import Counter
from random import Random

import pytest

from connectors.errors import (
    SourceAuthError,
    SourceProtocolError,
    SourceRejectedError,
    SourceThrottledError,
    SourceUnavailableError,
)
from gateway.clock import Clock
from gateway.lookups.batching import Batching
from gateway.lookups.circuit_breaker import SourceHealth
from gateway.lookups.deadline import Deadline
from gateway.lookups.outcome import Failed, Found
from gateway.lookups.read_cache import CachePolicy, ReadCache
from gateway.lookups.resilience import BACKOFF_S
from gateway.settings import BreakerSettings
from tests.support.clocks import LoopClock, SteppedClock, held_time, turns
from tests.support.scripted_source import AWAY, SLOW, THROTTLED, Hanging, Scripted, Timed, calls_of, landed, put


async def test_a_failure_that_passes_is_not_seen():
    """The second call brings the records; the outcome says that there were two."""
    clock = SteppedClock()
    question = Scripted(clock, [AWAY])
    outcomes = await put(calls_of(clock), question)
    assert [outcome.records for outcome in outcomes] == [["a"], ["b"]]
    assert [outcome.attempts for outcome in outcomes] == [2, 2]
    assert len(clock.slept) == 1
    assert 0 <= clock.slept[0] <= 0.1


async def test_only_the_keys_that_failed_are_asked_for_again():
    """What was found stays as it is."""
    clock = SteppedClock()
    question = Scripted(clock, [{"a": None, "b": AWAY}])
    outcomes = await put(calls_of(clock), question)
    assert question.calls == [["a", "b"], ["b"]]
    assert [outcome.attempts for outcome in outcomes] == [1, 2]


@pytest.mark.parametrize("error", [SourceAuthError(), SourceProtocolError(), SourceRejectedError()])
async def test_a_failure_that_does_not_pass_is_not_tried_again(error):
    """Only errors that the tree calls retryable are."""
    clock = SteppedClock()
    question = Scripted(clock, [error])
    await put(calls_of(clock), question)
    assert len(question.calls) == 1


@pytest.mark.parametrize("retries", [0, 1, 2, 5])
async def test_there_are_as_many_tries_as_configured(retries):
    """And the waits before them are at most 0.1, 0.2, 0.4, 0.8 and 1 second."""
    clock = SteppedClock()
    question = Scripted(clock, [AWAY] * 10)
    (outcome,) = await put(calls_of(clock, retries=retries), question, "a", seconds=60)
    assert len(question.calls) == 1 + retries
    assert outcome.attempts == 1 + retries
    assert all(slept <= most for slept, most in zip(clock.slept, [0.1, 0.2, 0.4, 0.8, 1.0], strict=False))


async def test_waits_are_spread_over_their_range():
    """Full jitter: of two hundred first waits some are in each fifth of the range."""
    clock = SteppedClock()
    for _ in range(200):
        await put(calls_of(clock, retries=1), Scripted(clock, [AWAY]))
    assert set(Counter(int(slept / 0.02) for slept in clock.slept)) == {0, 1, 2, 3, 4}


async def test_no_try_begins_after_the_deadline():
    """The first call took all the time; and a source that asks for more time than there is gets no second call."""
    clock = SteppedClock()
    late = Scripted(clock, [AWAY], [2.0])
    await put(calls_of(clock), late)
    assert len(late.calls) == 1
    held = Scripted(clock, [SourceThrottledError(retry_after_s=3)])
    await put(calls_of(clock), held)
    assert len(held.calls) == 1
    assert clock.slept == []


@pytest.mark.parametrize("error", [SourceThrottledError(retry_after_s=0.7), SourceUnavailableError(retry_after_s=0.7)])
async def test_a_source_that_says_when_is_asked_then(error):
    """Not before, nor together with all others that were told the same, and the records are there."""
    clock = SteppedClock()
    outcomes = await put(calls_of(clock), Scripted(clock, [error]))
    (slept_s,) = clock.slept
    assert 0.7 <= slept_s <= 0.7 + 2 * BACKOFF_S
    assert isinstance(outcomes[0], Found)


async def test_who_cannot_wait_as_long_as_the_source_asks_is_told_at_once():
    """With the code of what the source said; who can wait is not refused."""
    clock = SteppedClock()
    calls = calls_of(clock)
    await put(calls, Scripted(clock, [SourceThrottledError(retry_after_s=3)]))
    refused = calls.refusal(Deadline.within(clock, 2))
    assert refused.error.code == "SOURCE_THROTTLED"
    assert refused.error.retry_after_s == pytest.approx(3)
    assert refused.attempts == 0
    assert calls.refusal(Deadline.within(clock, 10)) is None
    await put(calls, Scripted(clock, [SourceUnavailableError(retry_after_s=5)]))
    assert calls.refusal(Deadline.within(clock, 2)).error.code == "SOURCE_UNAVAILABLE"


async def test_extra_calls_stay_within_their_budget():
    """A source that fails half its calls at random, a thousand times: a tenth more calls, and the ten of the reserve."""
    clock, random = SteppedClock(), Random(7)
    calls, asked, answered = calls_of(clock), 0, 0
    for _ in range(1000):
        question = Scripted(clock, [AWAY if random.random() < 0.5 else None for _ in range(3)])
        (outcome,) = await put(calls, question, "a")
        asked += len(question.calls)
        answered += isinstance(outcome, Found)
    assert 1100 <= asked <= 1110
    assert answered >= 530
    assert calls.breaker.health is SourceHealth.USABLE


async def test_a_broken_source_is_left_alone():
    """After ten calls nobody asks; then one does, and finds it back."""
    clock = SteppedClock()
    calls, question = calls_of(clock, retries=0), Scripted(clock, [AWAY] * 10)
    for _ in range(10):
        await put(calls, question, "a")
    refused = calls.refusal(Deadline.within(clock, 2))
    assert (refused.error.code, refused.attempts, refused.latency_ms) == ("SOURCE_UNAVAILABLE", 0, 0.0)
    clock.passed_s += 5
    assert calls.refusal(Deadline.within(clock, 2)) is None
    await put(calls, question, "a")
    assert calls.breaker.health is SourceHealth.USABLE


async def test_tries_end_when_the_breaker_opens():
    """The tenth failure is the last call."""
    clock = SteppedClock()
    calls, question = calls_of(clock), Scripted(clock, [AWAY] * 20)
    for _ in range(5):
        if calls.refusal(Deadline.within(clock, 2)) is None:
            await put(calls, question, "a")
    assert len(question.calls) == 10


async def test_callers_in_a_hurry_open_no_breaker():
    """Twenty calls that had 0.4 seconds and were late; twenty that had all the time do."""
    clock = SteppedClock()
    calls = calls_of(clock, retries=0)
    for _ in range(20):
        await put(calls, Scripted(clock, [SLOW]), "a", seconds=0.4)
    assert calls.breaker.health is SourceHealth.USABLE
    for _ in range(20):
        await put(calls, Scripted(clock, [SLOW]), "a", seconds=2)
    assert calls.breaker.health is SourceHealth.PAUSED


@pytest.mark.parametrize("error", [THROTTLED, SourceAuthError(), SourceProtocolError(), SourceRejectedError()])
async def test_a_source_that_answers_is_not_broken(error):
    """Whatever it says: the breaker is for sources that are away."""
    clock = SteppedClock()
    calls = calls_of(clock, retries=0)
    for _ in range(20):
        await put(calls, Scripted(clock, [error]), "a")
    assert calls.breaker.health is SourceHealth.USABLE


async def test_one_key_that_fails_is_no_broken_source():
    """Twenty calls in which one key of two failed."""
    clock = SteppedClock()
    calls = calls_of(clock, retries=0)
    for _ in range(20):
        await put(calls, Scripted(clock, [{"a": AWAY}]))
    assert calls.breaker.health is SourceHealth.USABLE


def batching_of(clock, **settings):
    return Batching(calls_of(clock, **settings), 4, cache=ReadCache(clock, 1_000_000), spacing_s=0)


async def test_a_broken_source_costs_no_call_and_no_wait():
    """Keys of all callers fail at once; those that are kept are given, stale, with the reason."""
    clock = SteppedClock()
    source = batching_of(clock, retries=0)
    question = Scripted(clock, cache_policy=CachePolicy(10, 60))
    await source.ask(question, ["kept"], Deadline.within(clock, 2))
    clock.passed_s += 20
    question.script += [AWAY] * 10
    for number in range(10):
        await source.ask(question, [f"k{number}"], Deadline.within(clock, 2))
    outcomes = await source.ask(question, ["kept", "new"], Deadline.within(clock, 2))
    assert len(question.calls) == 11
    assert outcomes[1].error.code == "SOURCE_UNAVAILABLE"
    assert (outcomes[0].stale.code, outcomes[0].from_cache, outcomes[0].attempts) == ("SOURCE_UNAVAILABLE", True, 0)
    assert (clock.now() - outcomes[0].as_of).total_seconds() == 20


async def test_what_is_kept_stands_in_for_a_failure_for_as_long_as_it_may():
    """Fresh for 10 seconds, stale for 60 more, then gone."""
    clock = SteppedClock()
    source, question = batching_of(clock, retries=0), Scripted(clock, cache_policy=CachePolicy(10, 60))
    (first,) = await source.ask(question, ["a"], Deadline.within(clock, 2))
    clock.passed_s += 69
    question.script += [AWAY, AWAY]
    (stale,) = await source.ask(question, ["a"], Deadline.within(clock, 2))
    assert (stale.records, stale.as_of, stale.stale.code) == (["a"], first.as_of, "SOURCE_UNAVAILABLE")
    clock.passed_s += 2
    (gone,) = await source.ask(question, ["a"], Deadline.within(clock, 2))
    assert isinstance(gone, Failed)


async def test_what_is_late_is_served_stale():
    """The caller's deadline ends while the call is under way."""
    clock = SteppedClock()
    source = batching_of(clock)
    question = Hanging(clock, [asyncio.Event(), asyncio.Event()], cache_policy=CachePolicy(0, 60))
    question.events[0].set()
    await source.ask(question, ["a"], Deadline.within(clock, 2))
    await landed(source)
    (late,) = await source.ask(question, ["a"], Deadline.within(clock, 0.02))
    assert (late.records, late.stale.code) == ([0], "SOURCE_TIMEOUT")
    await source.aclose()


async def test_a_new_answer_is_no_longer_stale():
    """The source is asked each time that what is kept is not fresh."""
    clock = SteppedClock()
    source, question = batching_of(clock), Scripted(clock, cache_policy=CachePolicy(0, 60))
    for _ in range(2):
        (outcome,) = await source.ask(question, ["a"], Deadline.within(clock, 2))
        assert (outcome.stale, outcome.from_cache) == (None, False)
        await landed(source)
    assert len(question.calls) == 2


async def test_calls_wait_for_the_rate():
    """Three questions at ten calls a second: each leaves a tenth of a second after the one before."""
    clock = Clock()
    source = Batching(calls_of(clock, calls_per_s=10), 4, spacing_s=0)
    questions = [Timed(clock) for _ in range(3)]
    await asyncio.gather(*(source.ask(question, ["a"], Deadline.within(clock, 20)) for question in questions))
    first, second, third = sorted(question.left for question in questions)
    assert second - first >= 0.099
    assert third - second >= 0.099


async def test_keys_wait_for_a_source_that_asked_them_to():
    """A caller with time gets his answer when the source wants calls again; one without is told at once."""
    clock = LoopClock()
    source = Batching(calls_of(clock, retries=0), 4, spacing_s=0)
    question = Timed(clock)
    with held_time() as held:
        throttled = Scripted(SteppedClock(), [SourceThrottledError(retry_after_s=3)])
        await source.ask(throttled, ["a"], Deadline.within(clock, 20))
        patient = asyncio.create_task(source.ask(question, ["a"], Deadline.within(clock, 20)))
        await asyncio.sleep(0)
        (hasty,) = await source.ask(question, ["b"], Deadline.within(clock, 2))
        assert hasty.error.code == "SOURCE_THROTTLED"
        held.advance(2.9)
        await turns()
        assert not patient.done()
        held.advance(0.2)
        (outcome,) = await patient
    assert isinstance(outcome, Found)


async def test_who_waits_behind_calls_that_hang_is_told_when_the_breaker_opens():
    """All slots are taken when the source is found broken: the keys that gather are not kept until their deadlines."""
    clock = SteppedClock()
    source = Batching(calls_of(clock, retries=0, breaker=BreakerSettings(min_calls=1)), 1, spacing_s=0)
    failing = asyncio.Event()
    question = Hanging(clock, [failing], fails=True)
    first = asyncio.create_task(source.ask(question, ["a"], Deadline.within(clock, 60)))
    while not question.calls:
        await asyncio.sleep(0)
    behind = asyncio.create_task(source.ask(Scripted(clock), ["b"], Deadline.within(clock, 60)))
    await asyncio.sleep(0)
    failing.set()
    assert [outcome.error.code for outcome in [*await first, *await behind]] == ["SOURCE_UNAVAILABLE"] * 2


async def test_what_is_found_does_not_wait_for_what_is_tried_again():
    """Of two keys of a call one fails: who wants the other has it before the second call leaves; who comes later asks anew."""
    again = asyncio.Event()

    class Waiting(SteppedClock):
        async def sleep(self, seconds):
            await again.wait()

    clock = Waiting()
    source, question = batching_of(clock), Scripted(clock, [{"b": AWAY}])
    first, second = (asyncio.create_task(source.ask(question, [key], Deadline.within(clock, 2))) for key in "ab")
    (found,) = await first
    assert (found.records, second.done(), question.calls) == (["a"], False, [["a", "b"]])
    (later,) = await source.ask(question, ["a"], Deadline.within(clock, 2))
    assert later is not found
    again.set()
    (tried,) = await second
    assert (tried.records, tried.attempts, question.calls) == (["b"], 2, [["a", "b"], ["a"], ["b"]])
