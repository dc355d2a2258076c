"""GraphQL over HTTP: which bodies, types and methods are taken, and what status, type and code the answers have."""

import gzip
import re

import pytest
from starlette.responses import HTMLResponse

from gateway.http.endpoint import GraphQLView
from gateway.operations import Limits, Operations
from tests.support import shop
from tests.support.gateway_server import gateway_on
from tests.support.http_view import JSON, RESPONSE_JSON, SCHEMA, Executor, client_of, codes, post


def test_query_is_answered():
    """A query with variables is run once and answered with its data alone."""
    executor = Executor()
    answer = post({"query": "query ($n: String) { hello(name: $n) }", "variables": {"n": "Ada"}}, client=client_of(executor))
    assert answer.status_code == 200
    assert answer.json() == {"data": {"hello": "Hello, Ada!"}}
    assert answer.headers["content-type"] == f"{RESPONSE_JSON}; charset=utf-8"
    assert answer.headers["cache-control"] == "no-store"
    assert [variables for _, variables, _ in executor.calls] == [{"n": "Ada"}]


@pytest.mark.parametrize("empty", [None, ""])
def test_empty_operation_name_is_none(empty):
    """Null and the empty string name no operation."""
    assert post({"query": "query A { hello }", "operationName": empty}).json() == {"data": {"hello": "Hello, you!"}}


@pytest.mark.parametrize(
    ("accept", "media"),
    [
        (None, JSON),
        ("*/*", JSON),
        ("application/*", JSON),
        (JSON, JSON),
        (RESPONSE_JSON, RESPONSE_JSON),
        (f"{RESPONSE_JSON}; charset=utf-8, {JSON}; charset=utf-8", RESPONSE_JSON),
        (f"{JSON}, {RESPONSE_JSON}", JSON),
        (f"{RESPONSE_JSON},{JSON};q=0.9", RESPONSE_JSON),
        (f"{RESPONSE_JSON};q=0.5,{JSON};q=0.9", JSON),
        (f"{JSON}, text/plain, */*", JSON),
        (f"{RESPONSE_JSON}, application/graphql+json, {JSON}, text/event-stream, multipart/mixed", RESPONSE_JSON),
        (f"{JSON};q=0, */*", RESPONSE_JSON),
        ("text/html;q=nonsense, */*;q=0.1", JSON),
        ("APPLICATION/JSON", JSON),
    ],
)
def test_accept_decides_the_type(accept, media):
    """The best range wins, then the most specific, then the first; without a wish it is plain JSON."""
    client = client_of()
    client.headers.pop("accept")
    answer = client.post("/graphql", json={"query": "{ hello }"}, headers={"accept": accept} if accept else {})
    assert answer.status_code == 200
    assert answer.headers["content-type"] == f"{media}; charset=utf-8"


@pytest.mark.parametrize("accept", ["text/html", "text/event-stream", f"{JSON};q=0", "image/*"])
def test_other_types_are_not_acceptable(accept):
    """A client that takes neither type is told so, and nothing is run."""
    executor = Executor()
    answer = post({"query": "{ hello }"}, accept=accept, client=client_of(executor))
    assert (answer.status_code, codes(answer), executor.calls) == (406, ["BAD_REQUEST"], [])


@pytest.mark.parametrize(
    "body",
    [
        *("null", "1", '"x"', "true", "[]", '[{"query": "{ hello }"}]', "", "{", '{"query": "{ hello }"} x', b"\xff"),
        b'{"query": "\xff"}',
        '{"query": "\\ud800"}',
        '{"query": "{ hello }", "variables": {"a": ' + "[" * 10_500 + "]" * 10_500 + "}}",
        '{"other": ' + "[" * 10_500 + "]" * 10_500 + "}",
        "[" * 10_500 + "]" * 10_500,
        *({"query": wrong} for wrong in (1, 0, False, ["a"], {"a": 1}, None)),
        *({"query": "{ hello }", "variables": wrong} for wrong in ("a", 0, False, ["a"])),
        *({"query": "{ hello }", "operationName": wrong} for wrong in (0, False, ["a"], {"a": 1})),
        *({"query": "{ hello }", "extensions": wrong} for wrong in ("a", 0, False, ["a"])),
        {"qeury": "{ hello }"},
    ],
)
@pytest.mark.parametrize("accept", [JSON, RESPONSE_JSON])
def test_malformed_bodies_are_bad_requests(body, accept):
    """Whatever is no request is 400 for either type, with a code, and nothing is run."""
    executor = Executor()
    answer = post(body, accept=accept, client=client_of(executor))
    assert (answer.status_code, codes(answer), executor.calls) == (400, ["BAD_REQUEST"], [])
    assert "data" not in answer.json()


@pytest.mark.parametrize(
    "headers",
    [
        {"content-type": "text/plain"},
        {"content-type": "application/graphql"},
        {"content-type": ""},
        {"content-type": f"{JSON}; charset=utf-16"},
        {"content-type": f'{JSON}; charset="iso-8859-1"'},
        {"content-encoding": "gzip"},
    ],
)
def test_other_body_types_are_unsupported(headers):
    """Bodies that are not plain JSON in UTF-8 are 415."""
    body = gzip.compress(b'{"query": "{ hello }"}') if "content-encoding" in headers else '{"query": "{ hello }"}'
    answer = client_of().post("/graphql", content=body, headers={"content-type": JSON, **headers})
    assert (answer.status_code, codes(answer)) == (415, ["BAD_REQUEST"])


