"""Map errors of the driver and server to ours. The most specific class decides."""

from __future__ import annotations

from bson.errors import BSONError
from pymongo import errors

from connectors.errors import (
    SourceAuthError,
    SourceError,
    SourceProtocolError,
    SourceThrottledError,
    SourceTimeoutError,
    SourceUnavailableError,
)

MEANINGS: dict[type[BaseException], type[SourceError]] = {
    OSError: SourceUnavailableError,
    TimeoutError: SourceTimeoutError,
    BSONError: SourceProtocolError,
    errors.PyMongoError: SourceProtocolError,
    errors.ConnectionFailure: SourceUnavailableError,
    errors.NetworkTimeout: SourceTimeoutError,
    errors.WaitQueueTimeoutError: SourceTimeoutError,
    errors.ExecutionTimeout: SourceTimeoutError,
    errors.CursorNotFound: SourceUnavailableError,
    errors.InvalidOperation: SourceUnavailableError,
    # What is left of the configuration at a call is DNS: the hosts of a mongodb+srv address are looked up then.
    errors.ConfigurationError: SourceUnavailableError,
}
FOREIGN = tuple(MEANINGS)
"""What a call may raise; anything else is our own mistake."""

CODES: dict[int, type[SourceError]] = {
    13: SourceAuthError,  # Unauthorized
    18: SourceAuthError,  # AuthenticationFailed
    8000: SourceAuthError,  # AtlasError, that of its proxy when it does not know the user
    50: SourceTimeoutError,  # MaxTimeMSExpired
    262: SourceTimeoutError,  # ExceededTimeLimit
    43: SourceUnavailableError,  # CursorNotFound
    175: SourceUnavailableError,  # QueryPlanKilled: the collection was dropped or renamed meanwhile
    11601: SourceUnavailableError,  # Interrupted
    16500: SourceThrottledError,  # RequestRateTooLarge, of databases that speak MongoDB's protocol and count requests
}
"""A server says what happened by a number, not by a class."""


def source_error(error: BaseException) -> SourceError:
    """Our error for a foreign one; no foreign text is taken over."""
    if isinstance(error, errors.OperationFailure) and error.code in CODES:
        return CODES[error.code]()
    return next(MEANINGS[kind] for kind in type(error).__mro__ if kind in MEANINGS)()
