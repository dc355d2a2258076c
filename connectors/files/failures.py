"""Map errors of DuckDB to ours, without its texts. The most specific class decides."""

from __future__ import annotations

from contextlib import suppress

from sqlalchemy import exc

from connectors.errors import SourceError, SourceProtocolError, SourceTimeoutError, SourceUnavailableError

Meaning = tuple[type[SourceError], str]
MEANINGS: dict[type[BaseException], Meaning] = {exc.SQLAlchemyError: (SourceProtocolError, "")}

with suppress(ImportError):  # of an extra
    import duckdb

    MEANINGS |= {
        duckdb.Error: (SourceProtocolError, ""),
        duckdb.BinderException: (SourceProtocolError, "a column that a query names is not there, or has another type"),
        duckdb.CatalogException: (SourceProtocolError, "a table or function that a query names is not there"),
        duckdb.InvalidInputException: (SourceProtocolError, "a file is not what its ending says, or its lines differ"),
        duckdb.IOException: (SourceUnavailableError, "a file that a query names is not there, or cannot be read"),
        duckdb.InterruptException: (SourceTimeoutError, ""),
        duckdb.OutOfMemoryException: (SourceUnavailableError, "memory_mb does not suffice"),
        duckdb.PermissionException: (SourceProtocolError, "a file that a query names is not below path"),
    }
FOREIGN = tuple(MEANINGS)
"""What a call may raise; anything else is our own mistake."""


def source_error(error: BaseException) -> SourceError:
    """Our error for a foreign one."""
    kind, note = next(MEANINGS[kind] for kind in type(error).__mro__ if kind in MEANINGS)
    return kind(note)
