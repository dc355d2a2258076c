"""Log in our form what OpenTelemetry says about spans that it could not send."""

import logging

import structlog

from gateway.clock import Clock
from gateway.log import SeldomLog

log = structlog.get_logger()
_library = logging.getLogger("opentelemetry")


class ExportLog(logging.Handler):
    """Stands in for the lines of the library, which hold addresses and are no JSON. It is set up until it is closed."""

    def __init__(self, clock: Clock) -> None:
        super().__init__(logging.WARNING)
        self._seldom = SeldomLog(clock)
        self._problems = 0
        _library.propagate = False
        _library.addHandler(self)

    def emit(self, record: logging.LogRecord) -> None:  # noqa: ARG002  its words are not ours
        """Count a problem, and log it once in a while."""
        self._problems += 1
        if self._seldom.is_due("traces_not_sent"):
            log.warning("traces_not_sent", problems=self._problems)

    def close(self) -> None:
        """Leave the library's lines to the others of this kind, or to itself."""
        _library.removeHandler(self)
        _library.propagate = not any(isinstance(handler, ExportLog) for handler in _library.handlers)
        super().close()
