"""What a `graphql` source makes of queries of other shapes, and of answers of any shape."""

from datetime import UTC, datetime

import msgspec
import pytest
from aiohttp import web

from connectors.contract import Ask, KeyKind, Page
from connectors.errors import SourceProtocolError
from connectors.graphql.lookup import GraphQLLookup, lookups_of
from connectors.record_fields import Fields
from connectors.records import Customer, Event
from connectors.toolkit.list_pushdown import ListPushdown
from tests.support.graphql_source import opened, shop_settings
from tests.support.http_source import serving

ID = Fields.from_paths("id")
MAY_4 = datetime(2024, 5, 4, 8, tzinfo=UTC)


def ids(page):
    return [one["id"] for one in msgspec.json.decode(page.records)]


def lines(text):
    """A document without its indentation."""
    return " ".join(text.split())


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
    answer, (body,) = await ask_server(data, ["7", "seven", "2147483648", "-1", "08", "9" * 5000, "-0"], query=query)
    assert answer == {"7": Page(b'[{"id":"1"}]')}
    assert body["variables"] == {"keys": [7, -1]}
    assert await ask_server(data, ["seven"], query=query) == ({}, [])


async def test_inline_fragments_and_directives_stay_where_they_are():
    """An answer has no trace of them."""
    query = (
        "query ($keys: [ID!]!) @in(country: $country) "
        "{ nodes(ids: $keys) { ... on Shopper @include(if: true) { key: id ... { orders { ...fields } } } } }"
    )
    own = {"variables": {"country": "GB"}}
    nodes = [{"key": "a", "orders": [{"id": 1}]}, {}, None]
    answer, (body,) = await ask_server({"nodes": nodes}, ["a"], query=query, lookup=own)
    assert answer == {"a": Page(b'[{"id":"1"}]')}
    assert lines(body["query"]) == (
        "query ($country: String, $keys: [ID!]!) @in(country: $country) "
        "{ nodes(ids: $keys) { ... on Shopper @include(if: true) { key: id ... { orders { id } } } } }"
    )


async def test_one_field_asked_for_in_two_ways_has_two_names():
    """The second is answered under an alias, and read under it."""
    rules = {
        "fields": {"name": "name", "email": 'contacts(kind: "mail (1)").value', "phone": 'contacts(kind: "phone").value'},
        "keys": {"email": {"query": "query ($key: String!) { one(mail: $key) { ...fields } }"}},
    }
    data = {"one": {"id": 1, "contacts": {"value": "a@x.de"}, "contacts_2": {"value": "+491"}}}
    answer, (body,) = await ask_server(
        data, ["a"], query="", record="customer", rules=rules, fields=Fields.from_paths("id", "email", "phone")
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


async def test_a_row_without_its_time_is_passed_on_as_the_oldest():
    """Also where the source gives its rows in order."""
    rows = [{"id": 1}, {"id": 2, "at": "2024-05-04T08:00:00Z"}, {"id": 3, "at": "soon"}]
    query = "{ orders(of: $key, first: $first) { ...fields } }"
    own = {"order": "newest_first", "keys": {"customer_id": {"query": query}}}
    answer, _ = await ask_server({"orders": rows}, ["a"], query=query, rules=own)
    assert ids(answer["a"]) == ["2", "3", "1"]


def test_what_is_nested_too_deep_to_be_written_is_an_error():
    """`properties` hold whatever a source puts there."""
    deep = {}
    for _ in range(10_000):
        deep = {"a": deep}
    window = ListPushdown(Event, "none", (), counts=False)
    with pytest.raises(SourceProtocolError, match="nested too deep"):
        window.page([{"id": "1", "properties": deep}], Ask(fields=ID), None)


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
            "the next page is one that was read already",
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
    questions = lookup.build_queries(["a@x.de", "b@x.de"], ask)
    assert lookup.read_response(questions, {"k0": deep, "k1": {"id": 2}}, [], ask, None) == []
    assert isinstance(lookup.collect_records(questions[0], ask)["a@x.de"], SourceProtocolError)
    assert lookup.collect_records(questions[1], ask) == {"b@x.de": Page(b'[{"id":"2"}]')}


async def test_addresses_are_compared_in_any_case_and_no_further():
    """What unfolds to the same letters is another address."""
    query = "query ($keys: [String!]!) { people(mails: $keys) { key: mail ...fields } }"
    data = {"people": [{"key": "STRASSE@X.de", "id": 1}, {"key": "Straße@x.de", "id": 2}]}
    answer, _ = await ask_server(data, ["straße@x.de"], query=query, by=KeyKind.EMAIL)
    assert answer == {"straße@x.de": Page(b'[{"id":"2"}]')}


PAGED = "{ one(id: $key) { orders(after: $after) { rows { ...fields } } } }"


def endless(call):
    """The data of a source that has ever another page for one key, and one page for the other."""
    rows = [{"id": call, "at": f"2024-05-0{9 - call}T08:00:00Z"}]
    more = {"orders": {"rows": rows, "pageInfo": {"hasNextPage": True, "endCursor": f"c{call}"}}}
    return {"k0": more, "k1": {"orders": {"rows": [{"id": 7, "at": "2024-05-04T08:00:00Z"}]}}, "one": more}


@pytest.mark.cases
async def test_a_list_that_is_cut_at_max_pages_is_partial():
    """In the order of the list, what was read is its beginning; the other key has all of its own."""
    rules = {"order": "newest_first"}
    answer, bodies = await ask_server(endless, ["a", "b"], query=PAGED, rules=rules, lookup={"max_pages": 3})
    assert ids(answer["a"]) == ["1", "2", "3"]
    assert [answer[key].partial for key in ("a", "b")] == [True, False]
    assert [body["variables"] for body in bodies[1:]] == [{"key": "a", "after": "c1"}, {"key": "a", "after": "c2"}]


@pytest.mark.cases
async def test_a_cut_batch_says_so_of_every_key():
    """Nobody knows whose rows are on the pages behind, not even that a key has none."""
    query = "query ($keys: [ID!]!) { all(ids: $keys, after: $after) { rows { key: who ...fields } } }"
    data = {"all": {"rows": [{"key": "a", "id": 1, "at": "2024-05-04"}], "pageInfo": {"hasNextPage": True, "endCursor": "c"}}}
    rules = {"order": "newest_first"}
    own = {"max_pages": 1}
    answer, _ = await ask_server(data, ["a", "b"], query=query, rules=rules, lookup=own)
    assert [(ids(answer[key]), answer[key].partial) for key in ("a", "b")] == [(["1"], True), ([], True)]


@pytest.mark.parametrize(("order", "oldest_first"), [("none", False), ("oldest_first", False), ("newest_first", True)])
async def test_more_pages_than_allowed_in_another_order_cost_their_key(order, oldest_first):
    """What was read is any part of the list, which is worth nothing; the other key has all of its own."""
    lookup, rules = {"max_pages": 3}, {"order": order}
    answer, bodies = await ask_server(endless, ["a", "b"], query=PAGED, rules=rules, lookup=lookup, oldest_first=oldest_first)
    reason = "more pages than max_pages, of a list without an order"
    assert str(answer["a"]) == f"the source gave an answer that cannot be read ({reason})"
    assert ids(answer["b"]) == ["7"]
    assert len(bodies) == 3


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
        ask = Ask(fields=Fields.from_paths("id", *(name for bit, name in enumerate(names) if number >> bit & 1)))
        lookup.body(lookup.build_queries(["c1"], ask), ask)
    assert lookup._document.cache_info().misses > 256
    assert lookup._document.cache_info().currsize == 256
