"""Tell how far the tickets of a user are read for an ask, and what is loaded beside them."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from connectors.contract import Ask, Position
from connectors.record_fields import Fields
from connectors.toolkit.vendor_rows import cut_page, read_or_odd, readable, time_of

_LOADED_WITH = {"assignee": "users", "first_response_at": "metric_sets", "solved_at": "metric_sets"}
"""What a field needs that is not in a ticket itself, by the name that a question gives it."""


def place_of(row: Any) -> Position:
    return Position(time_of(row["created_at"]), str(row["id"]))


def id_or_place(row: Any, place: int) -> Any:
    """Tell a row from others: pages by their numbers move when tickets come in."""
    return next(iter(readable([row], lambda row: str(row["id"]))), place)


def is_bounded(ask: Ask) -> bool:
    return ask.since is not None or ask.until is not None


def is_enough(rows: list[Any], ask: Ask) -> bool:
    """Tell whether an ask wants nothing after these rows. Tickets of one time come in any order."""
    last = next((place.time for row in reversed(rows) for place in readable([row], place_of)), None)
    if last is None:
        return False
    if ask.oldest_first and ask.until is not None and last >= ask.until:
        return True
    if not ask.oldest_first and ask.since is not None and last < ask.since:
        return True
    if ask.first is None or (ask.count and is_bounded(ask)):
        return False
    whole = [row for row in rows if readable([row], lambda row: place_of(row).time != last) == [True]]
    return len(cut_page(whole, ask, place_of)[0]) >= ask.first


def loaded_with(fields: Fields) -> str | None:
    """Name what is loaded with tickets for these fields, None for nothing."""
    return ",".join(sorted({_LOADED_WITH[name] for name, _ in fields if name in _LOADED_WITH})) or None


def add_assignees(rows: list[Any], users: list[Any]) -> None:
    """Put the names of agents with their tickets."""
    names = dict(readable(users, lambda user: (int(user["id"]), user["name"])))
    for row in rows:
        if isinstance(row, dict):
            row["assignee"] = read_or_odd(row.get("assignee_id"), lambda id_: None if id_ is None else names.get(int(id_)))


def read_first_response(row: Mapping[str, Any]) -> str | None:
    """Add the minutes until the first reply to the time when a ticket came in."""
    minutes = ((row.get("metric_set") or {}).get("reply_time_in_minutes") or {}).get("calendar")
    return None if minutes is None else (time_of(row["created_at"]) + timedelta(minutes=minutes)).isoformat()
