"""The short way from the socket to the view: what it takes, what it leaves to uvicorn, and how connections end."""

import asyncio
import gc
import json
import weakref
from inspect import signature

import pytest
from uvicorn import Config
from uvicorn.protocols.http.flow_control import FlowControl
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol, RequestResponseCycle
from uvicorn.server import ServerState

from gateway.admission.admission import Admission
from gateway.framing import IDLE
from gateway.http.security_headers import SECURITY_HEADERS
from tests.support.clocks import SteppedClock
from tests.support.endpoint import BODY, HEAD, posted, served

PROTOCOL = """access_logger app cycle data_received flow headers logger loop on_body on_header on_headers_complete
on_message_begin on_message_complete on_response_complete pipeline _start_asgi_task tasks timeout_keep_alive
timeout_keep_alive_handler transport url"""
CYCLE = "disconnected keep_alive message_event response_complete response_started scope"
CYCLE_ARGUMENTS = """scope transport flow logger access_logger access_log default_headers message_event expect_100_continue
keep_alive on_response"""
FLOW = "drain read_paused resume_reading write_paused"
STATE = "default_headers tasks total_requests"


async def test_uvicorn_has_the_inner_names_that_are_built_on():
    """It promises none of them: where an update drops one, `framing` and `uvicorn_protocol` have to follow."""
    protocol = HttpToolsProtocol(Config(view_of_nothing, http="httptools"), ServerState(), {})
    protocol.on_message_begin()
    assert [*signature(RequestResponseCycle).parameters] == CYCLE_ARGUMENTS.split()
    cycle = RequestResponseCycle(*[None] * len(CYCLE_ARGUMENTS.split()))
    built_on = [(protocol, PROTOCOL), (cycle, CYCLE), (FlowControl(None), FLOW), (ServerState(), STATE)]
    assert [name for owner, names in built_on for name in names.split() if not hasattr(owner, name)] == []
    assert STATUS_LINE[200] == b"HTTP/1.1 200 OK\r\n"


async def view_of_nothing(scope, receive, send):
    """An application."""


async def test_requests_of_a_connection_are_answered_one_after_the_other():
    """Three times the same answer on one connection, with the headers of the view and the server's date, by one task."""
    async with served() as it:
        caller = await it.connection()
        for number in range(3):
            caller.send(posted(more=b"x-request-id: n%d\r\n" % number))
            status, headers, body = await caller.answer()
            assert (status, json.loads(body)) == (200, {"data": {"hello": "you"}})
            assert headers.pop("date").endswith("GMT")
            assert headers == {
                "content-length": "24",
                "content-type": "application/json; charset=utf-8",
                "x-request-id": f"n{number}",
                "cache-control": "no-store",
                "vary": "Accept, Accept-Encoding, Origin",
                **SECURITY_HEADERS,
            }
            assert it.on_short_way == 1


async def test_a_body_may_come_in_pieces():
    """A request is run when its last byte is here."""
    async with served() as it:
        caller = await it.connection()
        whole = posted()
        for place in range(len(whole) - 1):
            caller.send(whole[place : place + 1])
            await caller.writer.drain()
        assert it.began.locked()
        caller.send(whole[-1:])
        assert (await caller.answer())[0] == 200


async def test_pipelined_requests_are_answered_in_order():
    """The second waits in the connection until the first has its answer, and takes the way through ASGI."""
    async with served() as it:
        it.may_answer.clear()
        caller = await it.connection()
        caller.send(posted(more=b"x-request-id: one\r\n") + posted(more=b"x-request-id: two\r\n"))
        await it.began.acquire()
        assert it.began.locked()
        it.may_answer.set()
        assert [(await caller.answer())[1]["x-request-id"] for _ in range(2)] == ["one", "two"]
        caller.send(posted(more=b"x-request-id: three\r\n"))
        assert (await caller.answer())[1]["x-request-id"] == "three"


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (HEAD + b"transfer-encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\n\r\n" % (len(BODY), BODY), 200),
        (posted().replace(b"HTTP/1.1", b"HTTP/1.0"), 200),
        (posted(more=b"connection: keep-alive\r\n").replace(b"HTTP/1.1", b"HTTP/1.0"), 200),
        (posted(BODY + b" " * 100), 413),
        (b"GET /graphql?query=%7Bhello%7D HTTP/1.1\r\nhost: here\r\n\r\n", 200),
        (b"PUT /graphql HTTP/1.1\r\nhost: here\r\ncontent-length: 0\r\n\r\n", 405),
        (posted().replace(b"/graphql", b"/elsewhere"), 404),
    ],
    ids=["chunked", "http/1.0", "http/1.0 kept", "too large", "get", "put", "another path"],
)
async def test_other_requests_go_through_asgi(request_: bytes, status: int):
    """They have the answers of the view and of the router; no task of the short way is made."""
    async with served() as it:
        caller = await it.connection()
        caller.send(request_)
        assert (await caller.answer())[0] == status
        assert it.on_short_way == 0


