"""What begins, what waits and what is refused when a worker has more to do than it can at once, and when a deadline begins."""

import asyncio
import json

import pytest

from gateway.admission.admission import GIVE_WAY_S, MAX_UNDER_WAY, Admission
from gateway.app import create_services
from gateway.http.endpoint import GraphQLView
from gateway.http.request_head import Head
from gateway.lookups.deadline import ASSEMBLY_S
from gateway.operations import Limits, Operations
from gateway.services import new_stitcher
from tests.support import shop
from tests.support.clocks import SteppedClock
from tests.support.endpoint import BODY, chunked, on_both_loops, posted, served
from tests.support.gateway_server import settings_for
from tests.support.http_view import SCHEMA, Executor

pytestmark = pytest.mark.cases

BUDGET_S = 2.0


def admission_on(clock: SteppedClock) -> Admission:
    return Admission(clock, lambda deadline_ms: BUDGET_S if deadline_ms is None else deadline_ms / 1000)


def arrived(clock: SteppedClock, *headers: tuple[bytes, bytes]) -> Head:
    return Head("POST", [(b"content-type", b"application/json"), *headers], b"", clock.monotonic())


class Desk:
    """A view whose executor takes what it is asked, on a clock of its own."""

    def __init__(self) -> None:
        self.clock = SteppedClock()
        self.admission = admission_on(self.clock)
        self.executor = Executor()
        operations = Operations(SCHEMA, limits=Limits())
        self.view = GraphQLView(operations, self.executor, admission=self.admission)

    async def status(self, head: Head, body: bytes = BODY) -> int:
        answer = await self.view.answer(head, body)
        if answer.status == 503:
            (error,) = json.loads(answer.body)["errors"]
            assert (error["extensions"]["code"], error["extensions"]["retryable"]) == ("OVERLOADED", True)
            assert answer.more_headers == {"retry-after": "1"}
        return answer.status


async def test_a_request_whose_time_is_over_is_refused_before_it_is_parsed():
    """503 and Retry-After; the document, which is none, is not looked at. A caller's own deadline counts."""
    desk = Desk()
    late = arrived(desk.clock)
    short = arrived(desk.clock, (b"x-deadline-ms", b"100"))
    desk.clock.passed_s += 0.15
    assert await desk.status(short, b"no JSON") == 503
    assert await desk.status(late, b"no JSON") == 400
    desk.clock.passed_s += BUDGET_S
    assert await desk.status(late, b"no JSON") == 503
    assert desk.executor.calls == []


async def test_requests_that_waited_begin_in_their_order():
    """Those that the loop let wait get their turns one after the other, also where a new one comes after them."""
    desk = Desk()
    heads = [arrived(desk.clock, (b"x-request-id", b"%d" % number)) for number in range(20)]
    desk.clock.passed_s += 2 * GIVE_WAY_S
    answers = [asyncio.create_task(desk.status(head)) for head in heads]
    await asyncio.sleep(0)
    answers.append(asyncio.create_task(desk.status(arrived(desk.clock, (b"x-request-id", b"20")))))
    assert await asyncio.gather(*answers) == [200] * 21
    assert [request_id for _, _, request_id in desk.executor.calls] == [str(number) for number in range(21)]
    assert (desk.admission.under_way, desk.admission.waiting) == (0, 0)


async def test_a_request_that_nobody_waits_for_begins_at_once():
    """It gives the loop no turn before it is run."""
    desk = Desk()
    desk.clock.passed_s += GIVE_WAY_S / 2
    running = desk.view.answer(arrived(desk.clock), BODY)
    with pytest.raises(StopIteration) as end:
        running.send(None)
    assert end.value.value.status == 200


async def test_who_leaves_while_he_waits_costs_nothing():
    """His request is not parsed, and those behind it move up."""
    desk = Desk()
    heads = [arrived(desk.clock) for _ in range(10)]
    desk.clock.passed_s += 2 * GIVE_WAY_S
    answers = [asyncio.create_task(desk.status(head)) for head in heads]
    await asyncio.sleep(0)
    for answer in answers[:9]:
        answer.cancel()
    assert await answers[9] == 200
    assert len(desk.executor.calls) == 1


