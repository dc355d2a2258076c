"""Map errors of databases and drivers to ours. The most specific class decides."""

from __future__ import annotations

import sqlite3
from contextlib import suppress

import asyncpg
from sqlalchemy import exc

from connectors.errors import (
    SourceAuthError,
    SourceError,
    SourceProtocolError,
    SourceTimeoutError,
    SourceUnavailableError,
)

MEANINGS: dict[type[BaseException], type[SourceError]] = {
    OSError: SourceUnavailableError,
    TimeoutError: SourceTimeoutError,
    exc.SQLAlchemyError: SourceProtocolError,
    exc.TimeoutError: SourceTimeoutError,
    exc.DisconnectionError: SourceUnavailableError,
    asyncpg.PostgresError: SourceProtocolError,
    asyncpg.InterfaceError: SourceUnavailableError,
    asyncpg.InternalClientError: SourceUnavailableError,
    asyncpg.PostgresConnectionError: SourceUnavailableError,
    asyncpg.InsufficientResourcesError: SourceUnavailableError,
    asyncpg.OperatorInterventionError: SourceUnavailableError,
    asyncpg.QueryCanceledError: SourceTimeoutError,
    asyncpg.LockNotAvailableError: SourceUnavailableError,
    asyncpg.TransactionRollbackError: SourceUnavailableError,
    asyncpg.PostgresSystemError: SourceUnavailableError,
    asyncpg.InvalidAuthorizationSpecificationError: SourceAuthError,
    asyncpg.InsufficientPrivilegeError: SourceAuthError,
    sqlite3.Error: SourceProtocolError,
}
with suppress(ImportError):  # of an extra
    import asyncmy.errors

    MEANINGS[asyncmy.errors.Error] = SourceProtocolError
FOREIGN = tuple(MEANINGS)
"""What a call may raise; anything else is our own mistake."""

SQLITE_MEANINGS: dict[int, type[SourceError]] = {
    sqlite3.SQLITE_AUTH: SourceAuthError,
    sqlite3.SQLITE_PERM: SourceAuthError,
    sqlite3.SQLITE_BUSY: SourceUnavailableError,
    sqlite3.SQLITE_LOCKED: SourceUnavailableError,
    sqlite3.SQLITE_CANTOPEN: SourceUnavailableError,
    sqlite3.SQLITE_IOERR: SourceUnavailableError,
    sqlite3.SQLITE_NOMEM: SourceUnavailableError,
    sqlite3.SQLITE_PROTOCOL: SourceUnavailableError,
    sqlite3.SQLITE_SCHEMA: SourceUnavailableError,
    sqlite3.SQLITE_INTERRUPT: SourceTimeoutError,
}
"""SQLite says what happened by a number, not by a class."""

MYSQL_MEANINGS: dict[int, type[SourceError]] = {
    1044: SourceAuthError,  # no right to the database
    1045: SourceAuthError,  # wrong user or password
    1142: SourceAuthError,  # no right to the table
    1143: SourceAuthError,  # no right to the column
    1227: SourceAuthError,  # no right to what is asked
    1698: SourceAuthError,  # the user may not log in this way
    1040: SourceUnavailableError,  # too many connections
    1053: SourceUnavailableError,  # shutting down
    1077: SourceUnavailableError,  # shut down
    1203: SourceUnavailableError,  # too many connections of this user
    1205: SourceUnavailableError,  # waited too long for a lock
    1213: SourceUnavailableError,  # deadlock
    1226: SourceUnavailableError,  # the user's quota is used up
    1927: SourceUnavailableError,  # killed
    3024: SourceTimeoutError,  # the statement's time was up, MySQL
    1969: SourceTimeoutError,  # the statement's time was up, MariaDB
    1317: SourceTimeoutError,  # interrupted
}
"""So do MySQL and MariaDB. From 2000 to 2999 it is the client who could not reach them, or lost them."""


def source_error(error: BaseException) -> SourceError:
    """Our error for a foreign one. SQLAlchemy's wrapping is looked through; no foreign text is taken over."""
    foreign = unwrapped(error)
    if isinstance(foreign, sqlite3.Error):
        code = getattr(foreign, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF
        return SQLITE_MEANINGS.get(code, SourceProtocolError)()
    if type(foreign).__module__.startswith("asyncmy"):
        number = foreign.args[0] if foreign.args else 0
        return SourceUnavailableError() if number in range(2000, 3000) else MYSQL_MEANINGS.get(number, SourceProtocolError)()
    return next(MEANINGS[kind] for kind in type(foreign).__mro__ if kind in MEANINGS)()


def unwrapped(error: BaseException) -> BaseException:
    """Look through SQLAlchemy's wrapping of a driver's error."""
    cause = error
    for inner in (getattr(error, "orig", None), getattr(getattr(error, "orig", None), "__cause__", None)):
        if isinstance(inner, FOREIGN):
            cause = inner
    return cause
