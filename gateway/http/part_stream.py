"""The later payloads of an answer, as they are sent."""

from __future__ import annotations

from collections.abc import Callable

from gateway.execution.deliveries import Deliveries
from gateway.http.multipart import PartWriter


class PartStream:
    """Gives the payloads that follow the first one, each when it is ready. Whoever has it closes it, sent or not.

    `end` is called once, when the last one is written or the stream is closed before: the request is over. `byte_count` is what
    has left.
    """

    def __init__(self, deliveries: Deliveries, writer: PartWriter) -> None:
        self._deliveries = deliveries
        self._writer = writer
        self.end: Callable[[], None] | None = None
        self.byte_count = 0
        self.is_whole = False

    def __aiter__(self) -> PartStream:
        return self

    async def __anext__(self) -> bytes:
        parts = await self._deliveries.wait_ready()
        if not parts:
            raise StopAsyncIteration
        payload = self._writer.write_next(parts, self._deliveries)
        self.byte_count += len(payload)
        if not self._deliveries.has_more:
            self.is_whole = True
            self.close()
        return payload

    def close(self) -> None:
        """End what is under way, and the request. It may be called again."""
        self._deliveries.end()
        if self.end is not None:
            end, self.end = self.end, None
            end()
