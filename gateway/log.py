"""Logs: one JSON object a line on standard error, without personal data. Code logs events and codes, never keys or records."""

import asyncio
import logging
import sys
import traceback
from pathlib import Path
from types import TracebackType
from typing import Any

import structlog

from gateway.clock import Clock

log = structlog.get_logger()

MIN_LOG_GAP_S = 60.0
"""What anybody can bring about over and over is in the log once in so long."""


class SeldomLog:
    """Log each event name at most once in `MIN_LOG_GAP_S`. The names must be few."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._logged_at: dict[str, float] = {}

    def is_due(self, name: str) -> bool:
        """Tell whether to log an event now. Then it is not for a while."""
        now = self._clock.monotonic()
        is_due = now - self._logged_at.get(name, float("-inf")) >= MIN_LOG_GAP_S
        if is_due:
            self._logged_at[name] = now
        return is_due


def configure_logging(level: str = "INFO") -> None:
    """Set up logging for the process."""
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level]),
        logger_factory=structlog.WriteLoggerFactory(sys.stderr),  # a line at once, for several processes write there
    )


def log_everything() -> None:
    """Have libraries, and what ends the process, write such lines too."""
    logging.basicConfig(handlers=[_LibraryHandler(logging.WARNING)], force=True)
    sys.excepthook = _log_uncaught


def frames_of(error: BaseException) -> list[str]:
    """Name the frames of an exception. Neither its text nor its locals: both can hold variables, keys and records."""
    return [f"{Path(frame.filename).name}:{frame.lineno} {frame.name}" for frame in traceback.extract_tb(error.__traceback__)]


def log_loop_failure(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:  # noqa: ARG001  asyncio's signature
    """Log what nobody waited for, as the exception handler of an event loop."""
    error = context.get("exception")
    words = {} if error is None else {"error": type(error).__name__, "frames": frames_of(error)}
    log.error("loop_failure", **words)


class _LibraryHandler(logging.Handler):
    """Log that a library warns: from where, not its words, which may be of a record."""

    def emit(self, record: logging.LogRecord) -> None:
        error = record.exc_info[1] if record.exc_info else None
        words = {} if error is None else {"error": type(error).__name__, "frames": frames_of(error)}
        place = f"{record.module}:{record.lineno} {record.funcName}"
        log.warning("library_warning", logger=record.name, place=place, **words)


def _log_uncaught(kind: type[BaseException], error: BaseException, frames: TracebackType | None) -> None:  # noqa: ARG001
    if issubclass(kind, KeyboardInterrupt):
        return
    log.error("process_failed", error=kind.__name__, frames=frames_of(error))