@pytest.mark.parametrize("charset", ["utf-8", "UTF-8", '"utf-8"'])
def test_utf8_bodies_are_read(charset):
    """The one charset is known in each way to write it, and text outside ASCII comes back as it was."""
    answer = post({"query": '{ hello(name: "\u00c5sa \U0001f3c3") }'}, **{"content-type": f"{JSON}; charset={charset}"})
    assert answer.json() == {"data": {"hello": "Hello, \u00c5sa \U0001f3c3!"}}


def test_large_body_is_refused_by_its_length():
    """A body that says that it is too large is not read."""
    answer = post(b" " * 101, client=client_of(max_body_bytes=100))
    assert (answer.status_code, codes(answer)) == (413, ["BAD_REQUEST"])


async def test_large_body_without_a_length_is_read_up_to_the_limit():
    """Of an endless body, no more is taken than the part that exceeds the limit."""
    taken, sent = [], []

    async def receive():
        taken.append(40)
        return {"type": "http.request", "body": b" " * 40, "more_body": True}

    async def send(message):
        sent.append(message)

    view = GraphQLView(Operations(SCHEMA, limits=Limits()), Executor(), max_body_bytes=100)
    await view(http_scope(), receive, send)
    assert (sent[0]["status"], len(taken)) == (413, 3)


async def test_client_that_leaves_gets_no_answer():
    """When the connection ends inside the body, nothing is run and nothing is sent."""
    executor, sent = Executor(), []

    async def receive():
        return {"type": "http.disconnect"}

    async def send(message):
        sent.append(message)

    await GraphQLView(Operations(SCHEMA, limits=Limits()), executor)(http_scope(), receive, send)
    assert (sent, executor.calls) == ([], [])


def http_scope():
    headers = [(b"content-type", b"application/json")]
    return {"type": "http", "method": "POST", "path": "/graphql", "query_string": b"", "headers": headers}


def test_get_runs_a_query():
    """A query in the URL, with variables as JSON, is run."""
    parameters = {"query": "query A($n: String) { hello(name: $n) }", "variables": '{"n": "Ada"}', "operationName": "A"}
    answer = client_of().get("/graphql", params=parameters)
    assert (answer.status_code, answer.json()) == (200, {"data": {"hello": "Hello, Ada!"}})


@pytest.mark.parametrize(
    "parameters",
    [
        {},
        {"variables": "{}"},
        {"query": "{ hello }", "variables": "{"},
        {"query": "{ hello }", "variables": "[]"},
        {"query": "{ hello }", "extensions": "1"},
        {"query": "{ hello }", "variables": '{"a":' + "[" * 10_500 + "]" * 10_500 + "}"},
    ],
)
def test_malformed_urls_are_bad_requests(parameters):
    """A URL without a query, or with parameters of the wrong type, is 400."""
    answer = client_of().get("/graphql", params=parameters)
    assert (answer.status_code, codes(answer)) == (400, ["BAD_REQUEST"])


@pytest.mark.parametrize("accept", [JSON, RESPONSE_JSON])
def test_get_runs_no_mutation(accept):
    """A link cannot change anything."""
    executor = Executor()
    answer = client_of(executor).get("/graphql", params={"query": "mutation { rename(id: 1) }"}, headers={"accept": accept})
    assert (answer.status_code, answer.headers["allow"], codes(answer), executor.calls) == (405, "POST", ["BAD_REQUEST"], [])


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS"])
def test_other_methods_are_not_allowed(method):
    """Only GET and POST are taken."""
    answer = client_of().request(method, "/graphql", json={"query": "{ hello }"})
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET, POST")


def test_sane_request_id_is_kept():
    """The caller's request id is seen by `execute`, by every error and in the header."""
    executor = Executor()
    answer = post({"query": "{ hello refused }"}, client=client_of(executor), **{"x-request-id": "a-1_B.2"})
    assert answer.headers["x-request-id"] == "a-1_B.2"
    assert answer.json()["errors"][0]["extensions"]["requestId"] == "a-1_B.2"
    assert [request_id for _, _, request_id in executor.calls] == ["a-1_B.2"]


@pytest.mark.parametrize("given", ["", "a" * 65, "a b", "<script>", "a;", "\u00e9".encode()])
def test_other_request_ids_are_replaced(given):
    """What is no short token gives way to a new id of 32 hexadecimal digits."""
    answer = post("null", **{"x-request-id": given})
    assert re.fullmatch("[0-9a-f]{32}", answer.headers["x-request-id"])
    assert answer.json()["errors"][0]["extensions"]["requestId"] == answer.headers["x-request-id"]


BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"


def test_browser_gets_the_page():
    """A browser that opens the address sees the page, also with a query in it; without the page it sees the answer."""
    client, asked = client_of(graphiql=HTMLResponse("<p>GraphiQL</p>")), {"query": "{ hello }"}
    for params in ({}, asked):
        assert client.get("/graphql", params=params, headers={"accept": BROWSER}).text == "<p>GraphiQL</p>"
    answer = client_of().get("/graphql", params=asked, headers={"accept": BROWSER})
    assert answer.json() == {"data": {"hello": "Hello, you!"}}


def test_browser_gets_no_page_where_there_is_none():
    """Without the page a browser is told that there is nothing to see."""
    answer = client_of().get("/graphql", headers={"accept": BROWSER})
    assert (answer.status_code, codes(answer)) == (404, ["BAD_REQUEST"])


async def test_the_endpoint_is_found_behind_a_slash():
    """The router sends it to the path itself, with its method and its body."""
    async with gateway_on([shop.crm()]) as gateway:
        answer = await gateway.client.post("/graphql/", json={"query": "{ __typename }"}, follow_redirects=True)
    assert answer.json() == {"data": {"__typename": "Query"}}
