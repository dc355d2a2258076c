"""Waits share timers, and end when they are due."""

import asyncio

from gateway.lookups.timers import TICKS_PER_S, Timers
from tests.support.clocks import held_time, turns

TICK_S = 1 / TICKS_PER_S


class _Wait:
    def __init__(self) -> None:
        self.ended_at: float | None = None

    def end_late(self) -> None:
        self.ended_at = asyncio.get_running_loop().time()


async def test_waits_end_when_due_and_at_most_a_tick_later() -> None:
    timers = Timers()
    with held_time() as time:
        began = time.now_s
        waits = {began + place * TICK_S / 3: _Wait() for place in range(12)}
        for due, wait in waits.items():
            timers.tick(due).add(wait)
        for _ in range(40):
            time.advance(TICK_S / 8)
            await turns()
        for due, wait in waits.items():
            assert wait.ended_at is not None
            assert due < wait.ended_at <= due + TICK_S * 1.25


async def test_a_wait_that_was_discarded_is_not_ended() -> None:
    timers = Timers()
    with held_time() as time:
        gone, stays = _Wait(), _Wait()
        tick = timers.tick(time.now_s + 0.01)
        tick.update((gone, stays))
        tick.discard(gone)
        await time.flow(0.1)
    assert gone.ended_at is None
    assert stays.ended_at is not None


async def test_what_is_due_in_one_tick_has_one_timer() -> None:
    timers = Timers()
    due = asyncio.get_running_loop().time() + 60
    ticks = {id(timers.tick(due + number * TICK_S / 1000)) for number in range(1000)}
    assert len(ticks) <= 2
