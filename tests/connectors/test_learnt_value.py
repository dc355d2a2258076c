"""What is found out about a source: once for all, also where the first who asks gives up."""

import asyncio

import pytest

from connectors.toolkit.learnt_value import LearntValue


class Teacher:
    """Gives how often it was asked, once it may."""

    def __init__(self) -> None:
        self.asked = 0
        self.may = asyncio.Event()
        self.fails = False

    async def teach(self) -> int:
        self.asked += 1
        await self.may.wait()
        if self.fails:
            raise LookupError
        return self.asked


async def test_who_gives_up_costs_others_nothing():
    """It is learnt once, though the one who began it and one who waited have gone."""
    teacher = Teacher()
    learnt = LearntValue(teacher.teach, 600)
    waiting = [asyncio.create_task(learnt.find()) for _ in range(3)]
    await asyncio.sleep(0)
    waiting[0].cancel()
    waiting[1].cancel()
    await asyncio.wait(waiting[:2])
    teacher.may.set()
    assert (await waiting[2], await learnt.find(), teacher.asked) == (1, 1, 1)


async def test_a_failure_is_not_kept():
    teacher = Teacher()
    teacher.may.set()
    teacher.fails = True
    learnt = LearntValue(teacher.teach, 600)
    with pytest.raises(LookupError):
        await learnt.find()
    teacher.fails = False
    assert await learnt.find() == 2


async def test_what_is_old_is_given_until_the_new_one_is_there():
    """Nobody waits for it a second time, and a failure changes nothing."""
    teacher = Teacher()
    teacher.may.set()
    learnt = LearntValue(teacher.teach, 0)
    assert await learnt.find() == 1
    teacher.may.clear()
    assert await asyncio.wait_for(learnt.find(), 5) == 1
    learning = learnt.learn_soon()
    teacher.may.set()
    assert await learning == 2
    teacher.fails = True
    assert await learnt.find() == 2
    with pytest.raises(LookupError):
        await learnt.learn_soon()
    assert await learnt.find() == 2
    await learnt.aclose()
