"""Garbage is collected at times, by how much may have come."""

import asyncio
import gc
from collections.abc import Iterator

import pytest

from gateway.garbage_collector import FULL_YOUNG, MAX_YOUNG, MIDDLE_ROUNDS, MIN_YOUNG, GarbageCollector


@pytest.fixture(autouse=True)
def by_hand() -> Iterator[None]:
    """Have nothing collected but what the test collects."""
    gc.collect()
    gc.disable()
    yield
    gc.enable()


class Cyclic:
    """An object that only the collector frees. `freed` counts them."""

    freed = 0

    def __init__(self) -> None:
        self.own = self

    def __del__(self) -> None:
        Cyclic.freed += 1


def test_few_new_objects_are_left_alone():
    """A collection costs something, and finds nothing."""
    gc.collect()
    assert GarbageCollector().collect_due() is None


def test_those_that_stayed_are_collected_less_often():
    collector, kept, generations = GarbageCollector(), [], []
    for _ in range(2 * MIDDLE_ROUNDS):
        kept.append([[] for _ in range(2 * MIN_YOUNG)])
        generations.append(collector.collect_due())
    assert generations == ([0] * (MIDDLE_ROUNDS - 1) + [1]) * 2


def test_all_are_collected_after_many_new_ones():
    """Also what grew old before it was garbage."""
    collector, old = GarbageCollector(), Cyclic()
    gc.collect()
    before = Cyclic.freed
    del old
    gc.collect(1)
    assert Cyclic.freed == before
    collector._counted = FULL_YOUNG
    kept = [[] for _ in range(2 * MIN_YOUNG)]
    assert collector.collect_due() == 2
    assert (Cyclic.freed, len(kept)) == (before + 1, 2 * MIN_YOUNG)


def test_all_are_not_collected_while_few_were_added():
    """It takes long, and finds nothing: what was under way counts as new."""
    collector, kept = GarbageCollector(), []
    generations = []
    for added in (2, 2, 400):
        collector._counted = FULL_YOUNG
        kept.append([[] for _ in range(added * MIN_YOUNG)])
        if added == 400:
            gc.collect(1)
            kept.append([[] for _ in range(2 * MIN_YOUNG)])
        generations.append(collector.collect_due())
    assert generations == [2, 0, 2]


async def test_python_does_not_collect_all_in_the_midst_of_an_answer():
    """Though the middle was collected more often than Python lets it be before it collects all."""
    collector, kept, generations = GarbageCollector(), [], []
    gc.enable()
    task = asyncio.create_task(collector.run())
    await asyncio.sleep(0)
    for _ in range(20 * MIDDLE_ROUNDS):
        kept.append([[] for _ in range(10 * MIN_YOUNG)])
        collector.collect_due()

    def note(phase: str, about: dict[str, int]) -> None:
        generations.append(about["generation"])

    gc.callbacks.append(note)
    try:
        kept.append([[] for _ in range(2 * MAX_YOUNG)])
    finally:
        gc.callbacks.remove(note)
        task.cancel()
    assert set(generations) == {0}


async def test_python_collects_as_before_when_it_ends():
    usual = gc.get_threshold()
    task = asyncio.create_task(GarbageCollector().run())
    await asyncio.sleep(0)
    assert gc.get_threshold()[0] == MAX_YOUNG
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert gc.get_threshold() == usual
