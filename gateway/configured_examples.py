"""Write the queries that GraphiQL opens with where nobody wrote any: of what is configured."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from connectors.contract import KeyKind
from connectors.records import (
    Customer,
    Deal,
    Event,
    Order,
    Record,
    Subscription,
    Survey,
    Ticket,
)
from gateway.graphiql import Example
from gateway.services import Services

_ASKED_FIRST: Mapping[KeyKind, Any] = {
    KeyKind.EMAIL: {"email": "ada@example.com"},
    KeyKind.PHONE: {"phone": "+44 20 7946 0000"},
    KeyKind.MEMBER_NUMBER: {"memberNumber": "M-1"},
}
"""Keys that people know, the best known first. Nobody has these: they are to be replaced."""

_LISTS: Mapping[type[Record], str] = {
    Order: "orders(first: 5) { totalCount nodes { id number status placedAt total { amount currency } } }",
    Ticket: "tickets(first: 5) { totalCount nodes { id subject status priority createdAt } }",
    Event: "events(first: 5) { nodes { id type at page } }",
    Deal: "deals(first: 5) { nodes { id name stage createdAt } }",
    Subscription: "subscriptions(first: 5) { nodes { id plan status startedAt } }",
    Survey: "surveys(first: 5) { nodes { id kind score comment at } }",
}

_TIMELINE = {
    Order: "... on Order { id placedAt orderStatus: status }",
    Ticket: "... on Ticket { id createdAt subject ticketStatus: status }",
    Event: "... on Event { id at type }",
}
"""The lines of a timeline. `status` has another type in each, so it needs a name of its own."""

_SOURCES = """
query Sources {
  sources { name kind health lookups { record by maxBatch } }
  tagDefinitions { key label owner words }
}
"""

_FIND = """
query Find($text: String!) {
  find(text: $text) {
    matches { customer { id name } matchedBy exact }
    unavailable
    notTried { source how }
  }
}
"""


def write_examples(services: Services) -> list[Example]:
    """Write one query for each kind of user. None of them asks for what no source has; the first needs no customer."""
    lookups = {lookup: source.name for source in reversed(services.sources.all) for lookup in source.lookups}
    examples = [Example("what is configured; press play", "Operator", _SOURCES, {})]
    kinds = {by: name for (record, by), name in lookups.items() if record is Customer}
    if not kinds:
        return examples
    id_ = f"{next(iter(kinds.values()))}:1"
    by = next((key for kind, key in _ASKED_FIRST.items() if kind in kinds), {"id": id_})
    records = {record for record, _ in lookups}
    lists = {record: text for record, text in _LISTS.items() if record in records}
    tags = ["tags { key value partial }"] if services.tags.pack.tags else []
    card = ["id", "name", *tags, *list(lists.values())[:1]]
    entries = [text for record, text in _TIMELINE.items() if record in records]
    timeline = [f"timeline(first: 10) {{ unavailable nodes {{ __typename {' '.join(entries)} }} }}"] if entries else []
    evidence = ["tags { key value partial evidence { label value sources missing } }"] if services.tags.pack.tags else []
    told = "sources { name state asOf errorCode latencyMs }"
    whole = ["id", "name", "contactPoints { kind value primary }", *lists.values(), *timeline, *evidence, told]
    return [
        *examples,
        Example("who is it? Write what somebody says", "Support agent", _FIND, {"text": "ada"}),
        Example("the fields of a card; write a key of a customer", "Front-end developer", _customer("Card", card), {"by": by}),
        Example("the whole history in one round trip", "Support agent", _customer("Console", whole), {"by": by}),
        Example("many customers through one endpoint", "Partner", _customers(["id", "name", *tags]), {"ids": [id_]}),
    ]


def _customer(name: str, lines: list[str]) -> str:
    return f"query {name}($by: CustomerKey!) {{\n  customer(by: $by) {{\n{_indented(lines)}  }}\n}}"


def _customers(lines: list[str]) -> str:
    return f"query Segment($ids: [ID!]!) {{\n  customers(ids: $ids) {{\n{_indented(lines)}  }}\n}}"


def _indented(lines: list[str]) -> str:
    return "".join(f"    {line}\n" for line in lines)
