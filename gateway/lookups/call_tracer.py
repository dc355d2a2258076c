"""Trace calls to sources, each for all the requests that share it. Nothing here knows how spans are made."""

from collections.abc import Sequence
from contextvars import ContextVar
from typing import Any, Protocol

RequestSpan = Any
"""The span of a sampled request, as its tracer made it."""

CallSpan = Any


class Waiter(Protocol):
    """Who waits for keys of a call: `span` is that of a sampled request."""

    span: RequestSpan | None


class CallTracer(Protocol):
    """Make a span for a call that sampled requests share."""

    def start_call(self, source: str, fetch: Any, keys: int, waiters: Sequence[Waiter]) -> CallSpan | None:
        """Start the span of a call. None while no sampled request waits for it."""

    def end_call(
        self, span: CallSpan | None, source: str, fetch: Any, keys: int, waiters: Sequence[Waiter], code: str, seconds: float
    ) -> None:
        """End the span, with the sampled requests that joined the call meanwhile."""


waiters_of_call: ContextVar[Sequence[Waiter]] = ContextVar("waiters_of_call", default=())
"""Who waits for the call that this task makes. The sequence grows while others join."""
