"""Questions in HogQL, PostHog's SQL. Values stand beside a question's text, so that none can become a part of it."""

import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

from connectors.contract import Ask, Position
from connectors.toolkit.evaluation import rfc3339

_WORD = re.compile(r"[A-Za-z_$][\w$]*", re.ASCII)
MAX_ROWS = 5_000
"""Of one answer. PostHog takes up to 50,000."""
_FIRST, _LAST = datetime(1971, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)
"""Between these a time may be in a question."""


class HogQLQuery:
    """Names its values `v0`, `v1` and so on."""

    def __init__(self) -> None:
        self._values: dict[str, str] = {}

    def one_of(self, column: str, values: Iterable[str]) -> str:
        """The condition that a column is one of the values."""
        return f"{column} IN ({', '.join(map(self._value, values))})"

    def conditions(self, ask: Ask, after: Position | None) -> Iterator[str]:
        """Bound events by an ask's times and a position."""
        if ask.since is not None:
            yield f"timestamp >= {self._time(ask.since)}"
        if ask.until is not None:
            yield f"timestamp < {self._time(ask.until)}"
        if after is not None and after.time is not None:
            sign, time = ">" if ask.oldest_first else "<", self._time(after.time)
            yield f"(timestamp {sign} {time} OR (timestamp = {time} AND toString(uuid) {sign} {self._value(after.id)}))"

    def body(self, text: str) -> dict[str, Any]:
        """Write the body to post. An answer from PostHog's own cache would be as of nobody knows when."""
        query = {"kind": "HogQLQuery", "query": text, "values": self._values}
        return {"query": query, "refresh": "force_blocking", "name": "customer_profile"}

    def _value(self, value: str) -> str:
        name = f"v{len(self._values)}"
        self._values[name] = value
        return f"{{{name}}}"

    def _time(self, time: datetime) -> str:
        return f"toDateTime({self._value(rfc3339(min(max(time, _FIRST), _LAST)))})"


def property_column(name: str) -> str:
    """Write the column of a property. A name that is no word stands in quotes."""
    return f"properties.{name}" if _WORD.fullmatch(name) else f"properties.`{name}`"


def select(columns: Sequence[str], source: str, conditions: Iterable[str]) -> str:
    return " ".join(["SELECT", ", ".join(columns), "FROM", source, "WHERE", " AND ".join(conditions), "LIMIT", str(MAX_ROWS)])


def select_events(columns: Sequence[str], conditions: Iterable[str], ask: Ask) -> str:
    """Select the first events of each distinct id, in order."""
    way = "ASC" if ask.oldest_first else "DESC"
    order = f"ORDER BY timestamp {way}, toString(uuid) {way}"
    shown = [f"{column} AS c{number}" for number, column in enumerate(columns)]
    shown += ["timestamp", "uuid", f"row_number() OVER (PARTITION BY distinct_id {order}) AS place"]
    inner = ["SELECT", ", ".join(shown), "FROM events WHERE", " AND ".join(conditions)]
    cut = [] if ask.first is None else ["WHERE place <=", str(ask.first)]
    outer = ["SELECT", ", ".join(f"c{number}" for number in range(len(columns))), f"FROM ({' '.join(inner)})"]
    return " ".join([*outer, *cut, order, "LIMIT", str(MAX_ROWS)])
