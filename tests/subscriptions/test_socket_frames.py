"""How frames of one socket are read, and who is closed: over a connection that a test holds, at times that it says."""

from __future__ import annotations

import asyncio
from itertools import count
from typing import Any

import pytest
from websockets.frames import Opcode

from gateway.subscriptions.socket_messages import CloseCode, SocketClosedError
from gateway.subscriptions.socket_protocol import (
    FRAMES_PER_S,
    MAX_FIRST_BYTES,
    MAX_FRAMES,
    MAX_UNREAD_S,
    PIECE_BYTES,
    TURN_BYTES,
    TURN_FRAMES,
    SocketProtocol,
)
from gateway.subscriptions.socket_turns import SocketTurns
from tests.support.clocks import turns
from tests.support.socket_clients import (
    frame,
)

TINY = frame(b"", Opcode.PONG)


class HeldTransport(asyncio.Transport):
    """A connection whose client reads nothing."""

    def __init__(self) -> None:
        super().__init__()
        self.written = b""
        self.is_reading = True
        self.is_gone = False

    def write(self, data: Any) -> None:
        self.written += data

    def get_write_buffer_size(self) -> int:
        return len(self.written)

    def pause_reading(self) -> None:
        self.is_reading = False

    def resume_reading(self) -> None:
        self.is_reading = True

    def is_closing(self) -> bool:
        return self.is_gone

    def close(self) -> None:
        self.is_gone = True

    abort = close

    def can_write_eof(self) -> bool:
        return False


class Notes:
    """Notes what a protocol tells."""

    def __init__(self) -> None:
        self.texts: list[str] = []
        self.codes: list[int] = []
        self.has_left = False

    def receive(self, text: str) -> None:
        self.texts.append(text)

    def refuse(self, error: SocketClosedError) -> None:
        self.codes.append(error.code)

    def leave(self) -> None:
        self.has_left = True

    def forget(self) -> None: ...


def protocol(turns: SocketTurns | None = None, *, is_known: bool = True) -> tuple[SocketProtocol, HeldTransport, Notes]:
    """A socket at the time 0. A round of the loop has one turn."""
    transport, notes = HeldTransport(), Notes()
    socket = SocketProtocol(transport, notes, turns or SocketTurns(count().__next__), lambda: 0.0)
    if is_known:
        socket.go_on_reading(1 << 20)
    return socket, transport, notes


async def test_tiny_frames_are_read_in_turns():
    """What comes at once is read a little at a time, with others in between."""
    socket, _, notes = protocol()
    socket.data_received(frame(b"{}") * 200)
    counts = []
    while not counts or counts[-1] < 200:
        await asyncio.sleep(0)
        counts.append(len(notes.texts))
    assert counts == [TURN_FRAMES, 2 * TURN_FRAMES, 3 * TURN_FRAMES, 200]


async def test_all_sockets_have_one_round(monkeypatch: pytest.MonkeyPatch):
    """However many they are, and each has its turn before another has a second one."""
    monkeypatch.setattr("gateway.subscriptions.socket_turns.ROUND_S", 2)
    turns = SocketTurns(count().__next__)  # each round has two turns
    sockets = [protocol(turns) for _ in range(6)]
    for socket, _, _ in sockets:
        socket.data_received(frame(b"{}") * (TURN_FRAMES + 1))
    counts = []
    for _ in range(6):
        await asyncio.sleep(0)
        counts.append([len(notes.texts) for _, _, notes in sockets])
    first, all_ = TURN_FRAMES, TURN_FRAMES + 1
    assert counts == [
        [first] * 2 + [0] * 4,
        [first] * 4 + [0] * 2,
        [first] * 6,
        [all_] * 2 + [first] * 4,
        [all_] * 4 + [first] * 2,
        [all_] * 6,
    ]


async def test_a_large_message_is_read_in_turns():
    """Nothing more is read meanwhile."""
    socket, transport, notes = protocol()
    socket.data_received(frame(b" " * (3 * TURN_BYTES)))
    was_reading = []
    while not notes.texts:
        was_reading.append(transport.is_reading)
        await asyncio.sleep(0)
    assert was_reading == [False, False, False, True]


async def test_who_sends_many_bytes_and_does_not_begin_is_closed():
    """Before they are parsed."""
    socket, _, notes = protocol(is_known=False)
    socket.data_received(frame(b" " * MAX_FIRST_BYTES) * 2)
    assert (notes.codes, len(socket._unparsed)) == ([CloseCode.BAD_REQUEST], 0)


async def test_frames_without_end_are_read_at_a_pace():
    """Also those that are no messages: of a client who is closed, too."""
    for is_closed in (False, True):
        socket, transport, _ = protocol()
        if is_closed:
            socket.close(1001, "")
        socket.data_received(TINY * 3 * MAX_FRAMES)
        await turns(100)
        assert not transport.is_reading
        assert left_frames(socket) == 0
        waiting = len(socket._unparsed) - socket._place
        socket.tick(1.0)
        await turns(100)
        assert not transport.is_reading
        assert waiting - (len(socket._unparsed) - socket._place) <= FRAMES_PER_S * len(TINY) + PIECE_BYTES


def left_frames(socket: SocketProtocol) -> int:
    return socket._frames_left


async def test_nothing_is_read_for_who_does_not_read():
    """Until he does."""
    socket, transport, notes = protocol()
    socket.pause_writing()
    socket.data_received(frame(b"{}") * 3)
    await turns()
    assert (notes.texts, transport.is_reading) == ([], False)
    socket.resume_writing()
    await turns()
    assert (notes.texts, transport.is_reading) == (["{}"] * 3, True)


async def test_who_reads_nothing_is_closed_by_the_clock():
    """Also where something is written now and then; not where he reads now and then."""
    socket, transport, notes = protocol()
    for second in range(int(MAX_UNREAD_S)):
        socket.write(b"{}")
        socket.tick(float(second))
        assert notes.codes == []
    socket.tick(MAX_UNREAD_S)
    assert notes.codes == [CloseCode.TRY_AGAIN_LATER]
    socket, transport, notes = protocol()
    for second in range(3 * int(MAX_UNREAD_S)):
        socket.write(b"{}")
        if second % 20 == 0:
            transport.written = transport.written[1:]
        socket._was_heard = True
        socket.tick(float(second))
    assert notes.codes == []


async def test_who_does_not_close_is_cut_off():
    socket, transport, _ = protocol()
    socket.close(1001, "Going away")
    socket.tick(9.9)
    assert not transport.is_gone
    socket.tick(10.0)
    assert transport.is_gone


async def test_who_answers_no_ping_is_closed():
    """He is asked after 20 seconds in which he says nothing, and has 20 to answer."""
    socket, transport, notes = protocol()
    socket.tick(19.9)
    assert transport.written == b""
    for second in (20.0, 39.0):
        socket.tick(second)
        assert (transport.written, notes.codes) == (b"\x89\x00", [])
    transport.written = b""  # which was read by his system, and not by him
    socket.tick(40.0)
    assert notes.codes == [CloseCode.TRY_AGAIN_LATER]


async def test_who_answers_pings_stays():
    socket, transport, notes = protocol()
    for second in range(200):
        socket.tick(float(second))
        if transport.written:
            transport.written = b""
            socket.data_received(frame(b"", Opcode.PONG))
    assert notes.codes == []
