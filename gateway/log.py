"""Logs: one JSON object a line on standard error, without personal data. Code logs events and codes, never keys or records."""

import logging
import sys

import structlog

from gateway.clock import Clock

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
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
