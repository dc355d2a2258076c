"""What a `graphql` source is asked, to the letter, and what its answers become."""

from datetime import UTC, datetime

import msgspec
import pytest
from aiohttp import web

from connectors.contract import Ask, Condition, KeyKind, Page, Position
from connectors.errors import SourceProtocolError
from connectors.graphql import GraphQLConnector
from connectors.graphql.lookup import GraphQLLookup, lookups_of
from connectors.records import Customer, Event, Order, Ticket
from connectors.shapes import Fields
from tests.graphql_source import RECORDS, ShopApi, opened, shop_settings
from tests.http_source import serving
from tests.running import gateway_on

ID = Fields.of("id")
MAY_4 = datetime(2024, 5, 4, 8, tzinfo=UTC)


@pytest.fixture
async def api():
    return ShopApi()


@pytest.fixture
async def source(api):
    async with serving(api.answer) as base_url, opened(shop_settings(base_url)) as connector:
        yield connector


async def fetch(connector, record, by, keys, fields=ID, **ask):
    (lookup,) = [one for one in connector.lookups() if (one.record, one.by) == (record, by)]
    return await lookup.fetch(keys, Ask(fields=fields, **ask))


def ids(page):
    return [one["id"] for one in msgspec.json.decode(page.records)]


def lines(text):
    """A document without its indentation."""
    return " ".join(text.split())


async def test_one_query_serves_a_batch_of_keys(api, source):
    """Keys are one variable, what the key finds is told by `key`; without records the list is empty, an unknown key absent."""
    answer = await fetch(source, Order, KeyKind.CUSTOMER_ID, ["c2", "c1", "c3", "c9"])
    assert {key: ids(page) for key, page in answer.items()} == {"c1": ["o5", "o4", "o3", "o2", "o1"], "c2": ["o9"], "c3": []}
    assert api.variables == [{"keys": ["c2", "c1", "c3", "c9"]}]


async def test_only_what_is_asked_for_is_in_the_document(api, source):
    """Two fields, one of them inside an object, whose other field it needs; and what puts the records in order."""
    await fetch(source, Order, KeyKind.CUSTOMER_ID, ["c1"], Fields.of("id", "total.amount"))
    assert api.queries == [
        """query Orders($first: Int, $keys: [ID!]!, $since: DateTime) {
  shoppers(ids: $keys) {
    key: id
    orders(first: $first, since: $since) {
      nodes {
        createdAt
        id
        totalPrice {
          amount
          currencyCode
        }
      }
    }
  }
}"""
    ]


@pytest.mark.parametrize(
    ("fields", "asked"),
    [
        (("id",), "createdAt id"),
        (("status",), "cancelledAt createdAt id state"),
        (("items.sku",), "createdAt id lineItems(first: 50) { nodes { code } }"),
        (("items.category",), "createdAt id lineItems(first: 50) { nodes { __typename } }"),
        (
            ("items.unit_price.amount",),
            "createdAt id lineItems(first: 50) { nodes { price } } totalPrice { currencyCode }",
        ),
        (("delivered_at", "payments.method"), "createdAt id"),
    ],
)
async def test_an_expression_says_what_it_needs(api, source, fields, asked):
    """Conditions, lists with arguments, rows around a list; what the mapping does not have is not asked for."""
    await fetch(source, Order, KeyKind.CUSTOMER_ID, ["c1"], Fields.of(*fields))
    assert f"nodes {{ {asked} }}" in lines(api.queries[0])


async def test_a_record_is_canonical_json(source):
    """All that the configuration maps arrives under its canonical name; a price without its amount is none."""
    fields = Fields.of("id", "placed_at", "status", "total.amount", "total.currency", "items.sku", "items.unit_price.amount")
    answer = await fetch(source, Order, KeyKind.CUSTOMER_ID, ["c1"], fields, first=2)
    first, second = msgspec.json.decode(answer["c1"].records)
    assert first == {
        "id": "o5",
        "placedAt": "2024-05-06T08:00:00Z",
        "status": "CONFIRMED",
        "total": {"amount": "10.50", "currency": "EUR"},
        "items": [{"sku": "s5", "unitPrice": {"amount": "5.25", "currency": "EUR"}}, {"sku": "gift"}],
    }
    assert (second["id"], second["status"]) == ("o4", "CANCELLED")


