"""Callers begin in turns by their share of a busy worker, and what one sends costs no place of another."""

import asyncio
import math
from collections import Counter

import pytest

from gateway.admission import GIVE_WAY_S, MAX_OVER_WAITING, MAX_UNDER_WAY, Admission
from gateway.caller_row import CallerRow
from gateway.errors import OverloadedError
from gateway.http.request_head import Head
from gateway.preparation_thread import MAX_WAITING, PreparationThread
from tests.support.clocks import SteppedClock

BUDGET_S = 2.0
DEAR_S = 0.002


class Worker:
    """An admission on a clock of its own. `began` are the callers in the order in which their requests begin."""

    def __init__(self, **shares: float) -> None:
        self.clock = SteppedClock()
        self.admission = Admission(self.clock, lambda _: BUDGET_S)
        self.admission.share_out(shares)
        self.began: list[str] = []

    async def answers(self, *asked: "asyncio.Task[bool]") -> list[bool]:
        """Wait for the answers, while time passes: a millisecond in each round of the loop."""
        while not all(task.done() for task in asked):
            self.clock.passed_s += 0.001
            await asyncio.sleep(0)
        return [task.result() for task in asked]

    def row(self, caller: str) -> CallerRow:
        return self.admission.find_row(caller)

    def use(self, caller: str, took_s: float) -> None:
        """Have a caller use time of the worker."""
        self.row(caller).charge_time(took_s, self.clock.monotonic())

    async def ask(self, caller: str, *, took_s: float = 0.0) -> bool:
        """Ask as one who was let wait. Tells whether the request was answered."""
        head = Head("POST", [], b"", self.clock.monotonic() - 2 * GIVE_WAY_S)
        row = self.row(caller)
        try:
            now, is_fair = self.clock.monotonic(), self.admission.is_fair
            if self.admission.must_wait(row, now, head.arrived) if is_fair else self.admission.is_full(now, head.arrived):
                await self.admission.wait(head, row)
        except OverloadedError:
            return False
        self.began.append(caller)
        self.begin(caller)
        self.clock.passed_s += took_s
        self.admission.under_way -= 1
        self.admission.end(row, self.clock.monotonic(), took_s, 0)
        return True

    def begin(self, caller: str) -> None:
        """Begin a request, as the endpoint does."""
        self.admission.under_way += 1
        self.row(caller).begin()


async def test_who_used_less_than_his_share_begins_before_those_who_used_more():
    """However many came before: a flood waits behind itself."""
    worker = Worker(greedy=1, modest=1)
    worker.use("greedy", 5.0)
    asked = [asyncio.create_task(worker.ask("greedy")) for _ in range(MAX_OVER_WAITING)]
    await asyncio.sleep(0)
    asked.append(asyncio.create_task(worker.ask("modest")))
    assert await worker.answers(*asked) == [True] * (MAX_OVER_WAITING + 1)
    assert worker.began.index("modest") <= 1  # the loop had time for one before


async def test_a_flood_is_refused_and_the_other_caller_is_not():
    """More than a few do not wait of who is beyond his share; the others' are all answered."""
    worker = Worker(greedy=1, modest=1)
    worker.use("greedy", 5.0)
    asked = [asyncio.create_task(worker.ask("greedy")) for _ in range(500)]
    others = [asyncio.create_task(worker.ask("modest")) for _ in range(20)]
    assert Counter(await worker.answers(*asked)) == {True: MAX_OVER_WAITING, False: 500 - MAX_OVER_WAITING}
    assert await worker.answers(*others) == [True] * 20


async def test_turns_are_taken_by_share():
    """Of two who are beyond their share, one of three times the other's has three times as many turns."""
    worker = Worker(large=3, small=1, third=1)
    for caller in ("large", "small"):
        worker.use(caller, 20.0)
        worker.row(caller).used_s = 0.0
    asked = [asyncio.create_task(worker.ask(caller, took_s=DEAR_S)) for _ in range(8) for caller in ("large", "small")]
    await worker.answers(*asked)
    assert Counter(worker.began[:8]) == {"large": 6, "small": 2}


async def test_a_caller_has_no_more_places_than_are_free():
    """He is refused while as many of his are under way as there is room for others, who still begin."""
    worker = Worker(greedy=1, modest=1)
    for _ in range(MAX_UNDER_WAY // 2):
        worker.begin("greedy")
    assert not await worker.ask("greedy")
    assert await worker.ask("modest")


async def test_one_caller_alone_has_the_whole_worker():
    """There is one row, and nothing is charged."""
    worker = Worker(only=1)
    for _ in range(MAX_UNDER_WAY - 1):
        worker.begin("only")
    assert await worker.ask("only")
    worker.begin("only")
    assert not await worker.ask("only")


async def test_large_documents_are_prepared_in_turn_and_none_crowds_out_others():
    """One who used less is next, and who has as much waiting as is free is refused alone."""
    order: list[str] = []
    thread = PreparationThread(lambda: False)
    greedy, modest = CallerRow(crowding=1.0, used_s=1.0), CallerRow(crowding=1.0)
    asked = [asyncio.create_task(thread.run(lambda: order.append("greedy"), greedy)) for _ in range(MAX_WAITING)]
    asked.append(asyncio.create_task(thread.run(lambda: order.append("modest"), modest)))
    results = await asyncio.gather(*asked, return_exceptions=True)
    thread.close()
    refused = [result for result in results if isinstance(result, OverloadedError)]
    assert 0 < len(refused) <= MAX_WAITING / 2 + 1
    assert not isinstance(results[-1], OverloadedError)
    assert order.index("modest") == 1


async def test_an_error_of_a_prepared_document_is_raised_where_it_is_waited_for():
    """And the thread goes on."""
    thread = PreparationThread(lambda: False)

    def fail() -> None:
        raise ValueError("no document")

    with pytest.raises(ValueError, match="no document"):
        await thread.run(fail, CallerRow())
    assert await thread.run(lambda: 1, CallerRow()) == 1
    thread.close()


async def test_work_that_comes_too_late_is_not_done():
    """Who waits for the thread for longer than he may is refused, and the thread goes on with the next one."""
    thread, order = PreparationThread(lambda: False), list[str]()
    asked = [
        asyncio.create_task(thread.run(lambda name=name: order.append(name), CallerRow(), until))
        for name, until in [("first", math.inf), ("late", 0.0), ("next", math.inf)]
    ]
    results = await asyncio.gather(*asked, return_exceptions=True)
    thread.close()
    assert order == ["first", "next"]
    assert isinstance(results[1], OverloadedError)
