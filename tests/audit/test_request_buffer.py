"""What requests leave waits as lines, and holds neither users nor keys in plain text."""

from typing import Any

import pytest

from gateway.audit.request_buffer import RequestBuffer, decode_requests
from tests.support.audit_trails import KEYS


def add(buffer: RequestBuffer, request: str, customers: Any = (), user: str | None = None, attempts: Any = ()) -> None:
    buffer.add((1.5, request, "console", user, None, "query", "OK", ("contact",), ("crm",), customers, attempts))


def requests_in(lines: bytes) -> list[str]:
    return [request[1] for request in decode_requests(lines)]


def test_users_and_keys_are_hashed_before_they_wait():
    """Customers are not: they are committed to when a link is sealed."""
    buffer = RequestBuffer(KEYS)
    add(buffer, "r1", "crm:7", "anna", {("email", "ana@example.com")})
    lines = buffer.read_first()
    assert b"ana" not in lines
    (request,) = decode_requests(lines)
    assert (request[0], request[9], len(request[3] or ""), len(next(iter(request[10]))[1])) == (1.5, "crm:7", 64, 64)


def test_lines_wait_until_they_are_removed(monkeypatch: pytest.MonkeyPatch):
    """What is added meanwhile stands behind them. A line that is longer than what is read at once is read alone."""
    buffer = RequestBuffer(KEYS)
    for number in range(4):
        add(buffer, f"r{number}")
    monkeypatch.setattr("gateway.audit.request_buffer.MAX_READ_BYTES", len(buffer.read_first()) // 2 + 3)
    first = buffer.read_first()
    assert buffer.read_first() == first
    add(buffer, "r4", {"crm:7", "crm:8"})
    buffer.remove_first(len(first))
    assert (requests_in(first), requests_in(buffer.read_first())) == (["r0", "r1"], ["r2", "r3"])
    monkeypatch.setattr("gateway.audit.request_buffer.MAX_READ_BYTES", 3)
    assert requests_in(buffer.read_first()) == ["r2"]
    buffer.drop_first(2)
    assert (requests_in(buffer.read_first()), buffer.count_lines()) == (["r4"], 1)


def test_texts_that_are_no_unicode_stand_escaped():
    """Half a surrogate pair fails in the middle of a line: that line is written anew, and the one before it stays."""
    buffer = RequestBuffer(KEYS)
    add(buffer, "r1")
    add(buffer, "r2", "crm:\ud800", "\ud800", [("email", "\ud800")])
    assert requests_in(buffer.read_first()) == ["r1", "r2"]
    assert decode_requests(buffer.read_first())[1][9] == r"crm:\ud800"


def test_a_line_that_fails_leaves_no_memory_behind():
    """Where msgspec stops, the buffer has grown over memory that was freed, with the lines that stood in it."""
    for number in range(200):
        freed = bytearray(b"\n" * (300 + 10 * number))
        del freed
        buffer = RequestBuffer(KEYS)
        add(buffer, "r1")
        add(buffer, "r2", "crm:" + "7" * number + "\ud800")
        assert (requests_in(buffer.read_first()), buffer.count_lines()) == (["r1", "r2"], 2)


def test_a_line_that_cannot_be_written_is_no_line():
    buffer = RequestBuffer(KEYS)
    add(buffer, "r1")
    with pytest.raises(TypeError):
        add(buffer, "r2", object())
    add(buffer, "r3")
    assert requests_in(buffer.read_first()) == ["r1", "r3"]


def test_what_has_no_room_is_counted(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("gateway.audit.request_buffer.MAX_HELD_BYTES", 1)
    buffer = RequestBuffer(KEYS)
    for number in range(3):
        add(buffer, f"r{number}")
    assert (requests_in(buffer.read_first()), buffer.dropped) == (["r0"], 2)
