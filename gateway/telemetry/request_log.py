"""Log requests: those that are slow, or all. Names, codes and times alone."""

import structlog

from gateway.clock import Clock
from gateway.http.request_head import Head

MAX_SLOW_LINES_PER_S = 10
"""When everything is slow, more lines would say nothing more."""

log = structlog.get_logger()


class RequestLog:
    """Write a line for each request that takes longer than `slow_s`, or for every one."""

    def __init__(self, clock: Clock, slow_ms: int | None, *, logs_all: bool) -> None:
        self._monotonic = clock.monotonic
        self._slow_s = float("inf") if slow_ms is None else slow_ms / 1000
        self._logs_all = logs_all
        self._second = 0
        self._lines = 0
        self._skipped = 0

    @property
    def min_s(self) -> float:
        """The seconds from which on a request may have a line."""
        return 0.0 if self._logs_all else self._slow_s

    def write(self, head: Head, operation: str, code: str, seconds: float) -> None:
        """Write the lines of a request that ended."""
        sources = {} if head.loaders is None else head.loaders.source_times()
        fields = {
            **({"caller": head.caller.name} if head.caller.name else {}),
            "operation": operation,
            "code": code,
            "ms": round(seconds * 1000, 1),
            "sources": sources,
            "request_id": head.request_id,
        }
        if self._logs_all:
            log.info("request", **fields)
        if seconds > self._slow_s and self._is_due():
            log.warning("slow_request", skipped=self._skipped, **fields)
            self._skipped = 0

    def _is_due(self) -> bool:
        second = int(self._monotonic())
        if second != self._second:
            self._second, self._lines = second, 0
        self._lines += 1
        is_due = self._lines <= MAX_SLOW_LINES_PER_S
        self._skipped += not is_due
        return is_due
