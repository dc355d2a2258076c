"""Every way in which a `graphql` source fails becomes one of our errors, without a word of the source's."""

import asyncio

import msgspec
import pytest
from aiohttp import web

from connectors.contract import Ask, KeyKind
from connectors.errors import (
    SourceAuthError,
    SourceError,
    SourceProtocolError,
    SourceRejectedError,
    SourceThrottledError,
    SourceTimeoutError,
    SourceUnavailableError,
)
from connectors.record_fields import Fields
from connectors.records import Customer, Order
from tests.support.clocks import after
from tests.support.graphql_source import RECORDS, ShopApi, opened, shop_settings
from tests.support.http_source import serving
from tests.support.serve_process import free_port

SECRET = "upstream says so"
ONE = "{ one(mail: $key) { ...fields } }"
GROUPS = "query ($keys: [String!]!) { many(mails: $keys) { key: mail orders { ...fields } } }"
ROWS = "query ($keys: [String!]!) { rows(mails: $keys) { nodes { key: mail ...fields } } }"
MEANINGS = [
    ("UNAUTHENTICATED", SourceAuthError),
    ("FORBIDDEN", SourceAuthError),
    ("ACCESS_DENIED", SourceAuthError),
    ("THROTTLED", SourceThrottledError),
    ("RATE_LIMITED", SourceThrottledError),
    ("TIMEOUT", SourceUnavailableError),
    ("INTERNAL_SERVER_ERROR", SourceUnavailableError),
    ("SERVICE_UNAVAILABLE", SourceUnavailableError),
    ("GRAPHQL_PARSE_FAILED", SourceProtocolError),
    ("GRAPHQL_VALIDATION_FAILED", SourceProtocolError),
]


def settings(base_url, query, **more):
    return shop_settings(
        base_url, records={"customer": {"fields": {"name": "name"}, "keys": {"email": {"query": query}}}}, **more
    )


async def ask_keys(connector, keys, **ask):
    (lookup,) = connector.lookups()
    return await lookup.fetch(keys, Ask(fields=Fields.from_paths("id"), **ask))


def error(code=None, path=None):
    own = {} if path is None else {"path": path}
    return {"message": SECRET, "extensions": {"code": code} if code else {}} | own


def answering(body, status=200, content_type="application/json", **headers):
    async def handler(request):
        return web.json_response(body, status=status, content_type=content_type, headers=headers)

    return handler


async def answers(body, keys, query=ONE, **words):
    """What keys find when the server gives this body: ids, or the name of an error."""
    async with serving(answering(body, **words)) as base_url, opened(settings(base_url, query)) as connector:
        found = await ask_keys(connector, keys)
    return {
        key: type(one).__name__ if isinstance(one, SourceError) else [row["id"] for row in msgspec.json.decode(one.records)]
        for key, one in found.items()
    }


async def failure(handler, query=ONE, *, remaining_s=None, **more):
    async with serving(handler) as base_url, opened(settings(base_url, query, **more)) as connector:
        with pytest.raises(SourceError) as caught:
            await ask_keys(connector, ["a", "b"], remaining_s=remaining_s)
    assert SECRET not in str(caught.value)
    return caught.value


@pytest.mark.parametrize(("status", "content_type"), [(200, "application/json"), (400, "application/graphql-response+json")])
@pytest.mark.parametrize(("code", "meaning"), [*MEANINGS, ("BAD_USER_INPUT", SourceProtocolError)])
async def test_a_code_becomes_an_error(code, meaning, status, content_type):
    """By who must act, in either form of GraphQL over HTTP."""
    body = {"errors": [error("NOT_KNOWN"), error(code)]} | ({"data": None} if status == 200 else {})
    assert type(await failure(answering(body, status, content_type))) is meaning


