"""Hold the events of one stream, and the operations that write them."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Coroutine
from typing import Any

MAX_WAITING_BYTES = 256 * 1024
"""What waits for a reader. Operations that have more to say wait until he has read."""

MAX_OPERATIONS = 100
"""How many operations write to a stream."""


def write_event(name: str, data: bytes = b"", cursor: str | None = None) -> bytes:
    """Write an event, as the HTML standard has it. JSON has no line breaks of its own."""
    id_ = b"" if cursor is None else b"id: %s\n" % cursor.encode()
    return b"event: %s\n%sdata: %s\n\n" % (name.encode(), id_, data)


class EventStream:
    """The events of all operations of one client, in the order in which they are written.

    It `is_open` while its client reads. It is of the `caller` who reserved it.
    """

    def __init__(self, caller: str) -> None:
        self.caller = caller
        self.is_open = False
        self.operations: dict[str, asyncio.Task[None]] = {}
        self._waiting: deque[bytes] = deque()
        self._bytes = 0
        self._is_closed = False
        self._changed = asyncio.Condition()

    def __aiter__(self) -> EventStream:
        return self

    async def __anext__(self) -> bytes:
        async with self._changed:
            await self._changed.wait_for(lambda: self._waiting or self._is_closed)
            if not self._waiting:
                raise StopAsyncIteration
            event = self._waiting.popleft()
            self._bytes -= len(event)
            self._changed.notify_all()
            return event

    async def write(self, event: bytes) -> None:
        """Add an event, when there is room."""
        async with self._changed:
            await self._changed.wait_for(lambda: self._bytes < MAX_WAITING_BYTES or self._is_closed)
            self._waiting.append(event)
            self._bytes += len(event)
            self._changed.notify_all()

    def run(self, id_: str, work: Coroutine[Any, Any, None]) -> None:
        """Run an operation beside the stream."""
        task = self.operations[id_] = asyncio.create_task(work)
        task.add_done_callback(lambda _: self.operations.pop(id_, None))

    def end(self, id_: str) -> None:
        """End an operation. One that is not there has ended."""
        if (task := self.operations.get(id_)) is not None:
            task.cancel()

    async def end_when_done(self) -> None:
        """Wait until all operations have ended; then end the stream."""
        if self.operations:
            await asyncio.wait([*self.operations.values()])
        async with self._changed:
            self._is_closed = True
            self._changed.notify_all()

    def close(self) -> None:
        """End all operations: nobody reads."""
        self._is_closed = True
        for task in [*self.operations.values()]:
            task.cancel()
