"""Bound what a connection holds for a caller who sends faster than he is answered, or does not read."""

from __future__ import annotations

import asyncio
from collections.abc import Sized

from uvicorn.protocols.http.flow_control import FlowControl

LINGER_S = 1.0
"""How long what a refused caller still sends is read and thrown away, so that he sees the refusal and no reset."""


class ConnectionFlow(FlowControl):
    """Pause and resume a connection. Nothing more is read while requests in its `pipeline` wait for their turn."""

    def __init__(self, transport: asyncio.Transport, pipeline: Sized) -> None:
        super().__init__(transport)
        self._pipeline = pipeline
        self._unread_bytes = 0
        self._unread_since = 0.0

    def resume_reading(self) -> None:
        if not self._pipeline:
            super().resume_reading()

    def unread_s(self, now: float) -> float:
        """Tell for how long the caller has read nothing of what waits for him, as far as this was asked before."""
        unread = self._transport.get_write_buffer_size()
        if unread != self._unread_bytes or not unread:
            self._unread_bytes, self._unread_since = unread, now
        return now - self._unread_since


class LingeringTransport:
    """The transport of a last answer: to close it ends the sending half first."""

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        self._transport = transport
        self._loop = loop

    def write(self, data: bytes) -> None:
        self._transport.write(data)

    def is_closing(self) -> bool:
        return self._transport.is_closing()

    def close(self) -> None:
        if not self._transport.is_closing():
            if self._transport.can_write_eof():
                self._transport.write_eof()
            self._loop.call_later(LINGER_S, self._transport.close)
