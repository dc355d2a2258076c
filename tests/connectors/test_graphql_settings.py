"""What an operator reads when the configuration of a `graphql` source cannot be served."""

import copy
from functools import reduce

import pytest
from pydantic import ValidationError

from connectors.contract import Answer, Ask, KeyKind, Keys, Page, Push
from connectors.graphql import GraphQLConnector, GraphQLSettings
from connectors.graphql.expressions import Names, ReadPaths
from connectors.graphql.source_checks import problems_of
from connectors.records import Customer, Event, Order, Ticket
from tests.connectors.test_graphql_reading import QUICK
from tests.support.graphql_source import RECORDS, shop_settings

ORDER, ITEMS = "records.order", "records.order.lists.items"
BY_ID, BY_MAIL = "records.order.keys.customer_id", "records.customer.keys.email"
INSIDE = "{ many(ids: $keys) { key: id orders { ...fields } } }"


def problems(*changes):
    """The messages after setting each `(dotted path, name, value)` in a configuration that is good."""
    config = copy.deepcopy({"base_url": "http://127.0.0.1:9103", "records": RECORDS})
    for path, name, value in changes:
        reduce(lambda here, step: here[step], path.split(".") if path else (), config)[name] = value
    with pytest.raises(ValidationError) as caught:
        GraphQLSettings.model_validate(config)
    assert "input_value" not in str(caught.value)
    return " | ".join(error["msg"] for error in caught.value.errors(include_input=False))


@pytest.mark.parametrize(
    ("path", "name", "value", "message"),
    [
        ("", "base_url", "127.0.0.1:9103", "must be an address such as"),
        ("", "headers", {"Authorization": "Bearer secret\n"}, "Authorization: holds a line break"),
        ("", "max_batch", 1001, "less than or equal to 1000"),
        ("", "retries", 3, "Extra inputs are not permitted"),
        ("records", "ordr", RECORDS["order"], "'ordr' is no record; did you mean 'order'?"),
        (ORDER, "order", "newest", "'newest_first', 'oldest_first' or 'none'"),
        (ORDER, "fields", {"placedAt": "x"}, "order.fields: `placedAt` is no field of Order; did you mean 'placed_at'?"),
        (ORDER, "fields", {"status": "state"}, "order.fields: `placed_at` is needed; say where it is"),
        (ORDER, "fields", {"placed_at": "a-b"}, "`a-b` is not JMESPath: something is wrong at position 2"),
        (ORDER, "fields", {"placed_at": "a(b: )"}, "`a(b: )` is not GraphQL"),
        (ORDER, "fields", {"placed_at": "a(b: $key)"}, "`a(b: $key)`: variables stand in a query, not here"),
        (ORDER, "fields", {"placed_at": "a.*.b"}, "`a.*.b`: `*` asks for fields without a name"),
        (ORDER, "fields", {"placed_at": "max_by(a, &b).c"}, "`&` hides what is read"),
        (ORDER, "fields", {"placed_at": "a", "total": "b"}, "order.fields: `total` is an object; say here what its fields are"),
        (
            ORDER,
            "fields",
            {"placed_at": "a", "items": "b"},
            "order.fields: `items` is a list; say in lists what its fields are",
        ),
        (ORDER, "fields", {"placed_at": "a", "total.amount": "b"}, "order.fields: `total.currency` is needed; say where it is"),
        (ORDER, "values", {"status": {"paid": "PAID"}}, "order.values.status: `PAID` is none of PENDING, CONFIRMED"),
        (ITEMS, "list", "", "an expression cannot be empty"),
        (ITEMS, "outer", {}, "order.lists.items.fields: `unit_price.currency` is needed"),
        (ORDER, "lists", {"line": {"list": "a"}}, "order.lists: `line` is no list of parts"),
        (ORDER, "keys", {}, "at least 1 item"),
        ("records.customer", "order", "newest_first", "customer.order: this record has no time to be ordered by"),
        (
            BY_MAIL,
            "query",
            "{ a(mail: $key, since: $since) { ...fields } }",
            "customer.keys.email.query: $since and {since} need a",
        ),
        (BY_MAIL, "query", "{ a(mail: $key) { ...fields }", "query: is not GraphQL: something is wrong at line 1, column 30"),
        (
            BY_MAIL,
            "query",
            "mutation { a(mail: $key) { ...fields } }",
            "query: must be one query, without fragments of its own",
        ),
        (BY_MAIL, "query", "fragment fields on A { a }", "query: must be one query, without fragments of its own"),
        (BY_MAIL, "query", "{ a(mail: $key) { ...fields } b }", "query: must ask for one field, in which all else stands"),
        (BY_MAIL, "query", "{ a(mail: $key) { id } }", "query: `...fields` must stand once, as it is, where the fields of the"),
        (BY_MAIL, "query", "{ a(mail: $key) { ...fields @skip(if: true) } }", "query: `...fields` must stand once, as it is"),
        (BY_MAIL, "query", "{ a(mail: $key) { ...fields b { ...fields } } }", "query: `...fields` must stand once"),
        (BY_MAIL, "query", "{ a(mail: $key) { ...customer } }", "query: `...fields` must stand once"),
        (BY_MAIL, "query", "{ a(mail: $mail) { ...fields } }", "query: $mail: the variables are $keys, $key, $first, $after"),
        (BY_MAIL, "query", "{ a { ...fields } }", "query: must use either $keys, all keys of a batch, or $key, one of them"),
        (BY_MAIL, "query", "{ a(one: $key, all: $keys) { key: id ...fields } }", "query: must use either $keys"),
        (
            BY_MAIL,
            "query",
            "query ($key: ID!, $first: Int) { a(id: $key) { ...fields } }",
            "query: $first is declared and not used",
        ),
        (
            BY_ID,
            "query",
            "{ a(all: $keys) { ...fields } }",
            "query: with $keys, what is named `key` must say whose the records are",
        ),
        (
            BY_ID,
            "query",
            "{ a(all: $keys, first: $first) { key: id ...fields } }",
            "$first must stand inside what has the key, or beside",
        ),
        (
            BY_ID,
            "query",
            INSIDE.replace("orders", "orders(after: $after)"),
            "there cannot be pages inside what has the key; ask with $key",
        ),
        (
            BY_ID,
            "query",
            "{ a(all: $keys) { total: n b { key: id ...fields } } }",
            "query: `total` must stand inside what has the key",
        ),
        (BY_ID, "query", "{ a(all: $keys) { key: id b { key: c } ...fields } }", "query: only one thing can be named `key`"),
        (BY_ID, "query", INSIDE.replace("orders", "orders(to: $until)"), "query: $until needs $since"),
        (
            BY_ID,
            "query",
            "query ($keys: [ID!]!, $since: Date!) " + INSIDE.replace("orders", "orders(a: $since)"),
            "query: $since has no value at times; declare it as Date",
        ),
        (BY_ID, "variables", {"search": "{key}"}, "variables.search: the query does not use $search"),
        (BY_ID, "variables", {"since": "{since}"}, "variables.since: $since is given by the gateway; choose another name"),
        (BY_ID, "page_size", 50, "page_size: the query must use $first and $after"),
        (BY_ID, "max_batch", 0, "greater than or equal to 1"),
    ],
)
def test_a_problem_names_the_setting_and_what_is_allowed(path, name, value, message):
    """One wrong setting gives one message that says how to put it right."""
    assert message in problems((path, name, value))


