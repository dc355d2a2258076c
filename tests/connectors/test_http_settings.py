"""What an operator reads when the configuration of an `http` source cannot be served."""

import copy
from functools import reduce

import pytest
from pydantic import ValidationError

from connectors.contract import KeyKind, Push
from connectors.http import HttpConnector, HttpSettings
from connectors.records import Customer, Event, Order, Ticket
from tests.support.http_source import support_settings

GOOD = {
    "base_url": "http://127.0.0.1:9103",
    "records": {
        "ticket": {"keys": {"email": {"path": "/t?e={keys}", "key": "requester.email"}}},
        "customer": {"keys": {"customer_id": {"path": "/c/{key}"}}},
    },
}
TICKETS = "records.ticket"
BY_EMAIL = "records.ticket.keys.email"


def problems(*changes):
    """The messages after setting each `(dotted path, name, value)` in a configuration that is good."""
    config = copy.deepcopy(GOOD)
    for path, name, value in changes:
        reduce(lambda here, step: here[step], path.split(".") if path else (), config)[name] = value
    with pytest.raises(ValidationError) as caught:
        HttpSettings.model_validate(config)
    assert "input_value" not in str(caught.value)
    return " | ".join(error["msg"] for error in caught.value.errors(include_input=False))


@pytest.mark.parametrize(
    ("path", "name", "value", "message"),
    [
        ("", "base_url", "127.0.0.1:9103", "must be an address such as https://api.example.com/v2"),
        ("", "base_url", "http://me:pw@host", "credentials belong in headers"),
        ("", "headers", {"Authorization": "Bearer secret\n"}, "Authorization: holds a line break"),
        ("", "headers", {"X Token": "secret"}, "X Token: holds a line break, or what else no header may have"),
        ("", "max_batch", 0, "greater than or equal to 1"),
        ("", "retries", 3, "Extra inputs are not permitted"),
        ("records", "tickt", GOOD["records"]["ticket"], "'tickt' is no record; did you mean 'ticket'?"),
        (TICKETS, "order", "newest", "'newest_first', 'oldest_first' or 'none'"),
        (TICKETS, "list", "tickets[", "`tickets[` is not JMESPath: something is wrong at position 9"),
        (TICKETS, "list", "", "an expression cannot be empty"),
        (TICKETS, "list", "sorted(@)", "JMESPath has no function `sorted`"),
        (TICKETS, "fields", {"createdAt": "x"}, "ticket.fields: `createdAt` is no field of Ticket; did you mean 'created_at'?"),
        (TICKETS, "fields", {"messages.body": "x"}, "is inside a list; set `body` in lists.messages.fields"),
        (TICKETS, "fields", {"subject": "a-b"}, "`a-b` is not JMESPath: something is wrong at position 2"),
        (TICKETS, "values", {"status": {"waiting": "PENDNG"}}, "ticket.values.status: `PENDNG` is none of NEW, OPEN, PENDING"),
        (TICKETS, "values", {"state": {}}, "ticket.values: `state` is no field of Ticket; did you mean 'status'?"),
        (TICKETS, "lists", {"message": {}}, "ticket.lists: `message` is no list of parts; did you mean 'messages'?"),
        (
            TICKETS,
            "lists",
            {"messages": {"fields": {"text": "t"}}},
            "ticket.lists.messages.fields: `text` is no field of Message",
        ),
        ("records.ticket.keys", "mail", {"path": "/{key}"}, "'customer_id', 'external_id', 'member_number', 'email'"),
        (TICKETS, "keys", {}, "at least 1 item"),
        (BY_EMAIL, "path", "t?e={keys}", "path: must start with `/`"),
        (BY_EMAIL, "path", "/t", "path: must hold {key} or {keys}, here or in the body"),
        (BY_EMAIL, "path", "/t/{key}?e={keys}", "path: must hold {key} or {keys}, here or in the body"),
        (BY_EMAIL, "path", "/t?e={keys}&n={limit}", "placeholders are {keys}, {key}, {first}, {since}, {until}"),
        (BY_EMAIL, "path", "/t/{first}?e={keys}", "{first}, {since}, {until} and {updated_since} belong after the `?`"),
        (BY_EMAIL, "path", "/t?e={keys}&to={until}", "{until} needs {since}"),
        (BY_EMAIL, "key", None, "key: with {keys}, an expression must give the key of a row"),
        (BY_EMAIL, "total", "count", "total: only with {key}"),
        (BY_EMAIL, "body", {"a": 1}, "body: only with method = 'POST'"),
        (BY_EMAIL, "method", "PUT", "'GET' or 'POST'"),
        (BY_EMAIL, "next_cursor", "meta.after", "next_cursor and cursor_parameter: both or neither"),
        ("records.customer", "order", "newest_first", "customer.order: this record has no time to be ordered by"),
        (
            "records.customer.keys.customer_id",
            "path",
            "/c/{key}?s={since}",
            "customer.keys.customer_id: {since} needs a record with a time",
        ),
    ],
)
def test_a_problem_names_the_setting_and_what_is_allowed(path, name, value, message):
    """One wrong setting gives one message that says how to put it right."""
    assert message in problems((path, name, value))


def test_all_problems_come_at_once():
    """Two wrong settings give two messages."""
    found = problems((TICKETS, "list", "a["), ("", "base_url", "x"))
    assert "position 3" in found
    assert "must be an address" in found


def test_headers_are_not_shown():
    """A credential is in no repr."""
    assert "secret" not in repr(support_settings("http://127.0.0.1:1"))


def test_placeholders_and_settings_declare_the_lookups():
    """What a template can say is what the lookup pushes down."""
    lookups = HttpConnector("support", support_settings("http://127.0.0.1:1", max_batch=20)).lookups()
    assert [(one.record, one.by, one.max_batch, one.pushdown) for one in lookups] == [
        (Ticket, KeyKind.EMAIL, 50, {Push.FIRST, Push.ORDER, Push.SINCE}),
        (Ticket, KeyKind.TICKET_ID, 1, set()),
        (Order, KeyKind.CUSTOMER_ID, 5, {Push.FIRST, Push.ORDER, Push.COUNT}),
        (Order, KeyKind.ORDER_ID, 1, set()),
        (Customer, KeyKind.CUSTOMER_ID, 1, set()),
        (Event, KeyKind.DEVICE_ID, 20, set()),
    ]
