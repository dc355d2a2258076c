"""Write SOQL, the query language of Salesforce; read its results. Nothing reaches a question but by here."""

import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

_ID = re.compile(r"[0-9A-Za-z]{15}(?:[0-9A-Za-z]{3})?")
_ESCAPES = str.maketrans({"\\": r"\\", "'": r"\'", "\n": r"\n", "\r": r"\r", "\t": r"\t", "\b": r"\b", "\f": r"\f"})
_FIRST, _LAST = datetime(1700, 1, 1, tzinfo=UTC), datetime(4000, 12, 31, tzinfo=UTC)
"""Between these a time may be in a question."""

Row = dict[str, Any]


class SoqlPage(msgspec.Struct):
    """Rows, as far as one answer goes. A row's children are in a page of their own, below the name of the relationship."""

    records: list[Any]
    next: str | None = msgspec.field(default=None, name="nextRecordsUrl")


class SoqlResult(msgspec.Struct, rename="camel"):
    """The result of one query in a batch."""

    status_code: int
    result: Any


class SoqlResults(msgspec.Struct):
    results: list[SoqlResult]


def select(
    columns: Iterable[str],
    source: str,
    conditions: Sequence[str] = (),
    *,
    order: Sequence[str] = (),
    limit: int | None = None,
) -> str:
    """Write a query for the rows that meet all conditions. A column may be a question for children, in parentheses."""
    words = ["SELECT", ", ".join(dict.fromkeys(columns)), "FROM", source]
    words += ["WHERE", " AND ".join(conditions)] if conditions else []
    words += ["ORDER BY", ", ".join(order)] if order else []
    words += ["LIMIT", str(limit)] if limit is not None else []
    return " ".join(words)


def any_in(columns: Iterable[str], values: Iterable[str]) -> str:
    """Require one of the columns to be one of the values."""
    texts = ", ".join(f"'{value.translate(_ESCAPES)}'" for value in dict.fromkeys(values))
    return f"({' OR '.join(f'{column} IN ({texts})' for column in columns)})"


def behind(id_: str) -> str:
    """Require an id to come after another one."""
    return f"Id > '{id_.translate(_ESCAPES)}'"


def within(column: str, since: datetime | None, until: datetime | None) -> Iterator[str]:
    """Require a time to be within bounds."""
    if since is not None:
        yield f"{column} >= {_moment(since)}"
    if until is not None:
        yield f"{column} < {_moment(until)}"


def is_id(text: str) -> bool:
    """A question with an id of another form is refused whole."""
    return _ID.fullmatch(text) is not None


def short_id(id_: str) -> str:
    """Cut an id to fifteen letters. The last three only say which of the others are capitals."""
    return id_[:15]


def value_at(row: Any, path: str) -> Any:
    """Read a column's value. None where the parent that has it is missing."""
    for name in path.split("."):
        row = row and row[name]
    return row


def found_at(row: Any, path: str) -> Any:
    """Read a column's value. None where it was not asked for, too."""
    for name in path.split("."):
        row = row.get(name) if isinstance(row, dict) else None
    return row


def pages_in(row: Any) -> list[Row]:
    """The pages of children in a row."""
    values = row.values() if isinstance(row, dict) else ()
    return [value for value in values if isinstance(value, dict) and isinstance(value.get("records"), list)]


def _moment(time: datetime) -> str:
    """In thousandths of a second, as times are kept there. What lies between two means the same as the later one."""
    time = min(max(time, _FIRST), _LAST)
    time += timedelta(microseconds=-time.microsecond % 1000)
    return time.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
