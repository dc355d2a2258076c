"""A worker as the master sees it."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Callable
from enum import StrEnum
from typing import Any

from gateway.clock import Clock
from gateway.serving import messages

HUNG_S = 10.0
"""A worker that was not heard of for so long is shown as hung."""

MAX_HUNG_S = 60.0
"""A worker that was not heard of for so long is killed, and replaced."""


class WorkerState(StrEnum):
    STARTING = "starting"
    READY = "ready"
    HUNG = "hung"
    ENDING = "ending"


class WorkerProcess:
    """A process and its channel. `number` counts the workers of a master; `ended` is its exit code, or its signal negated."""

    def __init__(self, number: int, pid: int, ended: asyncio.Future[int], revision: int, channel: messages.Pipe) -> None:
        self.number = number
        self.pid = pid
        self.ended = ended
        self.revision = revision
        self.heartbeat: messages.Heartbeat | None = None
        self.is_ending = False
        self.was_told = False
        """Whether the log says that it hangs."""
        self.was_hung = False
        """Whether it was killed for it."""
        self._channel = channel
        self._started_at = self.heard_at = Clock.monotonic()
        self._ready_at: float | None = None
        self._replies: dict[type, asyncio.Future[messages.Message]] = {}

    @property
    def uptime_s(self) -> float:
        return Clock.monotonic() - self._started_at

    @property
    def ready_s(self) -> float:
        """Seconds since it took its first requests, 0 before."""
        return 0.0 if self._ready_at is None else Clock.monotonic() - self._ready_at

    @property
    def silent_s(self) -> float:
        """Seconds since it was heard of. One that starts may take its time, and is never silent."""
        return 0.0 if self._ready_at is None else Clock.monotonic() - self.heard_at

    @property
    def state(self) -> WorkerState:
        if self.is_ending:
            return WorkerState.ENDING
        if self._ready_at is None:
            return WorkerState.STARTING
        return WorkerState.HUNG if self.silent_s > HUNG_S else WorkerState.READY

    async def listen(self, tell: Callable[[WorkerProcess, messages.Message], None]) -> None:
        """Hand its messages on, until it has ended."""
        while (message := await self._channel.receive()) is not None:
            self.heard_at = Clock.monotonic()
            match message:
                case messages.Ready():
                    self._ready_at = self.heard_at
                    self.revision = message.revision
                case messages.Heartbeat():
                    self.heartbeat = message
                case messages.Switched():
                    self.revision = message.revision
            if reply := self._replies.pop(type(message), None):
                reply.set_result(message)
            tell(self, message)

    def tell(self, message: messages.ToWorker) -> None:
        """Send a message for which there is no reply."""
        self._channel.send(message)

    async def ask(self, message: messages.ToWorker, reply: type[messages.Message], timeout_s: float) -> messages.Message | None:
        """Send a message and wait for its reply. None where the worker ended, or took too long."""
        waiting = self._replies.get(reply)
        if waiting is None:
            waiting = self._replies[reply] = asyncio.get_running_loop().create_future()
            self._channel.send(message)
        either: set[asyncio.Future[Any]] = {waiting, self.ended}
        await asyncio.wait(either, timeout=timeout_s, return_when=asyncio.FIRST_COMPLETED)
        if not waiting.done():
            self._replies.pop(reply, None)
            return None
        return waiting.result()

    def end(self) -> None:
        """Ask it to finish what is under way and to end."""
        self.is_ending = True
        self.kill(signal.SIGTERM)

    def kill(self, number: signal.Signals = signal.SIGKILL) -> None:
        """Send a signal, if there is still somebody who gets it."""
        if not self.ended.done():
            os.kill(self.pid, number)

    def close(self) -> None:
        self._channel.close()
