"""Records that people and accounts have, as rows: their columns, and the settings that read them in each kind of source."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from connectors.records import RECORDS

PATHS = {
    "order": "id placed_at status",
    "ticket": "id created_at updated_at first_response_at subject assignee",
    "event": "id at type feature quantity",
    "deal": "id created_at name pipeline stage stage_name segment amount.amount amount.currency closed_at",
    "subscription": "id started_at plan status seats amount.amount amount.currency interval interval_count renews_at"
    " cancelled_at ends_at",
    "survey": "id at kind score scale comment channel order_id ticket_id",
}
"""The fields of each record that its source has."""
FIELDS = {record: {path: path.replace(".", "_") for path in paths.split()} for record, paths in PATHS.items()}
"""In which columns these are."""
OWNERS = {"customer_id": "customer", "account": "account"}
"""In which columns it is whose a record is, by the kind of key."""
KEYS = {record: {**OWNERS, f"{record}_id": "id"} for record in PATHS}
"""By which columns a record is found."""
COLUMNS = {record: [*fields.values(), *OWNERS.values()] for record, fields in FIELDS.items()}
TAGS = "ticket_tags"
"""The tags of tickets: a table with a row for each, else a list inside of the ticket."""
NUMBERS = dict.fromkeys(["seats", "interval_count", "scale"], "Int") | {"score": "Float", "quantity": "Float"}
"""The types in GraphQL of what is no text."""


def in_columns(record: str) -> dict[str, Any]:
    """The settings of `sql` and `files`. The columns have the names that records expect."""
    tags = {"tags": {"query": f"SELECT parent, n AS position, value FROM {TAGS}"}}
    more: dict[str, Any] = {"lists": tags} if record == "ticket" else {}
    return {"query": f"SELECT * FROM {record}s", "keys": KEYS[record], **more}


def in_documents(record: str) -> dict[str, Any]:
    fields = {path: column for path, column in FIELDS[record].items() if path != "id"}
    return {"collection": f"{record}s", "names": "snake", "fields": fields, "keys": KEYS[record]}


def over_http(record: str) -> dict[str, Any]:
    keys = {kind: {"path": f"/{record}s?{column}={{key}}"} for kind, column in KEYS[record].items()}
    return {"list": "rows", "fields": _fields(record), "keys": keys}


def over_graphql(record: str) -> dict[str, Any]:
    query = "query ($key: ID!) {{ {}s({}: $key) {{ ...fields }} }}"
    return {
        "fields": _fields(record),
        "keys": {kind: {"query": query.format(record, column)} for kind, column in KEYS[record].items()},
    }


def _fields(record: str) -> dict[str, str]:
    return FIELDS[record] | ({"tags": "tags"} if record == "ticket" else {})


def document(record: str, row: Mapping[str, Any]) -> dict[str, Any]:
    """A row as a document of MongoDB. The time that orders its records is a date."""
    time_field = RECORDS[record].time_field
    times = {time_field: datetime.fromisoformat(row[time_field])} if time_field else {}
    return {"_id": row["id"], **row, **times}


def rows_of_tags(tickets: Sequence[Mapping[str, Any]]) -> list[list[Any]]:
    return [[row["id"], n, tag] for row in tickets for n, tag in enumerate(row.get("tags", ()))]
