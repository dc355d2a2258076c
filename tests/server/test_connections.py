"""How connections end: by time, because their caller left, or because there are too many of them."""

import asyncio
import json
import logging

import pytest
import structlog

from gateway.admission.admission import Admission
from gateway.descriptors import PAUSE_S, Descriptors
from gateway.framing import ANSWERING, MAX_REQUEST_S, MAX_UNREAD_S, PIECE_BYTES
from gateway.uvicorn_protocol import EndpointProtocol
from tests.support.clocks import SteppedClock
from tests.support.endpoint import BODY, HEAD, Caller, Served, answers_in, chunked, on_both_loops, posted, served

pytestmark = pytest.mark.cases

GET = b"GET /graphql?query=%7Bhello%7D HTTP/1.1\r\nhost: here\r\n\r\n"
LAST = posted(more=b"connection: close\r\n")
TOLD = posted().replace(b"/graphql", b"/told")


class Counting(EndpointProtocol):
    """Knows how many bytes it has read."""

    read = 0

    def data_received(self, data: bytes) -> None:
        self.read += len(data)
        super().data_received(data)


class Hasty(EndpointProtocol):
    header_s = 0.05
    request_s = 0.1


INCOMPLETE = {
    "nothing": b"",
    "blank lines": b"\r\n\r\n",
    "half a line": b"POST /gra",
    "half a header": HEAD,
    "no body": posted().removesuffix(BODY),
    "half a body": posted()[:-1],
    "half a chunk": chunked(BODY)[:-9],
    "no last chunk": chunked(BODY)[:-5],
    "half a trailer": chunked(BODY, trailers=b"a: b\r\n")[:-4],
    "half an upgrade": posted(more=b"connection: upgrade\r\nupgrade: h2c\r\n")[:-1],
    "half a body elsewhere": TOLD[:-1],
    "not asked for": posted(more=b"expect: 100-continue\r\n").removesuffix(BODY),
}


@pytest.mark.parametrize("before", [b"", posted(), GET], ids=["new", "posted", "got"])
@on_both_loops
async def test_a_request_that_does_not_come_to_its_end_is_refused(before: bytes):
    """408 and the end of the connection, new or kept; where nothing at all came after an answer, it ends without a word."""
    clock = SteppedClock()
    async with served(Counting, Admission(clock, lambda _: 1000)) as it:
        callers = {name: await it.connection() for name in INCOMPLETE}
        for name, caller in callers.items():
            caller.send(before + INCOMPLETE[name])
        await all_read(it, sum(len(before) + len(sent) for sent in INCOMPLETE.values()))
        while len(it.asked) < (len(INCOMPLETE) if before else 0):
            await asyncio.sleep(0)
        for protocol in await connections(it, len(INCOMPLETE)):
            protocol.check_time()
        assert len(it.server.server_state.connections) == len(INCOMPLETE)
        clock.passed_s += MAX_REQUEST_S
        for protocol in await connections(it, len(INCOMPLETE)):
            protocol.check_time()
        for name, caller in callers.items():
            is_idle = before and not INCOMPLETE[name].strip()
            found = [status for status in await caller.statuses() if status != 100]
            assert found == [200] * bool(before) + [408] * (not is_idle), name


async def connections(it: Served, count: int) -> list[Counting]:
    """All connections, none of which is being answered."""
    state = it.server.server_state
    while len(state.connections) < count or any(protocol.phase == ANSWERING for protocol in state.connections):  # type: ignore[union-attr]
        await asyncio.sleep(0)
    return list(state.connections)  # type: ignore[arg-type]


async def all_read(it: Served, count: int) -> None:
    """Wait until the server has read so many bytes."""
    while sum(protocol.read for protocol in it.server.server_state.connections) < count:  # type: ignore[union-attr]
        await asyncio.sleep(0)


@pytest.mark.parametrize("start", [HEAD, posted(b" " * 90).rstrip(), chunked(b" " * 90)[:-20]], ids=["header", "body", "chunk"])
async def test_a_request_that_comes_in_drips_is_refused(start: bytes):
    """Its time is counted from its first byte, so to send something now and then does not help."""
    async with served(Hasty) as it:
        caller = await it.connection()
        caller.send(start)
        reading = asyncio.create_task(caller.until_closed())
        while not reading.done():
            caller.send(b" " if start != HEAD else b"a")
            await asyncio.wait({reading}, timeout=0.01)
        assert [status for status, _, _ in answers_in(await reading)] == [408]