@pytest.mark.parametrize(
    ("template", "message"),
    [
        ("{keys}", "variables.own: the placeholders are {key}, {since}, {until} and {updated_since}"),
        ("{key} since {since}", "variables.own: has room for one placeholder, as it is left out when that has no value"),
    ],
)
def test_a_variable_of_ones_own_has_one_placeholder(template, message):
    """What is left out with a bound would leave out the key."""
    query = "{ a(id: $own, key: $key) { ...fields } }"
    assert message in problems((BY_ID, "query", query), (BY_ID, "variables", {"own": template}))


def test_all_problems_come_at_once():
    """Two wrong settings give two messages, and so does one query that is wrong in two ways."""
    found = problems((ITEMS, "list", "a["), (BY_MAIL, "query", "{ a(mail: $mail, until: $until) { ...fields } }"))
    assert [word in found for word in ("position 3", "$mail", "$until needs $since", "must use either")] == [True] * 4


def test_headers_are_not_shown():
    """A credential is in no repr."""
    assert "secret" not in repr(shop_settings("http://127.0.0.1:1"))


def test_a_query_declares_its_lookup():
    """What it sends is what is pushed down; a source that takes one key gets a few in one document."""
    lookups = GraphQLConnector("shop", shop_settings("http://127.0.0.1:1", max_batch=20)).lookups()
    assert [(one.record, one.by, one.max_batch, one.pushdown) for one in lookups] == [
        (Order, KeyKind.CUSTOMER_ID, 20, {Push.FIRST, Push.ORDER, Push.SINCE, Push.COUNT}),
        (Order, KeyKind.ORDER_ID, 10, set()),
        (Customer, KeyKind.EMAIL, 10, set()),
        (Ticket, KeyKind.EMAIL, 20, set()),
        (Ticket, KeyKind.TICKET_NUMBER, 10, set()),
        (Event, KeyKind.DEVICE_ID, 4, {Push.FIRST, Push.ORDER}),
    ]


@pytest.mark.parametrize(
    ("expression", "reads"),
    [
        ("a.b", ["a.b"]),
        ("a.b.c.d", ["a.b.c.d"]),
        ("a.b[?c.d.e].f.g", ["a.b.c.d.e", "a.b.f.g"]),
        ("a[0].b", ["a.b"]),
        ("a[].b[*].c", ["a.b.c"]),
        ("a[?b.c=='1'].d | [0]", ["a.b.c", "a.d"]),
        ("(a || b).c", ["a.c", "b.c"]),
        ("a && b.c || 'X'", ["a", "b.c"]),
        ("join(' ', [a, b.c])", ["a", "b.c"]),
        ("not_null(a, b).c", ["a.c", "b.c"]),
        ("!a", ["a"]),
        ("[{kind: 'EMAIL', value: a.b}, {kind: 'PHONE', value: c}]", ["a.b", "c"]),
        ("'EUR'", []),
        ("@", []),
    ],
)
def test_an_expression_says_what_it_reads(expression, reads):
    """Also what it only looks at."""
    assert sorted(".".join(path) for path in ReadPaths(expression).all) == reads


def test_arguments_are_not_read():
    """They are asked for; a text may hold what looks like their end."""
    names = Names(['a(x: ")", y: {z: [1]}).b', "a.c", "length(a)", "d(x: 1)"])
    assert names.plain('a(x: ")", y: {z: [1]}).b') == "a_2.b"
    assert [names.asked(name) for name in ("a", "a_2", "d", "e")] == ["a", 'a_2: a(x: ")", y: {z: [1]})', "d(x: 1)", "e"]


@pytest.mark.cases
async def test_a_lookup_that_finds_nobody_something_is_found_out():
    """Records for a key that nobody has: a search that is looser than its key."""

    async def search(keys: Keys, _ask: Ask) -> Answer:
        return {keys[0]: Page(b'[{"id":"o1"}]')}

    (problem,) = await problems_of(QUICK, search, 1.0)
    assert problem.startswith("records.order.keys.customer_id.query: it gives records for a key that nobody has")