async def test_what_can_be_pushed_down_is_sent(api, source):
    """`first` and `since` are variables when the ask has them; the number of all is asked for when it is wanted."""
    answer = await fetch(source, Order, KeyKind.CUSTOMER_ID, ["c1"], first=2, since=MAY_4, count=True)
    assert (ids(answer["c1"]), answer["c1"].total) == (["o5", "o4"], 4)
    assert api.variables == [{"first": 2, "keys": ["c1"], "since": "2024-05-04T08:00:00Z"}]
    assert "{ total: totalCount nodes" in lines(api.queries[0])


@pytest.mark.parametrize(
    ("ask", "expected"),
    [
        ({"oldest_first": True}, ["o1"]),
        ({"until": MAY_4}, ["o1"]),
        ({"after": Position(MAY_4, "o3")}, ["o5", "o4", "o3", "o2", "o1"]),
        ({"where": (Condition("status", ("SHIPPED",)),)}, ["o5", "o4", "o3", "o2", "o1"]),
    ],
)
async def test_first_is_not_sent_with_what_the_source_does_not_apply(api, source, ask, expected):
    """The source would cut, and count, the wrong records."""
    answer = await fetch(source, Order, KeyKind.CUSTOMER_ID, ["c1"], first=1, count=True, **ask)
    assert ids(answer["c1"]) == expected
    assert answer["c1"].total == {"until": 1, "where": None}.get(*ask, 5)
    assert api.variables == [{"keys": ["c1"]}]


async def test_one_document_asks_for_many_keys_by_aliases(api, source):
    """Where the source takes one key, the field stands once for each; a key that is not there is absent."""
    answer = await fetch(source, Customer, KeyKind.EMAIL, ["ann@example.com", "eve@example.com"], Fields.of("id", "name"))
    assert answer == {"ann@example.com": Page(b'[{"id":"c1","name":"Ann"}]')}
    assert api.bodies == [
        {
            "query": """query ($key_0: String!, $key_1: String!) {
  k0: shopper(mail: $key_0) {
    fullName
    id
  }
  k1: shopper(mail: $key_1) {
    fullName
    id
  }
}""",
            "variables": {"key_0": "ann@example.com", "key_1": "eve@example.com"},
        }
    ]


async def test_a_document_for_one_key_is_the_query_as_it_stands(api, source):
    """Neither an alias nor a number."""
    await fetch(source, Customer, KeyKind.EMAIL, ["ann@example.com"])
    assert lines(api.queries[0]) == "query ($key: String!) { shopper(mail: $key) { id } }"
    assert api.variables == [{"key": "ann@example.com"}]


async def test_pages_of_each_key_are_followed_to_their_end(api, source):
    """The second document asks only for the key that has more, the third too; a key without a device is absent."""
    answer = await fetch(source, Event, KeyKind.DEVICE_ID, ["d1", "d2", "d9"])
    assert {key: ids(page) for key, page in answer.items()} == {"d1": [f"e{n}" for n in range(8)], "d2": ["e9"]}
    assert api.variables == [
        {"first": 3, "key_0": "d1", "key_1": "d2", "key_2": "d9"},
        {"first": 3, "key": "d1", "after": "3"},
        {"first": 3, "key": "d1", "after": "6"},
    ]
    assert lines(api.queries[1]) == (
        "query ($after: String, $first: Int, $key: ID!) { device(serial: $key) { events(first: $first, after: $after) "
        "{ nodes { at id } pageInfo { hasNextPage endCursor } } } }"
    )


@pytest.mark.parametrize(("first", "sent"), [(2, [2]), (3, [3]), (4, [2, 2]), (7, [3, 3, 3])])
async def test_pages_are_no_larger_than_needed_and_stop_when_there_is_enough(api, source, first, sent):
    """What is wanted comes in pages of one size, within that of the source."""
    answer = await fetch(source, Event, KeyKind.DEVICE_ID, ["d1"], first=first)
    assert ids(answer["d1"]) == [f"e{n}" for n in range(first)]
    assert [variables["first"] for variables in api.variables] == sent


