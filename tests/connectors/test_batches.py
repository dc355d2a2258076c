"""What refuses a batch for its size, or for one of its keys, costs no other key."""

from collections.abc import Collection, Sequence
from typing import Any

import msgspec
import pytest
from aiohttp import web

from connectors.contract import Answer, Ask, Keys, Page
from connectors.errors import (
    UNTIL_IT_FITS,
    SourceAuthError,
    SourceError,
    SourceProtocolError,
    SourceRejectedError,
    SourceUnavailableError,
)
from connectors.graphql import GraphQLSettings
from connectors.http import HttpSettings
from connectors.http.lookup import MAX_ADDRESS
from connectors.record_fields import Fields
from connectors.testing.fetches import json_of
from connectors.toolkit.batches import MAX_CALLS, ask_in_halves
from tests.support.graphql_source import opened as graphql_opened
from tests.support.http_source import Handler, opened, serving

pytestmark = pytest.mark.cases

ID = Fields.from_paths("id")
GET = {"path": "/t?of={keys}", "key": "of"}
POST = {"path": "/t", "method": "POST", "body": {"of": "{keys}"}, "key": "of"}
KEYS = [f"k{number}" for number in range(20)]


def named(answer: Answer) -> dict[str, str]:
    """Each key with the kind of what it got."""
    return {key: type(found).__name__ for key, found in answer.items()}


class Api:
    """Gives each key a row, and refuses what a test says."""

    def __init__(self, status: int, bad: Collection[str] = (), most: int = 1_000) -> None:
        self.status = status
        self.bad = bad
        self.most = most
        self.asked: list[list[str]] = []

    async def answer(self, request: web.Request) -> web.Response:
        keys = (await request.json())["of"] if request.method == "POST" else request.query["of"].split(",")
        self.asked.append(keys)
        if len(keys) > self.most or not set(keys).isdisjoint(self.bad):
            return web.json_response({"error": "secret"}, status=self.status)
        return web.json_response([{"of": key, "id": key} for key in keys])


async def ask_http(handler: Handler, lookup: dict[str, Any], keys: Sequence[str], **more: Any) -> Answer:
    records = {"customer": {"keys": {"customer_id": {"max_batch": 500} | lookup}}}
    async with serving(handler) as base_url, opened(HttpSettings(base_url=base_url, records=records, **more)) as connector:
        (one,) = connector.lookups()
        return await one.fetch(list(keys), Ask(fields=ID))


@pytest.mark.parametrize("lookup", [GET, POST], ids=["get", "post"])
@pytest.mark.parametrize("status", [400, 413, 414, 422, 431])
async def test_one_bad_key_costs_itself(status: int, lookup: dict[str, Any]) -> None:
    """It is refused; the others are answered, by few calls more."""
    api = Api(status, bad={"k13"})
    answer = await ask_http(api.answer, lookup, KEYS)
    assert named(answer) == dict.fromkeys(KEYS, "Page") | {"k13": "SourceRejectedError"}
    assert len(api.asked) <= 11


async def test_one_key_that_breaks_the_source_costs_itself() -> None:
    """A 500 for one row's sake is not an outage; it stays what it is for that key, which may be asked again."""
    api = Api(500, bad={"k13"})
    answer = await ask_http(api.answer, GET, KEYS)
    assert named(answer) == dict.fromkeys(KEYS, "Page") | {"k13": "SourceUnavailableError"}


@pytest.mark.parametrize("status", [400, 413, 414, 422, 431])
async def test_a_batch_that_is_too_large_is_made_smaller(status: int) -> None:
    """Until the parts fit."""
    api = Api(status, most=5)
    answer = await ask_http(api.answer, POST, KEYS)
    assert named(answer) == dict.fromkeys(KEYS, "Page")
    assert [len(keys) for keys in api.asked] == [20, 10, 10, 5, 5, 5, 5]


async def test_an_answer_that_is_too_large_is_asked_for_in_halves() -> None:
    """`max_response_bytes` is a bound of one answer, not of a batch."""
    api = Api(200)
    answer = await ask_http(api.answer, GET, KEYS, max_response_bytes=200)
    assert named(answer) == dict.fromkeys(KEYS, "Page")


