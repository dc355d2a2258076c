"""Read and write the frames of one open WebSocket, within bounds.

The library websockets parses and writes frames. This adds what a server needs that anybody may connect to: little is parsed at
a time, nothing is read for a client who does not read himself, and one who sends without end is read at a pace.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Protocol as Interface

from websockets.frames import BINARY, CLOSE, PING, PONG, Frame
from websockets.protocol import Protocol, Side, State

from gateway.error_codes import ErrorCode
from gateway.flow_control import LingeringTransport
from gateway.subscriptions.socket_messages import CloseCode, SocketClosedError
from gateway.subscriptions.socket_turns import SocketTurns

PIECE_BYTES = 512
"""What is parsed at a time: 85 frames at most, which take less than two milliseconds."""

TURN_BYTES = 64 << 10
TURN_FRAMES = 64
"""What is read of a socket before others have their turn."""

MAX_FRAMES = 1_000
FRAMES_PER_S = 200
"""How many frames a client may send at once, and in each second after them. More of them wait."""

MAX_FIRST_BYTES = 64 << 10
MAX_FIRST_FRAMES = 64
"""The largest message of a client of whom nothing is known, and how many frames he may send."""

MAX_UNREAD_S = 30.0
"""For how long a client may read nothing of what waits for him."""

PING_S = 20.0
PONG_S = 20.0
"""A client who says nothing for so long is asked whether he is there, and then has so long to answer."""

CLOSE_S = 10.0
"""How long a client has to close, too, and to read what was written before."""

_quiet = logging.getLogger("gateway.websockets")
"""Says nothing: what is to be said of a socket, its session says."""
_quiet.disabled = True


class SocketListener(Interface):
    """Told of what comes by a socket."""

    def receive(self, text: str) -> None:
        """Receive a message."""

    def refuse(self, error: SocketClosedError) -> None:
        """Close the socket for what its client did."""

    def leave(self) -> None:
        """End what is under way: nobody listens any more."""

    def forget(self) -> None:
        """Forget the socket: its connection is gone."""


class SocketProtocol(asyncio.Protocol):
    """One open socket. `tick` is to be called each second."""

    __slots__ = (
        "_closes_at",
        "_conn",
        "_frames",
        "_frames_left",
        "_frames_per_s",
        "_heard_at",
        "_is_held",
        "_is_paused",
        "_is_pinged",
        "_is_scheduled",
        "_listener",
        "_loop",
        "_message",
        "_monotonic",
        "_place",
        "_read_bytes",
        "_turns",
        "_unparsed",
        "_unread_since",
        "_waiters",
        "_was_heard",
        "_written",
        "is_closing",
        "is_full",
        "transport",
    )

    def __init__(
        self, transport: asyncio.Transport, listener: SocketListener, turns: SocketTurns, monotonic: Callable[[], float]
    ) -> None:
        self.transport = transport
        self.is_closing = False
        self.is_full = False
        """Whether enough waits for a client to read."""
        self._loop = asyncio.get_running_loop()
        self._listener = listener
        self._turns = turns
        self._monotonic = monotonic
        self._conn = Protocol(Side.SERVER, max_size=MAX_FIRST_BYTES, logger=_quiet)
        self._unparsed = b""
        self._place = 0
        self._frames: list[Frame] = []
        self._frames_left = MAX_FIRST_FRAMES
        self._frames_per_s = 0
        self._message: bytearray | None = None  # of frames that have come of it
        self._is_held = self._is_paused = self._is_scheduled = self._is_pinged = self._was_heard = False
        self._heard_at = self._unread_since = monotonic()
        self._written = self._read_bytes = 0
        self._closes_at: float | None = None
        self._waiters: list[asyncio.Future[None]] = []

    # What comes

    def data_received(self, data: bytes) -> None:
        self._was_heard = True
        self._unparsed = self._unparsed[self._place :] + data if self._unparsed else data
        self._place = 0
        self._schedule_turn()

    def eof_received(self) -> None:
        self._end_for_client()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002  why it is gone changes nothing
        self.is_closing = True
        self._forget_unparsed()
        self._wake()
        self._listener.leave()
        self._listener.forget()

    def hold_reading(self) -> None:
        """Parse nothing more until reading goes on."""
        self._is_held = True

    def go_on_reading(self, max_bytes: int) -> None:
        """Parse on, now for a client who is known: messages of so many bytes, and as many as there may be."""
        self._conn.max_message_size = max_bytes
        self._frames_left, self._frames_per_s = MAX_FRAMES, FRAMES_PER_S
        self._is_held = False
        self._schedule_turn()

    def _may_parse(self) -> bool:
        return self._frames_left > 0 and (self.is_closing or not (self._is_held or self.is_full))

    def _parse_turn(self) -> None:
        """Parse what has come, as far as this socket's turn goes."""
        self._is_scheduled = False
        until, left = self._place + TURN_BYTES, TURN_FRAMES
        while self._may_parse() and left and self._place < until:
            if self._frames:
                left -= 1
                self._frames_left -= 1
                self._read_frame(self._frames.pop(0))
            elif self._place < len(self._unparsed):
                self._parse_piece()
            else:
                break
        if self._place >= len(self._unparsed):
            self._unparsed, self._place = b"", 0
        self._schedule_turn()

    def _schedule_turn(self) -> None:
        """Have another turn where there is more to parse, and read no more where enough waits for it."""
        unparsed_bytes, may_parse = len(self._unparsed) - self._place, self._may_parse()
        has_more = bool(self._frames) or unparsed_bytes > 0
        is_new = not self._frames_per_s and not self.is_closing
        if is_new and ((has_more and self._frames_left <= 0) or unparsed_bytes > 2 * MAX_FIRST_BYTES):
            self._fail(CloseCode.BAD_REQUEST, "Too much before connection_init")
            return
        if has_more and may_parse and not self._is_scheduled:
            self._is_scheduled = True
            self._turns.add(self._parse_turn)
        if self.transport.is_closing():
            return
        if (has_more and not may_parse) or unparsed_bytes > TURN_BYTES or (self._is_held and not self.is_closing):
            self.transport.pause_reading()
            self._is_paused = True
        elif self._is_paused:
            self.transport.resume_reading()
            self._is_paused = False

    def _parse_piece(self) -> None:
        conn, place = self._conn, self._place
        self._place = place + PIECE_BYTES
        conn.receive_data(self._unparsed[place : place + PIECE_BYTES])
        self._frames.extend(frame for frame in conn.events_received() if isinstance(frame, Frame))
        if self.is_closing:
            conn.data_to_send()  # to pings, behind what has closed
        elif conn.parser_exc is not None:
            assert conn.close_sent is not None
            self._listener.refuse(SocketClosedError(CloseCode(conn.close_sent.code), conn.close_sent.reason))
        else:
            self._write_out()

    def _read_frame(self, frame: Frame) -> None:
        if frame.opcode is CLOSE:
            self._end_for_client()
        elif self.is_closing or frame.opcode is PING or frame.opcode is PONG:
            return
        elif frame.opcode is BINARY:
            self._listener.refuse(SocketClosedError(CloseCode.BAD_REQUEST, "Invalid message: messages are texts"))
        elif frame.fin and self._message is None:
            self._read_text(bytes(frame.data))
        else:
            if self._message is None:
                self._message = bytearray()
            self._message += frame.data
            if frame.fin:
                data, self._message = bytes(self._message), None
                self._read_text(data)

    def _read_text(self, data: bytes) -> None:
        try:
            text = data.decode()
        except UnicodeDecodeError:
            self._listener.refuse(SocketClosedError(CloseCode.INVALID_TEXT, "texts are in UTF-8"))
        else:
            self._listener.receive(text)

    # What leaves

    def write(self, text: bytes) -> None:
        """Write a message, unless the socket is being closed."""
        if not self.is_closing and self._conn.state is State.OPEN:
            self._conn.send_text(text)
            self._write_out()

    def _write_out(self) -> None:
        data = b"".join(self._conn.data_to_send())
        if data and not self.transport.is_closing():
            self._written += len(data)
            self.transport.write(data)

    def pause_writing(self) -> None:
        self.is_full = True

    def resume_writing(self) -> None:
        self.is_full = False
        self._wake()
        self._schedule_turn()

    async def drain(self) -> None:
        """Wait until there is room to write, or nobody reads any more."""
        while self.is_full and not self.is_closing:
            waiter = self._loop.create_future()
            self._waiters.append(waiter)
            await waiter

    def _wake(self) -> None:
        waiters, self._waiters = self._waiters, []
        for waiter in waiters:
            if not waiter.done():
                waiter.set_result(None)

    # How it ends

    def close(self, code: int, reason: str) -> None:
        """Close behind what was written. Nothing more is read but that the client closes, too."""
        if self.is_closing:
            return
        self._begin_closing()
        conn = self._conn
        if conn.state is State.OPEN:
            conn.send_close(code, reason)
        self._write_out()
        if conn.eof_sent and not self.transport.is_closing():  # its parser has failed, and reads no answer
            LingeringTransport(self.transport, self._loop).close()
        self._schedule_turn()

    def _fail(self, code: CloseCode, reason: str) -> None:
        """Close for what is not worth to be parsed. What else comes is thrown away."""
        self._forget_unparsed()
        self._conn.fail(code, reason)
        self._listener.refuse(SocketClosedError(code, reason))

    def _end_for_client(self) -> None:
        """End a socket whose client has closed it."""
        if not self.is_closing:
            self._begin_closing()
            self._listener.leave()
        self._forget_unparsed()
        self.transport.close()

    def _begin_closing(self) -> None:
        self.is_closing = True
        self._closes_at = self._monotonic() + CLOSE_S
        self._frames.clear()
        self._message = None
        self._wake()

    def _forget_unparsed(self) -> None:
        self._unparsed, self._place = b"", 0
        self._frames.clear()

    def tick(self, now: float) -> None:
        """Look whether the client is there and reads, and let him send more."""
        self._frames_left = min(MAX_FRAMES, self._frames_left + self._frames_per_s)
        if self.is_closing:
            self._schedule_turn()
            if self._closes_at is not None and now >= self._closes_at:
                self.transport.abort()
            return
        read_bytes = self._written - self.transport.get_write_buffer_size()
        if read_bytes != self._read_bytes or read_bytes == self._written:
            self._read_bytes, self._unread_since = read_bytes, now
        if now - self._unread_since >= MAX_UNREAD_S:
            self._listener.refuse(
                SocketClosedError(CloseCode.TRY_AGAIN_LATER, "Nothing was read for too long", ErrorCode.OVERLOADED)
            )
            return
        self._check_presence(now)
        self._schedule_turn()

    def _check_presence(self, now: float) -> None:
        """Ask a client who says nothing whether he is there. One whom nobody reads may have answered."""
        if self._was_heard or self._is_paused:
            self._was_heard = self._is_pinged = False
            self._heard_at = now
        elif now - self._heard_at >= PING_S + PONG_S:
            self._listener.refuse(SocketClosedError(CloseCode.TRY_AGAIN_LATER, "A ping was not answered"))
        elif now - self._heard_at >= PING_S and not self._is_pinged and not self.is_full:
            self._is_pinged = True
            self._conn.send_ping(b"")
            self._write_out()