async def test_a_request_is_refused_at_once_where_the_first_in_the_row_waits_too_long():
    """It would wait as long; half of its time is the most, so that some is left for its sources."""
    desk = Desk()
    first = asyncio.create_task(desk.status(arrived(desk.clock)))
    desk.clock.passed_s += 0.1
    await asyncio.sleep(0)
    desk.clock.passed_s += BUDGET_S / 2
    assert await desk.status(arrived(desk.clock)) == 503
    assert await first == 503
    assert await desk.status(arrived(desk.clock)) == 200


async def test_no_more_than_so_many_are_under_way():
    """The next one is refused at once, and one is taken again when one has ended."""
    desk = Desk()
    desk.admission.under_way = MAX_UNDER_WAY
    assert await desk.status(arrived(desk.clock)) == 503
    desk.admission.under_way -= 1
    assert await desk.status(arrived(desk.clock)) == 200
    assert desk.admission.under_way == MAX_UNDER_WAY - 1


async def test_a_request_that_took_long_to_parse_is_not_run_when_its_time_is_over():
    """Sources would be asked for nobody; and it lets the loop see what else has come before it goes on."""
    desk = Desk()
    prepare = desk.view.operations.prepare
    head = arrived(desk.clock)

    class Slow(Operations):
        def prepare(self, *args: object) -> object:
            desk.clock.passed_s += BUDGET_S
            return prepare(*args)  # type: ignore[arg-type]

    view = GraphQLView(Slow(SCHEMA, limits=Limits()), desk.executor, admission=desk.admission)  # type: ignore[arg-type]
    assert (await view.answer(head, BODY)).status == 503
    assert desk.executor.calls == []


@pytest.mark.parametrize(
    ("deadline_ms", "took_s", "expected_s"),
    [(None, 0.0, 2.0), (None, 0.5, 1.5), (None, 30.0, 1.0), (1000, 0.1, 0.9), (1000, 0.7, 0.5)],
)
def test_a_deadline_begins_with_the_first_byte(deadline_ms: int | None, took_s: float, expected_s: float):
    """What it took to arrive counts, up to half of the budget; what it waited since counts whole."""
    clock = SteppedClock()
    settings = settings_for([shop.crm()], deadline_ms=None)
    router = create_services(settings, connectors=[shop.crm()]).router
    head = arrived(clock)
    clock.passed_s += took_s
    head.arrived = clock.monotonic()
    stitcher = new_stitcher(settings, clock, router, deadline_ms, None, head)
    assert stitcher._loaders.deadline.remaining_s() == pytest.approx(expected_s - ASSEMBLY_S)
    clock.passed_s += 0.3
    stitcher = new_stitcher(settings, clock, router, deadline_ms, None, head)
    assert stitcher._loaders.deadline.remaining_s() == pytest.approx(expected_s - ASSEMBLY_S - 0.3)


GET = b"GET /graphql?query=%7Bhello%7D HTTP/1.1\r\nhost: here\r\n\r\n"


@pytest.mark.parametrize("request_", [posted(), chunked(BODY), GET], ids=["posted", "chunked", "got"])
@on_both_loops
async def test_a_request_knows_when_its_first_and_its_last_byte_came(request_: bytes):
    """On every path, by the clock of the services; behind another one it begins when that has its answer."""
    clock = SteppedClock()
    async with served(admission=admission_on(clock)) as it:
        caller = await it.connection()
        caller.send(request_[:30])
        while not it.server.server_state.connections or not it.protocol.url:
            await asyncio.sleep(0)
        clock.passed_s += 0.5
        it.may_answer.clear()
        caller.send(request_[30:], posted())
        await it.began.acquire()
        clock.passed_s += 0.25
        it.may_answer.set()
        for _ in range(2):
            assert (await caller.answer())[0] == 200
    start = 1000.0
    expected = [(start, start if request_ == GET else start + 0.5), (start + 0.75, start + 0.75)]
    assert [(head.begun, head.arrived) for head in it.heads] == expected


@on_both_loops
async def test_a_worker_is_alive_while_it_refuses():
    """Whether the process lives is answered before and after, and so is a request when there is time again."""
    clock = SteppedClock()
    async with served(admission=admission_on(clock)) as it:
        assert it._admission is not None
        it._admission.under_way = MAX_UNDER_WAY
        caller = await it.connection()
        for request_, expected in ((posted(), 503), (b"GET /healthz HTTP/1.1\r\nhost: here\r\n\r\n", 200), (posted(), 503)):
            caller.send(request_)
            assert (await caller.answer())[0] == expected
        it._admission.under_way = 0
        caller.send(posted())
        assert (await caller.answer())[0] == 200
