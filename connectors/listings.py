"""List all records of a source, or those that changed since a time, page by page."""

from __future__ import annotations

from collections.abc import Awaitable
from datetime import datetime
from typing import Any, Protocol

import msgspec

from connectors.record_fields import Fields
from connectors.records import Record


class Listing(msgspec.Struct, frozen=True):
    """Hold one page of all records of a source, `records` as in `Page`. `next` continues it, and is None at the end.

    A page may have fewer records than asked for, or none, before the end. `next` is opaque text, for any process and as long as
    the settings stay: who continues by it gets each record that stays once, whatever comes and goes meanwhile.
    """

    records: bytes | list[Any]
    next: str | None = None


class ListFunction(Protocol):
    """Lists at most `first` records after a cursor, None for the beginning. `remaining_s` is the time that is left.

    Records whose ids the source takes for the same as the last one, by its collation, come with it.

    Raises `ListingCursorError` for a cursor that is none of this listing's.
    """

    def __call__(
        self, fields: Fields, after: str | None, first: int, remaining_s: float | None = None, /
    ) -> Awaitable[Listing]: ...


class Lister(msgspec.Struct, frozen=True, kw_only=True):
    """List all records of one type, at most `max_first` in one call."""

    record: type[Record]
    fetch: ListFunction
    max_first: int = 1_000


class ChangesFunction(Protocol):
    """Lists as a `ListFunction`, but of the records alone that changed at `since` or later."""

    def __call__(
        self, fields: Fields, since: datetime, after: str | None, first: int, remaining_s: float | None = None, /
    ) -> Awaitable[Listing]: ...


class ChangeLister(msgspec.Struct, frozen=True, kw_only=True):
    """List the records of one type that changed since a time, at most `max_first` in one call.

    Records that were deleted are not among them.
    """

    record: type[Record]
    fetch: ChangesFunction
    max_first: int = 1_000
