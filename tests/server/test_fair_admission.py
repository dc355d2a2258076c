"""Callers begin in turns by their share of a busy worker, and what one sends costs no place of another."""

import asyncio
import json
import math
from collections import Counter
from functools import partial

import pytest

from gateway.access.caller import Caller
from gateway.admission import admission as admission_module
from gateway.admission.admission import GIVE_WAY_S, MAX_OVER_WAITING, MAX_UNDER_WAY, Admission
from gateway.admission.caller_row import CallerRow
from gateway.admission.preparation_thread import LARGE_CHARACTERS, MAX_WAITING, PreparationThread
from gateway.documents.manifests import sha256_of
from gateway.errors import OverloadedError
from gateway.http.endpoint import GraphQLView
from gateway.http.request_head import Head
from gateway.operations import Limits, Operation, Operations
from tests.support.clocks import PATIENCE_S, SteppedClock
from tests.support.http_view import SCHEMA, Executor

BUDGET_S = 2.0
DEAR_S = 0.002


@pytest.fixture(autouse=True)
def no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have no time of the loop pass, which these tests do not hold."""
    monkeypatch.setattr(admission_module, "PAUSE_S", 0.0)


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
        self.admission.under_way += 1
        row.begin()
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


async def test_rows_that_a_reload_joins_are_answered():
    """Who waits when callers become one row begins in it, in the order of arrival; so does who found his own row before."""
    worker = Worker(first=1, second=1)
    own = worker.row("second")

    async def ask_next(caller: str) -> bool:
        worker.clock.passed_s += 0.001
        return await worker.ask(caller)

    asked = [asyncio.create_task(ask_next(caller)) for caller in ("first", "second", "first")]
    await asyncio.sleep(0)
    worker.admission.share_out({})
    late = Head("POST", [], b"", worker.clock.monotonic())
    asked.append(asyncio.create_task(worker.admission.wait(late, own)))  # type: ignore[arg-type]
    await asyncio.wait_for(worker.answers(*asked), PATIENCE_S)
    assert worker.began == ["first", "second", "first"]
    assert worker.admission.waiting == 0


async def test_the_row_that_a_reload_parts_is_answered():
    """Who waits in the row of everybody has its turns among those of the callers."""
    worker = Worker()
    asked = [asyncio.create_task(worker.ask("first")) for _ in range(3)]
    await asyncio.sleep(0)
    worker.admission.share_out({"first": 1, "second": 1})
    asked.append(asyncio.create_task(worker.ask("second")))
    assert await asyncio.wait_for(worker.answers(*asked), PATIENCE_S) == [True] * 4


@pytest.mark.parametrize("shares", [{}, {"first": 1, "second": 1}])
async def test_nothing_is_left_of_requests_that_ended_or_left(shares: dict[str, float]):
    """Rows, turns and places are as before, however many hung up while they waited."""
    worker = Worker(**shares)
    worker.use("first", 5.0)
    for _ in range(50):
        asked = [asyncio.create_task(worker.ask("first")) for _ in range(MAX_OVER_WAITING)]
        await asyncio.sleep(0)
        for task in asked[::2]:
            task.cancel()
        await asyncio.gather(*asked[::2], return_exceptions=True)
        await worker.answers(*asked[1::2])
        assert len(worker.admission._turns) <= 1
    row, admission = worker.row("first"), worker.admission
    assert (admission.waiting, admission.under_way, row.under_way, len(row.waiting)) == (0, 0, 0, 0)
    assert row.reserved_s == pytest.approx(0.0, abs=1e-9)


async def test_who_had_the_worker_to_himself_soon_has_his_share_again():
    """An hour of the whole worker is not held against him for hours: after two minutes he owes nothing."""
    worker = Worker(busy=1, other=1, third=1)
    for _ in range(3_600):
        worker.clock.passed_s += 1.0
        worker.use("busy", 0.9)
    assert worker.row("busy").is_over(worker.clock.monotonic())
    worker.clock.passed_s += 121.0
    assert not worker.row("busy").is_over(worker.clock.monotonic())


async def test_a_reload_makes_no_debt_longer():
    """Who owes what he has again after two minutes still does where his share is a thousandth from then on."""
    worker = Worker(busy=1, other=1)
    worker.use("busy", 100.0)
    worker.admission.share_out({"busy": 1} | {f"c{number}": 1 for number in range(1_000)})
    worker.clock.passed_s += 130.0
    assert not worker.row("busy").is_over(worker.clock.monotonic())


async def test_who_has_some_of_his_share_again_does_not_wait_behind_a_flood():
    """Also where he lined up when he had none, and has used more than those who are still beyond theirs."""
    worker = Worker(greedy=1, modest=1)
    worker.use("greedy", 5.0)
    worker.use("modest", 1.0)
    worker.row("greedy").used_s, worker.row("modest").used_s = 0.0, 50.0
    worker.admission._virtual_s = 0.0
    asked = [asyncio.create_task(worker.ask(caller)) for caller in ["greedy"] * MAX_OVER_WAITING + ["modest"]]
    await asyncio.sleep(0)
    worker.admission._credit_s = -1.0
    worker.row("modest").credit_s = 0.5
    worker.clock.passed_s += 0.001
    assert await worker.answers(*asked[-1:]) == [True]
    assert worker.began == ["modest"]
    for task in asked:
        task.cancel()


async def test_who_never_asked_does_not_keep_others_from_the_thread():
    """A caller who used little in all its time has no more turns than one who used much."""
    order: list[str] = []
    thread = PreparationThread(lambda: False)
    known, new = CallerRow(crowding=1.0, used_s=1_000.0), CallerRow(crowding=1.0)

    def work(caller: str) -> None:
        order.append(caller)
        sum(range(100_000))

    await thread.run(partial(work, "known"), known)
    asked = [thread.run(partial(work, caller), row) for caller, row in [("new", new), ("known", known)] * 8]
    await asyncio.gather(*asked)
    thread.close()
    assert order[:9].count("known") >= 3


async def test_long_requests_have_less_of_the_time_that_is_left():
    """While others ask, who is beyond his share has the same time the later, the longer each request takes."""
    rounds: dict[float, int] = {}
    for took_s, count in ((0.001, 8), (0.004, 2)):
        worker = Worker(greedy=1, modest=1)
        worker.use("greedy", 1_000.0)
        worker.row("greedy").expected_s = took_s
        asked = [asyncio.create_task(worker.ask("greedy", took_s=took_s)) for _ in range(count)]
        await asyncio.sleep(0)
        rounds[took_s] = 0
        while not all(task.done() for task in asked):
            worker.admission._others_began_at = worker.clock.monotonic()
            worker.clock.passed_s += 0.001
            rounds[took_s] += 1
            await asyncio.sleep(0)
        assert [task.result() for task in asked] == [True] * count
    assert rounds[0.004] > 2 * rounds[0.001]


async def test_who_asks_seldom_is_within_his_share_whatever_he_asks_for():
    """Of a thousand callers none may save what a request of 10 ms takes; with half of his share he is answered at once."""
    worker = Worker(**{f"c{number}": 1 for number in range(1_000)})
    worker.row("c0").expected_s = 0.01
    for _ in range(10):
        began_at = worker.clock.monotonic()
        worker.admission._others_began_at = began_at
        assert await worker.answers(asyncio.create_task(worker.ask("c0", took_s=0.01))) == [True]
        assert worker.clock.monotonic() - began_at < 0.05
        worker.clock.passed_s += 20.0


async def test_one_long_request_does_not_refuse_the_others_beyond_their_shares_for_minutes():
    """Those who come within seconds after one of 0.3 s are answered, as others ask all the time."""
    worker = Worker(dear=1, cheap=1, modest=1)
    for caller in ("dear", "cheap"):
        worker.use(caller, 1_000.0)
    worker.row("dear").expected_s = 0.3
    answers = []
    for caller in ["dear"] + ["cheap"] * 5:
        asked = asyncio.create_task(worker.ask(caller))
        while not asked.done():
            worker.admission._others_began_at = worker.clock.monotonic()
            worker.clock.passed_s += 0.001
            await asyncio.sleep(0)
        answers.append(asked.result())
    assert (answers[0], answers[-1]) == (True, True)


async def test_what_a_long_request_counts_is_over_when_nobody_waited_for_long():
    """Time passes for those beyond their shares also while none of them waits."""
    worker = Worker(dear=1, cheap=1, modest=1)
    for caller in ("dear", "cheap"):
        worker.use(caller, 1_000.0)
    worker.row("dear").expected_s = 0.01
    for caller in ("dear", "cheap"):
        began_at = worker.clock.monotonic()
        asked = asyncio.create_task(worker.ask(caller))
        while not asked.done():
            worker.admission._others_began_at = worker.clock.monotonic()
            worker.clock.passed_s += 0.001
            await asyncio.sleep(0)
        assert asked.result()
        assert worker.clock.monotonic() - began_at < 0.05
        worker.clock.passed_s += 10.0


class _Documents(Operations):
    """Operations whose large documents wait for long before they are found not to be valid."""

    def __init__(self, clock: SteppedClock) -> None:
        super().__init__(SCHEMA, limits=Limits())
        self.clock = clock

    async def prepare_apart(self, *_: object) -> Operation:
        self.clock.passed_s += 1.0
        raise OverloadedError


async def test_waiting_for_the_thread_is_not_charged():
    """Who is refused after it has waited behind another one's documents has used nothing of the loop."""
    worker = Worker(first=1, second=1)
    view = GraphQLView(_Documents(worker.clock), Executor(), admission=worker.admission)
    view.identify = lambda _: Caller("first")
    body = json.dumps({"query": "{ hello }" + " " * LARGE_CHARACTERS}).encode()
    answer = await view.answer(Head("POST", [(b"content-type", b"application/json")], b"", worker.clock.monotonic()), body)
    assert answer.status == 503
    assert worker.row("first").used_s < DEAR_S