async def test_pages_of_a_batch_are_followed_too(api, source):
    """Rows go to the key that they name, in any case of an e-mail address."""
    answer = await fetch(source, Ticket, KeyKind.EMAIL, ["ann@example.com", "bob@example.com"])
    assert {key: ids(page) for key, page in answer.items()} == {"ann@example.com": ["1", "3", "4"], "bob@example.com": ["2"]}
    mails = ["ann@example.com", "bob@example.com"]
    assert api.variables == [{"keys": mails}, {"keys": mails, "after": "2"}]


async def test_a_key_that_cannot_be_sent_is_refused_alone(api, source):
    """No document holds it."""
    answer = await fetch(source, Customer, KeyKind.EMAIL, ["\ud800", "", "bob@example.com"])
    assert {key: type(found).__name__ for key, found in answer.items()} == {
        "\ud800": "SourceRejectedError",
        "": "SourceRejectedError",
        "bob@example.com": "Page",
    }
    assert api.variables == [{"key": "bob@example.com"}]


async def test_a_front_end_asks_through_the_gateway(api):
    """A customer by an e-mail address, the newest orders, and how many there are: two documents."""
    records = {"customer": RECORDS["customer"], "order": RECORDS["order"]}
    async with serving(api.answer) as base_url:
        connector = GraphQLConnector("shop", shop_settings(base_url, records=records))
        async with gateway_on([connector]) as gateway:
            data = await gateway.data(
                """{ customer(by: {email: "ann@example.com"}) { name
                    orders(first: 2) { totalCount pageInfo { hasNextPage } nodes { id status total { amount } } } } }"""
            )
    assert data["customer"] == {
        "name": "Ann",
        "orders": {
            "totalCount": 5,
            "pageInfo": {"hasNextPage": True},
            "nodes": [
                {"id": "o5", "status": "CONFIRMED", "total": {"amount": "10.50"}},
                {"id": "o4", "status": "CANCELLED", "total": {"amount": "10.50"}},
            ],
        },
    }
    assert api.variables == [{"key": "ann@example.com"}, {"first": 3, "keys": ["c1"]}]


async def ask_server(data, keys, *, query, record="order", by=KeyKind.CUSTOMER_ID, rules=None, lookup=None, **ask):
    """What a lookup gives when the server answers with this data, and the bodies that it saw."""
    bodies = []

    async def handler(request):
        bodies.append(await request.json())
        return web.json_response({"data": data(len(bodies)) if callable(data) else data})

    fields = {"id": "id"} | ({"placed_at": "at"} if record == "order" else {})
    own = {"fields": fields, "keys": {by: {"query": query} | (lookup or {})}} | (rules or {})
    async with serving(handler) as base_url, opened(shop_settings(base_url, records={record: own})) as connector:
        (only,) = connector.lookups()
        return await only.fetch(keys, Ask(**{"fields": ID} | ask)), bodies


async def test_variables_of_ones_own_are_made_of_placeholders():
    """A key with what the source puts around it; a bound that is left out when there is none; a value that never changes."""
    query = "query ($id: ID!) { node(id: $id, shop: $shop) { orders(query: $search) { ...fields } } }"
    own = {"id": "gid://shop/{key}", "search": "created_at:>={since}", "shop": "eu"}
    data = {"k0": None, "k1": {"orders": [{"id": 1}]}, "node": None}
    answer, (body,) = await ask_server(data, ["1", "2"], query=query, lookup={"variables": own}, since=MAY_4)
    assert answer == {"2": Page(b'[{"id":"1"}]')}
    assert body["variables"] == {
        "id_0": "gid://shop/1",
        "id_1": "gid://shop/2",
        "search": "created_at:>=2024-05-04T08:00:00Z",
        "shop": "eu",
    }
    _, (body,) = await ask_server(data, ["1"], query=query, lookup={"variables": own})
    assert body["variables"] == {"id": "gid://shop/1", "shop": "eu"}


async def test_keys_of_a_source_with_numbers_are_numbers():
    """A text that is none cannot be there, so nobody asks for it."""
    data = {"orders": [{"customer": {"key": 7}, "id": 1}, {"customer": {"key": 8}, "id": 2}]}
    query = "query ($keys: [Int!]!) { orders(customers: $keys) { customer { key: id } ...fields } }"
    answer, (body,) = await ask_server(data, ["7", "seven", "2147483648", "-1"], query=query)
    assert answer == {"7": Page(b'[{"id":"1"}]')}
    assert body["variables"] == {"keys": [7, -1]}
    assert await ask_server(data, ["seven"], query=query) == ({}, [])


