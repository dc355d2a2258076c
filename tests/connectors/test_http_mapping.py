"""From rows as sources write them to canonical JSON."""

from datetime import datetime
from decimal import Decimal

import pytest

from connectors.http.settings import RecordSettings
from connectors.record_fields import Fields, all_fields, narrow
from connectors.records import Customer, Event, Order, Ticket, TicketStatus
from connectors.toolkit.converters import converter, encode_numbers
from connectors.toolkit.mapping.jmespath_expressions import getter
from connectors.toolkit.mapping.row_mapping import RowMapping
from connectors.toolkit.request_templates import render_body, render_path
from gateway.lookups.source_call import decode_records

ANY_KEY = {"customer_id": {"path": "/{key}"}}


def mapped(record, row, rules, only=None):
    mapping = RowMapping(record, RecordSettings.model_validate({"keys": ANY_KEY} | rules))
    return mapping.mapper(only or all_fields(record))(row)


@pytest.mark.parametrize(
    ("leaf", "value", "canonical"),
    [
        (str, 42, "42"),
        (str, 42.0, "42"),
        (str, True, "true"),
        (str, {"a": 1}, {"a": 1}),
        (int, "7", 7),
        (int, 7.0, 7),
        (int, "seven", "seven"),
        (int, "", None),
        (float, "1.5", 1.5),
        (bool, "TRUE", True),
        (bool, 0, False),
        (bool, "perhaps", "perhaps"),
        (Decimal, 12.3, "12.3"),
        (Decimal, 12, "12"),
        (Decimal, " 12.30 ", "12.30"),
        (Decimal, "NaN", None),
        (Decimal, "12 EUR", "12 EUR"),
        (Decimal, True, True),
        (datetime, "2024-05-01T10:00:00Z", "2024-05-01T10:00:00Z"),
        (datetime, "2024-05-01T10:00:00.250+02:00", "2024-05-01T08:00:00.250000Z"),
        (datetime, "2024-05-01T10:00:00", "2024-05-01T10:00:00Z"),
        (datetime, "2024-05-01 10:00:00", "2024-05-01T10:00:00Z"),
        (datetime, "2024-05-01", "2024-05-01T00:00:00Z"),
        (datetime, 1714557600, "2024-05-01T10:00:00Z"),
        (datetime, 1714557600.5, "2024-05-01T10:00:00.500000Z"),
        (datetime, -1, -1),
        (datetime, 10**30, 10**30),
        (datetime, "0001-01-01T00:00:00+10:00", "0001-01-01T00:00:00+10:00"),
        (datetime, "yesterday", "yesterday"),
        (datetime, "", None),
        (datetime, True, True),
        (TicketStatus, "on hold", "ON_HOLD"),
        (TicketStatus, 3, "UNKNOWN"),
        (TicketStatus, [], []),
        (TicketStatus, "", None),
        (dict, {"a": [1]}, {"a": [1]}),
        (dict, None, None),
        (Decimal, None, None),
        (datetime, None, None),
        (bool, None, None),
    ],
)
def test_a_value_becomes_canonical_or_stays_as_it_is(leaf, value, canonical):
    """What can be read is canonical, what cannot is left for the gateway to drop."""
    assert (type(converter(leaf)(value)), converter(leaf)(value)) == (type(canonical), canonical)


@pytest.mark.parametrize(
    ("expression", "value"),
    [("a", {"b": [1, 2]}), ("a.b", [1, 2]), ('a."b"[0]', 1), ("'EUR'", "EUR"), ("@.c", 3), ("x.y", None), ("c.d", None)],
)
def test_a_getter_gives_what_jmespath_gives(expression, value):
    """Fast getters and interpreted expressions agree on what is there and what is not."""
    assert getter(expression)({"a": {"b": [1, 2]}, "c": 3}) == value
    assert getter("@")(5) == 5
    assert getter("join(',', a)")({"a": None}) is None


