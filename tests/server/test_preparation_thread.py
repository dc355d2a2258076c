"""The thread that prepares large documents rests while others wait for the loop, and for no longer."""

import asyncio
import gc
import weakref
from functools import partial

import pytest

from gateway.admission.caller_row import CallerRow
from gateway.admission.preparation_thread import LONG_REST, MAX_WAITING, PreparationThread
from gateway.errors import OverloadedError
from tests.support.clocks import PATIENCE_S


async def test_the_thread_rests_for_longer_before_it_works_for_who_used_his_share():
    """So who is within his share is served first, though he came later."""
    order: list[str] = []
    thread = PreparationThread(lambda: True)
    over, within = CallerRow(crowding=1.0, credit_s=-1.0, rate=1e-6), CallerRow(crowding=1.0, prepared_s=1.0)
    thread._ended_at, thread._rest_s = asyncio.get_running_loop().time(), 0.002
    asked = [thread.run(partial(order.append, caller), row) for caller, row in [("over", over), ("within", within)]]
    await asyncio.wait_for(asyncio.gather(*asked), PATIENCE_S)
    thread.close()
    assert order == ["within", "over"]


async def test_an_error_of_the_thread_leaves_nothing_to_the_garbage_collector():
    """Else it keeps all that its request held: the error and who waited for it hold each other."""

    class Held:
        pass

    async def ask() -> "weakref.ref[Held]":
        held = Held()
        thread = PreparationThread(lambda: False)
        with pytest.raises(OverloadedError):
            await thread.run(lambda: held, CallerRow(), until=thread._monotonic() - 1)
        thread.close()
        return weakref.ref(held)

    gc.disable()
    try:
        assert (await ask())() is None
    finally:
        gc.enable()


async def test_the_thread_works_at_once_for_who_may_not_save_what_the_last_work_took():
    """Of a thousand callers nobody may save 20 ms: who used nothing waits for nine times of it, not a hundred times."""
    order: list[str] = []
    thread = PreparationThread(lambda: True)
    used, unused = CallerRow(), CallerRow()
    for row in (used, unused):
        row.share_out(1, 0.001)
    used.credit_s = -1.0
    used.credited_at = unused.credited_at = asyncio.get_running_loop().time()
    thread._ended_at, thread._rest_s = asyncio.get_running_loop().time(), 0.02
    asked = [
        asyncio.create_task(thread.run(partial(order.append, name), row)) for name, row in [("used", used), ("unused", unused)]
    ]
    await asyncio.wait(asked, return_when=asyncio.FIRST_COMPLETED)
    thread.close()
    await asyncio.gather(*asked, return_exceptions=True)
    assert order == ["unused"]


async def test_who_is_within_his_share_has_a_place_for_his_work():
    """Those who are not wait for long, and there are more of them than places: the last one is refused in his place."""
    thread = PreparationThread(lambda: True)
    now = asyncio.get_running_loop().time()
    thread._ended_at, thread._rest_s = now, 0.01
    over = [CallerRow(crowding=1.0, credit_s=-1.0, rate=1e-6, credited_at=now) for _ in range(MAX_WAITING)]
    asked = [asyncio.create_task(thread.run(lambda: False, row)) for row in over]
    await asyncio.sleep(0)
    assert await asyncio.wait_for(thread.run(lambda: True, CallerRow(crowding=1.0)), PATIENCE_S)
    assert [task.done() for task in asked] == [False] * (MAX_WAITING - 1) + [True]
    with pytest.raises(OverloadedError):
        await asked[-1]
    another = asyncio.create_task(thread.run(lambda: False, CallerRow(crowding=1.0, credit_s=-1.0, rate=1e-6, credited_at=now)))
    await asyncio.sleep(0)
    with pytest.raises(OverloadedError):
        thread.check_place(over[0])
    thread.close()
    await asyncio.gather(*asked, another, return_exceptions=True)


@pytest.mark.parametrize("ends", ["he has some of his share again", "nobody waits for the loop any more"])
async def test_the_thread_does_not_rest_for_long_when_the_reason_has_gone(ends: str):
    """It looks again after the usual rest. Else an idle worker refused him who waits for a hundred times of the last work."""
    is_busy = [True]
    thread = PreparationThread(lambda: is_busy[0])
    now = asyncio.get_running_loop().time()
    row = CallerRow(crowding=1.0, credit_s=-1.0, rate=1e-6, credited_at=now)
    thread._ended_at, thread._rest_s = now, 0.01
    asked = asyncio.create_task(thread.run(lambda: True, row))
    await asyncio.sleep(0)
    assert not asked.done()
    if ends.startswith("he"):
        row.credit_s = 1.0
    else:
        is_busy[0] = False
    assert await asked
    assert asyncio.get_running_loop().time() - now < 0.01 * LONG_REST
    thread.close()


async def test_who_waits_when_the_thread_ends_is_refused():
    """And a timer that was left does not keep the next work waiting."""
    is_busy = [True]
    thread = PreparationThread(lambda: is_busy[0])
    thread._ended_at, thread._rest_s = asyncio.get_running_loop().time(), 1.0
    asked = asyncio.create_task(thread.run(lambda: True, CallerRow()))
    await asyncio.sleep(0)
    thread.close()
    with pytest.raises(OverloadedError):
        await asyncio.wait_for(asked, PATIENCE_S)
    is_busy[0] = False
    assert await asyncio.wait_for(thread.run(lambda: True, CallerRow()), PATIENCE_S)
    thread.close()