async def test_inline_fragments_and_directives_stay_where_they_are():
    """An answer has no trace of them."""
    query = "query ($keys: [ID!]!) { nodes(ids: $keys) { ... on Shopper @include(if: true) { key: id orders { ...fields } } } }"
    answer, (body,) = await ask_server({"nodes": [{"key": "a", "orders": [{"id": 1}]}, {}, None]}, ["a"], query=query)
    assert answer == {"a": Page(b'[{"id":"1"}]')}
    assert lines(body["query"]) == (
        "query ($keys: [ID!]!) { nodes(ids: $keys) { ... on Shopper @include(if: true) { key: id orders { id } } } }"
    )


async def test_one_field_asked_for_in_two_ways_has_two_names():
    """The second is answered under an alias, and read under it."""
    rules = {
        "fields": {"name": "name", "email": 'contacts(kind: "mail (1)").value', "phone": 'contacts(kind: "phone").value'},
        "keys": {"email": {"query": "query ($key: String!) { one(mail: $key) { ...fields } }"}},
    }
    data = {"one": {"id": 1, "contacts": {"value": "a@x.de"}, "contacts_2": {"value": "+491"}}}
    answer, (body,) = await ask_server(
        data, ["a"], query="", record="customer", rules=rules, fields=Fields.of("id", "email", "phone")
    )
    assert msgspec.json.decode(answer["a"].records) == [{"id": "1", "email": "a@x.de", "phone": "+491"}]
    assert lines(body["query"]).endswith(
        '{ contacts(kind: "mail (1)") { value } contacts_2: contacts(kind: "phone") { value } id } }'
    )


async def test_with_one_key_what_is_named_key_guards():
    """A source that searches loosely does not give a customer the records of another."""
    query = "{ search(text: $key) { key: mail ...fields } }"
    data = {"search": [{"key": "a@x.de", "id": 1}, {"key": "aa@x.de", "id": 2}, {"key": None, "id": 3}]}
    answer, _ = await ask_server(data, ["a@x.de"], query=query, by=KeyKind.EMAIL)
    assert answer == {"a@x.de": Page(b'[{"id":"1"}]')}


async def test_a_malformed_row_is_passed_on():
    """It is for the gateway to drop it alone; what is null is no row."""
    answer, _ = await ask_server(
        {"orders": [{"id": {}}, None, 5, {"id": 3}]}, ["a"], query="{ orders(of: $key) { ...fields } }"
    )
    assert answer["a"].records == b'[{"id":{}},{},{"id":"3"}]'


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({"one": 5}, "no object where the query has one"),
        ({"one": {"orders": [{"rows": [], "pageInfo": {"hasNextPage": True, "endCursor": "c"}}] * 2}}, "no number where"),
        ({"one": {"orders": {"n": "5", "rows": []}}}, "no number where `total` stands"),
        ({"one": {"orders": {"n": True, "rows": []}}}, "no number where `total` stands"),
        ({"one": {"orders": {"total": 1, "rows": [], "pageInfo": {"hasNextPage": True}}}}, "no cursor of the next page"),
        (
            {"one": {"orders": {"total": 1, "rows": [], "pageInfo": {"hasNextPage": True, "endCursor": "c"}}}},
            "no cursor of the",
        ),
    ],
)
async def test_an_answer_of_another_shape_is_a_protocol_error(data, message):
    """It is not guessed; a cursor that leads nowhere ends."""
    query = "{ one(id: $key) { orders(after: $after) { total: n rows { ...fields } } } }"
    with pytest.raises(SourceProtocolError, match=message):
        await ask_server(data, ["a"], query=query, count=True)