def test_fields_come_from_expressions_or_by_name():
    """An expression wins, then the camelCase name, then the snake_case one; what is not there is left out."""
    row = {"ticket_id": 7, "id": 8, "createdAt": "2024-05-01", "solved_at": 10**9, "order": {"no": 3}, "subject": None, "x": 1}
    assert mapped(Ticket, row, {"fields": {"id": "ticket_id", "order_id": "order.no"}}) == {
        "id": "7",
        "createdAt": "2024-05-01T00:00:00Z",
        "solvedAt": "2001-09-09T01:46:40Z",
        "orderId": "3",
    }


def test_only_the_asked_fields_are_mapped():
    """A selection of two gives two."""
    row = {"id": 1, "placed_at": 0, "status": "shipped", "total": {"amount": 1, "currency": "EUR"}}
    assert mapped(Order, row, {}, Fields.from_paths("id", "status")) == {"id": "1", "status": "SHIPPED"}
    assert mapped(Customer, {"address": {"city": "Ulm", "line": "x"}}, {}, Fields.from_paths("address.city")) == {
        "address": {"city": "Ulm"}
    }


def test_money_is_put_together_and_is_nothing_without_its_amount():
    """A literal currency makes money of a price, not of a missing one; a price that is no number stays for the gateway."""
    rules = {"fields": {"total.amount": "price", "total.currency": "'EUR'"}}
    assert mapped(Order, {"id": 1, "price": 9.9}, rules) == {"id": "1", "total": {"amount": "9.9", "currency": "EUR"}}
    assert mapped(Order, {"id": 1, "price": None}, rules) == {"id": "1"}
    assert mapped(Order, {"id": 1, "price": None}, rules, Fields.from_paths("total.currency")) == {}
    assert mapped(Order, {"price": "free"}, rules) == {"total": {"amount": "free", "currency": "EUR"}}
    assert mapped(Order, {"total": 5}, {}) == {"total": 5}


def test_value_maps_are_applied_before_conversion():
    """Texts, numbers and booleans of a source are translated; others go on."""
    rules = {"values": {"status": {"waiting": "PENDING", "3": "SOLVED"}, "priority": {"true": "URGENT"}}}
    assert mapped(Ticket, {"status": "waiting", "priority": True}, rules) == {"status": "PENDING", "priority": "URGENT"}
    assert mapped(Ticket, {"status": 3, "priority": "low"}, rules) == {"status": "SOLVED", "priority": "LOW"}


def test_lists_are_mapped_item_by_item():
    """Parts by their own rules or by name, plain values as they are, nulls left out."""
    row = {"comments": [{"text": "hi", "created": 10**9, "who": "bot"}, None, {"text": 5}], "messages": "not these"}
    part = {
        "list": "comments",
        "fields": {"body": "text", "at": "created", "author": "who"},
        "values": {"author": {"bot": "SYSTEM"}},
    }
    assert mapped(Ticket, row, {"lists": {"messages": part}}) == {
        "messages": [{"body": "hi", "at": "2001-09-09T01:46:40Z", "author": "SYSTEM"}, {"body": "5"}]
    }
    assert mapped(Order, {"items": [{"sku": 1, "unit_price": {"amount": 2, "currency": "EUR"}}]}, {}) == {
        "items": [{"sku": "1", "unitPrice": {"amount": "2", "currency": "EUR"}}]
    }
    assert mapped(Customer, {"device": 9}, {"fields": {"device_ids": "[device, none]"}}) == {"deviceIds": ["9"]}
    assert mapped(Customer, {"deviceIds": "d1", "externalIds": {"id": 1}}, {}) == {"deviceIds": "d1", "externalIds": {"id": 1}}


@pytest.mark.parametrize("row", [5, "text", [1], {}])
def test_a_row_that_is_no_record_is_passed_on_empty(row):
    """The gateway sees a record without an id and drops it."""
    assert mapped(Event, row, {"fields": {"page": "a.b"}}) == {}


