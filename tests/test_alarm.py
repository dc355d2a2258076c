"""A limit of time for what a task awaits."""

import asyncio
import math

import pytest

from connectors.alarm import Alarm


async def never() -> None:
    await asyncio.get_running_loop().create_future()


def soon() -> float:
    return asyncio.get_running_loop().time() + 0.01


async def test_what_takes_too_long_ends_with_a_timeout():
    """The task itself goes on, as if nobody had cancelled it."""
    with pytest.raises(TimeoutError), Alarm(soon()):
        await never()
    task = asyncio.current_task()
    assert task is not None
    assert task.cancelling() == 0


@pytest.mark.parametrize("limit_s", [None, 60])
async def test_what_ends_in_time_is_left_alone(limit_s: float | None):
    """With a limit and without one; what is raised in the block passes."""
    until = None if limit_s is None else asyncio.get_running_loop().time() + limit_s
    with Alarm(until):
        await asyncio.sleep(0)
    with pytest.raises(LookupError), Alarm(until):
        raise LookupError


@pytest.mark.parametrize("limit_s", [0.01, 60])
async def test_a_cancelled_task_stays_cancelled(limit_s: float):
    """Also where its time was over in the same turn of the loop, just before."""
    loop = asyncio.get_running_loop()
    until = loop.time() + limit_s

    async def limited() -> None:
        with Alarm(until):
            await never()

    task = loop.create_task(limited())
    await asyncio.sleep(0)
    loop.call_at(min(math.nextafter(until, math.inf), soon()), task.cancel)
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_of_two_limits_the_earlier_one_counts():
    """An inner limit is a timeout for its block alone, an outer one ends both."""

    async def limited(outer: float, inner: float) -> str:
        with Alarm(outer):
            try:
                with Alarm(inner):
                    await never()
            except TimeoutError:
                return "the inner one"
        return "neither"

    late = asyncio.get_running_loop().time() + 60
    assert await limited(late, soon()) == "the inner one"
    with pytest.raises(TimeoutError):
        await limited(soon(), late)