@pytest.mark.parametrize("status", [400, 500, 503])
async def test_a_code_says_more_than_the_status(status):
    """Servers give all kinds of statuses to a refused token."""
    assert type(await failure(answering({"errors": [error("UNAUTHENTICATED")]}, status))) is SourceAuthError


@pytest.mark.parametrize(
    "body", [{"errors": [error()]}, {"errors": [{"message": "FORBIDDEN"}]}, {"errors": "FORBIDDEN"}, [], "no"]
)
@pytest.mark.parametrize(
    ("status", "meaning"),
    [(400, SourceProtocolError), (401, SourceAuthError), (429, SourceThrottledError), (502, SourceUnavailableError)],
)
async def test_without_a_code_a_status_says_what_it_always_does(body, status, meaning):
    """What an error says in words is not looked at."""
    assert type(await failure(answering(body, status))) is meaning


async def test_a_throttled_call_says_when_to_come_back():
    """Where the status says it, too."""
    assert (await failure(answering({}, 429, **{"Retry-After": "7"}))).retry_after_s == 7.0


@pytest.mark.parametrize(
    ("errors", "meaning"),
    [
        ([{"message": SECRET}], SourceProtocolError),
        ([error(path=["k0"])], SourceError),
        ([{"message": SECRET, "extensions": None, "path": None}], SourceProtocolError),
        ([{"message": SECRET, "extensions": {"code": 5}, "path": ["k0"]}], SourceError),
        ([error(path=[{}])], SourceProtocolError),
        ([error(path="k0")], SourceProtocolError),
        ([{}], SourceProtocolError),
    ],
)
async def test_an_error_without_a_code_is_told_by_its_place(errors, meaning):
    """Without data and without a place it is about the query; with one, something failed there that nobody names."""
    assert type(await failure(answering({"data": None, "errors": errors}))) is meaning


async def test_an_error_about_the_whole_fails_the_call_whatever_data_there_is():
    """An error without a path, or with one that leads to nothing that was asked, is nobody's alone."""
    for path in (None, [], ["extra"]):
        body = {"data": {"k0": {"id": 1}, "k1": {"id": 2}}, "errors": [error("INTERNAL_SERVER_ERROR", path)]}
        assert type(await failure(answering(body))) is SourceUnavailableError


@pytest.mark.parametrize(("code", "meaning"), [*MEANINGS, ("BAD_USER_INPUT", SourceRejectedError), (None, SourceError)])
async def test_an_error_at_an_alias_costs_its_key_alone(code, meaning):
    """The others are served; also where the error is deep inside a record, for a null there would pass for a value."""
    for path in (["k0"], ["k0", "orders", 3, "title"]):
        body = {"data": {"k0": {"id": 1}, "k1": {"id": 2}, "k2": None}, "errors": [error(code, path)]}
        assert await answers(body, ["a", "b", "c"]) == {"a": meaning.__name__, "b": ["2"]}


async def test_not_found_at_an_alias_is_absence():
    """As null is."""
    body = {"data": {"k0": None, "k1": {"id": 2}}, "errors": [error("NOT_FOUND", ["k0"])]}
    assert await answers(body, ["a", "b"]) == {"b": ["2"]}


async def test_an_error_inside_a_group_costs_its_key_alone():
    """The path leads to the object that has the key."""
    many = [{"key": "a", "orders": None}, None, {"key": "c", "orders": [{"id": 3}]}]
    body = {"data": {"many": many}, "errors": [error("FORBIDDEN", ["many", 0, "orders"])]}
    assert await answers(body, ["a", "b", "c"], GROUPS) == {"a": "SourceAuthError", "c": ["3"]}


async def test_an_error_that_took_its_object_along_costs_the_keys_that_found_nothing():
    """One of them it was; those that found something have all of it."""
    many = [None, {"key": "c", "orders": [{"id": 3}]}]
    body = {"data": {"many": many}, "errors": [error("TIMEOUT", ["many", 0, "orders", 1, "id"])]}
    expected = {"a": "SourceUnavailableError", "b": "SourceUnavailableError", "c": ["3"]}
    assert await answers(body, ["a", "b", "c"], GROUPS) == expected
    body = {"data": {"many": many}, "errors": [error("NOT_FOUND", ["many", 0])]}
    assert await answers(body, ["a", "b", "c"], GROUPS) == {"c": ["3"]}