def test_properties_stay_as_they_are():
    """Free properties are not touched."""
    assert mapped(Event, {"properties": {"snake_case": [1, {"a": None}]}}, {}) == {
        "properties": {"snake_case": [1, {"a": None}]}
    }


def test_a_path_is_encoded_and_loses_what_has_no_value():
    """Keys cannot leave their place; a parameter without a value is not sent."""
    values = {"keys": ["a b", "x,y&z=1"], "key": "../a?b#c", "since": "2024-05-01T00:00:00Z"}
    assert render_path("/t/{key}/o?e={keys}&limit={first}&q=after:{since}&all=1", values) == (
        "/t/..%2Fa%3Fb%23c/o?e=a%20b,x%2Cy%26z%3D1&q=after:2024-05-01T00%3A00%3A00Z&all=1"
    )
    assert render_path("/t/{key}?limit={first}", {"key": "é"}) == "/t/%C3%A9"
    assert render_path("/a%2Fb/{key}?q=100%25", {"key": "%s"}) == "/a%2Fb/%25s?q=100%25"


def test_a_body_holds_json_values_and_loses_what_has_no_value():
    """A string that is one placeholder becomes the value; a missing one takes its entry away."""
    template = {"in": "{keys}", "page": {"size": "{first}", "from": "{since}"}, "sort": ["{until}", "at", 1], "q": "id:{keys}"}
    assert render_body(template, {"keys": ["a", "b"], "first": 3}) == {
        "in": ["a", "b"],
        "page": {"size": 3},
        "sort": ["at", 1],
        "q": "id:a,b",
    }


def test_an_object_whose_fields_are_all_read_elsewhere_is_not_looked_at():
    """A text under its own name is then nothing to the record, whether the fields have values or not."""
    rules, only = {"fields": {"address.city": "town"}}, Fields.from_paths("id", "address.city")
    assert mapped(Customer, {"id": "c1", "address": "1 Main Street"}, rules, only) == {"id": "c1"}
    assert mapped(Customer, {"id": "c1", "address": "x", "town": "Rio"}, rules, only) == {
        "id": "c1",
        "address": {"city": "Rio"},
    }


@pytest.mark.cases
@pytest.mark.parametrize("odd", ["text", 7, True, ["x"]])
def test_what_stands_in_the_place_of_an_object_is_counted(odd):
    """That a path leads to nothing there is not that there was nothing; an item that is no object is none of defaults."""
    rules = {
        "fields": {"id": "id", "placed_at": "at", "number": "more.number", "total.amount": "sum.money.amount"}
        | {"total.currency": "sum.money.currency"},
        "lists": {"items": {"list": "lines.nodes", "fields": {"name": "product.name", "sku": "sku"}}},
    }
    row = {
        "id": "o1",
        "at": "2026-06-01T12:00:00Z",
        "more": odd,
        "sum": {"money": odd},
        "lines": {"nodes": [odd, {"product": odd}]},
    }
    read = decode_records(encode_numbers([mapped(Order, row, rules)]), narrow(Order, all_fields(Order)))
    assert read.dropped == 0
    assert sorted(one.path for one in read.unreadable) == ["items", "items.name", "number", "total.amount"]
    assert [(one.number, one.total, len(one.items)) for one in read.records] == [(None, None, 1)]
    read = decode_records(encode_numbers([mapped(Order, row | {"lines": odd}, rules)]), narrow(Order, all_fields(Order)))
    assert [one.path for one in read.unreadable if "items" in one.path] == ["items"]


@pytest.mark.cases
@pytest.mark.parametrize("nothing", [None, "", [], {}, False])
def test_nothing_in_the_place_of_an_object_is_nothing(nothing):
    """As languages write it."""
    rules = {"fields": {"id": "id", "placed_at": "at", "number": "more.number"}}
    row = {"id": "o1", "at": "2026-06-01T12:00:00Z", "more": nothing}
    assert "number" not in mapped(Order, row, rules)