@pytest.mark.parametrize(
    ("status", "error", "calls"),
    [
        (400, SourceProtocolError, 7),
        (413, SourceProtocolError, MAX_CALLS),
        (422, SourceProtocolError, 7),
        (401, SourceAuthError, 1),
        (404, SourceProtocolError, 1),
        (500, SourceUnavailableError, 3),
        (502, SourceUnavailableError, 1),
        (503, SourceUnavailableError, 1),
    ],
)
async def test_a_question_that_is_refused_as_such_is_not_asked_again_and_again(
    status: int, error: type[SourceError], calls: int
) -> None:
    """Where nothing is answered, the error is that of the first call, after a bounded number of them."""
    api = Api(status, most=0)
    with pytest.raises(SourceError) as raised:
        await ask_http(api.answer, GET, [f"k{number}" for number in range(200)])
    assert type(raised.value) is error
    assert len(api.asked) <= calls


async def test_calls_for_a_batch_are_bounded() -> None:
    """Whatever fails how: keys that were not reached have the error of their part."""
    calls = 0

    async def ask(keys: Keys) -> Answer:
        nonlocal calls
        calls += 1
        if any(int(key) % 2 for key in keys):
            error = SourceProtocolError("bad")
            error.halvings = UNTIL_IT_FITS
            error.refuses_keys = True
            raise error
        return dict.fromkeys(keys, Page(b"[]"))

    keys = [str(number) for number in range(100)]
    assert set(named(await ask_in_halves(keys[:20], ask)).items()) == {
        (key, "SourceRejectedError" if int(key) % 2 else "Page") for key in keys[:20]
    }
    calls = 0
    with pytest.raises(SourceProtocolError, match="bad"):
        await ask_in_halves(keys, ask)
    assert calls <= MAX_CALLS


async def test_a_key_alone_is_asked_once() -> None:
    """There is nothing to halve."""
    api = Api(400, bad={"k1"})
    with pytest.raises(SourceProtocolError):
        await ask_http(api.answer, GET, ["k1"])
    assert len(api.asked) == 1


@pytest.mark.parametrize("letter", ["k", "é", "😀"])
async def test_addresses_are_cut_by_their_length(letter: str) -> None:
    """500 keys of 30 characters do not fit into one line of a request."""
    keys = [f"{letter * 26}{number:04}" for number in range(500)]
    api = Api(414)
    lengths: list[int] = []

    async def handler(request: web.Request) -> web.Response:
        lengths.append(len(request.raw_path))
        return await api.answer(request)

    assert named(await ask_http(handler, GET, keys)) == dict.fromkeys(keys, "Page")
    assert sorted(key for part in api.asked for key in part) == keys
    assert max(lengths) <= MAX_ADDRESS
    assert len(lengths) <= 4 * sum(lengths) // MAX_ADDRESS


async def test_a_part_that_fails_costs_its_own_keys() -> None:
    """The others are answered; where all fail, the call has failed."""
    keys = [f"{'k' * 26}{number:04}" for number in range(500)]
    answer = await ask_http(Api(503, bad={keys[0]}).answer, GET, keys)
    assert set(named(answer).values()) == {"Page", "SourceUnavailableError"}
    assert set(answer) == set(keys)
    with pytest.raises(SourceUnavailableError):
        await ask_http(Api(503, most=0).answer, GET, keys)


async def test_keys_in_a_body_are_not_cut() -> None:
    """They are no part of the address."""
    api = Api(414)
    await ask_http(api.answer, POST, [f"{'k' * 26}{number:04}" for number in range(500)])
    assert len(api.asked) == 1


# GraphQL: one document for all keys, or one field for each of them.

ONE = "query ($key: ID!) { one(id: $key) { ...fields } }"
MANY = "query ($keys: [ID!]!) { many(ids: $keys) { key: id ...fields } }"


def document_api(
    code: str | None, status: int, *, bad: Collection[str] = (), most: int = 1_000
) -> tuple[Handler, list[list[str]]]:
    asked: list[list[str]] = []

    async def handler(request: web.Request) -> web.Response:
        variables = (await request.json())["variables"]
        keys = variables.get("keys") or [value for name, value in variables.items() if name.startswith("key")]
        asked.append(keys)
        if len(keys) > most or not set(keys).isdisjoint(bad):
            error = {"message": "secret"} | ({"extensions": {"code": code}} if code else {})
            return web.json_response({"errors": [error]}, status=status)
        rows = [{"key": key, "id": key} for key in keys]
        if "keys" in variables:
            return web.json_response({"data": {"many": rows}})
        return web.json_response({"data": {"one" if len(rows) == 1 else f"k{n}": row for n, row in enumerate(rows)}})

    return handler, asked


