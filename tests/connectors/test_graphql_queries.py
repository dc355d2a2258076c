"""What a `graphql` source is asked, to the letter, and what its answers become."""

from datetime import UTC, datetime

import msgspec
import pytest

from connectors.contract import Ask, Condition, KeyKind, Position
from connectors.graphql import GraphQLConnector
from connectors.record_fields import Fields
from connectors.records import Customer, Event, Order, Ticket
from connectors.testing.fetches import json_of
from tests.support.gateway_server import gateway_on
from tests.support.graphql_source import RECORDS, ShopApi, opened, shop_settings
from tests.support.http_source import serving

ID = Fields.from_paths("id")
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
    await fetch(source, Order, KeyKind.CUSTOMER_ID, ["c1"], Fields.from_paths("id", "total.amount"))
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
    await fetch(source, Order, KeyKind.CUSTOMER_ID, ["c1"], Fields.from_paths(*fields))
    assert f"nodes {{ {asked} }}" in lines(api.queries[0])


async def test_a_record_is_canonical_json(source):
    """All that the configuration maps arrives under its canonical name; a price without its amount is none."""
    fields = Fields.from_paths(
        "id", "placed_at", "status", "total.amount", "total.currency", "items.sku", "items.unit_price.amount"
    )
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
    answer = await fetch(
        source, Customer, KeyKind.EMAIL, ["ann@example.com", "eve@example.com"], Fields.from_paths("id", "name")
    )
    assert {key: json_of(page) for key, page in answer.items()} == {"ann@example.com": b'[{"id":"c1","name":"Ann"}]'}
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


async def test_an_address_in_two_spellings_finds_the_same_by_both(source):
    """Whoever asks by one of them misses nothing because another caller of the batch asks by the other."""
    keys, expected = ["ann@example.com", "Ann@Example.com"], ["1", "3", "4"]
    answer = await fetch(source, Ticket, KeyKind.EMAIL, keys)
    assert {key: ids(page) for key, page in answer.items()} == dict.fromkeys(keys, expected)


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
                {"id": "shop:o5", "status": "CONFIRMED", "total": {"amount": "10.50"}},
                {"id": "shop:o4", "status": "CANCELLED", "total": {"amount": "10.50"}},
            ],
        },
    }
    assert api.variables == [{"key": "ann@example.com"}, {"first": 3, "keys": ["c1"]}]