@pytest.mark.parametrize("info", [{"endCursor": ""}, {"endCursor": 5}, {}])
async def test_pages_go_on_from_one_cursor(info):
    """Neither without one, nor inside a list, where each item has its own."""
    query = "{ one(id: $key) { orders(after: $after) { rows { ...fields } } } }"
    orders = {"rows": [], "pageInfo": {"hasNextPage": True} | info}
    for data in ({"one": {"orders": orders}}, {"one": [{"orders": {"rows": []} | {"pageInfo": {"hasNextPage": True}}}] * 2}):
        with pytest.raises(SourceProtocolError, match="no cursor of the next page"):
            await ask_server(data, ["a"], query=query)


def test_an_answer_that_is_nested_too_deep_costs_its_key():
    """JSON that could still be decoded may be too deep to be walked through."""
    deep = {}
    for _ in range(10_000):
        deep = [deep]
    settings = shop_settings("http://127.0.0.1:1")
    (lookup,) = [one for one in lookups_of(settings) if one.record is Customer]
    ask = Ask(fields=ID)
    questions = lookup.questions(["a@x.de", "b@x.de"], ask)
    assert lookup.take(questions, {"k0": deep, "k1": {"id": 2}}, [], ask, None) == []
    assert isinstance(lookup.found(questions[0], ask)["a@x.de"], SourceProtocolError)
    assert lookup.found(questions[1], ask) == {"b@x.de": Page(b'[{"id":"2"}]')}


async def test_addresses_are_compared_in_any_case_and_no_further():
    """What unfolds to the same letters is another address."""
    query = "query ($keys: [String!]!) { people(mails: $keys) { key: mail ...fields } }"
    data = {"people": [{"key": "STRASSE@X.de", "id": 1}, {"key": "Straße@x.de", "id": 2}]}
    answer, _ = await ask_server(data, ["straße@x.de"], query=query, by=KeyKind.EMAIL)
    assert answer == {"straße@x.de": Page(b'[{"id":"2"}]')}


async def test_more_pages_than_allowed_cost_their_key():
    """Records are never left out in silence; the other key has all of its own."""
    query = "{ one(id: $key) { orders(after: $after) { rows { ...fields } } } }"

    def data(call):
        more = {"orders": {"rows": [{"id": call}], "pageInfo": {"hasNextPage": True, "endCursor": f"c{call}"}}}
        return {"k0": more, "k1": {"orders": {"rows": [{"id": 7}]}}, "one": more}

    answer, bodies = await ask_server(data, ["a", "b"], query=query, lookup={"max_pages": 3})
    assert str(answer["a"]) == "the source gave an answer that cannot be read (more pages than max_pages)"
    assert answer["b"] == Page(b'[{"id":"7"}]')
    assert [body["variables"] for body in bodies[1:]] == [{"key": "a", "after": "c1"}, {"key": "a", "after": "c2"}]


async def test_further_pages_that_cannot_be_asked_for_are_an_error():
    """Where a query looks at `pageInfo` and has no $after; unless there is enough."""
    query = "{ one(id: $key) { orders(first: $first) { rows { ...fields } pageInfo { hasNextPage } } } }"
    data = {"one": {"orders": {"rows": [{"id": 1, "at": "2024-05-04"}], "pageInfo": {"hasNextPage": True, "endCursor": "c"}}}}
    with pytest.raises(SourceProtocolError, match=r"more pages, and the query has no \$after"):
        await ask_server(data, ["a"], query=query)
    answer, _ = await ask_server(
        data, ["a"], query=query, rules={"order": "newest_first"} | {"keys": {"customer_id": {"query": query}}}, first=1
    )
    assert ids(answer["a"]) == ["1"]


def test_documents_are_kept_within_a_bound():
    """A source that is asked in ever new ways does not fill the memory."""
    settings = shop_settings("http://127.0.0.1:1")
    rules = settings.records["order"]
    lookup = GraphQLLookup("order", rules, KeyKind.CUSTOMER_ID, rules.keys[KeyKind.CUSTOMER_ID], settings)
    names = ["status", "placed_at", "total", "items", "payments", "delivered_at", "items.sku", "items.name", "items.category"]
    for number in range(2 ** len(names)):
        ask = Ask(fields=Fields.of("id", *(name for bit, name in enumerate(names) if number >> bit & 1)))
        lookup.body(lookup.questions(["c1"], ask), ask)
    assert lookup._document.cache_info().misses > 256
    assert lookup._document.cache_info().currsize == 256
