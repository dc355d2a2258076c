"""Hold the events of one stream until its client reads them, and the operations that write them."""

from __future__ import annotations

import asyncio
from collections import deque

from gateway.access.caller import Caller

MAX_WAITING_BYTES = 64 << 10
"""What waits for a client who reads slowly. His operations go on when there is less."""

COMMENT = b":\n\n"
"""What clients pass over."""


def write_event(name: str, data: bytes = b"", cursor: str | None = None) -> bytes:
    """Write an event, as the HTML standard has it. JSON has no line breaks of its own."""
    id_ = b"" if cursor is None else b"id: %s\n" % cursor.encode()
    return b"event: %s\n%sdata: %s\n\n" % (name.encode(), id_, data)


class EventStream:
    """The events of the operations of one client, in the order in which they are written.

    It belongs to the `caller` who asked for it, as the person or customer that he is, and `is_open` while he reads. One that
    nobody opens ends at `expires_at`.
    Iteration gives all that waits at once, and ends when the stream is ended and was read.
    """

    def __init__(self, caller: Caller, expires_at: float = 0.0) -> None:
        self.caller = caller
        self.expires_at = expires_at
        self.is_open = False
        self.operations: dict[str, asyncio.Task[None]] = {}
        self._waiting: deque[bytes] = deque()
        self._waiting_bytes = 0
        self._is_ending = self._is_ended = False
        self._readable = asyncio.Event()
        self._has_room = asyncio.Event()
        self._has_room.set()

    @property
    def is_ended(self) -> bool:
        """Tell whether nothing more is written."""
        return self._is_ended

    def __aiter__(self) -> EventStream:
        return self

    async def __anext__(self) -> bytes:
        while not self._waiting:
            if self._is_ended:
                raise StopAsyncIteration
            self._readable.clear()
            await self._readable.wait()
        events = b"".join(self._waiting)
        self._waiting.clear()
        self._waiting_bytes = 0
        self._has_room.set()
        return events

    def write(self, event: bytes) -> None:
        """Add an event. One that comes after the end is dropped."""
        if self._is_ended:
            return
        self._waiting.append(event)
        self._waiting_bytes += len(event)
        if self._waiting_bytes >= MAX_WAITING_BYTES:
            self._has_room.clear()
        self._readable.set()

    async def wait_for_room(self) -> None:
        """Wait until the client has read."""
        await self._has_room.wait()

    def keep_alive(self) -> None:
        """Say something, unless the client has something to read."""
        if self.is_open and not self._waiting:
            self.write(COMMENT)

    def add_operation(self, id_: str, task: asyncio.Task[None]) -> None:
        """Add an operation that writes to the stream."""
        self.operations[id_] = task
        task.add_done_callback(lambda _: self._forget_operation(id_, task))

    def end_operation(self, id_: str) -> None:
        """End an operation, which writes nothing more. One that is not there has ended."""
        if (task := self.operations.pop(id_, None)) is not None:
            task.cancel()
            self._end_if_done()

    def end_when_done(self) -> None:
        """End the stream behind its last operation."""
        self._is_ending = True
        self._end_if_done()

    def close(self) -> None:
        """End all operations and the stream: nobody reads."""
        self._waiting.clear()
        self._is_ended = True
        for task in [*self.operations.values()]:
            task.cancel()
        self._readable.set()
        self._has_room.set()

    def _forget_operation(self, id_: str, task: asyncio.Task[None]) -> None:
        if self.operations.get(id_) is task:
            del self.operations[id_]
        self._end_if_done()

    def _end_if_done(self) -> None:
        if self._is_ending and not self.operations:
            self._is_ended = True
            self._readable.set()
