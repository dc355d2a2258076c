"""A limit of time for what a task awaits."""

import asyncio

import pytest

from connectors.alarm import Alarm


async def never() -> None:
    await asyncio.get_running_loop().create_future()


async def test_what_takes_too_long_ends_with_a_timeout():
    """The task itself goes on, as if nobody had cancelled it."""
    with pytest.raises(TimeoutError), Alarm(0.01):
        await never()
    task = asyncio.current_task()
    assert task is not None
    assert task.cancelling() == 0


@pytest.mark.parametrize("limit_s", [None, 60])
async def test_what_ends_in_time_is_left_alone(limit_s: float | None):
    """With a limit and without one; what is raised in the block passes."""
    with Alarm(limit_s):
        await asyncio.sleep(0)
    with pytest.raises(LookupError), Alarm(limit_s):
        raise LookupError


@pytest.mark.parametrize("limit_s", [0, 60])
async def test_a_cancelled_task_stays_cancelled(limit_s: float):
    """Also where its time was over in the same turn of the loop, just before."""

    async def limited() -> None:
        with Alarm(limit_s):
            await never()

    task = asyncio.create_task(limited())
    await asyncio.sleep(0)
    asyncio.get_running_loop().call_later(0, task.cancel)
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

    assert await limited(60, 0.01) == "the inner one"
    with pytest.raises(TimeoutError):
        await limited(0.01, 60)