async def test_new_small_documents_are_charged_however_they_are_named():
    """Also where each text is looked at before, as beside trusted documents and with a hash."""
    worker = Worker(first=1, second=1)

    class Slow(Operations):
        def prepare(self, *args: object) -> Operation:
            worker.clock.passed_s += DEAR_S
            return super().prepare(*args)  # type: ignore[arg-type]

    view = GraphQLView(Slow(SCHEMA, limits=Limits()), Executor(), admission=worker.admission)
    view.identify = lambda _: Caller("first")
    query = "{ hello }"
    extensions = {"persistedQuery": {"version": 1, "sha256Hash": sha256_of(query)}}
    body = json.dumps({"query": query, "extensions": extensions}).encode()
    answer = await view.answer(Head("POST", [(b"content-type", b"application/json")], b"", worker.clock.monotonic()), body)
    assert answer.status == 200
    assert worker.row("first").used_s >= DEAR_S


async def test_a_worker_for_all_plans_large_documents_in_the_thread_too():
    """Its requests have the row of everybody, which is how the executor sends them there."""
    worker = Worker()
    view = GraphQLView(Operations(SCHEMA, limits=Limits()), Executor(), admission=worker.admission)
    head = Head("POST", [(b"content-type", b"application/json")], b"", worker.clock.monotonic())
    assert (await view.answer(head, b'{"query": "{ hello }"}')).status == 200
    assert head.row is worker.admission.everybody