async def test_a_refusal_for_time_has_a_code():
    """It is an answer like all others."""
    async with served(Hasty) as it:
        caller = await it.connection()
        status, headers, body = await caller.answer()
        assert (status, headers["connection"]) == (408, "close")
        assert headers["content-type"] == "application/json; charset=utf-8"
        error = json.loads(body)["errors"][0]["extensions"]
        assert error == {"code": "BAD_REQUEST", "requestId": headers["x-request-id"]}


@on_both_loops
async def test_who_waits_for_an_answer_has_time():
    """Neither the request that is answered nor those that come behind it are refused meanwhile."""
    clock = SteppedClock()
    behinds = (b"", posted()[:40], posted() + posted()[:-3])
    async with served(Counting, Admission(clock, lambda _: 1000)) as it:
        it.may_answer.clear()
        callers = [await it.connection() for _ in behinds]
        for caller, behind in zip(callers, behinds, strict=True):
            caller.send(posted() + behind)
            await it.began.acquire()
        await all_read(it, sum(len(posted() + behind) for behind in behinds))
        clock.passed_s += 2 * MAX_REQUEST_S
        for protocol in it.server.server_state.connections:
            protocol.check_time()  # type: ignore[union-attr]
        it.may_answer.set()
        for caller, rest in zip(callers, (b"", posted()[40:], posted()[-3:]), strict=True):
            caller.send(rest, posted(more=b"connection: close\r\n"))
        assert [await caller.statuses() for caller in callers] == [[200] * 2, [200] * 3, [200] * 4]


@pytest.mark.parametrize("request_", [posted(), GET], ids=["posted", "got"])
@on_both_loops
async def test_requests_that_come_faster_than_they_are_answered_are_not_read(request_: bytes):
    """Of 2,000 that are sent at once few are parsed, also while answers go out; all are answered, in order."""
    sent = 2_000
    most = 0
    async with served() as it:
        caller = await it.connection()
        caller.send(request_ * sent, LAST)
        sending, reading = asyncio.create_task(caller.writer.drain()), asyncio.create_task(caller.statuses())
        while not reading.done():
            await asyncio.sleep(0)
            if it.server.server_state.connections:
                most = max(most, len(it.protocol.pipeline))
        await sending
        assert await reading == [200] * (sent + 1)
        assert 0 < most <= PIECE_BYTES // len(request_) + 1


@pytest.mark.parametrize("request_", [posted(), GET, LAST], ids=["posted", "got", "closing"])
@on_both_loops
async def test_who_does_not_read_is_cut_off(request_: bytes):
    """An answer that nobody reads is kept for its time, then it and its connection are gone."""
    clock = SteppedClock()
    async with served(Counting, Admission(clock, lambda _: 1000)) as it:
        it.data = {"hello": "you" * (8 << 20)}
        caller = await it.connection()
        caller.writer.transport.pause_reading()
        caller.send(request_)
        await it.began.acquire()
        protocol = it.protocol
        while not protocol.transport.get_write_buffer_size():
            await asyncio.sleep(0)
        protocol.check_time()
        clock.passed_s += MAX_UNREAD_S - 1
        protocol.check_time()
        assert it.server.server_state.connections
        while it.server.server_state.connections:  # the system may still take some of it
            clock.passed_s += MAX_UNREAD_S
            protocol.check_time()
            await asyncio.sleep(0)
        await it.gone()


async def test_blank_lines_keep_no_connection():
    """An idle connection is closed also when blank lines come on it."""
    async with served() as it:
        it.server.config.timeout_keep_alive = 0.05  # type: ignore[assignment]
        caller = await it.connection()
        caller.send(posted())
        assert (await caller.answer())[0] == 200
        reading = asyncio.create_task(caller.until_closed())
        while not reading.done():
            caller.send(b"\r\n")
            await asyncio.wait({reading}, timeout=0.01)
        assert await reading == b""


WAYS = {"posted": posted(), "chunked": chunked(BODY), "got": GET}


@pytest.mark.parametrize("request_", WAYS.values(), ids=WAYS)
@pytest.mark.parametrize("leave", ["reset", "close"])
@on_both_loops
async def test_what_is_done_for_a_caller_who_has_left_is_given_up(
    request_: bytes, leave: str, caplog: pytest.LogCaptureFixture
):
    """It is cancelled where it waits, no task stays, and the log says nothing of it."""
    caplog.set_level(logging.INFO)
    async with served() as it:
        it.may_answer.clear()
        caller = await it.connection()
        caller.send(request_)
        await it.began.acquire()
        await _left(caller, leave)
        await it.gone()
        assert (it.cancelled, it.answered) == (1, 0)
    assert [record for record in caplog.records if record.levelno > logging.INFO] == []


async def _left(caller: Caller, leave: str) -> None:
    if leave == "reset":
        caller.reset()
    else:
        await caller.aclose()