async def test_an_error_in_a_row_costs_its_key_and_one_without_a_row_all():
    """Of a list of everybody's rows one may be missing, and nobody knows whose."""
    rows = {"nodes": [{"key": "a", "id": 1}, {"key": "b", "id": 2}, {"key": "a", "id": None}]}
    body = {"data": {"rows": rows}, "errors": [error("FORBIDDEN", ["rows", "nodes", 2, "id"])]}
    assert await answers(body, ["a", "b"], ROWS) == {"a": "SourceAuthError", "b": ["2"]}
    rows["nodes"][2] = None
    assert type(await failure(answering(body), ROWS)) is SourceAuthError


async def test_a_real_server_fails_for_one_key():
    """Resolvers that raise, among others that do not."""
    api = ShopApi()
    async with serving(api.answer) as base_url, opened(shop_settings(base_url)) as connector:
        lookups = {(one.record, one.by): one for one in connector.lookups()}
        by_mail = lookups[Customer, KeyKind.EMAIL]
        people = await by_mail.fetch(["down@x.de", "gone@x.de", "ann@example.com"], Ask(fields=Fields.from_paths("id")))
        orders = await lookups[Order, KeyKind.CUSTOMER_ID].fetch(["c4", "c2"], Ask(fields=Fields.from_paths("id")))
    assert {key: type(found).__name__ for key, found in people.items()} == {
        "down@x.de": "SourceUnavailableError",
        "ann@example.com": "Page",
    }
    assert {key: type(found).__name__ for key, found in orders.items()} == {"c4": "SourceAuthError", "c2": "Page"}
    assert len(api.bodies) == 2


async def test_a_source_that_fails_for_all_keys_raises():
    """What is wrong is the source, not a key; unless it refuses each."""
    body = {"data": {"k0": None, "k1": None}, "errors": [error("TIMEOUT", ["k0"]), error("TIMEOUT", ["k1"])]}
    assert type(await failure(answering(body))) is SourceUnavailableError
    body = {"data": {"k0": None, "k1": None}, "errors": [error("BAD_USER_INPUT", ["k0"]), error("BAD_USER_INPUT", ["k1"])]}
    assert await answers(body, ["a", "b"]) == {"a": "SourceRejectedError", "b": "SourceRejectedError"}


async def test_a_failing_page_costs_the_keys_that_wait_for_it():
    """Those that were answered before are served."""
    query = "{ one(id: $key) { orders(after: $after) { nodes { ...fields } } } }"
    calls = []

    async def handler(request):
        calls.append(await request.json())
        more = {"orders": {"nodes": [{"id": 1}], "pageInfo": {"hasNextPage": True, "endCursor": "c"}}}
        first = {"data": {"k0": more, "k1": {"orders": {"nodes": [{"id": 2}]}}}}
        return web.json_response(first if len(calls) == 1 else {"errors": [error("THROTTLED")]})

    async with serving(handler) as base_url, opened(settings(base_url, query)) as connector:
        found = await ask_keys(connector, ["a", "b"])
    assert {key: type(one).__name__ for key, one in found.items()} == {"a": "SourceThrottledError", "b": "Page"}
    assert len(calls) == 2


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>",
        b'{"data":',
        b"\xff",
        b"[" * 100_000,
        b'"\\ud800"',
        b"5",
        b"null",
        b"{}",
        b'{"data": []}',
        b'{"data": null}',
        b'{"data": {}, "errors": [1]}',
    ],
)
async def test_an_answer_that_is_none_of_graphql_is_a_protocol_error(body):
    """No JSON, JSON too deep, and JSON of another shape."""

    async def handler(request):
        return web.Response(body=body)

    assert type(await failure(handler)) is SourceProtocolError