async def ask_graphql(handler: Handler, query: str, keys: Sequence[str]) -> Answer:
    record = {"fields": {"name": "id"}, "keys": {"customer_id": {"query": query, "max_batch": 100}}}
    async with serving(handler) as base_url:
        settings = GraphQLSettings.model_validate({"base_url": base_url, "records": {"customer": record}})
        async with graphql_opened(settings) as connector:
            (one,) = connector.lookups()
            return await one.fetch(list(keys), Ask(fields=ID))


@pytest.mark.parametrize("query", [ONE, MANY])
@pytest.mark.parametrize(
    ("code", "status"),
    [("MAX_COST_EXCEEDED", 200), ("QUERY_TOO_COMPLEX", 400), ("COST_ESTIMATED_TOO_EXPENSIVE", 400), (None, 413), (None, 200)],
)
async def test_a_document_that_costs_too_much_is_made_smaller(code: str | None, status: int, query: str) -> None:
    """By its code, or by its status."""
    handler, asked = document_api(code, status, most=5)
    assert named(await ask_graphql(handler, query, KEYS)) == dict.fromkeys(KEYS, "Page")
    assert [len(keys) for keys in asked] == [20, 10, 10, 5, 5, 5, 5]


@pytest.mark.parametrize("query", [ONE, MANY])
@pytest.mark.parametrize(
    ("code", "status", "refused"),
    [
        ("BAD_USER_INPUT", 200, SourceRejectedError),
        ("GRAPHQL_VALIDATION_FAILED", 400, SourceRejectedError),
        (None, 400, SourceRejectedError),
        ("INTERNAL_SERVER_ERROR", 200, SourceUnavailableError),
        (None, 500, SourceUnavailableError),
    ],
)
async def test_one_bad_key_of_a_document_costs_itself(
    code: str | None, status: int, refused: type[SourceError], query: str
) -> None:
    """Where the whole document is refused for its sake."""
    handler, asked = document_api(code, status, bad={"k13"})
    answer = await ask_graphql(handler, query, KEYS)
    assert named(answer) == dict.fromkeys(KEYS, "Page") | {"k13": refused.__name__}
    assert len(asked) <= 11


@pytest.mark.parametrize(("code", "calls"), [("UNAUTHENTICATED", 1), ("THROTTLED", 1), ("SERVICE_UNAVAILABLE", 3), (None, 7)])
async def test_a_document_that_nobody_gets_an_answer_to_is_given_up(code: str | None, calls: int) -> None:
    """With the error of the first call."""
    handler, asked = document_api(code, 200, most=0)
    with pytest.raises(SourceError):
        await ask_graphql(handler, MANY, KEYS)
    assert len(asked) == calls


async def test_a_later_page_is_not_asked_for_in_halves() -> None:
    """What came before it would be asked for again; the keys that wait for it have the error."""
    query = "query ($keys: [ID!]!, $after: String) { many(ids: $keys, after: $after) { nodes { key: id ...fields } } }"
    pages = iter(
        [
            {"data": {"many": {"nodes": [{"key": "k1", "id": 1}], "pageInfo": {"hasNextPage": True, "endCursor": "c"}}}},
            {"errors": [{"message": "secret", "extensions": {"code": "MAX_COST_EXCEEDED"}}]},
        ]
    )
    asked = []

    async def handler(request: web.Request) -> web.Response:
        asked.append(await request.json())
        return web.json_response(next(pages))

    with pytest.raises(SourceProtocolError):
        await ask_graphql(handler, query, ["k1", "k2"])
    assert len(asked) == 2


async def test_a_row_on_two_pages_of_a_document_is_one() -> None:
    """And a cursor that comes again ends the walk."""
    query = "{ one(id: $key) { rows(after: $after) { nodes { ...fields } } } }"

    def page(cursor: str | None, *numbers: int) -> Any:
        info = {"hasNextPage": cursor is not None, "endCursor": cursor}
        return {"data": {"one": {"rows": {"nodes": [{"id": number} for number in numbers], "pageInfo": info}}}}

    async def walk(*pages: Any) -> Answer:
        given = iter(pages)

        async def handler(_request: web.Request) -> web.Response:
            return web.json_response(next(given))

        return await ask_graphql(handler, query, ["k1"])

    found = (await walk(page("a", 9, 8), page("b", 8, 7), page(None, 9, 6)))["k1"]
    assert isinstance(found, Page)
    assert [one["id"] for one in msgspec.json.decode(json_of(found))] == ["9", "8", "7", "6"]
    with pytest.raises(SourceProtocolError, match="read already"):
        await walk(page("a"), page("b"), page("a"))