@pytest.mark.parametrize("request_", WAYS.values(), ids=WAYS)
@on_both_loops
async def test_a_caller_who_leaves_between_pipelined_requests_leaves_nothing_behind(request_: bytes):
    """It is seen when the first has been answered, for nothing is read before; the second is not run."""
    async with served() as it:
        it.may_answer.clear()
        caller = await it.connection()
        caller.send(posted() + request_)
        await it.began.acquire()
        await caller.aclose()
        it.may_answer.set()
        await it.gone()
        assert (it.answered, len(it.asked)) == (1, 1)


@on_both_loops
async def test_a_caller_who_leaves_in_his_body_leaves_no_trace(caplog: pytest.LogCaptureFixture):
    """On every path: nothing is run, and there is no traceback in the log."""
    caplog.set_level(logging.INFO)
    async with served() as it:
        for request_ in (posted()[:-1], chunked(BODY)[:-9], TOLD[:-1]):
            caller = await it.connection()
            caller.send(request_)
            while not it.server.server_state.connections or it.protocol.cycle is None:
                await asyncio.sleep(0)
            caller.reset()
            await it.gone()
        assert it.asked == []
    assert [record for record in caplog.records if record.levelno > logging.INFO] == []


@on_both_loops
async def test_an_answer_to_a_caller_who_has_just_left_is_no_mistake(caplog: pytest.LogCaptureFixture):
    """What ASGI still sends on a connection that is being closed is dropped without a traceback in the log."""
    async with served() as it:
        it.may_answer.clear()
        caller = await it.connection()
        caller.send(GET)
        await it.began.acquire()
        it.protocol.transport.abort()
        it.may_answer.set()
        await it.gone()
    assert [record for record in caplog.records if record.levelno > logging.INFO] == []


async def test_two_requests_are_told_apart_when_one_caller_leaves():
    """The other one, who asks the same, has his answer."""
    async with served() as it:
        it.may_answer.clear()
        leaving, staying = await it.connection(), await it.connection()
        for caller in (leaving, staying):
            caller.send(posted())
            await it.began.acquire()
        leaving.reset()
        while len(it.server.server_state.connections) > 1:
            await asyncio.sleep(0)
        it.may_answer.set()
        assert (await staying.answer())[0] == 200
        assert (it.cancelled, it.answered) == (1, 1)


class Crowded(EndpointProtocol):
    descriptors = Descriptors(1)


async def test_where_connections_run_out_callers_are_told():
    """503 with Retry-After and the end of the connection; whether the process lives is said all the same."""
    async with served(Crowded) as it:
        for request_ in (posted(), GET, chunked(BODY), TOLD):
            caller = await it.connection()
            caller.send(request_)
            status, headers, body = await caller.answer()
            assert (status, headers["retry-after"], headers["connection"]) == (503, "1", "close")
            extensions = json.loads(body)["errors"][0]["extensions"]
            assert (extensions["code"], extensions["retryable"]) == ("OVERLOADED", True)
            assert await caller.is_closed()
        caller = await it.connection()
        caller.send(b"GET /healthz HTTP/1.1\r\nhost: here\r\n\r\n")
        assert await caller.statuses() == [200]
        assert it.asked == []


class Socket:
    def __init__(self, number: int) -> None:
        self.number = number

    def get_extra_info(self, name: str) -> "Socket":
        assert name == "socket"
        return self

    def fileno(self) -> int:
        return self.number


def test_the_log_says_that_descriptors_run_out_once_a_minute():
    """From nine of ten on, with the numbers."""
    clock = SteppedClock()
    descriptors = Descriptors(1000, clock)
    with structlog.testing.capture_logs() as lines:
        assert [descriptors.are_nearly_used(Socket(number)) for number in (3, 899, 900, 950)] == [False, False, True, True]  # type: ignore[arg-type]
        clock.passed_s += PAUSE_S
        assert descriptors.are_nearly_used(Socket(999))  # type: ignore[arg-type]
    assert [(line["event"], line["used"], line["limit"]) for line in lines] == [
        ("descriptors_nearly_used", 901, 1000),
        ("descriptors_nearly_used", 1000, 1000),
    ]


def test_the_limit_is_that_of_the_process():
    """A connection with a small number is no sign of anything."""
    assert not Descriptors().are_nearly_used(Socket(3))  # type: ignore[arg-type]


async def test_the_server_ends_while_a_request_is_half_here():
    """It is given up after its time, and the server ends."""
    async with served(Hasty) as it:
        caller = await it.connection()
        caller.send(chunked(BODY)[:-5])
        while not it.server.server_state.connections or it.protocol.cycle is None:
            await asyncio.sleep(0)
        it.server.should_exit = True
        assert await caller.statuses() == [408]