async def test_reading_stops_at_the_limit():
    """An answer that is too large is refused."""
    body = {"data": {"k0": {"id": "x" * 10_000}}}
    assert type(await failure(answering(body), max_response_bytes=5_000)) is SourceProtocolError


async def test_the_deadline_is_kept():
    """A source that hangs is a timeout, and without time left no call is made."""
    calls = []

    async def hang(request):
        calls.append(request)
        await asyncio.Event().wait()

    assert type(await after(20, failure(hang, remaining_s=20), lambda: bool(calls))) is SourceTimeoutError
    assert type(await failure(hang, remaining_s=0.0)) is SourceTimeoutError
    assert len(calls) == 1


async def test_a_source_that_is_down_is_unavailable():
    """And `check` says so once, for the address."""
    async with opened(settings(f"http://127.0.0.1:{free_port()}", ONE)) as connector:
        with pytest.raises(SourceUnavailableError):
            await ask_keys(connector, ["a"])
        assert await connector.check() == [
            "sources.shop.base_url: the source is unavailable (no connection); check the address and the network"
        ]


async def test_check_finds_nothing_wrong_with_a_source_that_answers():
    """Nobody is asked for, and found by nobody."""
    api = ShopApi()
    async with serving(api.answer) as base_url, opened(shop_settings(base_url)) as connector:
        assert await connector.check() == []
    assert len(api.bodies) == 4


async def test_check_names_the_settings_that_the_source_refuses():
    """A field that is not there, an argument of another name, and a type of another name, each at its own setting."""
    order = RECORDS["order"]
    fields = order["fields"] | {"delivered_at": "arrivedAt"}
    items = order["lists"]["items"] | {"fields": order["lists"]["items"]["fields"] | {"name": "label"}}
    keys = {"customer_id": {"query": order["keys"]["customer_id"]["query"]}}
    records = {
        "order": order | {"fields": fields, "lists": {"items": items}, "keys": keys},
        "customer": RECORDS["customer"] | {"keys": {"email": {"query": "{ shopper(mail: $key) { ...fields } }"}}},
        "event": RECORDS["event"],
    }
    async with serving(ShopApi().answer) as base_url, opened(shop_settings(base_url, records=records)) as connector:
        problems = await connector.check()
    refused = "the source gave an answer that cannot be read (the query is refused)"
    query = "sources.shop.records.customer.keys.email.query"
    assert problems == [
        f"sources.shop.records.order.fields.delivered_at: {refused}; compare it with the schema of the source",
        f"sources.shop.records.order.lists.items.fields.name: {refused}; compare it with the schema of the source",
        f"{query}: {refused}; compare it, and where id and time are, with the schema of the source",
    ]


async def test_check_tells_a_refused_token():
    """With the lookup that meets it."""
    api = ShopApi()
    async with serving(api.answer) as base_url, opened(shop_settings(base_url, headers={})) as connector:
        problems = await connector.check()
    assert problems[0] == (
        "sources.shop.records.order.keys.customer_id.query: the source does not accept the gateway's credentials; "
        "correct the token in headers, or grant it what the query asks for"
    )
    assert len(problems) == 4
    async with serving(answering({"errors": [error("THROTTLED")]})) as base_url, opened(settings(base_url, ONE)) as connector:
        (problem,) = await connector.check()
    assert problem.endswith("customer.keys.email.query: the source limits the rate of calls; send the query by hand")


async def test_closing_twice_is_harmless():
    """And a closed connector says so."""
    async with opened(settings("http://127.0.0.1:1", ONE)) as connector:
        await connector.aclose()
        with pytest.raises(SourceUnavailableError, match="the connector is closed"):
            await ask_keys(connector, ["a@x.de"])