async def test_a_caller_who_expects_to_be_asked_for_the_body_is_asked():
    """100 Continue comes before the body is sent, then the answer."""
    async with served() as it:
        caller = await it.connection()
        caller.send(posted(more=b"expect: 100-continue\r\n").removesuffix(BODY))
        assert (await caller.answer())[0] == 100
        caller.send(BODY)
        assert (await caller.answer())[0] == 200


async def test_an_old_caller_is_not_asked_for_the_body():
    """HTTP/1.0 has no interim answers, so its `Expect` is ignored (RFC 9110 10.1.1)."""
    async with served() as it:
        caller = await it.connection()
        request = posted(more=b"expect: 100-continue\r\n").replace(b"HTTP/1.1", b"HTTP/1.0")
        caller.send(request.removesuffix(BODY))
        await asyncio.sleep(0)
        caller.send(BODY)
        assert (await caller.answer())[0] == 200


async def test_a_connection_is_closed_when_its_caller_says_so():
    """The answer says so as well."""
    async with served() as it:
        caller = await it.connection()
        caller.send(posted(more=b"connection: close\r\n"))
        status, headers, _ = await caller.answer()
        assert (status, headers["connection"]) == (200, "close")
        assert await caller.is_closed()


async def test_a_connection_that_is_idle_is_closed():
    """After the time that uvicorn gives it, counted from the last answer."""
    clock = SteppedClock()
    async with served(admission=Admission(clock, lambda _: 1000)) as it:
        it.server.config.timeout_keep_alive = 5
        caller = await it.connection()
        for _ in range(2):
            caller.send(posted())
            assert (await caller.answer())[0] == 200
            clock.passed_s += 4
            it.protocol.check_time()
        assert len(it.server.server_state.connections) == 1
        clock.passed_s += 2
        it.protocol.check_time()
        assert await caller.is_closed()


async def test_connections_that_ended_leave_nothing_to_the_garbage_collector():
    """Thousands end at once, and each holds its last request: what they held is free when they have gone."""
    gc.disable()
    try:
        async with served() as it:
            caller = await it.connection()
            caller.send(posted())
            assert (await caller.answer())[0] == 200
            ended = weakref.ref(it.protocol)
            caller.reset()
            await it.gone()
            await asyncio.sleep(0)
            assert ended() is None
    finally:
        gc.enable()


@pytest.mark.parametrize("sent", [posted(), posted()[:1]], ids=["under way", "begun"])
async def test_a_connection_with_a_request_is_not_idle(sent: bytes):
    """Neither while it is under way nor while it comes: the timer of the answer before leaves it alone."""
    async with served() as it:
        caller = await it.connection()
        caller.send(posted())
        assert (await caller.answer())[0] == 200
        it.may_answer.clear()
        caller.send(sent)
        while it.protocol.phase == IDLE:
            await asyncio.sleep(0)
        it.protocol.check_time()
        it.may_answer.set()
        if rest := posted()[len(sent) :]:  # CPython 3.13.0 sends nothing for ever
            caller.send(rest)
        assert (await caller.answer())[0] == 200


async def test_the_server_ends_after_its_answers():
    """An answer under way is given, and says that the connection ends; one that waits for a request is closed at once."""
    async with served() as it:
        idle, busy = await it.connection(), await it.connection()
        idle.send(posted())
        assert (await idle.answer())[0] == 200
        await it.began.acquire()
        it.may_answer.clear()
        busy.send(posted())
        await it.began.acquire()
        it.server.should_exit = True
        assert await idle.is_closed()
        it.may_answer.set()
        status, headers, _ = await busy.answer()
        assert (status, headers["connection"]) == (200, "close")
        assert await busy.is_closed()
